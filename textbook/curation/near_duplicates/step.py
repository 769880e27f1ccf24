"""`NearDuplicates` and the operator that it becomes."""

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textbook.curation.found import NO_SOURCE, fitted_example, id_keys, load_found
from textbook.curation.near_duplicates.clusters import Clusters, Rows, connected, similarities, star
from textbook.curation.near_duplicates.loops import Array
from textbook.curation.near_duplicates.minhash import signatures
from textbook.curation.near_duplicates.shingles import shingle_sets
from textbook.lineage import StateFile
from textbook.operator import Batch, Fittable, Operator

ADDS = {"near_duplicate_of": "string", "near_duplicate_similarity": "float32"}
NAMES = pa.schema(
    [("id", pa.large_string()), ("source", pa.large_string()), ("preference", pa.float64()), ("length", pa.int64())]
)
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

    On disk `partial` keeps 344 bytes a row by default, its id and source, and 4 bytes for each distinct shingle (2 kB
    of code have about 200). While it decides, `finish` writes the sets once more, into one file that is mapped, and
    holds about 700 bytes a row in memory. In a bucket of more than 1,000 different rows each is compared with the 1,000
    after it, so that very large clusters may come apart, most of all into stars.

    Args (fields):
        threshold: the least similarity of a pair, above 0 and up to 1.
        shingle: words in a shingle.
        cluster: "connected" joins rows by chains of pairs, so a row may go for one that is below the threshold: its
            reason then names the row that joined it. "star" drops a row only for a row at or above the threshold. It
            verifies every candidate pair: for thousands of rows that are all alike that takes minutes.
        prefer: a numeric column; the highest value stays, and rows without one come last.
        bands, rows_per_band: the shape of the MinHash; more bands find more, more rows per band find less, faster.
    """

    threshold: float = 0.7
    shingle: int = 5
    cluster: Literal["connected", "star"] = "connected"
    prefer: str | None = None
    bands: int = 24
    rows_per_band: int = 5

    version = 1
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

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """Signature and set of each row, with what decides who stays."""
        schema = self._partial_schema()
        tables = [self._summary(batch).cast(schema) for batch in batches if batch["id"]]
        return pa.concat_tables([schema.empty_table(), *tables])

    def _partial_schema(self) -> pa.Schema:
        hashes = self.bands * self.rows_per_band
        matrices = [("bands", pa.binary(8 * self.bands)), ("sketch", pa.binary(hashes)), ("digest", pa.binary(16))]
        return pa.schema([*NAMES, *(pa.field(*m) for m in matrices), pa.field("set", pa.large_binary())])

    def _summary(self, batch: Batch) -> pa.Table:
        sets = shingle_sets(batch["text"], self.shingle)
        found = signatures(sets, self.bands, self.rows_per_band)
        data, ends = sets.values.astype("<u4", copy=False).tobytes(), (4 * sets.offsets).tolist()
        held = [data[start:end] for start, end in zip(ends[:-1], ends[1:], strict=True)]
        digests = b"".join(hashlib.blake2b(values, digest_size=16).digest() for values in held)
        values = [None] * len(held) if self.prefer is None else batch[self.prefer]
        lengths = [NO_SOURCE if source is None else len(source) for source in batch["source"]]
        columns = {
            "id": pa.array(batch["id"], pa.large_string()),
            "source": pa.array(batch["source"], pa.large_string()),
            "preference": pa.array([float("-inf") if v is None or v != v else float(v) for v in values], pa.float64()),
            "length": pa.array(lengths, pa.int64()),
            "bands": _binary(found.bands.astype("<u8", copy=False).tobytes(), len(held)),
            "sketch": _binary(found.sketch.tobytes(), len(held)),
            "digest": _binary(digests, len(held)),
            "set": pa.array(held, pa.large_binary()),
        }
        return pa.table(columns)

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> "DropNearDuplicates":
        """Find the clusters, choose who stays, and write down the others."""
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".sets-") as file:
            names, digests, rows = _gathered(tables, self._partial_schema(), file)
            found = self._found(names, digests, rows)
        return DropNearDuplicates(StateFile.write(found, folder))

    def _found(self, names: pa.Table, digests: Array, rows: Rows) -> pa.Table:
        """The rows of `FOUND`: those that go."""
        same = _first_equal(digests)
        distinct = np.flatnonzero(same == np.arange(len(same)))
        index = np.searchsorted(distinct, same)
        few = Rows(rows.values, *(array[distinct] for array in rows[1:]))
        clusters: Clusters = (connected if self.cluster == "connected" else star)(few, self.threshold)
        kept = distinct[clusters.kept][index]
        gone = np.flatnonzero(kept != np.arange(len(kept)))
        similarity = similarities(rows, gone, kept[gone])

        link = np.where(same == np.arange(len(same)), distinct[clusters.link[index]], same)[gone]
        chained = similarity < self.threshold
        links = pa.array(np.where(chained, link, 0), mask=~chained)
        columns = {
            "id": names["id"].take(pa.array(gone)),
            "kept": names["id"].take(pa.array(kept[gone])),
            "similarity": pa.array(similarity.astype(np.float32)),
            "source": names["source"].take(pa.array(kept[gone])),
            "link": names["id"].take(links),
            "link_similarity": pa.array(similarities(rows, gone, link).astype(np.float32), mask=~chained),
        }
        keys = {"key": pa.array(id_keys(columns["id"].to_pylist()))}
        return pa.table(keys | columns, schema=FOUND).sort_by([("key", "ascending"), ("id", "ascending")])


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
        found, ids = load_found(str(self.duplicates.path)), batch["id"]
        rows: list[dict[str, Any] | None] = [None] * len(ids)
        keys = id_keys(ids)
        starts, ends = found.keys.searchsorted(keys), found.keys.searchsorted(keys, side="right")
        for row in np.flatnonzero(starts < ends).tolist():
            for position in range(starts[row], ends[row]):
                if found.rows["id"][position].as_py() == ids[row]:
                    rows[row] = found.rows.slice(position, 1).to_pylist()[0]
        return batch | {
            "near_duplicate_of": [row and row["kept"] for row in rows],
            "near_duplicate_similarity": [row and row["similarity"] for row in rows],
            "drop_reason": [row and _reason(row) for row in rows],
        }


def _reason(row: dict[str, Any]) -> str:
    source = f", {row['source']}" if row["source"] else ""
    reason = f"near duplicate of {row['kept']} ({row['similarity']:.2f}{source})"
    return reason if row["link"] is None else f"{reason}, by way of {row['link']} ({row['link_similarity']:.2f})"


def _gathered(tables: Iterable[pa.Table], schema: pa.Schema, file: Any) -> tuple[pa.Table, Array, Rows]:
    """What is known of all rows, in order of priority; the sets go into `file`, each table is let go of."""
    names, matrices, counts = [NAMES.empty_table()], [], [np.zeros(0, np.int64)]
    for table in tables:
        for batch in filter(len, table.select(schema.names).to_batches()):
            ends = np.frombuffer(batch["set"].buffers()[1], np.int64)[batch["set"].offset :][: len(batch) + 1]
            file.write(memoryview(batch["set"].buffers()[2] or b"")[ends[0] : ends[-1]])
            counts.append(np.diff(ends) // 4)
            matrices.append([_matrix(batch[name]) for name in ("bands", "sketch", "digest")])
            names.append(pa.Table.from_batches([batch.select(NAMES.names)]).take(pa.array(np.arange(len(batch)))))
    file.flush()
    every = pa.concat_tables(names)
    order = [("preference", "descending"), ("length", "ascending"), ("id", "ascending")]
    ranked = pc.sort_indices(every, sort_keys=order).to_numpy().astype(np.int64)
    sizes = np.concatenate(counts)
    values = np.memmap(file.name, "<u4", mode="r") if sizes.sum() else np.zeros(0, np.uint32)
    widths = [schema.field(name).type.byte_width for name in ("bands", "sketch", "digest")]
    bands, sketch, digests = (
        np.concatenate([np.zeros((0, width), np.uint8), *(some[i] for some in matrices)])[ranked]
        for i, width in enumerate(widths)
    )
    rows = Rows(np.asarray(values), (np.cumsum(sizes) - sizes)[ranked], sizes[ranked], bands.view("<u8"), sketch)
    return every.take(pa.array(ranked)), digests.view("<u8"), rows


def _first_equal(digests: Array) -> Array:
    """For each row the first with the same set."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ranked = digests[order]
    new = np.ones(len(order), bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    return first


def _binary(data: bytes, num_rows: int) -> pa.Array:
    """Rows of equal length."""
    return pa.Array.from_buffers(pa.binary(len(data) // num_rows), num_rows, [None, pa.py_buffer(data)])


def _matrix(column: pa.Array) -> Array:
    """The bytes of a fixed-size binary column, copied, of shape (rows, width)."""
    width, start = column.type.byte_width, column.offset
    held = np.frombuffer(column.buffers()[1], np.uint8)[start * width : (start + len(column)) * width]
    return held.reshape(-1, width).copy()
