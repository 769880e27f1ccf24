"""`NearDuplicates` and the operator that it becomes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa

from textbook.curation.found import fitted_example, id_keys, look_up
from textbook.curation.near_duplicates.clusters import connected, similarities, stars
from textbook.curation.near_duplicates.summary import (
    BLOCK_ROWS,
    Distinct,
    Shape,
    by_priority,
    distinct,
    names,
    scratch_folder,
    summarise,
)
from textbook.lineage import StateFile
from textbook.operator import Batch, Fittable, Operator

ADDS = {"near_duplicate_of": "string", "near_duplicate_similarity": "float32"}
FOUND = pa.schema(
    [
        ("key", pa.uint64()),
        ("id", pa.large_string()),
        ("kept", pa.large_string()),
        ("similarity", pa.float32()),
        ("source", pa.large_string()),
        ("link", pa.large_string()),
        ("link_similarity", pa.float32()),
    ]
)


@dataclass(frozen=True)
class NearDuplicates(Fittable):
    """Drops rows whose text is nearly that of a row that stays: the Jaccard similarity of their sets of word shingles.

    MinHash finds candidate pairs, and each is then verified on the sets themselves, so no two rows are joined below
    `threshold`. At .7 the default of 24 bands of 5 finds a pair with probability .988; 32 of 5 with .997. What is
    compared is words alone, without a licence comment at the head of the text. `benchmarks/near_duplicates.py` prints
    recall, precision and speed. With numba (the extra `fast`) it is several times faster; the answers are the same.

    One row of a cluster stays: the highest in `prefer`, then that with the shortest `source` (a missing one counts as
    the longest), then the smallest id. It never depends on the order of rows or shards.

    On disk `partial` keeps 152 bytes a row by default, its id and source, and 4 bytes for each distinct shingle (2 kB
    of code have about 200). While it decides, `finish` writes the sketches once more, and those of rows that may have a
    duplicate a second time, with their sets. In memory it holds about 70 bytes a row, and 200 for each row that may
    have a duplicate; all else is mapped. For a hundred million rows of 7 kB, a third of them with one, that makes 14 GB
    of memory and 400 GB of disk. In a bucket of more than 1,000 different rows each is compared with the 1,000 after.

    Args (fields):
        threshold: the least similarity of a pair, above 0 and up to 1.
        shingle: words in a shingle.
        cluster: "connected" joins rows by chains of pairs, so a row may go for one that is below the threshold: its
            reason then names the row that joined it. "star" goes through each such cluster by who is to stay, and
            drops a row only for one that stays and is itself at or above the threshold, the most similar one.
        prefer: a numeric column; the highest value stays, and rows without one come last.
        bands, rows_per_band: the shape of the MinHash; more bands find more, more rows per band find less, faster.
    """

    threshold: float = 0.7
    shingle: int = 5
    cluster: Literal["connected", "star"] = "connected"
    prefer: str | None = None
    bands: int = 24
    rows_per_band: int = 5

    version = 2
    adds = ADDS

    def __post_init__(self) -> None:
        """Refuse values without a meaning."""
        if not 0 < self.threshold <= 1:
            raise ValueError(f"NearDuplicates got threshold={self.threshold}; expected a number above 0 and up to 1")
        if min(self.shingle, self.bands, self.rows_per_band) < 1:
            got = f"shingle={self.shingle}, bands={self.bands}, rows_per_band={self.rows_per_band}"
            raise ValueError(f"NearDuplicates got {got}; expected 1 or more of each")
        if self.cluster not in ("connected", "star"):
            raise ValueError(f"NearDuplicates got cluster={self.cluster!r}; expected 'connected' or 'star'")

    @property
    def reads(self) -> tuple[str, ...]:
        """The text, what names the row, and the column that decides who stays."""
        return ("id", "text", "source") if self.prefer is None else ("id", "text", "source", self.prefer)

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """A function, a copy of it with one word changed, and one of its own; two empty texts."""
        lines = [f"total_{i} = price_{i} * amount_{i} + shipping" for i in range(12)]
        changed = [*lines[:6], "total_6 = price_6 * amount_6 + postage", *lines[7:]]
        texts = ["\n".join(lines), "\n".join(changed), "def mean(xs):\n    return sum(xs) / len(xs)\n", "", ""]
        sources = ["app/vendored/cart.py", "cart.py", "mean.py", None, "empty.py"]
        return cls(), {"id": [f"row {i}" for i in range(len(texts))], "text": texts, "source": sources}

    @property
    def shape(self) -> Shape:
        """What is compared, and how."""
        return Shape(self.shingle, self.bands, self.rows_per_band, self.threshold)

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """Sketch and set of each row, with what decides who stays."""
        return summarise(self.shape, ((batch, batch["text"]) for batch in batches), self.prefer)

    def finish(self, tables: Sequence[pa.Table], folder: Path) -> "DropNearDuplicates":
        """Find the clusters, choose who stays, and write down the others."""
        with scratch_folder(folder) as scratch:
            given = distinct(tables, self.shape, scratch)
            return DropNearDuplicates(
                StateFile.of_batches(FOUND, self._found(names(tables, given.rows), given), folder)
            )

    def _found(self, named: pa.Table, given: Distinct) -> Iterator[pa.RecordBatch]:
        """The rows of `FOUND`: those that go."""
        root, link = connected(given.sketched, given.sets)
        order = by_priority(named, root[given.number])
        _, rank = np.unique(given.number[order], return_index=True)
        best = order[rank]
        if self.cluster == "star":
            kept = stars(given.sketched, given.sets, root, rank)
        else:
            clusters, first = np.unique(root[given.number[order]], return_index=True)
            kept = given.number[order[first]][np.searchsorted(clusters, root)]
        gone = np.flatnonzero(best[kept[given.number]] != np.arange(len(named)))
        keys = id_keys(named["id"].take(pa.array(gone)).to_pylist())
        by_key = np.argsort(keys, kind="stable")
        for start in range(0, len(gone), BLOCK_ROWS):
            block = by_key[start : start + BLOCK_ROWS]
            row, number = gone[block], given.number[gone[block]]
            similarity = similarities(given.sets, np.stack([number, kept[number]], axis=1))
            chained = similarity < self.threshold
            near = np.where(chained & (best[number] == row), link[number], number)
            of_link = similarities(given.sets, np.stack([number, near], axis=1))
            stays, links = named.take(pa.array(best[kept[number]])), pa.array(best[near], mask=~chained)
            columns = {
                "key": keys[block],
                "id": named["id"].take(pa.array(row)).combine_chunks(),
                "kept": stays["id"].combine_chunks(),
                "similarity": similarity.astype(np.float32),
                "source": stays["source"].combine_chunks(),
                "link": named["id"].take(links).combine_chunks(),
                "link_similarity": pa.array(of_link.astype(np.float32), mask=~chained),
            }
            yield pa.RecordBatch.from_pydict(columns, FOUND)


@dataclass(frozen=True)
class DropNearDuplicates(Operator):
    """Drops the rows that a fitted `NearDuplicates` has found; rows it has not seen stay.

    Attributes:
        duplicates: `key` (64-bit hash of the id, sorted), `id`, the id and `source` of the row that stays (`kept`),
            their similarity, and where that is below the threshold the row that joined them (`link`).
    """

    duplicates: StateFile

    version = 1
    reads = ("id",)
    adds = ADDS

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Fitted on the example of `NearDuplicates`."""
        return cls(fitted_example(NearDuplicates).duplicates), NearDuplicates.example()[1]

    def __call__(self, batch: Batch) -> Batch:
        """Name the row that stays and the similarity to it, and write the reason."""
        rows = look_up(self.duplicates, batch["id"])
        return batch | {
            "near_duplicate_of": [row and row["kept"] for row in rows],
            "near_duplicate_similarity": [row and row["similarity"] for row in rows],
            "drop_reason": [row and _reason(row) for row in rows],
        }


def _reason(row: dict[str, Any]) -> str:
    source = f", {row['source']}" if row["source"] else ""
    reason = f"near duplicate of {row['kept']} ({row['similarity']:.2f}{source})"
    return reason if row["link"] is None else f"{reason}, by way of {row['link']} ({row['link_similarity']:.2f})"
