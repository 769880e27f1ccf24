"""Rows in parquet files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textbook.curation.sources.batching import BATCH_BYTES, ROW_BYTES, cut
from textbook.curation.sources.paths import Paths, named_files, sizes
from textbook.curation.sources.tabular import Tabular
from textbook.lineage import fingerprint
from textbook.operator import ArrowType, Batch, Listing


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
        self._carried(self._schema(files))
        groups = [(name, *group) for name, file in files.items() for group in row_groups(file)]
        shards = cut(groups, lambda group: group[3], self.shard_bytes)
        num_rows = sum(open_parquet(file).metadata.num_rows for file in files.values())
        return Listing(fingerprint(sizes(files)), shards, num_rows)

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read the row groups of a shard, which is a list of (file, row group, its first row, its bytes)."""
        files = named_files(self.paths, "parquet")
        carried = self._carried(self._schema(files))
        for name, group, first, _ in shard:
            for rows in read_row_group(files[name], group, batch_size):
                locators = [f"{name}#{row}" for row in range(first, first + rows.num_rows)]
                first += rows.num_rows
                yield self._arrow_batch(rows, carried, locators)

    def _schema(self, files: Mapping[str, Path]) -> pa.Schema:
        schemas = []
        for name, file in files.items():
            schema = open_parquet(file).schema_arrow
            self._check(schema.names, name)
            schemas.append(schema.remove_metadata())
        try:
            return pa.unify_schemas(schemas, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(f"{', '.join(files)} do not fit together: {error}; read them one by one") from None


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a parquet file.

    Raises:
        ValueError: it is none.
    """
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{str(path)!r} is no parquet file: {error}") from None


def row_groups(path: Path) -> list[tuple[int, int, int]]:
    """The row groups of a file that have rows: (number, its first row, its bytes when read)."""
    groups, first = [], 0
    metadata = open_parquet(path).metadata
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        if group.num_rows:
            groups.append((i, first, group.total_byte_size + ROW_BYTES))
        first += group.num_rows
    return groups


def read_row_group(path: Path, group: int, batch_size: int) -> Iterator[pa.RecordBatch]:
    """The rows of a row group, at most `batch_size` and about `BATCH_BYTES` at a time."""
    with open_parquet(path) as file:
        found = file.metadata.row_group(group)
        at_once = int(BATCH_BYTES * found.num_rows / max(found.total_byte_size, 1))
        yield from file.iter_batches(max(1, min(batch_size, at_once)), row_groups=[group], use_threads=False)
