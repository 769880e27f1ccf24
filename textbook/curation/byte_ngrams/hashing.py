"""`ByteNgramHash`: the n-grams of a text as counts, and the sums that a linear model over them needs.

In numpy; `loops` finds the same sums several times as fast where numba is installed.
"""

import importlib.util
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from textbook.curation.byte_ngrams.views import (
    CASE,
    LOWERED,
    PLAIN,
    ROLES,
    SHAPE,
    Bytes,
    View,
    Words,
    encoded,
    first_letters,
    words,
)
from textbook.require import require

Ints = npt.NDArray[np.int64]
Buckets = npt.NDArray[np.uint16]
Counts = tuple[Buckets, Ints]
"""The distinct buckets of a text in rising order, and how often each occurs."""

MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 divided by the golden ratio, as an odd number
MAX_COUNT: Final = 4_095

FREQUENCIES: Final[Ints] = np.array([round(256 * math.log1p(count)) for count in range(MAX_COUNT + 1)], np.int64)
"""log(1 + count) of a bucket in 256ths, up to `MAX_COUNT`, so that what is summed of them is exact."""

_TEXTS_AT_ONCE = 16  # their buckets stay in the processor's cache
_COMPILED_AT_ONCE = 256


class Bags(NamedTuple):
    """The distinct buckets of several texts, in one line."""

    buckets: npt.NDArray[np.int32]
    """Counted through all blocks: block times `2 ** bits` is added."""

    counts: Ints
    ends: Ints
    """Where each block of each text ends in these; a zero stands first. Of length texts * blocks + 1."""


@cache
def compiled() -> Any:
    """The module `loops`; None where numba is not installed, and numpy has to find the same answers."""
    if importlib.util.find_spec("numba") is None:
        return None
    return require("textbook.curation.byte_ngrams.loops", "fast")


@dataclass(frozen=True)
class ByteNgramHash:
    """Counts of hashed byte n-grams of up to three views of a text, and of its words, each order in its own buckets.

    The first view is the text with every digit as `0` and a run of blanks as one blank. The second is its shape:
    letters become `a` or `A`, runs of these and of digits become one, and blanks stay, so that it shows how deep the
    code is nested and how it is put together, whatever the names. Tabs are blanks, carriage returns are left out. The
    third shows the role of each token, see `views.roles`: which names are the text's own, builtin or imported. It costs
    several times as much as the others. Words are runs of letters, whatever their case, with no regard to what stands
    beside them.

    The hash is one multiplication and a shift (Dietzfelbinger et al. 1997, "A Reliable Randomized Algorithm for the
    Closest-Pair Problem", section 2).
    """

    orders: tuple[int, ...] = (1, 3, 5)
    """The lengths of the n-grams of the text, in bytes, each from 1 to 8."""

    shape_orders: tuple[int, ...] = (3, 5)
    """The lengths of the n-grams of its shape, in bytes, each from 1 to 8."""

    bits: int = 14
    """Each block has `2 ** bits` buckets; at most 16."""

    role_orders: tuple[int, ...] = ()
    """The lengths of the n-grams of its tokens' roles, in bytes, each from 1 to 8."""

    word_orders: tuple[int, ...] = ()
    """How many of its first letters stand for a word, each from 1 to 8. Words of one letter are left out."""

    @property
    def num_blocks(self) -> int:
        """One for each order, then one for each order of the shape, of the roles and of the words."""
        return len(self.orders) + len(self.shape_orders) + len(self.role_orders) + len(self.word_orders)

    @property
    def _views(self) -> list[tuple[View, tuple[int, ...]]]:
        """The views that have orders, with these."""
        every = (PLAIN, self.orders), (SHAPE, self.shape_orders), (ROLES, self.role_orders)
        return [(view, orders) for view, orders in every if orders]

    def counts(self, text: str) -> list[Counts]:
        """The buckets of each block; none in a block whose order is longer than the text."""
        found = self.bags([text])
        buckets = (found.buckets & ((1 << self.bits) - 1)).astype(np.uint16)
        return [(buckets[first:last], found.counts[first:last]) for first, last in pairwise(found.ends.tolist())]

    def bags(self, texts: Sequence[str]) -> Bags:
        """The buckets of several texts, those of a block in rising order."""
        parts = [self._bags(texts[at : at + _TEXTS_AT_ONCE]) for at in range(0, len(texts), _TEXTS_AT_ONCE)]
        lengths = [np.zeros(1, np.int64), *(np.diff(part.ends) for part in parts)]
        return Bags(
            np.concatenate([np.empty(0, np.int32), *(part.buckets for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.counts for part in parts)]),
            np.cumsum(np.concatenate(lengths)),
        )

    def _bags(self, texts: Sequence[str]) -> Bags:
        found: list[Buckets] = []
        for text in texts:
            for view, orders in self._views:
                grams = words(view.of(text))
                found += [self._buckets(grams[: max(0, len(grams) - order + 1)], order) for order in orders]
            if self.word_orders:
                grams = first_letters(encoded(text))
                found += [self._buckets(grams, order) for order in self.word_orders]
        ends = np.cumsum([0, *map(len, found)])
        buckets = np.concatenate([np.empty(0, np.uint16), *found])
        for first, last in pairwise(ends.tolist()):
            buckets[first:last].sort(kind="stable")  # a radix sort for 16 bits, five times as fast as the default
        starts = np.ones(len(buckets) + 1, np.bool_)
        starts[1:-1] = buckets[1:] != buckets[:-1]
        starts[ends] = True
        edges = np.flatnonzero(starts)
        ends = np.searchsorted(edges, ends)
        blocks = np.tile(np.arange(self.num_blocks, dtype=np.int32) << self.bits, len(texts))
        distinct = buckets[edges[:-1]].astype(np.int32) + np.repeat(blocks, np.diff(ends))
        return Bags(distinct, np.diff(edges), ends)

    def _buckets(self, grams: Words, order: int) -> Buckets:
        """The bucket of the first `order` bytes of each."""
        hashed = grams << np.uint64(64 - 8 * order)
        hashed >>= np.uint64(64 - 8 * order)
        hashed *= MULTIPLIER
        hashed >>= np.uint64(64 - self.bits)
        return hashed.astype(np.uint16)

    def products(self, texts: Sequence[str], weights: npt.NDArray[np.int16]) -> tuple[Ints, Ints]:
        """What a linear model needs of the texts: two arrays of shape (texts, blocks).

        Args:
            texts: as many as you like; batches of any size give the same.
            weights: one for each bucket of each block, of shape (blocks * 2 ** bits,).

        Returns:
            The sum of the frequencies (see `FREQUENCIES`) times the weights, and of the frequencies squared: exact.

        Raises:
            ValueError: there are more or fewer weights, or they are not of 16 bits.
        """
        if weights.shape != (self.num_blocks << self.bits,) or weights.dtype != np.int16:
            expected = f"int16 of shape ({self.num_blocks << self.bits},)"
            raise ValueError(f"the weights are {weights.dtype} of shape {weights.shape}, expected {expected}")
        loops = compiled()
        at_once = _TEXTS_AT_ONCE if loops is None else _COMPILED_AT_ONCE
        dots, squares = np.zeros((2, len(texts), self.num_blocks), np.int64)
        for at in range(0, len(texts), at_once):
            rows = slice(at, at + at_once)
            if loops is None:
                dots[rows], squares[rows] = self._products(texts[rows], weights)
            else:
                self._products_compiled(loops, texts[rows], weights, dots[rows], squares[rows])
        return dots, squares

    def _products(self, texts: Sequence[str], weights: npt.NDArray[np.int16]) -> tuple[Ints, Ints]:
        buckets, counts, ends = self._bags(texts)
        frequencies = FREQUENCIES[np.minimum(counts, MAX_COUNT)]
        summands = frequencies * weights[buckets], frequencies * frequencies
        running = (np.concatenate((np.zeros(1, np.int64), np.cumsum(each))) for each in summands)
        dots, squares = ((sums[ends[1:]] - sums[ends[:-1]]).reshape(len(texts), -1) for sums in running)
        return dots, squares

    def _products_compiled(
        self, loops: Any, texts: Sequence[str], weights: npt.NDArray[np.int16], dots: Ints, squares: Ints
    ) -> None:
        tables, block = np.ascontiguousarray(weights).reshape(self.num_blocks, -1), 0
        tables.flags.writeable = False  # numba compiles once more for arrays that may be written to
        for view, orders in self._views:
            data, starts = _joined(map(view.read, texts))
            sums = np.array(orders), block, tables, dots, squares
            loops.sum_view(data, starts, view.translation, view.is_squeezed, *sums)
            block += len(orders)
        if self.word_orders:
            data, starts = _joined(map(encoded, texts))
            loops.sum_words(data, starts, CASE, LOWERED, np.array(self.word_orders), block, tables, dots, squares)


def _joined(data: Iterable[bytes]) -> tuple[Bytes, Ints]:
    """All in one line, and where each starts."""
    parts = list(data)
    return np.frombuffer(b"".join(parts), np.uint8), np.cumsum([0, *map(len, parts)])
