"""The contract that every step keeps, as checks. Ours pass it; run it over your own:

    from tests.contract import check_step
    from tests.golden import check_elsewhere

    def test_my_step():
        step, batch = MyStep.example()
        check_step(step, batch)             # all that shows within one process
        check_elsewhere([(step, batch)])    # two more processes, for any number of steps

Not covered: speed, memory, network access, outputs that vary within a tolerance. `tests.golden` ties an output to the
`version` of its step.
"""

import copy
import dataclasses
import pickle
import random
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dill
import numpy
import pyarrow as pa

from tests.outcomes import fit, kept, narrow, only_reads, outcome, placed, plain, run, same, seen, types, with_schema
from textbook.lineage import StateFile, fingerprint
from textbook.operator import DROP_REASON, Batch, Fittable, Operator, Stage, Step, num_rows, take

ODD_TEXTS = {
    "empty": "",
    "blank": " \t\n\f\n ",
    "one line of 1 MB": 'x = "' + "a" * 2**20 + '"',
    "1 MB of blanks": " " * 2**20,
    "NUL": "a = 1\0\nb = 2\n",
    "CJK": "变量 = '漢字かな交じり文'  # 한국어 🙂\n",
    "CRLF and CR": "def f():\r\n\treturn 1\r\rx = 2\r\n",
    "BOM": "\ufeffx = 1\n",
    "other line ends": "a\u2028b\x85c\x0bd\x1ce\n",
    "open brackets": "(" * 100_000,
    "unary operators": "-" * 100_000 + "1",
    "attributes": "x" + ".a" * 100_000,
    "nested blocks": "".join(" " * depth + "if x:\n" for depth in range(200)),
    "a number of 100,000 digits": "x = " + "9" * 100_000,
    "unfinished": "def f(:\n    '''never closed \\",
}
UNSTORABLE_TEXTS = {"lone surrogates": "x = '\ud800'\n", "reversed surrogates": "\udc00\ud800"}
"""Texts that no Arrow string can hold. A step must take them, but what it copies from them can't be stored."""


def check_step(step: Step, batch: Batch) -> None:
    """Raise an AssertionError that says what to do, unless `step` keeps every rule that shows within one process."""
    given = with_schema(batch)
    _check_class(step)
    assert num_rows(given) >= 2, f"{_name(step)}: give two to eight rows to check it with, not {num_rows(given)}"
    if isinstance(step, Fittable):
        _check_fittable(step, given)
    else:
        _check_rows(step, given)
    if isinstance(step, Stage):
        _check_stage(step, given)
    _check_odd_texts(step, given)
    _check_copies(step, given)


def _check_class(step: Step) -> None:
    cls, name = type(step), _name(step)
    parameters = vars(cls).get("__dataclass_params__")
    assert parameters is not None and parameters.frozen, f"{name}: put @dataclass(frozen=True) on the class"
    assert cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}("), f"{name}: give the class a docstring"
    fields = {f.name for f in dataclasses.fields(step)} & {"version", "reads", "adds", "makes_rows"}
    assert not fields, f"{name}: {', '.join(sorted(fields))} must be no field; leave out the annotation"
    version = step.version
    assert type(version) is int and version >= 1, f"{name}: `version` is {version!r}; make it an int from 1 up"
    assert isinstance(step, Operator | Fittable | Stage), f"{name}: subclass Operator, Fittable or Stage"
    assert isinstance(step.reads, tuple), f"{name}: `reads` is {step.reads!r}; make it a tuple of column names"
    for column, kind in step.adds.items():
        assert _is_type(kind), (
            f"{name}: adds {column!r} as {kind!r}, no Arrow type; give an alias such as 'float32' or a pa.DataType"
        )


def _check_rows(step: Step, batch: Batch) -> None:
    """The rules of `Operator.__call__`, by which stages go as well."""
    out = _check_pure(step, batch)
    _check_output(step, batch, out)
    for size in (1, 3, 7):
        chunks = [take(batch, range(i, min(i + size, num_rows(batch)))) for i in range(0, num_rows(batch), size)]
        outs = run(step, chunks)
        for chunk, chunk_out in zip(chunks, outs, strict=True):
            _check_output(step, chunk, chunk_out)
        parts = [placed(chunk, chunk_out) for chunk, chunk_out in zip(chunks, outs, strict=True)]
        assert same([row for part in parts for row in part], placed(batch, out)), (
            f"{_name(step)}: batches of {size} and of {num_rows(batch)} rows give different results; let what it says "
            "of a row depend on nothing but that row"
        )
    empty = take(batch, [])
    _check_output(step, empty, run(step, [empty])[0])
    _check_reads(step, batch, out)


def _check_pure(step: Step, batch: Batch) -> Batch:
    given, states = copy.deepcopy(batch), _random_states()
    if isinstance(step, Operator):
        out = step(given)
        assert _random_states() == states, (
            f"{_name(step)}: draws from a global random generator; use row_rng(seed, row_id)"
        )
        assert same(given, batch), f"{_name(step)}: changes the batch it is given; return batch | {{'column': [...]}}"
    else:
        out = run(step, [given])[0]
    again = run(step, [batch])[0]
    assert same(out, again), f"{_name(step)}: two calls on the same batch differ; keep no state between calls"
    return out


def _check_output(step: Step, given: Batch, out: Batch, *, storable: bool = True) -> None:
    name, count = _name(step), num_rows(given)
    odd = [column for column, values in out.items() if type(values) is not list]
    assert not odd, f"{name}: {odd[0]!r} is a {type(out[odd[0]]).__name__}; a column is a list"
    lengths = {column: len(values) for column, values in out.items()}
    assert len(set(lengths.values())) <= 1, f"{name}: columns differ in length: {lengths}"
    missing = [column for column in (*given, *step.adds) if column not in out]
    assert not missing, f"{name}: {missing[0]!r} is missing (batch of {count} rows); always give every declared column"
    undeclared = set(out) - set(given) - set(step.adds) - {DROP_REASON}
    assert not undeclared, f"{name}: {', '.join(sorted(undeclared))} added but not declared; name it in `adds`"
    assert out["id"][:count] == given["id"], (
        f"{name}: rows are lost or out of order; drop a row by a text in {DROP_REASON!r}, never by leaving it out"
    )
    for column in given:
        assert column in step.adds or same(out[column][:count], given[column]), (
            f"{name}: changes {column!r}, which it does not declare; name it in `adds` or leave it as it is"
        )
    assert len(set(out["id"])) == len(out["id"]), f"{name}: ids are not unique; use row_id for new rows"
    assert "" not in out.get(DROP_REASON, []), f"{name}: an empty {DROP_REASON!r}; write why the row goes, or None"
    _check_new_rows(step, given, out)
    for column, kind in types(step).items():
        if storable and column in out:
            _check_type(step, column, out[column], kind)


def _check_new_rows(step: Step, given: Batch, out: Batch) -> None:
    name, made = _name(step), take(out, range(num_rows(given), num_rows(out)))
    assert step.makes_rows or not made["id"], f"{name}: makes rows; say so with `makes_rows = True`"
    for row, text, parents in zip(made["id"], made["text"], made.get("parents", made["id"]), strict=True):
        assert isinstance(row, str) and isinstance(text, str), (
            f"{name}: a new row needs an id and a text, got {row!r:.80}"
        )
        assert isinstance(parents, list) and parents and parents[0] in given["id"], (
            f"{name}: the new row {row!r} has the parents {parents!r:.80}; name one, the first of the same batch"
        )


def _check_type(step: Step, column: str, values: list[Any], kind: pa.DataType) -> None:
    try:
        held = pa.array(values, type=kind).to_pylist(maps_as_pydicts="strict")
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise AssertionError(f"{_name(step)}: {column!r} can't be stored as the declared {kind}: {error}") from error
    for value, stored in zip(values, held, strict=True):
        assert kept(plain(value), stored), (
            f"{_name(step)}: {column!r} holds {value!r:.80}, which is {stored!r:.80} once stored as {kind}; declare a "
            "type that holds it, and let None stand for a missing value (never NaN)"
        )


def _check_reads(step: Step, batch: Batch, out: Batch) -> None:
    name = _name(step)
    lacking = [column for column in step.reads if column not in batch]
    assert not lacking, f"{name}: reads {lacking[0]!r}, which the batch of its example lacks"
    with only_reads(step):
        less = run(step, [narrow(batch, ("id", "text", *step.reads))])[0]
    for column in (*step.adds, DROP_REASON):
        assert same(less.get(column), out.get(column)), (
            f"{name}: {column!r} depends on a column that `reads` does not name ({', '.join(step.reads)})"
        )


def _check_copies(step: Step, batch: Batch) -> None:
    for module in (pickle, dill):
        try:
            twin = module.loads(module.dumps(step))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise AssertionError(
                f"{_name(step)}: {module.__name__} can't copy it ({error}); load what is heavy through a cached "
                "function of the module, never into a field"
            ) from error
        assert twin == step and seen(twin, batch) == seen(step, batch), (
            f"{_name(step)}: a copy by {module.__name__} differs; let the fields be its whole configuration"
        )


def _check_odd_texts(step: Step, batch: Batch) -> None:
    for kind, text in (ODD_TEXTS | UNSTORABLE_TEXTS).items():
        odd = take(batch, [0]) | {"id": ["odd text"], "text": [text]}
        # A Fittable is given ordinary rows as well: what it learns from one text may be nothing.
        given = {name: [*odd[name], *batch[name]] for name in batch} if isinstance(step, Fittable) else odd
        try:
            _, out = outcome(step, given)
        except Exception as error:
            raise AssertionError(
                f"{_name(step)}: raises on odd text ({kind}): {error!r:.200}; give None, or a reason to drop the row"
            ) from error
        assert isinstance(step, Fittable) or num_rows(out) >= 1, f"{_name(step)}: loses a row of odd text ({kind})"
        if not isinstance(step, Fittable):
            _check_output(step, given, out, storable=kind in ODD_TEXTS)


def _check_fittable(step: Fittable, batch: Batch) -> None:
    name, states, before = _name(step), _random_states(), copy.deepcopy(batch)
    with TemporaryDirectory() as temporary:
        root = Path(temporary)
        fitted = fit(step, [[batch]], root / "whole")
        assert _random_states() == states, f"{name}: draws from a global random generator; make one from a seed"
        assert same(batch, before), f"{name}: changes the batches it is given"
        assert isinstance(fitted, Operator), f"{name}: `finish` returned a {type(fitted).__name__}; return an Operator"
        for what in ("adds", "makes_rows"):
            mine, theirs = getattr(step, what), getattr(fitted, what)
            assert mine == theirs, f"{name}: `{what}` is {mine}, of the fitted operator {theirs}; declare the same"
        unknown = set(fitted.reads) - set(step.reads) - {"id", "text"}
        assert not unknown, (
            f"{name}: its fitted operator reads {', '.join(unknown)}; the engine knows `reads` of the step"
        )
        for field in dataclasses.fields(fitted):
            assert _fits_json(getattr(fitted, field.name)), (
                f"{name}: field {field.name!r} of the fitted operator can't be written as JSON; let it be None, a "
                "bool, an int, a float, a str, a StateFile or a tuple of these"
            )
        _check_class(fitted)
        _check_rows(fitted, batch)
        _check_sharding(step, batch, fitted, root)
        _check_no_rows(step, batch, root)
        _check_odd_texts(fitted, batch)
        _check_copies(fitted, batch)
        _check_moved(fitted, batch, root)


def _check_sharding(step: Fittable, batch: Batch, fitted: Operator, root: Path) -> None:
    rows = list(range(num_rows(batch)))
    random.Random(0).shuffle(rows)
    want = run(fitted, [batch])
    assert fingerprint(fit(step, [[batch]], root / "twin")) == fingerprint(fitted), (
        f"{_name(step)}: fitted twice on the same rows, into two folders, it gives two operators; let no path, no time "
        "and no chance be part of its fields, and hold files by a StateFile"
    )
    for count in (1, 2, 3):
        shards = [[take(batch, rows[i::count])] for i in range(count)]
        shards[0] = [take(shards[0][0], [i]) for i in range(num_rows(shards[0][0]))]
        for reverse in (False, True):
            other = fit(step, shards, root / f"{count}{reverse}", reverse=reverse)
            assert fingerprint(other) == fingerprint(fitted) and same(run(other, [batch]), want), (
                f"{_name(step)}: {count} shards of shuffled rows{', in reverse,' if reverse else ''} give another "
                "result; let `finish` sort by what the rows hold, never by the order in which they came"
            )


def _check_no_rows(step: Fittable, batch: Batch, root: Path) -> None:
    nothing = step.partial(iter([]))
    want = step.partial(iter([narrow(batch, step.reads)])).schema
    assert nothing.schema.equals(want), (
        f"{_name(step)}: `partial` over no batches has another schema than over some; give the schema yourself"
    )
    for name, shards in {"no tables": [], "an empty table": [[]], "an empty batch": [[take(batch, [])]]}.items():
        fitted = fit(step, shards, root / name)
        _check_output(fitted, batch, run(fitted, [batch])[0])


def _check_moved(fitted: Operator, batch: Batch, root: Path) -> None:
    want = run(fitted, [batch])
    shutil.move(root / "whole", root / "moved")
    states = {f.name: getattr(fitted, f.name) for f in dataclasses.fields(fitted)}
    moved = {
        name: dataclasses.replace(state, folder=str(root / "moved"))
        for name, state in states.items()
        if isinstance(state, StateFile)
    }
    other = dataclasses.replace(fitted, **moved)
    assert fingerprint(other) == fingerprint(fitted) and same(run(other, [batch]), want), (
        f"{_name(fitted)}: another result after its state folder moved; let no path be part of its identity"
    )


def _check_stage(step: Stage, batch: Batch) -> None:
    name = _name(step)
    singles = [take(batch, [i]) for i in range(num_rows(batch))]
    stream = [take(batch, []), *singles]
    run(step, [])
    with TemporaryDirectory() as folder:
        outs = run(step, stream, Path(folder))
        again = run(step, stream, Path(folder))
    for given, out in zip(stream, outs, strict=True):
        _check_output(step, given, out)
    with TemporaryDirectory() as folder:
        given = copy.deepcopy(stream)
        list(step.stream(iter(given), Path(folder)))
    assert same(given, stream), f"{name}: changes the batches it is given; yield batch | {{'column': [...]}}"
    assert same(outs, again), f"{name}: a second run over the same folder differs; replay its journal"


def _fits_json(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_fits_json, value))
    return value is None or isinstance(value, bool | int | float | str | StateFile)


def _random_states() -> bytes:
    return pickle.dumps((random.getstate(), numpy.random.get_state()))  # noqa: NPY002 (the one to leave alone)


def _is_type(kind: Any) -> bool:
    try:
        return isinstance(kind, pa.DataType) or bool(pa.type_for_alias(kind))
    except (TypeError, ValueError):
        return False


def _name(step: Step) -> str:
    return type(step).__qualname__
