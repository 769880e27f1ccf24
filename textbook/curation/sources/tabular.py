"""What the sources of rows that are already rows have in common: which column is which, and what else is carried along.

Does not read anything itself: see `parquet`, `json_lines`, `rows` and `hub`.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textbook.curation.sources.batching import SHARD_BYTES
from textbook.curation.sources.intake import MAX_BYTES, readable, take_value
from textbook.lineage import row_id
from textbook.operator import DROP_REASON, DROPPED_BY, SCHEMA, Batch, Source

RESERVED = frozenset({*SCHEMA.names, DROP_REASON, DROPPED_BY})
"""Columns that are not carried along under their own name."""

MAPPED = ("language", "source", "license")


@dataclass(frozen=True, eq=False, kw_only=True)
class Tabular(Source):
    """Columns to rows. Not for use by itself.

    Args:
        text: the column that holds the text.
        id: the column that holds unique ids, texts or integers, used as they are; where it is None or not there, and in
            rows where it is empty, ids are made from where the row stands and its text.
        columns: which columns hold `language`, `source` and `license`, where they are named otherwise.
        language: the language of rows that do not say it themselves.
        max_bytes: rows with a larger text are dropped.
        shard_bytes: the size of a shard, about.

    Columns of other names are carried along with their types, but `drop_reason` and `dropped_by`, which a run writes.
    """

    text: str = "text"
    id: str | None = "id"
    columns: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    max_bytes: int = MAX_BYTES
    shard_bytes: int = field(default=SHARD_BYTES, compare=False)

    def _check(self, names: Iterable[str], where: str) -> None:
        """Raise a ValueError unless the columns asked for are among `names`, each once."""
        there = list(names)
        unknown = [key for key in self.columns if key not in MAPPED]
        if unknown:
            raise ValueError(f"columns={dict(self.columns)!r}: {unknown[0]!r} is none of {', '.join(MAPPED)}")
        twice = [name for name in there if there.count(name) > 1]
        if twice:
            raise ValueError(f"{where} has two columns {twice[0]!r}; rename one")
        wanted = {"text": self.text, **self.columns} | ({} if self.id in (None, "id") else {"id": self.id})
        for argument, name in wanted.items():
            if name not in there:
                how = f"columns={{{argument!r}: ...}}" if argument in MAPPED else f"{argument}=..."
                raise ValueError(
                    f"{where} has no column {name!r}; it has {', '.join(map(repr, there)) or 'none'}. "
                    f"Say which one holds the {argument}: {type(self).__name__}(..., {how})"
                )

    def _carried(self, schema: pa.Schema) -> dict[str, pa.DataType]:
        """The columns of `schema` that are carried along, with types that parquet can hold."""
        used = {self.text, self.id, *self.columns.values()} | RESERVED
        carried = {column.name: plain(column.type) for column in schema if column.name not in used}
        for name, type_ in carried.items():
            if not parquet_holds(type_):
                raise ValueError(f"column {name!r} has the type {type_}, which parquet can't hold; cast or drop it")
        return carried

    def _batch(
        self,
        values: Mapping[str, Sequence[Any]],
        carried: Iterable[str],
        locators: Sequence[str],
        problems: Mapping[int, str],
    ) -> Batch:
        """Rows from columns as they were found; `problems` maps positions to reasons, for rows that can't be used."""
        missing = [None] * len(locators)
        intakes = [take_value(value, self.max_bytes) for value in values.get(self.text, missing)]
        texts = [readable(x.text) if i in problems else x.text for i, x in enumerate(intakes)]
        own = values.get(self.id, missing) if self.id else missing
        named = {key: [as_text(v) for v in values.get(self.columns.get(key, key), missing)] for key in MAPPED}
        return {
            "id": [as_id(v) or row_id(where, text) for v, where, text in zip(own, locators, texts, strict=True)],
            "text": texts,
            "language": [language or self.language for language in named["language"]],
            "source": [source or where for source, where in zip(named["source"], locators, strict=True)],
            "license": named["license"],
            "parents": [as_texts(value) for value in values.get("parents", missing)],
            **{name: list(values.get(name, missing)) for name in carried},
            DROP_REASON: [problems.get(i) or intake.drop_reason for i, intake in enumerate(intakes)],
        }

    def _arrow_batch(
        self,
        rows: pa.Table | pa.RecordBatch,
        carried: Iterable[str],
        locators: Sequence[str],
        texts: Sequence[Any] | None = None,
    ) -> Batch:
        """Rows from an Arrow table; `texts` stand in for its text column."""
        values: dict[str, list[Any]] = {}
        problems: dict[int, str] = {}
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            values[name], unreadable = as_python(column)
            what = "text" if name == self.text else f"column {name!r}"
            problems |= {i: f"{what} is not UTF-8 or out of range" for i in unreadable}
        if texts is not None:
            values[self.text] = list(texts)
        return self._batch(values, carried, locators, problems)


def parquet_holds(type_: pa.DataType) -> bool:
    """Whether parquet can hold values of a type (no intervals, no structs without fields)."""
    try:
        pq.write_table(pa.schema([("column", plain(type_))]).empty_table(), io.BytesIO())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def plain(type_: pa.DataType) -> pa.DataType:
    """The type without ways of storing it: dictionaries, extension types, views. A column that is all null is text."""
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return plain(type_.value_type)
    if isinstance(type_, pa.BaseExtensionType):
        return plain(type_.storage_type)
    if pa.types.is_null(type_) or pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_binary_view(type_):
        return pa.binary()
    if pa.types.is_large_list(type_) or pa.types.is_list_view(type_):
        return pa.large_list(plain(type_.value_type))
    if pa.types.is_list(type_):
        return pa.list_(plain(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(part.name, plain(part.type)) for part in type_])
    return type_


def as_python(column: pa.Array | pa.ChunkedArray) -> tuple[list[Any], list[int]]:
    """The values of a column, and the positions of those that Python can't hold: broken UTF-8, far-off dates."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    try:
        return column.to_pylist(), []
    except (ValueError, OverflowError):
        pass  # one value spoils it for all: look at each
    values: list[Any] = []
    unreadable = []
    for i, scalar in enumerate(column):
        try:
            values.append(scalar.as_py())
        except (ValueError, OverflowError):
            unreadable.append(i)
            is_text = pa.types.is_string(scalar.type) or pa.types.is_large_string(scalar.type)
            values.append(scalar.as_buffer().to_pybytes().decode("utf-8", "replace") if is_text else None)
    return values, unreadable


def as_text(value: Any) -> str | None:
    """A value of a column that must hold texts."""
    return value if isinstance(value, str) else None


def as_texts(value: Any) -> list[str] | None:
    """A value of the column `parents`."""
    return value if isinstance(value, list) and all(isinstance(v, str) for v in value) else None


def as_id(value: Any) -> str | None:
    """A value of the id column; None where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
