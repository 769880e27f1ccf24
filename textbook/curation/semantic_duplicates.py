"""Semantic duplicates: of texts whose vectors are close, one stays. Meant for synthetic text, where wording varies.

Every text that goes is itself close to one that stays: there are no chains. Does not cover texts that share their words
only (`ExactDuplicates`, near duplicates): those are found cheaper.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textbook.curation.encoders import Encoder, HashedWords, Vectors
from textbook.curation.found import priority_columns
from textbook.keep import shown
from textbook.lineage import StateFile
from textbook.operator import Batch, Fittable, Operator

BLOCK_ROWS = 2048
CELL_ROWS = 50_000
"""Up to so many rows are compared with all others; more are parted into cells of about so many."""
PROBES = 2
"""Cells in which a row is looked for: those of the nearest centres."""
CENTRE_SAMPLE = 20_000
CENTRE_ROUNDS = 8

Indices = npt.NDArray[np.int64]

VECTOR = pa.list_(pa.float32())
PARTIAL = pa.schema([("id", pa.string()), ("preference", pa.float64()), ("length", pa.int64()), ("vector", VECTOR)])
STATE = pa.schema([("id", pa.string()), ("of", pa.string()), ("similarity", pa.float32())])


class Matches(NamedTuple):
    """For each row the one that stays in its place, itself for those that stay, and their cosine."""

    kept: Indices
    similarity: npt.NDArray[np.float32]


@dataclass(frozen=True)
class SemanticDuplicates(Fittable):
    """Drops a row if the cosine of its vector with that of a row that stays is at least `threshold`.

    Rows are gone through by preference, then by the length of `source`, then by id; a row stays unless one that stays
    before it is close. So the answer depends on neither order nor shards. It may depend on the machine in the last bit
    of a cosine. Texts whose vector is zero stay.

    Up to 50,000 rows all pairs are compared; beyond that, rows are parted into cells by k-means and looked for in the
    two nearest: a few pairs across cells may be missed (`benchmarks/semantic_duplicates.py` prints how many). Memory:
    4 bytes a row and dimension while it decides, twice.

    Args (fields):
        encoder: an object with `encode` and `identity`; see `textbook.curation.encoders`.
        threshold: the least cosine that makes a duplicate.
        prefer: a column; of close rows the one with the highest value stays.
    """

    encoder: Encoder
    threshold: float = 0.9
    prefer: str | None = None

    version = 1
    adds = {"semantic_duplicate_of": "string", "semantic_similarity": "float32"}

    @property
    def reads(self) -> tuple[str, ...]:
        """The text, what names the row, and the column that decides who stays."""
        return ("id", "text", "source") if self.prefer is None else ("id", "text", "source", self.prefer)

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """The vectors of a shard, of length one, with what decides who stays."""
        tables = [pa.table(self._columns(batch), schema=PARTIAL) for batch in batches]
        return pa.concat_tables([PARTIAL.empty_table(), *tables])

    def _columns(self, batch: Batch) -> dict[str, Any]:
        vectors = np.asarray(self.encoder.encode(list(batch["text"])), np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return {
            "id": batch["id"],
            **priority_columns(batch, self.prefer),
            "vector": list(vectors / np.where(lengths > 0, lengths, 1)),
        }

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> "DropSemanticDuplicates":
        """Choose who stays, and write down the others."""
        table = pa.concat_tables([PARTIAL.empty_table(), *tables])
        order = [("preference", "descending"), ("length", "ascending"), ("id", "ascending")]
        table = table.sort_by(order).combine_chunks()
        flat = table["vector"].combine_chunks().flatten().to_numpy()
        vectors = flat.reshape(table.num_rows, -1) if table.num_rows else np.empty((0, 1), np.float32)
        matches = star(vectors, self.threshold)
        gone = np.flatnonzero(matches.kept != np.arange(table.num_rows))
        columns = {
            "id": table["id"].take(pa.array(gone)),
            "of": table["id"].take(pa.array(matches.kept[gone])),
            "similarity": np.minimum(matches.similarity[gone], 1),
        }
        return DropSemanticDuplicates(StateFile.write(pa.table(columns, schema=STATE).sort_by("id"), folder))

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Three texts of which two share their words."""
        texts = ["a stack is last in, first out", "A stack is: first in, last out.", "a queue keeps the order", ""]
        batch: Batch = {"id": ["a", "b", "c", "d"], "text": texts, "source": ["one", "two", None, "four"]}
        return cls(HashedWords(), threshold=0.8), batch


@dataclass(frozen=True)
class DropSemanticDuplicates(Operator):
    """Drops the rows that a fitted `SemanticDuplicates` has found.

    Attributes:
        duplicates: `id`, the id of the row that stays in its place, and their cosine.
    """

    duplicates: StateFile

    version = 1
    reads = ("id",)
    adds = {"semantic_duplicate_of": "string", "semantic_similarity": "float32"}

    def __call__(self, batch: Batch) -> Batch:
        """Name the row that stays, and write the reason."""
        found = [_load(str(self.duplicates.path)).get(row, (None, None)) for row in batch["id"]]
        reasons = [None if of is None else f"semantic duplicate of {of} ({shown(cosine)})" for of, cosine in found]
        columns: Batch = {
            "semantic_duplicate_of": [of for of, _ in found],
            "semantic_similarity": [c for _, c in found],
        }
        return batch | columns | {"drop_reason": reasons}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Fitted on nothing: every row stays."""
        step, batch = SemanticDuplicates.example()
        return cls(_empty_state()), batch


def star(vectors: Vectors, threshold: float) -> Matches:
    """Go through `vectors`, of length one and in order of priority; each stays unless a kept one is close."""
    num_rows = len(vectors)
    kept = np.arange(num_rows)
    similarity = np.ones(num_rows, np.float32)
    near = nearest_cells(vectors)
    members: list[list[Indices]] = [[] for _ in range(int(near.max(initial=0)) + 1)]
    for start in range(0, num_rows, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, num_rows))
        for cell, arrays in enumerate(members):
            asking = rows[(near[rows] == cell).any(axis=1)]
            for others in arrays if len(asking) else ():
                closest(vectors, asking, others, threshold, kept, similarity)
        new = within_block(vectors, rows[kept[rows] == rows], threshold, kept, similarity)
        for cell, arrays in enumerate(members):
            here = new[near[new, 0] == cell]
            if len(here):
                arrays.append(here)
    return Matches(kept, similarity)


def closest(
    vectors: Vectors, rows: Indices, others: Indices, threshold: float, kept: Indices, similarity: Vectors
) -> None:
    """Match `rows` with the closest of `others` that is close enough, unless they have a closer match already."""
    cosines = vectors[rows] @ vectors[others].T
    best = cosines.argmax(axis=1)
    cosine = cosines[np.arange(len(rows)), best]
    unmatched = kept[rows] == rows
    better = (cosine >= threshold) & (unmatched | (cosine > similarity[rows]))
    kept[rows[better]] = others[best[better]]
    similarity[rows[better]] = cosine[better]


def within_block(vectors: Vectors, rows: Indices, threshold: float, kept: Indices, similarity: Vectors) -> Indices:
    """Match rows of a block with earlier ones of it that stay; return those that stay."""
    cosines = vectors[rows] @ vectors[rows].T
    stays = np.zeros(len(rows), bool)
    for i in range(len(rows)):
        earlier = np.flatnonzero(stays[:i] & (cosines[i, :i] >= threshold))
        if len(earlier):
            best = earlier[cosines[i, earlier].argmax()]
            kept[rows[i]], similarity[rows[i]] = rows[best], cosines[i, best]
        else:
            stays[i] = True
    return rows[stays]


def nearest_cells(vectors: Vectors) -> Indices:
    """The cells in which each row is looked for, nearest first, of shape (rows, probes); one where rows are few."""
    num_cells = -(-len(vectors) // CELL_ROWS)
    if num_cells <= 1:
        return np.zeros((len(vectors), 1), np.int64)
    sample = vectors[:: max(1, len(vectors) // CENTRE_SAMPLE)]
    centres = sample[:: len(sample) // num_cells][:num_cells].copy()
    for _ in range(CENTRE_ROUNDS):
        cell = (sample @ centres.T).argmax(axis=1)
        for number in range(len(centres)):
            if (cell == number).any():
                centres[number] = sample[cell == number].mean(axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    blocks = (vectors[start : start + BLOCK_ROWS] @ centres.T for start in range(0, len(vectors), BLOCK_ROWS))
    return np.concatenate([np.argsort(-block, axis=1, kind="stable")[:, :PROBES] for block in blocks])


@lru_cache(maxsize=8)
def _load(path: str) -> dict[str, tuple[str, float]]:
    with pa.memory_map(path) as file:
        columns = pa.ipc.open_file(file).read_all().to_pydict()
    return dict(zip(columns["id"], zip(columns["of"], columns["similarity"], strict=True), strict=True))


@lru_cache(maxsize=1)
def _empty_state() -> StateFile:
    return StateFile.write(STATE.empty_table(), Path(tempfile.mkdtemp(prefix="textbook-example-")))
