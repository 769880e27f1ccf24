"""The functions of a row, where they stand, and each as a sequence of labels.

Python is parsed whole; where that fails, as in prose with code in it or in a file with one broken line, each block that
starts with `def` is parsed by itself. The other languages of `textbook.languages.trees` are read by tree-sitter.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import partial
from textwrap import dedent
from typing import Final, NamedTuple

from textbook.curation.decontaminate.linearise import Linear, linearise, rich_labels
from textbook.languages import trees
from textbook.languages.python import ParseError, parse

PYTHON: Final = "python"
PROSE: Final = ("markdown", "restructuredtext", "text")
"""Languages in which Python may be embedded."""

MAX_SALVAGED: Final = 10_000
"""So many blocks are parsed by themselves of a text that does not parse as a whole."""

_FAMILIES = {"c": "cpp"}  # read by the same grammar, so their labels are alike
_DEF = re.compile(r"^([ \t]*+)(?:async[ \t]++)?def[ \t]++\w++[ \t]*+\(", re.MULTILINE)
_LINE = re.compile(r"\r\n?|\n")
_MOST_PARSED = 4
"""So many times its own length is parsed of a text whose blocks fail, at most: hostile ones fail at every level."""


class Function(NamedTuple):
    """A function of a text."""

    start: int
    """Its first character, whole lines, with decorators and the comment right above."""

    end: int
    labels: str | tuple[str, ...]
    """One label a node, in preorder; empty if it is too large to be compared."""

    rich: Callable[[], tuple[str, ...]]
    """Gives one label a node that says more (see `linearise`), or none where that can't be had."""


class Functions(NamedTuple):
    """What was found in a text."""

    found: list[Function]
    language: str
    """The one that they are in."""

    problem: str | None = None
    """Why there may be more: "line 3: invalid syntax"."""


def functions_of(text: str, language: str | None, languages: Collection[str] = ()) -> Functions:
    """The functions of a text; a text of unknown language may be Python, or hold some.

    Args:
        text: any.
        language: of the text.
        languages: other than Python, those that are worth reading.
    """
    family = _FAMILIES.get(language or PYTHON, language or PYTHON)
    if family in languages and family in trees.LANGUAGES:
        return _by_trees(text, family)
    if family not in (PYTHON, *PROSE):
        return Functions([], family)
    try:
        return Functions(_python(text), PYTHON)
    except ParseError as error:
        salvaged = _method(text) or _salvaged(text)
        return salvaged._replace(problem=str(error)) if language == PYTHON and not salvaged.found else salvaged


def _method(text: str) -> Functions | None:
    """The functions of an indented text with a string that is not indented, if that is why it does not parse."""
    if not text[:1].isspace():
        return None
    try:
        return Functions(_block(text), PYTHON)
    except ParseError:
        return None


def _by_trees(text: str, language: str) -> Functions:
    try:
        found = trees.functions(text, language)
    except (trees.TreeError, ModuleNotFoundError) as error:
        return Functions([], language, str(error))
    return Functions([Function(*each[:3], partial(tuple, each.rich)) for each in found], language)


def _python(text: str) -> list[Function]:
    found = linearise(parse(dedent(text) if text[:1].isspace() else text))
    if len(found) == 1 and _covers(found[0], text):
        return [_function(text, 0, len(text), found[0])]
    starts = [0, *(match.end() for match in _LINE.finditer(text)), len(text)]
    return [_function(text, *_place(each, text, starts), each) for each in found]


def _function(text: str, start: int, end: int, linear: Linear) -> Function:
    # To keep the trees of a batch would cost more than to parse the few again that are asked for rich labels.
    return Function(start, end, linear.labels, partial(_rich_again, text[start:end]))


def _rich_again(text: str) -> tuple[str, ...]:
    """The rich labels of a text with one function, or without any; none if it does not parse by itself."""
    try:
        tree = parse(_inside_class(text) if text[:1].isspace() else text)
    except ParseError:
        return ()
    return rich_labels(linearise(tree)[-1].node or tree)


def _inside_class(text: str) -> str:
    """Indented code as a module, one line longer. `dedent` would have to know what lies within strings."""
    return f"class _:\n{text}"


def _covers(function: Linear, text: str) -> bool:
    """Whether nothing but a line end stands around a function, as far as can be told quickly."""
    if function.node is None:
        return True
    node = function.node
    first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
    return first == 1 and node.end_lineno == text.count("\n") + (text[-1:] != "\n") and "\r" not in text


def _place(function: Linear, text: str, starts: Sequence[int]) -> tuple[int, int]:
    """The whole lines of a function, given where the lines start, with decorators and the comment above it."""
    node = function.node
    assert node is not None and node.end_lineno is not None
    first = min(part.lineno for part in (node, *node.decorator_list)) - 1
    while first and text[starts[first - 1] : starts[first]].lstrip().startswith("#"):
        first -= 1
    return starts[first], starts[node.end_lineno]


def _salvaged(text: str) -> Functions:
    """The functions of the blocks that parse by themselves, and why the first that does not fails."""
    found: list[Function] = []
    problem, done, tried, budget = None, 0, 0, _MOST_PARSED * len(text)
    for match in _DEF.finditer(text):
        start = match.start()
        if start < done:
            continue
        end = _block_end(text, match)
        tried += 1
        budget -= end - start
        if tried > MAX_SALVAGED or budget < 0:
            return Functions(found, PYTHON, problem or f"more than {MAX_SALVAGED:,} functions, and it does not parse")
        try:
            inside = _block(text[start:end])
        except ParseError as error:
            problem = problem or str(error)  # the functions within are tried next
            continue
        found += [each._replace(start=start + each.start, end=start + each.end) for each in inside]
        done = end
    return Functions(found, PYTHON, problem)


def _block(text: str) -> list[Function]:
    """The functions of a block that starts with `def`, indented or not."""
    if not text[:1].isspace():
        return _python(text)
    before = len(_inside_class(""))
    return [each._replace(start=each.start - before, end=each.end - before) for each in _python(_inside_class(text))]


def _block_end(text: str, definition: re.Match[str]) -> int:
    """Where the first line starts that is not indented more than a definition, and does not close what it opens."""
    outside = re.compile(rf"^[ \t]{{0,{len(definition[1])}}}+[^\s)\]}}\"'#]", re.MULTILINE)
    following = outside.search(text, definition.end())
    return following.start() if following else len(text)
