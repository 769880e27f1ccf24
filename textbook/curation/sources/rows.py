"""Rows in hand: a `datasets.Dataset`, a table, a list."""

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import xxhash

from textbook.curation.sources.batching import BATCH_BYTES, ROW_BYTES
from textbook.curation.sources.intake import repr_of
from textbook.curation.sources.streaming import READ_ROWS, Streaming, schema_of
from textbook.curation.sources.tabular import as_python, parquet_holds
from textbook.curation.sources.values import MAX_DEPTH, arrow_of, as_kind, columns_of, is_deeper, kind_of_all, storable
from textbook.operator import ArrowType, Batch, Listing


class Hand(NamedTuple):
    """Rows that can be sliced."""

    rows: Any
    """A `pa.Table` or a `datasets.Dataset` in Arrow format."""
    schema: pa.Schema
    texts: list[Any] | None = None
    """The text column where it came as Python values, which may be of any type."""

    def slice(self, start: int, stop: int) -> pa.Table:
        """The rows in [start, stop), but for `texts`."""
        return self.rows.slice(start, stop - start) if isinstance(self.rows, pa.Table) else self.rows[start:stop]


@dataclass(frozen=True, eq=False)
class Rows(Streaming):
    """Rows in hand, in their order; see `Tabular` for which column is which.

    Columns keep their Arrow types. A column of Python values that Arrow can't hold as one (a text here, a number there)
    is carried as JSON text. A stream without features has the columns of its first 1,000 rows. The digest of the
    listing is that of the content: all rows are read once for it, a stream's too.

    Args:
        data: a `datasets.Dataset` or `IterableDataset`, a pandas DataFrame, an Arrow table, a list of dicts, a dict of
            lists.
    """

    data: Any = field(compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what is derived from them is derived again."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns carried along."""
        if is_stream(self.data):
            return self._carried(schema_of(self.data)[0])
        return self._carried(self._hand.schema)

    def listing(self) -> Listing:
        """Cut the rows into slices.

        Raises:
            ValueError: the data is none of the kinds that `Rows` takes, or a column is missing.
        """
        if is_stream(self.data):
            shards: list[Any] = self._stream_shards(self.data, "the stream")
            return Listing(self._content_of_stream(shards), shards)
        num_rows = len(self._hand.rows)
        if num_rows:
            self._check(self._hand.schema.names, "the data")
        self._carried(self._hand.schema)
        step = max(1, int(self.shard_bytes // self._row_bytes))
        slices = [[start, min(start + step, num_rows)] for start in range(0, num_rows, step)]
        return Listing(self._content_in_hand(), slices, num_rows)

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read a slice, which is [start, stop), or a shard of a stream."""
        if is_stream(self.data):
            yield from self._read_stream(self.data, shard, batch_size, "rows")
            return
        hand, carried = self._hand, self.adds
        start, stop = shard
        step = max(1, min(batch_size, int(BATCH_BYTES // self._row_bytes)))
        for begin in range(start, stop, step):
            end = min(begin + step, stop)
            locators = [f"rows#{row}" for row in range(begin, end)]
            texts = None if hand.texts is None else hand.texts[begin:end]
            yield self._arrow_batch(hand.slice(begin, end), carried, locators, texts)

    @cached_property
    def _hand(self) -> Hand:
        return in_hand(self.data, self.text)

    @cached_property
    def _row_bytes(self) -> float:
        """What a row takes, on average."""
        rows, texts = self._hand.rows, self._hand.texts
        num_bytes = rows.nbytes if isinstance(rows, pa.Table) else rows.data.nbytes
        chars = sum(len(text) for text in texts or () if isinstance(text, str))
        stored = len(rows) if isinstance(rows, pa.Table) else len(rows.data)  # a dataset may select few of its rows
        return ROW_BYTES + float(num_bytes + chars) / max(stored, 1)

    def _content_in_hand(self) -> str:
        """The digest of all rows as they are, whatever holds them."""
        hashed = xxhash.xxh3_128(repr([(name, str(declared)) for name, declared in self.adds.items()]).encode())
        for start in range(0, len(self._hand.rows), READ_ROWS):
            rows = self._hand.slice(start, start + READ_ROWS)
            values = {name: as_python(rows[name])[0] for name in sorted(rows.schema.names)}
            if self._hand.texts is not None:
                values[self.text] = [distinct(text) for text in self._hand.texts[start : start + READ_ROWS]]
            hashed.update(repr(values).encode())
        return hashed.hexdigest()

    def _content_of_stream(self, shards: list[Any]) -> str:
        """The digest of all rows, as they are read."""
        hashed = xxhash.xxh3_128(repr([(name, str(declared)) for name, declared in self.adds.items()]).encode())
        for shard in shards:
            for batch in self.read(shard, READ_ROWS):
                hashed.update(repr(batch).encode())
        return hashed.hexdigest()


def distinct(text: Any) -> Any:
    """What stands for a value of the text column in a digest, whatever it is."""
    if text is None or text != text:  # NaN is how pandas says None
        return None
    return text if isinstance(text, str) else (type(text).__name__, repr_of(text))


def is_stream(data: Any) -> bool:
    """Whether `data` is a `datasets.IterableDataset`."""
    datasets = sys.modules.get("datasets")  # without it there is none; importing it takes a second
    return datasets is not None and isinstance(data, datasets.IterableDataset)


def in_hand(data: Any, text: str) -> Hand:
    """Anything that `Rows` takes, but streams, in a form that can be sliced; `text` is the column of texts.

    Raises:
        ValueError: it is none of them.
    """
    datasets, pandas = sys.modules.get("datasets"), sys.modules.get("pandas")
    if isinstance(data, pa.Table):
        return Hand(data, data.schema.remove_metadata())
    if datasets is not None and isinstance(data, datasets.Dataset):
        return Hand(data.with_format("arrow"), data.features.arrow_schema.remove_metadata())
    if datasets is not None and isinstance(data, datasets.DatasetDict | datasets.IterableDatasetDict):
        raise ValueError(
            f"got the splits {', '.join(map(repr, data))}; give one of them, such as ds[{next(iter(data), '')!r}]"
        )
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return of_columns({storable(str(name)): column for name, column in data.items()}, len(data), text)
    if isinstance(data, Mapping):
        lengths = {len(values) for values in data.values()}
        if len(lengths) > 1:
            raise ValueError(f"got columns of unequal lengths {sorted(lengths)}; give columns of one length")
        return of_columns({storable(str(name)): values for name, values in data.items()}, max(lengths, default=0), text)
    if isinstance(data, list | tuple) and all(isinstance(row, Mapping) for row in data):
        return of_columns(columns_of(data), len(data), text)
    raise ValueError(
        f"got a {type(data).__name__}; expected a datasets.Dataset, a DataFrame, an Arrow table, a list of dicts "
        "or a dict of lists. Texts alone are [{'text': t} for t in texts]; files are opened by open_source(path)"
    )


def of_columns(columns: Mapping[str, Any], num_rows: int, text: str) -> Hand:
    """Columns of Python values or pandas series."""
    texts = list(columns[text]) if text in columns else None
    arrays = {name: arrow_column(values) for name, values in columns.items() if name != text}
    schema = pa.schema([(name, array.type) for name, array in arrays.items()])
    # The placeholder for the texts gives a table its length where it has no other column.
    rows = pa.table({**arrays, text: pa.nulls(num_rows, pa.string())})
    return Hand(rows, schema if texts is None else rows.schema, texts)


def arrow_column(values: Any) -> pa.Array:
    """Values as an Arrow column; NaN is None where they come from pandas; what makes no column is JSON text.

    Raises:
        ValueError: a value is nested too deeply.
    """
    if any(is_deeper(value, MAX_DEPTH) for value in values):
        raise ValueError(f"a value is nested more than {MAX_DEPTH} deep; expected flatter data. Carry it as JSON text")
    try:
        array = pa.array(values, from_pandas=True)
        if isinstance(array, pa.Array) and parquet_holds(array.type):
            return array
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError):
        pass  # values of several types
    cleaned = [storable(value) for value in values]
    kind = kind_of_all(cleaned)
    return pa.array([as_kind(value, kind) for value in cleaned], arrow_of(kind))
