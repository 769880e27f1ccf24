"""Streams of the `datasets` library, shard by shard: what `Hub` and `Rows` have in common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from textbook.curation.sources.tabular import Tabular
from textbook.curation.sources.values import arrow_of, as_kind, columns_of, join, kind_of, storable
from textbook.operator import Batch

if TYPE_CHECKING:
    import datasets

READ_ROWS = 100
"""Rows read at once, at most: 100 MB of the largest texts taken in by default."""

PEEK_ROWS = 1_000
"""Rows from which the types of a stream without features are found."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Streaming(Tabular):
    """An `IterableDataset` to rows. Not for use by itself."""

    def _stream_shards(self, stream: "datasets.IterableDataset", where: str) -> list[dict[str, Any]]:
        """One value for each of the stream's own shards."""
        schema, kinds = schema_of(stream)
        if schema.names:
            self._check(schema.names, where)
        self._carried(schema)
        return [{"shard": i, "of": stream.num_shards, "kinds": kinds} for i in range(stream.num_shards)]

    def _read_stream(
        self, stream: "datasets.IterableDataset", shard: Mapping[str, Any], batch_size: int, name: str
    ) -> Iterator[Batch]:
        """The rows of one shard."""
        part = stream.shard(num_shards=shard["of"], index=shard["shard"])
        kinds: dict[str, str] | None = shard["kinds"]
        prefix = f"{name}#{shard['shard']}:"
        at_once = min(batch_size, READ_ROWS)
        first = 0
        if kinds is None:
            carried = self._carried(schema_of(stream)[0])
            for table in part.with_format("arrow").iter(at_once):
                yield self._arrow_batch(table, carried, [f"{prefix}{first + i}" for i in range(table.num_rows)])
                first += table.num_rows
        else:
            carried = self._carried(schema_of_kinds(kinds))
            rows = iter(part)  # row by row: in batches, `datasets` loses rows that lack columns
            while found := list(islice(rows, at_once)):
                locators = [f"{prefix}{first + i}" for i in range(len(found))]
                yield self._python_batch(columns_of(found), {column: kinds[column] for column in carried}, locators)
                first += len(found)

    def _python_batch(self, found: Mapping[str, list[Any]], kinds: Mapping[str, str], locators: list[str]) -> Batch:
        values = {name: column if name == self.text else list(map(storable, column)) for name, column in found.items()}
        problems: dict[int, str] = {}
        for name, kind in kinds.items():
            column = values.get(name, [None] * len(locators))
            misfits = {i for i, value in enumerate(column) if join(kind, kind_of(value)) != kind}
            problems |= {i: f"column {name!r} is not of type {arrow_of(kind)}" for i in misfits}
            values[name] = [None if i in misfits else as_kind(value, kind) for i, value in enumerate(column)]
        return self._batch(values, kinds, locators, problems)


def schema_of(stream: "datasets.IterableDataset") -> tuple[pa.Schema, dict[str, str] | None]:
    """The columns of a stream; and their kinds, from its first rows, where it does not know its features."""
    if stream.features is not None:
        return stream.features.arrow_schema.remove_metadata(), None
    kinds: dict[str, str] = {}
    for row in islice(stream, PEEK_ROWS):
        for name, value in row.items():
            name = storable(str(name))
            kinds[name] = join(kinds.get(name, "null"), kind_of(storable(value)))
    return schema_of_kinds(kinds), kinds


def schema_of_kinds(kinds: Mapping[str, str]) -> pa.Schema:
    """The columns that hold the kinds."""
    return pa.schema([(name, arrow_of(kind)) for name, kind in kinds.items()])
