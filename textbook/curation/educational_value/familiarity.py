"""How like the texts that a scorer was fitted on a text is: by its characters, and how its lines begin and end.

Knows no language: programs in another one and prose stand out from Python as Python does from prose. A text can look
familiar and still be of a kind that no label was given for.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.matrix import Columns, Floats

_PUNCTUATION = string.punctuation.encode()
_DIGIT, _UPPER, _LOWER, _BLANK, _LINE_END, _TAB, _BEYOND_ASCII, _CONTROL = range(
    len(_PUNCTUATION), len(_PUNCTUATION) + 8
)
_KINDS = _CONTROL + 1
WIDTH = 3 * _KINDS

_LEAST_SPREAD = 0.02  # of the root of a share: what is never seen does not weigh without bound
_ORDINARY = 98  # the percentile of the fitted texts up to which nothing is odd
_STRANGE = 1.5  # at so many times that distance nothing is known
_EXACT = 2.0**20
_AT_ONCE = 16  # texts, whose bytes stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Familiarity:
    """The mean profile of texts, its spread, and how far from it is ordinary."""

    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    ordinary: float

    def __post_init__(self) -> None:
        if self.mean.shape != (WIDTH,) or self.spread.shape != (WIDTH,):
            raise ValueError(
                f"the profile has the shapes {self.mean.shape} and {self.spread.shape}, expected ({WIDTH},)"
            )
        in_range = (self.spread >= _LEAST_SPREAD / 2).all() and (np.abs(self.mean) <= 1).all()
        if not in_range or not 0 < self.ordinary < np.inf:
            raise ValueError("the profile holds numbers out of range")

    @classmethod
    def of(cls, heads: Sequence[str]) -> "Familiarity":
        """That of the texts that a scorer is fitted on."""
        profiles = profile(heads)
        mean, spread = profiles.mean(axis=0), profiles.std(axis=0) + np.float32(_LEAST_SPREAD)
        found = cls(mean, spread, 1.0)
        return cls(mean, spread, float(np.percentile(found.distance(heads), _ORDINARY)) or 1.0)

    def distance(self, heads: Sequence[str]) -> Floats:
        """How many spreads a head is from the mean, averaged over what its profile counts."""
        away = np.abs(profile(heads) - self.mean) / self.spread
        sums: Floats = np.rint(away * _EXACT).astype(np.int64).sum(axis=1) / (_EXACT * WIDTH)
        return sums

    def __call__(self, heads: Sequence[str]) -> Floats:
        """1 for what looks like the fitted texts, falling to 0 for what does not."""
        share = (_STRANGE - self.distance(heads) / self.ordinary) / (_STRANGE - 1)
        return np.clip(share, 0.0, 1.0)


def profile(heads: Sequence[str]) -> Columns:
    """The roots of the shares of each kind of byte, among all, first and last ones of a line, (heads, WIDTH)."""
    parts = [_profile(heads[at : at + _AT_ONCE]) for at in range(0, len(heads), _AT_ONCE)]
    return np.concatenate([np.empty((0, WIDTH), np.float32), *parts])


def _profile(heads: Sequence[str]) -> Columns:
    data = [head.encode("utf-8", "surrogatepass") + b"\n" for head in heads]
    kinds = np.frombuffer(b"".join(data).translate(_table()), np.uint8)
    row = np.repeat(np.arange(len(data), dtype=np.int32), [len(each) for each in data])
    solid = np.flatnonzero((kinds < _BLANK) | (kinds > _TAB))
    line = np.cumsum(kinds == _LINE_END)[solid]
    turns = line[1:] != line[:-1]
    first, last = solid[np.append(True, turns)[: len(solid)]], solid[np.append(turns, True)[: len(solid)]]
    counted = ((row, kinds), (row[first], kinds[first]), (row[last], kinds[last]))
    return np.concatenate([_shares(rows, some, len(data)) for rows, some in counted], axis=1)


def _shares(row: npt.NDArray[Any], kinds: npt.NDArray[np.uint8], rows: int) -> Columns:
    counts = np.bincount(row * np.int32(_KINDS) + kinds, minlength=rows * _KINDS).reshape(rows, _KINDS)
    shares: Columns = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    return shares


@cache
def _table() -> bytes:
    kinds = bytearray([_CONTROL] * 128 + [_BEYOND_ASCII] * 128)
    for number, byte in enumerate(_PUNCTUATION):
        kinds[byte] = number
    for characters, kind in (
        (string.digits, _DIGIT),
        (string.ascii_uppercase, _UPPER),
        (string.ascii_lowercase, _LOWER),
        (" ", _BLANK),
        ("\n", _LINE_END),
        ("\t", _TAB),
    ):
        for character in characters:
            kinds[ord(character)] = kind
    return bytes(kinds)
