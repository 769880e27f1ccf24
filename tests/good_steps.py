"""Steps that keep the contract, one of each kind and more, for the tests of the contract to break."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from textbook.lineage import row_id
from textbook.operator import Batch, Fittable, Operator, Stage, append_rows, num_rows

BATCH: Batch = {
    "id": ["a", "b", "c", "d", "e"],
    "text": ["x = 1", "", "def f():\n    pass\n", "y", "x = 1"],
    "source": ["1.py", None, "3.py", "4.py", "5.py"],
    "extra": [1, 2, 3, 4, 5],
}


@dataclass(frozen=True)
class Lengths(Operator):
    """Counts characters."""

    unit: int = 1
    adds = {"length": "float32"}

    @classmethod
    def example(cls):
        return cls(), BATCH

    def __call__(self, batch: Batch) -> Batch:
        return batch | {"length": [len(text) / self.unit for text in batch["text"]]}


@dataclass(frozen=True)
class Lines(Operator):
    """Makes a row of each line but the first; adds where it starts, as a nested value, and a drop reason."""

    makes_rows = True
    adds = {"place": pa.struct([("line", pa.int64())])}

    @classmethod
    def example(cls):
        return cls(), BATCH

    def __call__(self, batch: Batch) -> Batch:
        made = []
        for row, text in zip(batch["id"], batch["text"], strict=True):
            for number, line in list(enumerate(text.split("\n")))[1:3]:
                place = {"line": number}
                made.append({"id": row_id(f"{row}/{number}", line), "text": line, "parents": [row], "place": place})
        reasons = [None if text else "empty" for text in batch["text"]]
        return append_rows(batch | {"place": [None] * num_rows(batch), "drop_reason": reasons}, made)


@dataclass(frozen=True)
class Relative(Operator):
    """The length of a text beside the longest."""

    longest: int
    adds = {"relative": "float64"}

    @classmethod
    def example(cls):
        return cls(10), BATCH

    def __call__(self, batch: Batch) -> Batch:
        return batch | {"relative": [len(text) / (self.longest or 1) for text in batch["text"]]}


@dataclass(frozen=True)
class Longest(Fittable):
    """Finds the longest text."""

    adds = {"relative": "float64"}

    @classmethod
    def example(cls):
        return cls(), BATCH

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        return pa.table({"length": pa.array([len(text) for batch in batches for text in batch["text"]], pa.int64())})

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> Operator:
        return Relative(max((n for table in tables for n in table["length"].to_pylist()), default=0))


@dataclass(frozen=True)
class Answers(Stage):
    """Answers each text; reads two batches ahead, and keeps a journal."""

    adds = {"answer": "string"}

    @classmethod
    def example(cls):
        return cls(), BATCH

    def stream(self, batches: Iterable[Batch], folder: Path) -> Iterator[Batch]:
        ahead = iter(batches)
        while some := list(itertools.islice(ahead, 2)):
            for batch in some:
                yield batch | {"answer": [self.answer(row, folder) for row in batch["id"]]}

    def answer(self, row: str, folder: Path) -> str:
        journal = folder / f"{row.encode().hex()}.txt"
        if not journal.exists():
            journal.write_text(f"answer to {row}")
        return journal.read_text()
