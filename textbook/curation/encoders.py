"""Encoders: objects that turn texts into vectors. Any object with `encode` and `identity` will do.

Does not cover training one.
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from textbook.require import require

Vectors = npt.NDArray[np.float32]

WORD = re.compile(r"\w+")


class Encoder(Protocol):
    """Texts to vectors. A `SentenceTransformer` has `encode` already; `SentenceEncoder` gives one an identity."""

    @property
    def identity(self) -> str:
        """A text that changes whenever the vectors could: name and revision, or a digest. It goes into fingerprints."""

    def encode(self, texts: list[str]) -> Vectors:
        """The vectors of the texts, of shape (texts, dimensions)."""


@dataclass(frozen=True)
class HashedWords:
    """Words hashed into signed buckets: no model, no network. Finds texts that share their words, not their meaning."""

    dimensions: int = 256

    @property
    def identity(self) -> str:
        """Its name and size: the hash is BLAKE2b."""
        return f"hashed-words-v1:{self.dimensions}"

    def encode(self, texts: list[str]) -> Vectors:
        """One row a text; the square root of a word's count goes to its bucket, with its sign."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word, count in Counter(WORD.findall(text.lower())).items():
                drawn = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
                row[(drawn >> 1) % self.dimensions] += (1 if drawn & 1 else -1) * count**0.5
        return vectors


@dataclass(frozen=True)
class SentenceEncoder:
    """A model of the library `sentence-transformers`: `textbook-curation[embed]`.

    Args:
        model: a folder, or a name on the Hub.
        revision: the commit of a name on the Hub. Without it the model could change under its name.
        batch_size: texts at a time.
    """

    model: str
    revision: str | None = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        """Refuse a name that does not settle what the model is."""
        if self.revision is None and not Path(self.model).is_dir():
            raise ValueError(f"got {self.model!r}, which is no folder, without a revision; give revision=, a commit")

    @property
    def identity(self) -> str:
        """The digest of a folder's files, or the name and the commit."""
        return f"{self.model}@{self.revision}" if self.revision is not None else _digest(self.model)

    def encode(self, texts: list[str]) -> Vectors:
        """The vectors of the texts; what is beyond the model's longest input is not read."""
        model = _sentence_transformer(self.model, self.revision)
        return np.asarray(model.encode(texts, batch_size=self.batch_size, show_progress_bar=False), np.float32)


@cache
def _digest(folder: str) -> str:
    hashed = hashlib.sha256()
    for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        hashed.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        hashed.update(hashlib.sha256(file.read_bytes()).digest())
    return f"folder:{hashed.hexdigest()[:32]}"


@cache
def _sentence_transformer(model: str, revision: str | None) -> Any:
    return require("sentence_transformers", extra="embed").SentenceTransformer(model, revision=revision)
