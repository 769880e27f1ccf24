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
    parents: Rows
    """The last of all heads are made ones, and of which each was made: see `made`."""

    known: dict[str, Matrix] = field(repr=False, default_factory=dict)

    @classmethod
    def of(
        cls,
        heads: Sequence[str],
        targets: Floats,
        groups: Sequence[str],
        good: float,
        seed: int,
        made: Sequence[tuple[int, str]] = (),
    ) -> "Examples":
        """All of them; `made` are heads made of others, with the place of the one that each was made of."""
        every = (*heads, *(head for _, head in made))
        parents = np.array([parent for parent, _ in made], np.int64)
        return cls(every, targets, np.asarray(groups, np.str_), good, seed, np.arange(len(heads)), parents)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Rows) -> "Examples":
        """Some of these."""
        return replace(self, targets=self.targets[rows], groups=self.groups[rows], rows=self.rows[rows])

    @property
    def num_real(self) -> int:
        """How many of all heads were not made."""
        return len(self.heads) - len(self.parents)

    def with_made(self) -> "Examples":
        """These, then those made of them, which have their label and their group."""
        made = np.flatnonzero(np.isin(self.parents, self.rows))
        place = {row: at for at, row in enumerate(self.rows.tolist())}
        own = np.array([place[parent] for parent in self.parents[made].tolist()], np.int64)
        both = np.concatenate([np.arange(len(self)), own])
        rows = np.concatenate([self.rows, self.num_real + made])
        return replace(self, targets=self.targets[both], groups=self.groups[both], rows=rows)

    def real(self) -> "Examples":
        """These without the made ones."""
        return self.take(np.flatnonzero(self.rows < self.num_real))

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
