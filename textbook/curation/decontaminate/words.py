"""Texts as words: the parts of identifiers, the words of comments and strings, numbers; each by its number.

`HTTPServer_max2` is http, server, max, 2. Each CJK character is a word; what is neither letter nor digit stands
between words. No language is read, so comparisons of words cross them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import xxhash

from textbook.curation.decontaminate.thesaurus import concept

Array = np.ndarray[Any, Any]

_CJK = r"\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
WORD: Final = re.compile(
    rf"[a-z]+|[A-Z](?:[a-z]+|[A-Z]*(?![a-z]))|[0-9]+(?:\.[0-9]+)?|[{_CJK}]|[^\x00-\x7f\W\d_{_CJK}]+"
)

NUMBER_BITS: Final = 22
"""Numbers of words are below 2 to this power."""
_OTHER = 2**21
"""So many numbers are shared by all words that are not known."""
_MOST_CACHED, _LONGEST_CACHED = 2**18, 40


class Texts(NamedTuple):
    """Some texts as words: those of text `i` stand from `offsets[i]` up to `offsets[i + 1]`."""

    words: Array
    """The number of each word."""

    concepts: Array
    """The number of its concept (see `thesaurus`); of one that is a number, all bits are inverted, so it is below 0."""

    offsets: Array

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def owner(self) -> Array:
        """The text of each word."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def take(self, texts: Array) -> "Texts":
        """Some of the texts."""
        sizes = np.diff(self.offsets)[texts]
        ends = np.cumsum(sizes)
        places = np.arange(sizes.sum()) + np.repeat(self.offsets[texts] - ends + sizes, sizes)
        return Texts(self.words[places], self.concepts[places], np.concatenate([[0], ends]))


def joined(texts: Sequence[Array]) -> Texts:
    """Texts as `Vocabulary.words` gives them, as one value."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    both = np.concatenate([np.zeros(0, np.int64), *texts])
    return Texts(both & 0xFFFFFFFF, both >> 32, np.concatenate([[0], np.cumsum(sizes)]))


class Vocabulary:
    """Numbers for words. Known words have their own; the others share `2**21`, so that two of a text are seldom one.

    Args:
        known: words and concepts.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self.known = {word: number for number, word in enumerate(dict.fromkeys(known))}
        self._numbers = _Numbers(self.known)

    def words(self, text: str) -> Array:
        """The words of a text in its order, int64: the number of each, that of its concept in the upper half."""
        found = WORD.findall(text)
        return np.fromiter(map(self._numbers.__getitem__, found), np.int64, len(found))


class _Numbers(dict[str, int]):
    """Word as it is written -> its number and that of its concept; kept once asked for, unless it is long."""

    def __init__(self, known: Mapping[str, int]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, word: str) -> int:
        lower = word.lower()
        meant = concept(lower)
        number = self._number(meant)
        both = self._number(lower) | (~number if meant[0].isdigit() else number) << 32
        if len(word) <= _LONGEST_CACHED:
            if len(self) >= _MOST_CACHED:
                self.clear()
            self[word] = both
        return both

    def _number(self, word: str) -> int:
        number = self._known.get(word)
        if number is not None:
            return number
        return len(self._known) + xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) % _OTHER


def distinct_words(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return {word.lower() for word in WORD.findall(text)}


def word_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The characters of each word of a part, as places in the text."""
    return [(start + match.start(), start + match.end()) for match in WORD.finditer(text[start:end])]
