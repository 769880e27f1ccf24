"""Counting tokens, the same everywhere: a byte-level BPE of our own, shipped, and others by name.

The default, `textbook-16k`, needs no network and is never switched by what happens to be installed, so that a number of
tokens means the same in every manifest. `scripts/train_tokenizer.py` made it from permissively licensed installed code.

Does not cover training data for models: a model is trained with its own tokenizer. Special tokens have no meaning here;
a text that spells one is text.
"""

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import tiktoken

from textbook.operator import Batch, Operator
from textbook.require import require

DEFAULT = "textbook-16k"
VOCABULARY_SIZE = 1 << 14
ARTEFACT = "tokenizer-v1.tiktoken"
DIGEST = "bf6f8337e943bffbfb377532f40457c2aaf302d008af8661e1bbe7649342e1d1"
"""Digest of `PATTERN` and the artefact. What lies under the name `textbook-16k` never changes."""

PATTERN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+",  # a word with the space, dot, bracket or underscore before it
        r" ?\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+(?:\r?\n\s*)?",  # punctuation; at the end of a line also the break and the next indentation
        r"\s+",
    ]
)
"""How a text is cut before bytes are merged. Without look-around, so that it is matched in linear time."""

SLICE_CHARS = 1 << 18
"""Longer texts are encoded in slices of this length: memory and time stay bounded on a text that is one long run, and
`tiktoken`'s own patterns do not overflow the stack of its regex engine on one."""


@runtime_checkable
class Tokenizer(Protocol):
    """What `count` and `CountTokens` accept in place of a name."""

    @property
    def identity(self) -> str:
        """A text that changes whenever the ids could: name and revision, or a digest. It goes into fingerprints."""

    def encode_batch(self, texts: list[str]) -> Sequence[Sequence[int]]:
        """The token ids of each text."""


def well_formed(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced by U+FFFD, so that it has a UTF-8 form."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@dataclass(frozen=True)
class BytePairs:
    """A tokenizer that `tiktoken` runs: the shipped one, or one of its own by name. Pickles as its name."""

    identity: str

    def encode_batch(self, texts: list[str]) -> list[list[int]]:
        """The token ids of each text."""
        encode = _byte_pairs(self.identity).encode_ordinary
        batch = []
        for text in map(well_formed, texts):
            ids = encode(text[:SLICE_CHARS])
            for start in range(SLICE_CHARS, len(text), SLICE_CHARS):
                ids += encode(text[start : start + SLICE_CHARS])
            batch.append(ids)
        return batch

    def decode(self, ids: Sequence[int]) -> str:
        """The text behind the ids: what was encoded, but for lone surrogates."""
        return _byte_pairs(self.identity).decode(ids)


@dataclass(frozen=True)
class HuggingFace:
    """A tokenizer of the library `tokenizers`. Known by the digest of its file, and pickles with it."""

    json: str = field(repr=False)
    """The content of a `tokenizer.json`. Its padding, truncation and template for special tokens are not applied."""

    @property
    def identity(self) -> str:
        """The digest of the content."""
        return f"tokenizer.json:{hashlib.sha256(self.json.encode()).hexdigest()}"

    def encode_batch(self, texts: list[str]) -> list[list[int]]:
        """The token ids of each text."""
        encodings = _hugging_face(self.json).encode_batch_fast(list(map(well_formed, texts)), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int]) -> str:
        """The text behind the ids, as far as the tokenizer kept it."""
        text: str = _hugging_face(self.json).decode(list(ids), skip_special_tokens=False)
        return text


@functools.cache
def _byte_pairs(name: str) -> tiktoken.Encoding:
    if name != DEFAULT:
        try:
            return tiktoken.get_encoding(name)
        except OSError as error:
            raise ValueError(
                f"tokenizer {name!r} could not be fetched: {error}; go online once, or set TIKTOKEN_CACHE_DIR"
            ) from error
    data = (Path(__file__).parent / "assets" / ARTEFACT).read_bytes()
    assert digest(data) == DIGEST, f"{ARTEFACT} is not the file that textbook-16k names; reinstall textbook-curation"
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, data.splitlines())}
    return tiktoken.Encoding(DEFAULT, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


@functools.cache
def _hugging_face(json: str) -> Any:
    tokenizers = require("tokenizers", extra="tokenizers")
    try:
        tokenizer = tokenizers.Tokenizer.from_str(json)
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"expected the content of a tokenizer.json: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer


def digest(ranks: bytes) -> str:
    """SHA-256 of all that decides the ids: the pattern and the file of ranks."""
    return hashlib.sha256(PATTERN.encode() + b"\0" + ranks).hexdigest()


@functools.cache
def load(name: str = DEFAULT) -> BytePairs | HuggingFace:
    """The tokenizer of that name, loaded once a process.

    Args:
        name: `textbook-16k`; a name that `tiktoken` knows (`cl100k_base`); the path of a `tokenizer.json`; or a Hub
            repository, `owner/name` or `owner/name@revision`. Only the first needs no download; the last two need
            `textbook-curation[tokenizers]`.

    Raises:
        ValueError: nothing is known by that name, or it could not be fetched.
    """
    if name == DEFAULT or name in tiktoken.list_encoding_names():
        return BytePairs(name)
    if name.endswith(".json"):
        path = Path(name)
    elif "/" in name:
        path = _fetch(*name.split("@", 1))
    else:
        raise ValueError(
            f"no tokenizer is called {name!r}; expected {DEFAULT}, one of tiktoken's "
            f"({', '.join(tiktoken.list_encoding_names())}), the path of a tokenizer.json or a Hub name owner/name"
        )
    if not path.is_file():
        raise ValueError(f"got {name!r}, expected the path of a tokenizer.json; there is no such file")
    tokenizer = HuggingFace(path.read_text(encoding="utf-8"))
    tokenizer.encode_batch([])  # so that a file of another kind fails here
    return tokenizer


def _fetch(repository: str, revision: str | None = None) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, "tokenizer.json", revision=revision))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"tokenizer {repository!r} could not be fetched: {error}; go online once or give the path of its file"
        ) from error


def count(texts: list[str], tokenizer: str | Tokenizer = DEFAULT) -> list[int]:
    """The number of tokens of each text, by a tokenizer or by the one of that name (see `load`)."""
    chosen: Tokenizer = load(tokenizer) if isinstance(tokenizer, str) else tokenizer
    return [len(ids) for ids in chosen.encode_batch(list(map(well_formed, texts)))]


@dataclass(frozen=True)
class CountTokens(Operator):
    """Adds `num_tokens`, the number of tokens of `text`.

    Args:
        tokenizer: `textbook-16k`, a name that `tiktoken` knows, or an object with `identity` and `encode_batch`. A file
            or a Hub name can change behind its name, so give those as `tokens.load(name)`, known by its digest.
    """

    tokenizer: str | Tokenizer = DEFAULT

    version = 1
    reads = ("text",)
    adds = {"num_tokens": "int64"}

    def __call__(self, batch: Batch) -> Batch:
        """Count; see the class.

        Raises:
            ValueError: the name does not settle what the tokenizer is.
        """
        if isinstance(self.tokenizer, str) and load(self.tokenizer).identity != self.tokenizer:
            raise ValueError(
                f"CountTokens got {self.tokenizer!r}, a name whose content can change, expected {DEFAULT} or one of "
                f"tiktoken's; give CountTokens(tokens.load({self.tokenizer!r})), which is known by its digest"
            )
        return batch | {"num_tokens": count(batch["text"], self.tokenizer)}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """The default tokenizer on two snippets."""
        texts = ["def area(width, height):\n    return width * height\n", ""]
        batch: Batch = {"id": ["a", "b"], "text": texts, "language": ["python", None], "source": ["a.py", "b.py"]}
        return cls(), batch | {"license": [None, None], "parents": [[], []]}
