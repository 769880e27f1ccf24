"""What is known of each row: written down shard by shard, gathered when all are there.

A summary is a table with the row's names, its sketch, and its set. All sketches of a run are gathered, but only those
sets and names that matter, each in a pass of its own over the tables; what is gathered lies in files.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from textbook.curation.found import priority_columns
from textbook.curation.near_duplicates.buckets import Sketched, alike
from textbook.curation.near_duplicates.clusters import Sets
from textbook.curation.near_duplicates.kernels import Array
from textbook.curation.near_duplicates.minhash import sketch_type, sketches
from textbook.curation.near_duplicates.shingles import shingle_sets
from textbook.operator import Batch

BLOCK_ROWS = 65_536
NAMES = pa.schema(
    [("id", pa.large_string()), ("source", pa.large_string()), ("preference", pa.float64()), ("length", pa.int64())]
)


class Shape(NamedTuple):
    """What is compared, and how: words in a shingle, bands, hash functions in a band, the least similarity."""

    shingle: int
    bands: int
    per_band: int
    threshold: float

    @property
    def schema(self) -> pa.Schema:
        """The columns of a summary."""
        width = self.bands * self.per_band * sketch_type(self.per_band).itemsize
        held = [("sketch", pa.binary(width)), ("digest", pa.binary(16)), ("set", pa.large_binary())]
        return pa.schema([*NAMES, *(pa.field(*column) for column in held)])


class Distinct(NamedTuple):
    """Of the rows that may have a duplicate, the different sets, numbered by digest."""

    sketched: Sketched
    sets: Sets
    rows: Array
    """The rows, by their place in the tables."""
    number: Array
    """For each of `rows` the number of its set."""


def summarise(shape: Shape, batches: Iterable[tuple[Batch, list[str]]], prefer: str | None) -> pa.Table:
    """The summaries of batches, each with the texts to compare."""
    tables = [_summary(shape, batch, texts, prefer) for batch, texts in batches if batch["id"]]
    return pa.concat_tables([shape.schema.empty_table(), *tables])


def _summary(shape: Shape, batch: Batch, texts: list[str], prefer: str | None) -> pa.Table:
    sets = shingle_sets(texts, shape.shingle)
    sketch = sketches(sets, shape.bands, shape.per_band)
    data, ends = sets.values.astype("<u4", copy=False).data.cast("B"), 4 * sets.offsets
    digests = [xxhash.xxh3_128_digest(data[start:end]) for start, end in pairwise(ends.tolist())]
    columns = {
        "id": batch["id"],
        "source": batch["source"],
        **priority_columns(batch, prefer),
        "sketch": pa.Array.from_buffers(
            shape.schema.field("sketch").type, len(texts), [None, pa.py_buffer(sketch.tobytes())]
        ),
        "digest": digests,
        "set": pa.Array.from_buffers(pa.large_binary(), len(texts), [None, pa.py_buffer(ends), pa.py_buffer(data)]),
    }
    return pa.table(columns, schema=shape.schema)


def distinct(tables: Sequence[pa.Table], shape: Shape, scratch: Path) -> Distinct:
    """The sets that may have a near duplicate, or belong to several rows; files go to `scratch`."""
    sketch, digests = _all_sketches(tables, shape, scratch / "all")
    assert len(sketch) < 2**32, "rows are numbered by 32 bits"
    first = _first_equal(digests)
    among = np.flatnonzero(first == np.arange(len(first)))
    chosen = alike(Sketched(sketch, digests[:, 0], shape.per_band, shape.threshold), among)
    chosen[first[first != np.arange(len(first))]] = True

    held = np.flatnonzero(chosen)
    order = np.lexsort((digests[held, 1], digests[held, 0]))
    number = np.empty(len(held), np.int64)
    number[order] = np.arange(len(held))
    rows = np.flatnonzero(chosen[first])
    values, sizes = _sets(tables, held, scratch / "sets")
    starts = np.cumsum(sizes) - sizes
    return Distinct(
        Sketched(_rearranged(sketch, held[order], scratch / "some"), np.arange(len(held)), *shape[2:]),
        Sets(values, starts[order], sizes[order]),
        rows,
        number[np.searchsorted(held, first[rows])],
    )


def names(tables: Iterable[pa.Table], rows: Array) -> pa.Table:
    """What names the given rows, in memory: about 100 bytes for each."""
    found = [batch.filter(mask) for batch, mask in _batches(tables, NAMES.names, rows)]
    return pa.Table.from_batches(found, NAMES).combine_chunks()


def by_priority(named: pa.Table, cluster: Array) -> Array:
    """The rows cluster by cluster, each by preference, the highest first, then by length of the source, then by id."""
    keys = [(name, "descending" if name == "preference" else "ascending") for name in ("preference", "length", "id")]
    table = named.append_column("cluster", pa.array(cluster))
    order: Array = pc.sort_indices(table, sort_keys=[("cluster", "ascending"), *keys]).to_numpy().astype(np.int64)
    return order


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A folder inside `folder` for the time of a `finish`; what one that was killed has left there is removed."""
    scratch = folder / ".near-duplicates"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _batches(tables: Iterable[pa.Table], columns: list[str], rows: Array) -> Iterator[tuple[pa.RecordBatch, pa.Array]]:
    """The batches of tables, and which of their rows are among `rows`."""
    start = 0
    for table in tables:
        for batch in table.select(columns).to_batches():
            first, end = np.searchsorted(rows, [start, start + len(batch)])
            mask = np.zeros(len(batch), bool)
            mask[rows[first:end] - start] = True
            start += len(batch)
            yield batch, pa.array(mask)


def _all_sketches(tables: Iterable[pa.Table], shape: Shape, file: Path) -> tuple[Array, Array]:
    """All sketches, in a file, and all digests, as two numbers each."""
    digests = [np.zeros((0, 16), np.uint8)]
    with file.open("wb") as sink:
        for table in tables:
            for batch in table.select(["sketch", "digest"]).to_batches():
                sink.write(_matrix(batch["sketch"]).data)
                digests.append(_matrix(batch["digest"]).copy())
    sketch = _mapped(file, sketch_type(shape.per_band))
    return sketch.reshape(-1, shape.bands * shape.per_band), np.concatenate(digests).view("<u8")


def _sets(tables: Iterable[pa.Table], rows: Array, file: Path) -> tuple[Array, Array]:
    """The sets of the given rows, one after the other in a file, and their sizes."""
    sizes = [np.zeros(0, np.int64)]
    with file.open("wb") as sink:
        for batch, mask in _batches(tables, ["set"], rows):
            held = batch["set"].filter(mask)
            ends = np.frombuffer(held.buffers()[1], np.int64)[: len(held) + 1]
            sink.write(held.buffers()[2] or b"")
            sizes.append(np.diff(ends) // 4)
    return _mapped(file, np.dtype("<u4")), np.concatenate(sizes)


def _rearranged(sketch: Array, rows: Array, file: Path) -> Array:
    """The given rows of `sketch`, in a file of their own."""
    with file.open("wb") as sink:
        for start in range(0, len(rows), BLOCK_ROWS):
            sink.write(sketch[rows[start : start + BLOCK_ROWS]].data)
    return _mapped(file, sketch.dtype).reshape(-1, sketch.shape[1])


def _mapped(file: Path, dtype: Any) -> Array:
    """A file as an array; it can be removed from then on."""
    return np.asarray(np.memmap(file, dtype, mode="r")) if file.stat().st_size else np.zeros(0, dtype)


def _matrix(column: pa.Array) -> Array:
    """The bytes of a fixed-size binary column, of shape (rows, width)."""
    width, start = column.type.byte_width, column.offset
    held = np.frombuffer(column.buffers()[1], np.uint8)[start * width : (start + len(column)) * width]
    return held.reshape(-1, width)


def _first_equal(digests: Array) -> Array:
    """For each row the first with the same set."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ranked = digests[order]
    new = np.ones(len(order), bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    return first
