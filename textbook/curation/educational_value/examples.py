"""Labelled heads to fit on, and how they are divided: whole groups, never rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.featurisers import Features, transformed
from textbook.curation.educational_value.matrix import Floats, Matrix, Rows


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled heads to fit on. Parts of the same ones share what features that need no labels said of them."""

    heads: tuple[str, ...]
    targets: Floats
    groups: npt.NDArray[np.str_]
    good: float
    seed: int
    rows: Rows
    """Which of all heads these are."""

    known: dict[str, Matrix] = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, heads: Sequence[str], targets: Floats, groups: Sequence[str], good: float, seed: int) -> "Examples":
        """All of them."""
        return cls(tuple(heads), targets, np.asarray(groups, np.str_), good, seed, np.arange(len(heads)))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Rows) -> "Examples":
        """Some of these."""
        return replace(self, targets=self.targets[rows], groups=self.groups[rows], rows=self.rows[rows])

    def matrix(self, features: Features) -> Matrix:
        """What features that need no labels say of these."""
        if features.identity not in self.known:
            self.known[features.identity] = transformed(features, self.heads)
        return self.known[features.identity].take(self.rows)

    def folds(self, num: int) -> list[tuple[Rows, Rows]]:
        """Rows to fit on and rows held out: `num` times, no group on both sides, all folds about equally large."""
        names, counts = np.unique(self.groups, return_counts=True)
        keys = [f"{self.seed} {name}".encode("utf-8", "surrogatepass") for name in names]
        drawn = sorted(range(len(names)), key=lambda at: hashlib.sha256(keys[at]).digest())
        fold_of, sizes = np.empty(len(names), np.int64), np.zeros(min(num, len(names)), np.int64)
        for at in sorted(drawn, key=lambda at: -counts[at]):
            fold_of[at] = sizes.argmin()
            sizes[fold_of[at]] += counts[at]
        fold = fold_of[np.searchsorted(names, self.groups)]
        return [(np.flatnonzero(fold != held), np.flatnonzero(fold == held)) for held in range(len(sizes))]
