"""Two texts beside one another, line by line: what is equal, what differs, and which words both have.

Compares lines, and shows; says nothing of how much alike the texts are.
"""

import keyword
import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import NamedTuple

from textbook.report.visible import cut

MAX_LINES, LINE_CHARS = 400, 200
CONTEXT_LINES = 3
WORD = re.compile(r"[A-Z][a-z]{3,}|[a-z]{4,}|[A-Z]{4,}|[^\W\d_\x00-\x7f]{2,}")
"""Parts of names and other words; shorter ones are in any two texts."""

_NAME = re.compile(r"[^\W\d]\w*")


class Line(NamedTuple):
    """A line of two texts; None where one has nothing there, both None where equal lines are left out."""

    left: str | None
    right: str | None
    differs: bool


class Piece(NamedTuple):
    """A part of a line, and whether it is a word that the other text has too."""

    text: str
    shared: bool


class Marked(NamedTuple):
    """A line as pieces; equal lines are of one piece."""

    left: list[Piece] | None
    right: list[Piece] | None
    differs: bool


def side_by_side(left: str | None, right: str) -> list[Line]:
    """The lines of two texts, with three equal ones around each difference; long texts and lines are cut.

    Where there is no text on the left, all lines are on the right.
    """
    return list(_folded(_aligned([] if left is None else _lines(left), _lines(right), str)))


def marked(left: str, right: str) -> list[Marked]:
    """All lines of two texts, with the words marked that both have: what is told in other words shares some of them.

    Lines that differ in nothing but names and quotes stand beside one another.
    """
    both = _words(left) & _words(right)

    def pieces(line: str | None, differs: bool) -> list[Piece] | None:
        if line is None:
            return None
        return list(_pieces(line, both)) if differs else [Piece(line, False)]

    lines = _aligned(_lines(left), _lines(right), _shape)
    return [Marked(pieces(line.left, line.differs), pieces(line.right, line.differs), line.differs) for line in lines]


def _words(text: str) -> set[str]:
    """What may be marked of the lines that are shown. Keywords are in any two programs."""
    found = {word.lower() for line in _lines(text) for word in WORD.findall(line)}
    return found - {word.lower() for word in keyword.kwlist}


def _lines(text: str) -> list[str]:
    return cut(text.rstrip("\n"), MAX_LINES, LINE_CHARS).split("\n")


def _shape(line: str) -> str:
    """A line without its names and the kind of its quotes."""
    return _NAME.sub(lambda name: name[0] if keyword.iskeyword(name[0]) else "_", line.strip()).replace('"', "'")


def _aligned(left: list[str], right: list[str], key: Callable[[str], str]) -> Iterator[Line]:
    """The lines of both texts, those beside one another whose keys are equal, as far as their order allows."""
    matcher = SequenceMatcher(None, list(map(key, left)), list(map(key, right)), autojunk=False)
    for _, i, end, j, other in matcher.get_opcodes():
        for before, after in zip_longest(left[i:end], right[j:other]):
            yield Line(before, after, before != after)


def _folded(lines: Iterable[Line]) -> Iterator[Line]:
    """Without equal lines that are far from any difference."""
    runs = [list(run) for _, run in groupby(lines, key=lambda line: line.differs)]
    for number, run in enumerate(runs):
        head = CONTEXT_LINES if number else 0
        tail = CONTEXT_LINES if number < len(runs) - 1 else 0
        if not run[0].differs and len(run) > head + tail + 1:
            run[head : len(run) - tail] = [Line(None, None, False)]
        yield from run


def _pieces(line: str, both: set[str]) -> Iterator[Piece]:
    done = 0
    for match in WORD.finditer(line):
        if match[0].lower() in both:
            if match.start() > done:
                yield Piece(line[done : match.start()], False)
            yield Piece(match[0], True)
            done = match.end()
    if done < len(line):
        yield Piece(line[done:], False)
