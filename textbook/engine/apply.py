"""One step applied to one batch: the rules of a step are enforced here, once, for every engine path.

Does not read or write files: see `textbook.engine.shards`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from textbook.operator import DROP_REASON, DROPPED_BY, ArrowType, Batch, Step, num_rows, take


class Split(NamedTuple):
    """What a step made of a batch. `dropped` has `dropped_by` and `drop_reason`; it is empty where nothing went."""

    kept: Batch
    dropped: Batch
    num_made: int


def arrow_type(declared: ArrowType) -> pa.DataType:
    """The Arrow type that a declaration in `adds` stands for.

    Raises:
        ValueError: an alias that Arrow does not know.
    """
    if isinstance(declared, pa.DataType):
        return declared
    try:
        return pa.type_for_alias(declared)
    except ValueError:
        raise ValueError(
            f"{declared!r} is no Arrow alias; for a nested type give the type itself, such as pa.list_(pa.string())"
        ) from None


def split(step: Step, name: str, given: Batch, returned: Batch) -> Split:
    """Check what `step` made of `given`, cast what it declared, and part the rows that stay from those that go.

    `name` is what `dropped_by` will say.

    Raises:
        AssertionError: the step broke a rule of `textbook.operator`; a bug in the step.
        TypeError: a value does not fit the Arrow type declared for its column.
    """
    num_made = check(step, given, returned)
    result = {column: values for column, values in returned.items() if column != DROP_REASON}
    result |= {column: fit(step, column, returned[column], declared) for column, declared in step.adds.items()}
    reasons = returned.get(DROP_REASON) or [None] * num_rows(result)
    if num_made:
        order = placed(given["id"], result)
        result, reasons = take(result, order), [reasons[i] for i in order]
        readable = [storable(text) for text in result["text"]]
        reasons = [
            reason or (None if text == replaced else "text cannot be stored as UTF-8")
            for reason, text, replaced in zip(reasons, result["text"], readable, strict=True)
        ]
        result["text"] = readable
    return part(name, result, reasons, num_made)


def part(name: str, batch: Batch, reasons: Sequence[str | None] | None, num_made: int = 0) -> Split:
    """Part `batch` by its drop reasons; `name` is the step or source that gave them."""
    if reasons is None or not any(reasons):
        return Split(batch, {}, num_made)
    gone = [i for i, reason in enumerate(reasons) if reason]
    dropped = take(batch, gone)
    dropped[DROPPED_BY] = [name] * len(gone)
    dropped[DROP_REASON] = [reasons[i] for i in gone]
    return Split(take(batch, (i for i, reason in enumerate(reasons) if not reason)), dropped, num_made)


def check(step: Step, given: Batch, returned: Batch) -> int:
    """The number of rows made, if the step kept to the rules."""
    num_given, name = num_rows(given), type(step).__name__
    missing = [column for column in (*given, *step.adds) if column not in returned]
    assert not missing, (
        f"{name} returned no column {missing}; return `batch | {{...}}` with everything it declares in `adds`"
    )
    undeclared = set(returned) - set(given) - set(step.adds) - {DROP_REASON}
    assert not undeclared, f"{name} added {sorted(undeclared)} without declaring it in `adds`"
    lengths = {len(values) for values in returned.values()}
    assert len(lengths) == 1, f"{name} returned columns of unequal lengths {sorted(lengths)}"
    for column, values in given.items():
        if column not in step.adds and returned[column] is not values:
            assert returned[column][:num_given] == values, (
                f"{name} changed or reordered {column!r}, which it does not declare"
            )
    num_made = lengths.pop() - num_given
    assert num_made == 0 or step.makes_rows, f"{name} made {num_made} rows without declaring `makes_rows = True`"
    return num_made


def placed(ids: Sequence[str], batch: Batch) -> list[int]:
    """The order in which a row made stands right after its first parent, whatever the batch size."""
    position = {row: i for i, row in enumerate(ids)}
    order = [(i, -1) for i in range(len(ids))]
    for i in range(len(ids), num_rows(batch)):
        parents = batch["parents"][i]
        assert parents and parents[0] in position, f"new row {batch['id'][i]} names no parent in its batch: {parents}"
        order.append((position[parents[0]], i))
    return sorted(range(len(order)), key=order.__getitem__)


def fit(step: Step, name: str, values: list[Any], declared: ArrowType) -> list[Any]:
    """Cast a column to its Arrow type and back, so that the next step sees what parquet would hold.

    A float32 of 2.3 is not 2.3; without this, fused and unfused steps would differ.
    """
    try:
        array = pa.array(values, arrow_type(declared))
    except UnicodeEncodeError:
        array = pa.array([storable(value) for value in values], arrow_type(declared))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise TypeError(
            f"{type(step).__name__} declares {name!r} as {declared}, but returned a value of another type: {error}"
        ) from None
    cast: list[Any] = array.to_pylist()
    if pa.types.is_integer(array.type) and cast != values:  # Arrow cuts 0.5 to 0 without a word
        lost = next(value for value, whole in zip(values, cast, strict=True) if value != whole)
        raise TypeError(f"{type(step).__name__} declares {name!r} as {declared}, but returned {lost!r}")
    return cast


def storable(value: Any) -> Any:
    """A text with lone surrogates written as escapes, which UTF-8 can hold."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def to_arrow(batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch as Arrow; a column that it lacks is null (dropped rows never met the later steps)."""
    length = num_rows(batch)
    arrays = [pa.array(batch.get(f.name) or [None] * length, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def bounded(batches: Iterable[Batch], max_chars: int) -> Iterable[Batch]:
    """The same rows, in batches that hold at most `max_chars` characters of text or a single row: bounds memory."""
    for batch in batches:
        start = total = 0
        for i, text in enumerate(batch["text"]):
            total += len(text)
            if total > max_chars and i > start:
                yield take(batch, range(start, i))
                start, total = i, len(text)
        yield take(batch, range(start, num_rows(batch))) if start else batch


def schema_after(schema: pa.Schema, adds: Mapping[str, ArrowType]) -> pa.Schema:
    """The schema once a step has added its columns, or replaced those of the same name."""
    for name, declared in adds.items():
        field = pa.field(name, arrow_type(declared))
        position = schema.get_field_index(name)
        schema = schema.append(field) if position < 0 else schema.set(position, field)
    return schema
