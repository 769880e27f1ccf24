"""How much a student would learn from a text: a score from 0 to 5, learned from labels of code (phi-1, section 2.1).

Two things are read off the head of a text: the score of a linear model over its byte n-grams, and its code features.
An ensemble of trees makes the score of both. All of it is numpy, and exact: sums are sums of integers, so a row's score
depends neither on its batch nor on the machine. (It can differ between releases of Python that parse differently.)

`scripts/fit_educational_value.py` fits the model, `textbook/curation/annotations` holds the labels and the rubric
behind the score. Not covered: fitting, choosing a threshold, what lies beyond the head, whether the code is right.
"""

import hashlib
import io
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.features import FEATURES, CodeFeatures, code_features
from textbook.operator import Batch, Operator

HEAD_CHARS = 4_000
"""How much of a text is scored: its first lines, up to this many characters. No label was given for more."""

MAX_SCORE = 5.0
PRETRAINED = {"python": "educational-value-python-v1"}
ASSETS = Path(__file__).parents[1] / "assets"

_MAX_COUNT = 4_095
_ROWS_AT_ONCE = 256  # bounds the memory the trees take


def scored_head(text: str) -> str:
    """The part of `text` that is scored, cut at a line end if there is one, with line feeds for line ends."""
    lines = text[: 2 * HEAD_CHARS].replace("\r\n", "\n")
    if len(lines) <= HEAD_CHARS:
        return lines
    head = lines[:HEAD_CHARS]
    return head[: head.rfind("\n") + 1] or head


@cache
def _frequency_table() -> npt.NDArray[np.int64]:
    return np.array([round(256 * math.log1p(count)) for count in range(_MAX_COUNT + 1)], np.int64)


def term_frequencies(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """log(1 + count) of each n-gram, in 256ths, so that what is summed of them is exact."""
    return _frequency_table()[np.minimum(counts, _MAX_COUNT)]


@dataclass(frozen=True, eq=False)
class NgramRidge:
    """A linear model over byte n-grams. Each block of buckets counts as a vector of length one."""

    hasher: ByteNgramHash
    weights: npt.NDArray[np.int16]
    """Of shape (blocks, buckets), in units of `unit`."""

    unit: float
    intercept: float

    def score(self, head: str) -> float:
        """The score of one text, on the scale of the labels but not held to it."""
        total = 0.0
        for weights, (buckets, counts) in zip(self.weights, self.hasher.counts(head), strict=True):
            if len(buckets):
                frequencies = term_frequencies(counts)
                dot = int(frequencies @ weights[buckets].astype(np.int64))
                total += dot / math.sqrt(int(frequencies @ frequencies))
        return self.intercept + self.unit * total


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """A sum of binary regression trees, held as arrays with one entry a node. A leaf is its own child on both sides."""

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.uint8]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int32]
    """Where to go when the feature is at most the threshold."""

    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]
    """What a leaf adds, in units of `unit`."""

    depth: int
    unit: float
    intercept: float

    def predict(self, columns: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The predictions, (rows,), for features of shape (rows, features)."""
        parts = [self._sum(columns[at : at + _ROWS_AT_ONCE]) for at in range(0, len(columns), _ROWS_AT_ONCE)]
        return self.intercept + self.unit * np.concatenate([np.empty(0, np.int64), *parts])

    def _sum(self, columns: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        rows = np.arange(len(columns))[:, None]
        node = np.broadcast_to(self.roots, (len(columns), len(self.roots)))
        for _ in range(self.depth):
            goes_left = columns[rows, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        total: npt.NDArray[np.int64] = self.value[node].sum(axis=1, dtype=np.int64)
        return total


@dataclass(frozen=True, eq=False)
class Model:
    """The featurisers and the head. The trees see the n-gram score first, then `FEATURES`."""

    ngrams: NgramRidge
    trees: TreeEnsemble

    def score(self, texts: list[str]) -> list[float]:
        """A score from 0 to `MAX_SCORE` for each text; 0 for one whose head is empty or blank."""
        heads = [scored_head(text) for text in texts]
        filled = [at for at, head in enumerate(heads) if head.strip()]
        rows = [[self.ngrams.score(heads[at]), *code_features(heads[at]).values()] for at in filled]
        columns = np.array(rows, np.float32).reshape(len(rows), 1 + len(FEATURES))
        scores = np.zeros(len(texts), np.float32)
        scores[filled] = np.clip(self.trees.predict(columns), 0.0, MAX_SCORE)
        return [float(score) for score in scores]


def save_model(model: Model, name: str, about: dict[str, Any], folder: Path = ASSETS) -> str:
    """Write `name`.npz and its card `name`.json into `folder`, and return the digest of the card.

    Args:
        model: what to write.
        name: the name that `load_model` is given.
        about: what the card says beyond what the model needs: labels, metrics, versions.
        folder: where to write.
    """
    ngrams, trees = model.ngrams, model.trees
    arrays = {"weights": ngrams.weights} | {
        key: getattr(trees, key) for key in ("roots", "feature", "threshold", "left", "right", "value")
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    hasher = ngrams.hasher
    card = about | {
        "arrays_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "features": list(FEATURES),
        "features_version": CodeFeatures.version,
        "head_chars": HEAD_CHARS,
        "hasher": {"orders": hasher.orders, "shape_orders": hasher.shape_orders, "bits": hasher.bits},
        "ngrams": {"unit": ngrams.unit, "intercept": ngrams.intercept},
        "trees": {"depth": trees.depth, "unit": trees.unit, "intercept": trees.intercept},
    }
    (folder / f"{name}.npz").write_bytes(buffer.getvalue())
    data = (json.dumps(card, indent=1) + "\n").encode()
    (folder / f"{name}.json").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@cache
def load_model(name: str, digest: str, folder: Path = ASSETS) -> Model:
    """Read the model that `save_model` wrote, once a process.

    Raises:
        ValueError: a file is not the one the digest was taken of, or the code features are no longer those it was
            fitted on.
    """
    card_data, array_data = (folder / f"{name}.json").read_bytes(), (folder / f"{name}.npz").read_bytes()
    _check_digest(f"{name}.json", card_data, digest)
    card = json.loads(card_data)
    _check_digest(f"{name}.npz", array_data, card["arrays_sha256"])
    fitted, current = (card["features_version"], card["features"]), (CodeFeatures.version, list(FEATURES))
    if fitted != current or card["head_chars"] != HEAD_CHARS:
        changed = sorted(set(fitted[1]) ^ set(current[1]))
        raise ValueError(
            f"{name} was fitted on version {fitted[0]} of the code features, expected version {current[0]}"
            f" (not in both: {', '.join(changed) or 'none'}); fit it again with scripts/fit_educational_value.py"
        )
    hasher = card["hasher"]
    with np.load(io.BytesIO(array_data), allow_pickle=False) as arrays:
        found = dict(arrays)
    return Model(
        NgramRidge(
            ByteNgramHash(tuple(hasher["orders"]), tuple(hasher["shape_orders"]), hasher["bits"]),
            found.pop("weights"),
            **card["ngrams"],
        ),
        TreeEnsemble(**found, **card["trees"]),
    )


def _check_digest(file: str, data: bytes, expected: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise ValueError(
            f"{file} has the digest {digest[:16]}.., expected {expected[:16]}..; another version of textbook made this"
            " step, or the file was changed: install the same version everywhere, or make the step again"
        )


@dataclass(frozen=True)
class EducationalValue(Operator):
    """Adds `edu_score`, from 0 (nothing to learn) to 5 (textbook quality).

    The rubric's 3 is where a student can follow the text alone and learns something. Of the texts of held-out packages
    that scored above 3, nine in ten were labelled 3 or more; of those from 2.5 to 3, six in ten.

    Made by `EducationalValue.pretrained("python")`, from a model that is part of the package: nothing is fetched.
    The rubric and the labels are in `textbook/curation/annotations`. Whole files, single functions and cut-off files
    were labelled; a text is scored by its first `HEAD_CHARS` characters.

    Text in another language, and prose, gets a score too, but nothing in the labels speaks for it.
    """

    artefact: str
    """The name of the model's files."""

    digest: str
    """The SHA-256 of the model's card, which holds that of its arrays."""

    version = 1
    reads = ("text",)
    adds = {"edu_score": "float32"}

    @classmethod
    def pretrained(cls, language: str) -> Self:
        """The scorer that comes with the package for `language`.

        Raises:
            ValueError: there is none for that language.
        """
        if language not in PRETRAINED:
            raise ValueError(
                f"no scorer is shipped for {language!r}, expected one of {', '.join(PRETRAINED)}; use one of these"
            )
        artefact = PRETRAINED[language]
        return cls(artefact, hashlib.sha256((ASSETS / f"{artefact}.json").read_bytes()).hexdigest())

    def __call__(self, batch: Batch) -> Batch:
        """Score the rows."""
        return batch | {"edu_score": load_model(self.artefact, self.digest).score(batch["text"])}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """The Python scorer, an explained algorithm and a table of settings."""
        algorithm = (
            "def binary_search(values, wanted):\n"
            '    """Return the index of wanted in the sorted list values, or None.\n\n'
            "    Each look halves the range that can still hold it, so n values take about log2(n) looks.\n"
            '    """\n'
            "    low, high = 0, len(values) - 1\n"
            "    while low <= high:\n"
            "        middle = (low + high) // 2\n"
            "        if values[middle] == wanted:\n"
            "            return middle\n"
            "        if values[middle] < wanted:\n"
            "            low = middle + 1  # it can only be to the right\n"
            "        else:\n"
            "            high = middle - 1\n"
            "    return None\n"
        )
        settings = 'DEBUG = False\nALLOWED_HOSTS = ["localhost"]\nTIMEOUT_S = 30\nLOG_LEVEL = "INFO"\n'
        return cls.pretrained("python"), {"id": ["a", "b"], "text": [algorithm, settings]}
