"""What a step makes of rows, run as the engine would run it, and how two outcomes are compared."""

import copy
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from textbook.lineage import fingerprint
from textbook.operator import DROP_REASON, SCHEMA, ArrowType, Batch, Fittable, Operator, Stage, Step, num_rows


def run(step: Step, batches: Iterable[Batch], folder: Path | None = None) -> list[Batch]:
    """What an operator or a stage makes of `batches`, which it gets as copies."""
    copies = copy.deepcopy(list(batches))
    if isinstance(step, Operator):
        return [step(batch) for batch in copies]
    assert isinstance(step, Stage), f"{type(step).__qualname__}: subclass Operator, Fittable or Stage"
    with TemporaryDirectory() as temporary:
        outs = list(step.stream(iter(copies), folder or Path(temporary)))
    assert len(outs) == len(copies), (
        f"{type(step).__qualname__}: {len(outs)} batches out for {len(copies)} in; yield one for each, and for 0 rows"
    )
    return outs


def fit(step: Fittable, shards: Iterable[Iterable[Batch]], folder: Path, *, reverse: bool = False) -> Operator:
    """Fit as the engine does: only the columns of `reads`, one table a shard by way of a file."""
    folder.mkdir(parents=True, exist_ok=True)
    with only_reads(step):
        tables = [stored(step.partial(narrow(batch, step.reads) for batch in shard)) for shard in shards]
    return step.finish(tables[::-1] if reverse else tables, folder)


def outcome(step: Step, batch: Batch) -> tuple[str, Batch]:
    """What becomes of `batch`, after the fingerprint of the operator that a `Fittable` made for it ("" for others)."""
    given = with_schema(batch)
    if not isinstance(step, Fittable):
        return "", run(step, [given])[0]
    with TemporaryDirectory() as folder:
        fitted = fit(step, [[given]], Path(folder))
        return fingerprint(fitted), run(fitted, [given])[0]


def seen(step: Step, batch: Batch) -> tuple[str, str, str]:
    """Digests of the step, of the operator that it fits, and of what becomes of `batch`."""
    fitted, out = outcome(step, batch)
    held = {name: pa.array(out[name], type=kind).to_pylist() for name, kind in types(step).items() if name in out}
    return fingerprint(step), fitted, digest(held)


def digest(value: Any) -> str:
    """32 hex digits that stand for a value built of lists, dicts and numpy or plain values."""
    return hashlib.sha256(repr(plain(value)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def with_schema(batch: Batch) -> Batch:
    """`batch` with the columns that the engine always gives."""
    return {name: [None] * num_rows(batch) for name in SCHEMA.names} | batch


def narrow(batch: Batch, columns: Iterable[str]) -> Batch:
    """A copy of some columns."""
    return {name: copy.deepcopy(batch[name]) for name in dict.fromkeys(columns) if name in batch}


def stored(table: pa.Table) -> pa.Table:
    """`table` as it comes back from an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_file(sink.getvalue()).read_all()


@contextmanager
def only_reads(step: Step) -> Iterator[None]:
    """Explain a column that is not there because `reads` does not name it."""
    try:
        yield
    except KeyError as error:
        columns = ", ".join(step.reads)
        raise AssertionError(
            f"{type(step).__qualname__}: {error!r} given the columns {columns} alone; name all it needs in `reads`"
        ) from error


def placed(given: Batch, out: Batch) -> list[dict[str, Any]]:
    """The rows of `out` as the engine places them: a new row right after its first parent."""
    columns = sorted({*out, DROP_REASON})
    rows = [{name: out[name][i] if name in out else None for name in columns} for i in range(num_rows(out))]
    children: dict[str, list[dict[str, Any]]] = {}
    for row in rows[num_rows(given) :]:
        children.setdefault(row["parents"][0], []).append(row)
    return [each for row in rows[: num_rows(given)] for each in (row, *children.get(row["id"], ()))]


def types(step: Step) -> dict[str, pa.DataType]:
    """The Arrow types of the columns that the engine gives and of those that the step declares."""
    kinds: dict[str, ArrowType] = {f.name: f.type for f in SCHEMA} | {DROP_REASON: "string"} | dict(step.adds)
    return {name: pa.type_for_alias(kind) if isinstance(kind, str) else kind for name, kind in kinds.items()}


def plain(value: Any) -> Any:
    """Numpy values, tuples and mappings reduced to plain values, lists and dicts: equal means equal in `repr`."""
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value)}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal to the last bit, and in type."""
    return repr(plain(a)) == repr(plain(b))


def kept(value: Any, held: Any) -> bool:
    """Whether Arrow kept a plain value. A float may lose the digits that its type has no room for, and no more."""
    if isinstance(value, dict):
        return isinstance(held, dict) and all(key in held and kept(item, held[key]) for key, item in value.items())
    if isinstance(value, list):
        return isinstance(held, list) and len(value) == len(held) and all(map(kept, value, held))
    if isinstance(value, float) and isinstance(held, float):
        return math.isclose(value, held, rel_tol=1e-3)
    return bool(value == held)
