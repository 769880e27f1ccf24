"""`Templated` and the operator that it becomes: code stamped out by a generator, which no mark gives away."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from textbook.curation.found import fitted_example, id_keys, look_up
from textbook.curation.near_duplicates.clusters import connected
from textbook.curation.near_duplicates.skeletons import skeleton
from textbook.curation.near_duplicates.summary import (
    Distinct,
    Shape,
    by_priority,
    distinct,
    names,
    scratch_folder,
    summarise,
)
from textbook.lineage import StateFile
from textbook.operator import Batch, Fittable, Operator, take

ADDS = {"templated": "bool", "templated_reason": "string"}
FOUND = pa.schema(
    [("key", pa.uint64()), ("id", pa.large_string()), ("size", pa.int64()), ("like", pa.large_string())],
)


@dataclass(frozen=True)
class Templated(Fittable):
    """Tags code that differs from much other code in names, strings, numbers and comments only: `templated`.

    Whole SDKs are generated without saying so. Their files show when each is reduced to its skeleton and near
    duplicates are looked for among those (`NearDuplicates`, connected): what lies in a cluster of `min_rows` or more
    is templated, and `templated_reason` names one of the others. So are a package's hundred locale files; what to do
    with them is for `Keep("templated", equals=False)`. `benchmarks/templated.py` prints what it finds in SDKs and in
    hand-written packages.

    Drop exact and near duplicates first: copies are alike in their skeletons too. Disk and memory are those of
    `NearDuplicates`.

    Args (fields):
        threshold: the least Jaccard similarity of two skeletons.
        shingle: words in a shingle of a skeleton.
        min_rows: rows in a cluster.
        min_words: shorter skeletons are never templated: any two short files are alike.
    """

    threshold: float = 0.7
    shingle: int = 8
    min_rows: int = 5
    min_words: int = 30

    version = 1
    reads = ("id", "text", "source")
    adds = ADDS

    def __post_init__(self) -> None:
        """Refuse values without a meaning."""
        if not 0 < self.threshold <= 1:
            raise ValueError(f"Templated got threshold={self.threshold}; expected a number above 0 and up to 1")
        if self.shingle < 1 or self.min_rows < 2:
            got = f"shingle={self.shingle}, min_rows={self.min_rows}"
            raise ValueError(f"Templated got {got}; expected a shingle of 1 word or more, and 2 rows or more")

    @property
    def shape(self) -> Shape:
        """What is compared, and how."""
        return Shape(self.shingle, 24, 5, self.threshold)

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Five classes out of one template, and one of its own."""
        fields = ["id", "owner", "state", "region"]
        texts = [
            f"class {name}Request:\n    def __init__(self, client):\n        self._client = client\n"
            + "".join(f"    @property\n    def {field}(self):\n        return self._{field}\n" for field in fields)
            for name in ("Create", "Delete", "Describe", "List", "Update")
        ]
        own = "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total\n"
        sources = [f"sdk/request_{i}.py" for i in range(len(texts))] + ["mean.py"]
        batch: Batch = {"id": [f"row {i}" for i in range(6)], "text": [*texts, own * 3], "source": sources}
        return cls(), batch

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """Sketch and set of each skeleton that is long enough."""
        return summarise(self.shape, map(self._skeletons, batches), None)

    def _skeletons(self, batch: Batch) -> tuple[Batch, list[str]]:
        skeletons = [skeleton(text) for text in batch["text"]]
        long = [i for i, words in enumerate(skeletons) if words.count(" ") + 1 >= self.min_words]
        return take(batch, long), [skeletons[i] for i in long]

    def finish(self, tables: Sequence[pa.Table], folder: Path) -> "TagTemplated":
        """Find the clusters, and write down the rows of the large ones."""
        with scratch_folder(folder) as scratch:
            given = distinct(tables, self.shape, scratch)
            return TagTemplated(StateFile.of_batches(FOUND, self._found(names(tables, given.rows), given), folder))

    def _found(self, named: pa.Table, given: Distinct) -> Iterator[pa.RecordBatch]:
        """The rows of `FOUND`, cluster by cluster; each is like the first of its cluster, and that like the second."""
        cluster = connected(given.sketched, given.sets).root[given.number]
        order = by_priority(named, cluster)
        _, first, inverse, size = np.unique(cluster[order], return_index=True, return_inverse=True, return_counts=True)
        like = order[first[inverse]]
        like[first[size > 1]] = order[first[size > 1] + 1]
        large = size[inverse] >= self.min_rows
        found = named.select(["id"]).take(pa.array(order[large]))
        columns = {
            "key": pa.array(id_keys(found["id"].to_pylist())),
            "id": found["id"],
            "size": pa.array(size[inverse][large]),
            "like": pa.compute.coalesce(named["source"], named["id"]).take(pa.array(like[large])),
        }
        yield from pa.table(columns, schema=FOUND).sort_by("key").combine_chunks().to_batches()


@dataclass(frozen=True)
class TagTemplated(Operator):
    """Tags the rows that a fitted `Templated` has found.

    Attributes:
        clusters: `key` (64-bit hash of the id, sorted), `id`, the `size` of its cluster, and the source (or id) of
            another row in it (`like`).
    """

    clusters: StateFile

    version = 1
    reads = ("id",)
    adds = ADDS

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Fitted on the example of `Templated`."""
        return cls(fitted_example(Templated).clusters), Templated.example()[1]

    def __call__(self, batch: Batch) -> Batch:
        """Say whether a row is templated, and which other is like it."""
        found = look_up(self.clusters, batch["id"])
        reasons = [row and _reason(row) for row in found]
        return batch | {"templated": [row is not None for row in found], "templated_reason": reasons}


def _reason(row: dict[str, Any]) -> str:
    return f"one of {row['size']} alike but for names, strings and numbers, such as {row['like']}"
