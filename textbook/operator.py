"""The three kinds of step, and the source that feeds them.

A recipe is a tuple of steps. Scorers annotate rows, `textbook.keep` decides, nobody removes: a step drops a row by
writing a reason into the reserved column `drop_reason`, and the engine moves the row, whole, to `dropped`.

Does not run anything: see `textbook.engine`.
"""

import hashlib
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias

import pyarrow as pa

Batch = dict[str, list[Any]]
"""Columns of equal length. `id` and `text` are always there; so are the other columns of `SCHEMA`."""

ArrowType: TypeAlias = str | pa.DataType
"""An Arrow alias ("float32", "string") or, for nested types, which have no alias, a `pa.DataType`."""

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("language", pa.string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("parents", pa.list_(pa.string())),
    ]
)
"""The columns of every row, before any step has added to them."""

DROP_REASON = "drop_reason"
DROPPED_BY = "dropped_by"


@dataclass(frozen=True)
class Step(ABC):
    """One step of a recipe. Its fields are its whole configuration; they are stored as given, without work.

    Subclass `Operator`, `Fittable` or `Stage`, never this. A subclass states `version`, `reads` and `adds`: as class
    attributes, or as properties where they depend on fields.
    """

    version: ClassVar[int] = 1
    """Bumped when the output changes for the same input: it is part of the fingerprint."""

    makes_rows: ClassVar[bool] = False
    """Whether the step may append rows of its own. The engine refuses new rows from a step that does not say so."""

    @property
    def name(self) -> str:
        """How reports and the column `dropped_by` call the step."""
        return type(self).__name__

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns the step needs; the engine checks that they exist before it starts."""
        return ("id", "text")

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns the step adds, with their Arrow types. Values are cast to them after the step.

        One that an earlier step adds must be in `reads` too: it is updated.
        """
        return {}

    @classmethod
    @abstractmethod
    def example(cls) -> tuple[Self, Batch]:
        """A ready instance and a small batch it accepts, for `tests/contract.py` and for readers."""


class Operator(Step):
    """Row-local and pure: what it says of a row depends on nothing but that row and the step's fields."""

    @abstractmethod
    def __call__(self, batch: Batch) -> Batch:
        """Return the same rows in the same order with columns added; never mutate `batch`.

        A row is dropped by a text in the column `drop_reason`. New rows come after the given ones (see `append_rows`)
        and name at least one parent, the first of them a row of this batch.
        """


class Fittable(Step):
    """A step that must see every row not yet dropped: deduplicate, keep the best, train a scorer."""

    @abstractmethod
    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """Summarise one shard, independently of the others. `batches` hold the columns of `reads` only."""

    @abstractmethod
    def finish(self, tables: Sequence[pa.Table], folder: Path) -> Operator:
        """Turn the tables of all shards, in any order, into the operator that acts on each row.

        A table is mapped when it is taken from `tables`, and let go of after: go through them as often as you like,
        and hold none longer than needed.

        The operator must declare the same `adds`. State too large for its fields goes into `folder`, held by a
        `lineage.StateFile`.
        """


class Stage(Step):
    """A step that brings its own concurrency or device: LLM calls, the sandbox, a GPU encoder."""

    @abstractmethod
    def stream(self, batches: Iterable[Batch], folder: Path) -> Iterator[Batch]:
        """Yield one batch for each batch given, in order, by the rules of `Operator.__call__`.

        It may read ahead. Its journal lives in `folder`, which survives an interruption. A JSON object in `facts.json`
        there becomes part of the manifest: which model answered, what it cost.
        """


class Listing(NamedTuple):
    """What a source holds, cut into the units of work, of resuming and of parallelism."""

    digest: str
    """Digest of the sorted listing (relative path, size, revision); no absolute path goes into it."""

    shards: list[Any]
    """One JSON value a shard, by which `Source.read` finds its rows again. Never derived from the number of workers."""

    num_rows: int | None = None
    """How many rows there are, where that is known without reading: for the progress bar only."""


class Source(ABC):
    """Where rows come from. A frozen dataclass whose fields are its configuration, like a step."""

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns the source gives beyond `SCHEMA`, with their Arrow types."""
        return {}

    @abstractmethod
    def listing(self) -> Listing:
        """List what there is, in a deterministic order, without reading it."""

    @abstractmethod
    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Yield the rows of one shard, at most `batch_size` a batch, always in the same order.

        A batch has every column of `SCHEMA` and of `adds`. What can't be read as text is a row all the same: `text`
        holds a readable replacement and `drop_reason` says why.
        """


def num_rows(batch: Batch) -> int:
    """The number of rows in `batch`."""
    return len(batch["id"])


def take(batch: Batch, rows: Iterable[int]) -> Batch:
    """The rows of `batch` at the given positions, in that order."""
    positions = list(rows)
    return {name: [column[i] for i in positions] for name, column in batch.items()}


def append_rows(batch: Batch, rows: Iterable[Mapping[str, Any]]) -> Batch:
    """Return `batch` with `rows` after its own; columns that a row does not give are None."""
    made = list(rows)
    columns = [*batch, *dict.fromkeys(name for row in made for name in row if name not in batch)]
    given = num_rows(batch)
    return {name: [*batch.get(name, [None] * given), *(row.get(name) for row in made)] for name in columns}


def row_rng(seed: int, row_id: str) -> random.Random:
    """A random generator keyed by `(seed, row_id)`, never by position: sharding and batching cannot change a draw."""
    key = f"{seed}\0{row_id}".encode("utf-8", "surrogatepass")
    return random.Random(hashlib.sha256(key).digest())
