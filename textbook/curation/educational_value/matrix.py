"""What features say of texts, one row a text: dense columns, n-gram blocks, or several of these beside one another.

Each kind gives the exact product with the weights of a linear model and single columns for trees, in numpy alone.
scikit-learn, and scipy with it, is needed to fit only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from textbook.require import require

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Columns = npt.NDArray[np.float32]

_EXACT_UNIT = 2.0**-30
"""What a product of a dense column is rounded to, so that a sum is one of integers and its order does not matter."""
_EXACT_MOST = 2.0**40


class Part(Protocol):
    """One block of columns of a matrix."""

    def __len__(self) -> int:
        """Rows."""

    @property
    def width(self) -> int:
        """Columns."""

    def take(self, rows: Rows) -> "Part":
        """Some of the rows, in that order."""

    def columns(self, at: Rows) -> Columns:
        """The columns `at`, of shape (rows, len(at))."""

    def dot(self, weights: npt.NDArray[Any]) -> Floats:
        """The product with the weights of a linear model, (rows,): the same whatever rows stand beside."""

    def for_sklearn(self) -> Any:
        """An array, or a scipy CSR matrix."""

    @property
    def gram(self) -> Floats:
        """The inner products of the rows, (rows, rows)."""


@dataclass(frozen=True, eq=False)
class Dense:
    """Columns of numbers."""

    values: Columns

    def __len__(self) -> int:
        return len(self.values)

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.values.shape[1])

    def take(self, rows: Rows) -> "Dense":
        """Some of the rows."""
        return Dense(self.values[rows])

    def columns(self, at: Rows) -> Columns:
        """The columns `at`."""
        return self.values[:, at]

    def dot(self, weights: Floats) -> Floats:
        """The product with `weights`, each summand rounded to 2 ** -30 and held to 2 ** 40."""
        products = np.clip(self.values * weights, -_EXACT_MOST, _EXACT_MOST) / _EXACT_UNIT
        sums: Floats = np.rint(products).astype(np.int64).sum(axis=1) * _EXACT_UNIT
        return sums

    def for_sklearn(self) -> Columns:
        """The array."""
        return self.values

    @property
    def gram(self) -> Floats:
        """The inner products of the rows."""
        values = self.values.astype(np.float64)
        return values @ values.T


@dataclass(frozen=True, eq=False)
class Bags:
    """Bags of n-grams: whole frequencies in blocks of buckets, of which each counts as a vector of equal length.

    A row is of length one in all, or less where a text is too short for a block.
    """

    buckets: npt.NDArray[np.int32]
    """The columns that are not zero, in one line."""

    frequencies: npt.NDArray[np.int32]
    ends: Rows
    """Where each block of each row ends in these; a zero stands first. Of length rows * blocks + 1."""

    blocks: int
    width: int
    origin: "tuple[Bags, Rows] | None" = field(default=None, repr=False)
    """The rows that these were taken from: their inner products are computed once."""

    def __len__(self) -> int:
        return (len(self.ends) - 1) // self.blocks

    def take(self, rows: Rows) -> "Bags":
        """Some of the rows."""
        firsts = self.ends[:-1].reshape(-1, self.blocks)[rows].ravel()
        lengths = np.diff(self.ends).reshape(-1, self.blocks)[rows].ravel()
        ends = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(firsts - ends[:-1], lengths) + np.arange(ends[-1])
        source, known = self.origin or (self, np.arange(len(self)))
        return Bags(self.buckets[at], self.frequencies[at], ends, self.blocks, self.width, (source, known[rows]))

    @cached_property
    def _squares(self) -> npt.NDArray[np.int64]:
        return self._sums(self.frequencies.astype(np.int64) ** 2)

    def _sums(self, values: npt.NDArray[np.signedinteger[Any]]) -> npt.NDArray[np.int64]:
        running = np.concatenate([[0], np.cumsum(values)])
        found: npt.NDArray[np.int64] = running[self.ends[1:]] - running[self.ends[:-1]]
        return found

    @cached_property
    def values(self) -> Floats:
        """What stands in the columns that are not zero."""
        return self.frequencies / np.repeat(_lengths(self._squares, self.blocks), np.diff(self.ends))

    def columns(self, at: Rows) -> Columns:
        """The columns `at`."""
        place = np.full(self.width, -1, np.int64)
        place[at] = np.arange(len(at))
        row = np.repeat(np.arange(len(self)), np.diff(self.ends[:: self.blocks]))
        asked = place[self.buckets] >= 0
        found = np.zeros((len(self), len(at)), np.float32)
        found[row[asked], place[self.buckets[asked]]] = self.values[asked]
        return found

    def dot(self, weights: npt.NDArray[np.int16]) -> Floats:
        """The product with whole weights."""
        sums = self._sums(self.frequencies * weights[self.buckets].astype(np.int64))
        return sum_of_blocks(sums.reshape(-1, self.blocks), self._squares.reshape(-1, self.blocks))

    def for_sklearn(self) -> Any:
        """A scipy CSR matrix."""
        sparse = require("scipy.sparse", "fit")
        ends = self.ends[:: self.blocks]
        return sparse.csr_matrix((self.values, self.buckets, ends), shape=(len(self), self.width))

    @cached_property
    def gram(self) -> Floats:
        """The inner products of the rows."""
        if self.origin is not None:
            source, rows = self.origin
            return source.gram[np.ix_(rows, rows)]
        matrix = self.for_sklearn()
        found: Floats = (matrix @ matrix.T).toarray()
        return found


def _lengths(squares: npt.NDArray[np.int64], blocks: int) -> Floats:
    """Of blocks, times the square root of their number; 1 where a block is empty."""
    return np.sqrt(np.maximum(squares * blocks, 1).astype(np.float64))


def sum_of_blocks(dots: npt.NDArray[np.int64], squares: npt.NDArray[np.int64]) -> Floats:
    """The product of rows with weights: that of each block over its length, (rows, blocks) each, summed in order."""
    blocks = dots.shape[1]
    by_block, total = dots / _lengths(squares, blocks), np.zeros(len(dots))
    for block in range(blocks):
        total += by_block[:, block]
    return total


@dataclass(frozen=True, eq=False)
class Matrix:
    """Parts side by side, of the same number of rows each."""

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def width(self) -> int:
        """Columns of all parts."""
        return sum(part.width for part in self.parts)

    def take(self, rows: Rows) -> "Matrix":
        """Some of the rows."""
        return Matrix(tuple(part.take(rows) for part in self.parts))

    @classmethod
    def joined(cls, matrices: "Sequence[Matrix]") -> "Matrix":
        """The rows of several, one after another."""
        return cls(tuple(_joined(parts) for parts in zip(*(matrix.parts for matrix in matrices), strict=True)))

    def columns(self, at: Rows) -> Columns:
        """The columns `at`, in rising order, counted through all parts."""
        found, first = [], 0
        for part in self.parts:
            found.append(part.columns(at[(at >= first) & (at < first + part.width)] - first))
            first += part.width
        return np.concatenate(found, axis=1)

    def for_sklearn(self) -> Any:
        """An array, or a scipy CSR matrix if a part is one."""
        found = [part.for_sklearn() for part in self.parts]
        if all(isinstance(part, np.ndarray) for part in found):
            return np.concatenate(found, axis=1)
        return require("scipy.sparse", "fit").hstack(found, format="csr")

    @property
    def gram(self) -> Floats:
        """The inner products of the rows."""
        first, *others = (part.gram for part in self.parts)
        return sum(others, first)


def _joined(parts: Sequence[Any]) -> Part:
    if isinstance(parts[0], Dense):
        return Dense(np.concatenate([part.values for part in parts]))
    starts = np.cumsum([0, *(len(bags.buckets) for bags in parts)])
    ends = [bags.ends[1:] + start for bags, start in zip(parts, starts, strict=False)]
    buckets = np.concatenate([bags.buckets for bags in parts])
    frequencies = np.concatenate([bags.frequencies for bags in parts])
    return Bags(buckets, frequencies, np.concatenate([[0], *ends]), parts[0].blocks, parts[0].width)


def as_matrix(found: Any, num_rows: int, whose: str) -> Matrix:
    """What features returned, if it is a row of finite numbers for each text.

    Raises:
        ValueError: it is not.
    """
    if isinstance(found, Matrix):
        return found
    values = np.asarray(found)
    if values.ndim != 2 or len(values) != num_rows or values.dtype.kind not in "biuf":
        raise ValueError(
            f"{whose} gave an array of shape {values.shape} and type {values.dtype} for {num_rows} texts, expected"
            f" numbers of shape ({num_rows}, columns); return one row a text"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{whose} gave numbers that are not finite; return 0 where there is nothing to say")
    return Matrix((Dense(values.astype(np.float32)),))
