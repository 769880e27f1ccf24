"""Rows of a dataset folder by place: columns are streamed without texts, then the few rows chosen are fetched whole."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from textbook.folder import PARTS, DatasetFolder, Part

SCAN_ROWS = 10_000
FETCH_ROWS = 100
"""Rows decoded at a time: few where texts, which may be large, are among the columns."""


class Place(NamedTuple):
    """Where a row lies: the part, the number of the file in it, the number of the row in that."""

    part: Part
    file: int
    row: int


def scan(folder: DatasetFolder, part: Part, columns: Collection[str]) -> Iterator[tuple[Place, pa.RecordBatch]]:
    """The batches of a part, columns it lacks left out, each with the place of its first row."""
    for number, path in enumerate(folder.files(part)):
        with pq.ParquetFile(path) as file:
            present = [name for name in file.schema_arrow.names if name in columns]
            row = 0
            for batch in file.iter_batches(SCAN_ROWS, columns=present, use_threads=False):
                yield Place(part, number, row), batch
                row += batch.num_rows


def fetch(folder: DatasetFolder, places: Iterable[Place]) -> dict[Place, dict[str, Any]]:
    """The rows at `places`, whole. Reads only the row groups that hold them."""
    wanted: dict[tuple[Part, int], list[int]] = defaultdict(list)
    for place in sorted(set(places)):
        wanted[place.part, place.file].append(place.row)
    found = {}
    for (part, number), rows in wanted.items():
        with pq.ParquetFile(folder.files(part)[number]) as file:
            for row, values in _fetch_from(file, rows):
                found[Place(part, number, row)] = values
    return found


def _fetch_from(file: pq.ParquetFile, rows: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    start = 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        here = [row for row in rows if start <= row < end]
        if here:
            batch_start = start
            for batch in file.iter_batches(FETCH_ROWS, row_groups=[group], use_threads=False):
                for row in here:
                    if batch_start <= row < batch_start + batch.num_rows:
                        yield row, batch.slice(row - batch_start, 1).to_pylist()[0]
                batch_start += batch.num_rows
                if batch_start > here[-1]:
                    break
        start = end


def locate(folder: DatasetFolder, ids: Iterable[str]) -> Iterator[Place]:
    """Where the rows with these ids lie; those that are not in the folder are left out."""
    wanted = pa.array(ids, pa.string())
    for first, batch in ids_of(folder):
        yield from places(first, pc.is_in(batch, value_set=wanted))


def ids_of(folder: DatasetFolder) -> Iterator[tuple[Place, pa.Array]]:
    """The ids of all rows, kept and dropped, batch by batch."""
    for part in PARTS:
        for first, batch in scan(folder, part, ["id"]):
            yield first, batch["id"]


def places(first: Place, mask: pa.Array) -> list[Place]:
    """The places of the rows of a batch for which `mask` is true."""
    positions = pc.indices_nonzero(mask).to_pylist()
    return [first._replace(row=first.row + position) for position in positions]
