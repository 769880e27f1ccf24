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
_MAX_TOKEN_CHARS = 16  # tokens longer than this are rare: text beyond so many characters a token is not tokenised


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
        _check_settled(self.model, self.revision)

    @property
    def identity(self) -> str:
        """The digest of a folder's files, or the name and the commit."""
        return _named(self.model, self.revision)

    def encode(self, texts: list[str]) -> Vectors:
        """The vectors of the texts; what is beyond the model's longest input is not read."""
        model = _sentence_transformer(self.model, self.revision)
        return np.asarray(model.encode(texts, batch_size=self.batch_size, show_progress_bar=False), np.float32)


@dataclass(frozen=True)
class CausalLMEmbedding:
    """The mean of a causal language model's last hidden states over a text: `textbook-curation[embed]`.

    It is how phi-1 embedded its files, with CodeGen (arXiv 2306.11644, section 2.1).

    Runs on a GPU if there is one. Texts are sorted by length, so that little is padded; what is padded changes no
    vector beyond the last digits, and neither does the batch.

    Args:
        model: a folder, or a name on the Hub.
        revision: the commit of a name on the Hub. Without it the model could change under its name.
        max_tokens: what is read of a text; less, where the model takes less.
        batch_size: texts at a time.
    """

    model: str
    revision: str | None = None
    max_tokens: int = 1_024
    batch_size: int = 8

    def __post_init__(self) -> None:
        """Refuse a name that does not settle what the model is."""
        _check_settled(self.model, self.revision)
        if min(self.max_tokens, self.batch_size) < 1:
            raise ValueError(f"got max_tokens={self.max_tokens}, batch_size={self.batch_size}; give 1 or more")

    @property
    def identity(self) -> str:
        """The digest of a folder's files, or the name and the commit; and how much is read."""
        return f"mean-of-hidden-states:{self.max_tokens}:{_named(self.model, self.revision)}"

    def encode(self, texts: list[str]) -> Vectors:
        """The vectors of the texts; zeros for a text without tokens.

        Raises:
            ModuleNotFoundError: torch or transformers is not installed; the message is the remedy.
            ValueError: the model can't be loaded.
        """
        torch, (tokenizer, model) = require("torch", extra="embed"), _causal_lm(self.model, self.revision)
        most = min(self.max_tokens, getattr(model.config, "max_position_embeddings", self.max_tokens))
        cut = [text[: most * _MAX_TOKEN_CHARS].encode("utf-8", "replace").decode() for text in texts]
        ids = [tokenizer(text, truncation=True, max_length=most)["input_ids"] for text in cut]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
        filled = [at for at in order if ids[at]]
        for first in range(0, len(filled), self.batch_size):
            some = filled[first : first + self.batch_size]
            vectors[some] = _mean_states(torch, model, [ids[at] for at in some])
        return vectors


def _mean_states(torch: Any, model: Any, ids: list[list[int]]) -> Vectors:
    """The mean hidden state of each text, padded at its end: what a causal model says of a token, it says without."""
    longest = max(map(len, ids))
    mask = np.array([[1] * len(each) + [0] * (longest - len(each)) for each in ids])
    tokens = np.array([each + [0] * (longest - len(each)) for each in ids])
    with torch.inference_mode():
        given = {"input_ids": torch.tensor(tokens), "attention_mask": torch.tensor(mask)}
        states = model(**{name: tensor.to(model.device) for name, tensor in given.items()}).last_hidden_state
        kept = given["attention_mask"].to(states.device)[:, :, None]
        means = (states.float() * kept).sum(dim=1) / kept.sum(dim=1)
    return np.asarray(means.cpu().numpy(), np.float32)


@cache
def _causal_lm(model: str, revision: str | None) -> tuple[Any, Any]:
    """The tokenizer and the model, without the layer that predicts tokens."""
    torch, transformers = require("torch", extra="embed"), require("transformers", extra="embed")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, revision=revision)
        loaded = transformers.AutoModel.from_pretrained(model, revision=revision)
    except (OSError, ValueError) as error:
        raise _unavailable(model, revision, error) from None
    return tokenizer, loaded.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _unavailable(model: str, revision: str | None, error: Exception) -> ValueError:
    where = model if revision is None else f"{model} at {revision}"
    return ValueError(
        f"the encoder {where} can't be loaded ({' '.join(str(error).split())[:200]}); give a folder that holds it, or"
        " let it be fetched once where there is a network"
    )


def _check_settled(model: str, revision: str | None) -> None:
    if revision is None and not Path(model).is_dir():
        raise ValueError(f"got {model!r}, which is no folder, without a revision; give revision=, a commit")


def _named(model: str, revision: str | None) -> str:
    return f"{model}@{revision}" if revision is not None else _digest(model)


@cache
def _digest(folder: str) -> str:
    hashed = hashlib.sha256()
    for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        hashed.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        hashed.update(hashlib.sha256(file.read_bytes()).digest())
    return f"folder:{hashed.hexdigest()[:32]}"


@cache
def _sentence_transformer(model: str, revision: str | None) -> Any:
    library = require("sentence_transformers", extra="embed")
    try:
        return library.SentenceTransformer(model, revision=revision)
    except (OSError, ValueError) as error:
        raise _unavailable(model, revision, error) from None
