"""What is read off the head of a text without labels: byte n-grams, code features, the vectors of an encoder.

Does not combine or learn: see `composed`.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from textbook.curation.byte_ngrams import FREQUENCIES, ByteNgramHash
from textbook.curation.educational_value.matrix import (
    Bags,
    Columns,
    Dense,
    Floats,
    Matrix,
    Rows,
    as_matrix,
    sum_of_blocks,
)
from textbook.curation.encoders import Encoder
from textbook.curation.features import FEATURES, CodeFeatures, code_features
from textbook.lineage import fingerprint

HEAD_CHARS = 4_000
"""How much of a text is scored: its first lines, up to this many characters. No label was given for more."""


def scored_head(text: str) -> str:
    """The part of `text` that is scored, cut at a line end if there is one, with line feeds for line ends."""
    lines = text[: 2 * HEAD_CHARS].replace("\r\n", "\n")
    if len(lines) <= HEAD_CHARS:
        return lines
    head = lines[:HEAD_CHARS]
    return head[: head.rfind("\n") + 1] or head


class Features(Protocol):
    """Heads of texts to numbers. Any object with these two will do, if it needs no labels."""

    @property
    def identity(self) -> str:
        """A text that changes whenever the numbers could."""

    def transform(self, heads: Sequence[str]) -> Any:
        """An array of finite numbers of shape (heads, columns), or a `Matrix`."""


def transformed(features: Features, heads: Sequence[str]) -> Matrix:
    """What features say, checked."""
    return as_matrix(features.transform(heads), len(heads), type(features).__name__)


@dataclass(frozen=True)
class ByteNgrams:
    """Byte n-grams, hashed: log(1 + count) of each, every block of buckets as a vector of the same length."""

    hasher: ByteNgramHash = ByteNgramHash()

    def __post_init__(self) -> None:
        fields = {field.name: getattr(self.hasher, field.name) for field in dataclasses.fields(self.hasher)}
        bits, orders = fields.pop("bits"), [order for some in fields.values() for order in some]
        whole = all(isinstance(value, int) for value in (*orders, bits))
        if not whole or not orders or not all(1 <= order <= 8 for order in orders) or not 1 <= bits <= 16:
            raise ValueError(f"{self.hasher} is out of range; give orders from 1 to 8 and 1 to 16 bits")

    @property
    def identity(self) -> str:
        """A digest of what becomes of a text."""
        return f"byte-ngrams:{_probed(self.hasher)}"

    @property
    def width(self) -> int:
        """Buckets of all blocks."""
        return self.hasher.num_blocks << self.hasher.bits

    def transform(self, heads: Sequence[str]) -> Matrix:
        """One row a head."""
        return Matrix((Hashed(self.hasher, tuple(heads)),))


@dataclass(frozen=True, eq=False)
class Hashed:
    """The n-grams of heads: as sums for a linear model, at once, and as bags for the rest, when they are asked for."""

    hasher: ByteNgramHash
    heads: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def width(self) -> int:
        """Buckets of all blocks."""
        return self.hasher.num_blocks << self.hasher.bits

    @cached_property
    def bags(self) -> Bags:
        """Each bucket with its frequency."""
        buckets, counts, ends = self.hasher.bags(self.heads)
        frequencies = FREQUENCIES.astype(np.int32)[np.minimum(counts, len(FREQUENCIES) - 1)]
        return Bags(buckets, frequencies, ends, self.hasher.num_blocks, self.width)

    def dot(self, weights: npt.NDArray[np.int16]) -> Floats:
        """The product with whole weights."""
        dots, squares = self.hasher.products(self.heads, weights)
        return sum_of_blocks(dots, squares)

    def take(self, rows: Rows) -> Bags:
        """Some of the rows."""
        return self.bags.take(rows)

    def columns(self, at: Rows) -> Columns:
        """The columns `at`."""
        return self.bags.columns(at)

    def for_sklearn(self) -> Any:
        """A scipy CSR matrix."""
        return self.bags.for_sklearn()

    @property
    def gram(self) -> Floats:
        """The inner products of the rows."""
        return self.bags.gram


@cache
def _probed(hasher: ByteNgramHash) -> str:
    text = 'def probe(x: int = 10):\n    """Is it the same hash?"""\n\treturn [X ** 2 for _ in "äöü漢字"]\n'
    digest = hashlib.sha256()
    for buckets, counts in hasher.counts(text):
        digest.update(buckets.astype("<i8").tobytes() + counts.astype("<i8").tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class CodeColumns:
    """The code features of a head, in the order of `FEATURES`. Text that is no Python has them too, but poorer ones."""

    version: int = CodeFeatures.version
    names: tuple[str, ...] = FEATURES

    def __post_init__(self) -> None:
        if (self.version, self.names) != (CodeFeatures.version, FEATURES):
            changed = sorted(set(map(str, self.names)) ^ set(FEATURES))
            raise ValueError(
                f"fitted on version {self.version} of the code features, expected version {CodeFeatures.version}"
                f" (not in both: {', '.join(changed) or 'none'}); fit the scorer again"
            )

    @property
    def identity(self) -> str:
        """The version and the names."""
        return f"code-features:{self.version}:{fingerprint(list(self.names))[:16]}"

    @property
    def width(self) -> int:
        """One column a feature."""
        return len(self.names)

    def transform(self, heads: Sequence[str]) -> Matrix:
        """One row a head."""
        rows = [list(code_features(head).values()) for head in heads]
        return Matrix((Dense(np.array(rows, np.float32).reshape(len(heads), len(FEATURES))),))


@dataclass(frozen=True)
class Embedded:
    """The vectors of an encoder: any object with `encode` and `identity`, see `textbook.curation.encoders`.

    On a GPU, and in a batch of other texts, an encoder's vectors may differ in the last digits; so may the scores.
    """

    encoder: Encoder

    @property
    def identity(self) -> str:
        """That of the encoder."""
        return f"embedded:{self.encoder.identity}"

    def transform(self, heads: Sequence[str]) -> Matrix:
        """One row a head."""
        found = self.encoder.encode(list(heads))
        return as_matrix(found, len(heads), f"the encoder {self.encoder.identity}")
