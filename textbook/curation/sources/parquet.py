"""Rows in parquet files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from textbook.curation.sources.batching import BATCH_BYTES, ROW_BYTES, cut
from textbook.curation.sources.paths import Paths, named_file, named_files, sizes
from textbook.curation.sources.tabular import Tabular
from textbook.lineage import fingerprint
from textbook.operator import ArrowType, Batch, Listing

BUFFER_BYTES = 1_000_000
"""A column is read in pieces of this size; otherwise a whole row group is held at once (22 MB against 116 MB)."""


@dataclass(frozen=True, eq=False)
class Parquet(Tabular):
    """The rows of parquet files, in the order of their names; see `Tabular` for which column is which.

    Args:
        paths: one or several files or globs.
    """

    paths: Paths = field(compare=False)

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns carried along; files may lack some."""
        return self._carried(self._schema(named_files(self.paths, "parquet")))

    def listing(self) -> Listing:
        """List the row groups.

        Raises:
            ValueError: a file is missing or no parquet file, a column is missing, or files do not agree on its type.
        """
        files = named_files(self.paths, "parquet")
        columns = list(self._carried(self._schema(files)))
        groups = [(name, group) for name, file in files.items() for group in row_groups(file)]
        shards = [
            {"columns": columns, "groups": [[name, group.number, group.first_row] for name, group in shard]}
            for shard in cut(groups, lambda named: named[1].num_bytes, self.shard_bytes)
        ]
        return Listing(fingerprint(sizes(files)), shards, sum(group.num_rows for _, group in groups))

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read the row groups of a shard, each given by its file, number and first row."""
        for name, number, first in shard["groups"]:
            for rows in read_row_group(named_file(self.paths, "parquet", name), number, batch_size):
                locators = [f"{name}#{row}" for row in range(first, first + rows.num_rows)]
                first += rows.num_rows
                yield self._arrow_batch(rows, shard["columns"], locators)

    def _schema(self, files: Mapping[str, Path]) -> pa.Schema:
        schemas = []
        for name, path in files.items():
            with open_parquet(path) as file:
                self._check(file.schema_arrow.names, name)
                schemas.append(file.schema_arrow.remove_metadata())
        try:
            return pa.unify_schemas(schemas, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(f"{', '.join(files)} do not fit together: {error}; read them one by one") from None


class RowGroup(NamedTuple):
    """A row group of a parquet file."""

    number: int
    first_row: int
    num_rows: int
    num_bytes: int
    """What it takes when read, about."""


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a parquet file.

    Raises:
        ValueError: it is none.
    """
    try:
        return pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{str(path)!r} is no parquet file: {error}") from None


def row_groups(path: Path) -> list[RowGroup]:
    """The row groups of a file that have rows."""
    groups, first = [], 0
    with open_parquet(path) as file:
        for i in range(file.metadata.num_row_groups):
            found = file.metadata.row_group(i)
            if found.num_rows:
                num_bytes = found.total_byte_size + ROW_BYTES * found.num_rows
                groups.append(RowGroup(i, first, found.num_rows, num_bytes))
            first += found.num_rows
    return groups


def read_row_group(path: Path, number: int, batch_size: int) -> Iterator[pa.RecordBatch]:
    """The rows of a row group, at most `batch_size` and about `BATCH_BYTES` at a time."""
    with open_parquet(path) as file:
        found = file.metadata.row_group(number)
        at_once = BATCH_BYTES * found.num_rows // max(found.total_byte_size, 1)
        yield from file.iter_batches(max(1, min(batch_size, at_once)), row_groups=[number], use_threads=False)
