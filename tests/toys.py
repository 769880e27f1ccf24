"""Small sources and steps for tests of the engine: importable, so that workers and other processes can load them."""

import hashlib
import os
import random
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from textbook.lineage import fingerprint, row_id
from textbook.operator import Batch, Fittable, Listing, Operator, Source, Stage, append_rows, num_rows, row_rng


@dataclass(frozen=True)
class Texts(Source):
    """`count` made texts, every seventh equal to another; each hundredth can't be read."""

    count: int
    seed: int = 0
    chars: int = 200
    shard_rows: int = field(default=50, compare=False)

    def listing(self) -> Listing:
        shards = [[i, min(i + self.shard_rows, self.count)] for i in range(0, self.count, self.shard_rows)]
        return Listing(fingerprint(self.count, self.seed, self.chars), shards, self.count)

    def read(self, shard: list[int], batch_size: int) -> Iterator[Batch]:
        start, stop = shard
        for i in range(start, stop, batch_size):
            numbers = range(i, min(i + batch_size, stop))
            texts = [self.text(n) for n in numbers]
            yield {
                "id": [row_id(f"toy:{n}", text) for n, text in zip(numbers, texts, strict=True)],
                "text": texts,
                "language": ["python"] * len(texts),
                "source": [f"toy:{n}" for n in numbers],
                "license": [None] * len(texts),
                "parents": [None] * len(texts),
                "drop_reason": ["not text" if n % 100 == 99 else None for n in numbers],
            }

    def text(self, number: int) -> str:
        rng = random.Random(f"{self.seed}:{number % 7 or number}")
        return "".join(rng.choices("abcdefgh \n", k=self.chars))


@dataclass(frozen=True)
class Score(Operator):
    """A score in 0..5 that depends on the row's id alone; missing for some."""

    seed: int = 0
    adds = {"edu_score": "float32"}

    def __call__(self, batch: Batch) -> Batch:
        draws = [row_rng(self.seed, row).random() for row in batch["id"]]
        return batch | {"edu_score": [None if draw < 0.05 else draw * 5 for draw in draws]}

    @classmethod
    def example(cls):
        return cls(), {"id": ["a", "b"], "text": ["x", "y"]}


@dataclass(frozen=True)
class Length(Operator):
    """Counts characters as tokens."""

    adds = {"num_tokens": "int64"}

    def __call__(self, batch: Batch) -> Batch:
        return batch | {"num_tokens": [len(text) for text in batch["text"]]}

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}


@dataclass(frozen=True)
class Halves(Operator):
    """Makes two rows from each text that starts with a vowel."""

    makes_rows = True
    adds = {"half": "int32"}

    def __call__(self, batch: Batch) -> Batch:
        made = []
        for row, text, source in zip(batch["id"], batch["text"], batch["source"], strict=True):
            if text[:1] in "ae":
                cut = len(text) // 2
                for n, piece in enumerate((text[:cut], text[cut:])):
                    made.append(
                        {
                            "id": row_id(f"{row}/{n}", piece),
                            "text": piece,
                            "source": source,
                            "half": n,
                            "parents": [row],
                        }
                    )
        return append_rows(batch | {"half": [None] * num_rows(batch)}, made)

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["abc"], "source": ["s"], "parents": [None]}


@dataclass(frozen=True)
class FirstOfText(Fittable):
    """Keeps the smallest id of each text."""

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        rows = [
            (row, hashlib.sha256(text.encode()).hexdigest())
            for b in batches
            for row, text in zip(b["id"], b["text"], strict=True)
        ]
        return pa.table(
            {"id": pa.array([r for r, _ in rows], pa.string()), "hash": pa.array([h for _, h in rows], pa.string())}
        )

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> "Listed":
        best: dict[str, str] = {}
        for table in tables:
            for row, key in zip(table["id"].to_pylist(), table["hash"].to_pylist(), strict=True):
                best[key] = min(best.get(key, row), row)
        return Listed(tuple(sorted(best.values())))

    @classmethod
    def example(cls):
        return cls(), {"id": ["a", "b"], "text": ["x", "x"]}


@dataclass(frozen=True)
class Listed(Operator):
    """Keeps the rows listed."""

    ids: tuple[str, ...]

    def __call__(self, batch: Batch) -> Batch:
        stay = set(self.ids)
        return batch | {"drop_reason": [None if row in stay else "same text as another" for row in batch["id"]]}

    @classmethod
    def example(cls):
        return cls(("a",)), {"id": ["a", "b"], "text": ["x", "x"]}


@dataclass(frozen=True)
class Ask(Stage):
    """Answers three batches at a time; remembers answers in a journal."""

    adds = {"answer": "string"}

    def stream(self, batches: Iterable[Batch], folder: Path) -> Iterator[Batch]:
        waiting: list[Batch] = []
        for batch in batches:
            waiting.append(batch)
            if len(waiting) == 3:
                yield from map(self.answered, waiting)
                waiting = []
        yield from map(self.answered, waiting)

    def answered(self, batch: Batch) -> Batch:
        answers = [f"{len(text)} characters" for text in batch["text"]]
        return batch | {"answer": answers, "drop_reason": ["refused" if row[0] == "0" else None for row in batch["id"]]}

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}


@dataclass(frozen=True)
class Slow(Operator):
    """Takes its time over each batch."""

    seconds: float = 0.005

    def __call__(self, batch: Batch) -> Batch:
        time.sleep(self.seconds)
        return dict(batch)

    @classmethod
    def example(cls):
        return cls(0.0), {"id": ["a"], "text": ["x"]}


@dataclass(frozen=True)
class KillsItself(Operator):
    """Kills its process at one row."""

    def __call__(self, batch: Batch) -> Batch:
        os.kill(os.getpid(), signal.SIGKILL)
        return batch

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}
