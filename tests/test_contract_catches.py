"""The contract lets good steps pass, and names what is wrong with those that break one rule each."""

import itertools
import math
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.contract import check_step
from tests.golden import check_elsewhere, check_golden, entry, example_of
from tests.good_steps import BATCH, Answers, Lengths, Lines, Longest, Relative
from textbook.lineage import class_path
from textbook.operator import Batch, Operator, Step, append_rows, num_rows


@pytest.mark.parametrize("kind", [Lengths, Lines, Relative, Longest, Answers])
def test_good_steps_pass(kind: type[Step]):
    check_step(*example_of(kind))
    check_golden(*kind.example(), {class_path(kind): entry(*kind.example())})


def test_good_steps_pass_elsewhere():
    check_elsewhere([kind.example() for kind in (Lengths, Lines, Longest, Answers)])


def of(base: type[Step], *arguments: Any, **attributes: Any) -> Step:
    """A step like `base` but for `attributes`."""
    return dataclass(frozen=True)(type("Broken", (base,), {"__doc__": "Broken.", **attributes}))(*arguments)


def calling(call: Callable[[Batch], Batch], **attributes: Any) -> Step:
    """An operator that does `call`."""
    return of(Lengths, __call__=lambda self, batch: call(batch), **attributes)


def giving(value: Callable[[str], Any], **attributes: Any) -> Step:
    """An operator that adds `value` of each text as its length."""
    return calling(lambda batch: batch | {"length": [value(text) for text in batch["text"]]}, **attributes)


def mutates(batch: Batch) -> Batch:
    batch["length"] = [1.0] * num_rows(batch)
    return batch


def mutates_deep(batch: Batch) -> Batch:
    batch["text"].sort()
    return batch | {"length": [1.0] * num_rows(batch)}


def with_column(batch: Batch, **columns: list[Any]) -> Batch:
    return Lengths()(batch) | columns


def makes(given: Batch, **row: Any) -> Batch:
    """One more row from each batch that has any."""
    out = Lengths()(given)
    return append_rows(out, [{"id": "new", "text": "", "parents": given["id"][:1]} | row] if given["id"] else [])


class NotFrozen(Lengths):
    """A subclass without a decorator of its own."""


@dataclass(frozen=True)
class NoDocstring(Lengths):
    pass


@dataclass(frozen=True)
class VersionAsField(Lengths):
    """Annotated by mistake."""

    version: int = 1


@dataclass(frozen=True)
class NoKind(Step):
    """Neither operator nor fittable nor stage."""

    @classmethod
    def example(cls):
        return cls(), BATCH


@dataclass(frozen=True)
class Holds(Lengths):
    """Holds what pickle can't copy."""

    heavy: Any = field(default_factory=lambda: lambda: None)


@dataclass(frozen=True)
class Forgets(Lengths):
    """Copies of it differ."""

    def __reduce__(self):
        return Forgets, (2,)


numbers = itertools.count()
nested = {"length": pa.struct([("a", pa.int64())])}

BROKEN_OPERATORS = [
    (NotFrozen(), "put @dataclass(frozen=True) on the class"),
    (NoDocstring(), "give the class a docstring"),
    (VersionAsField(), "version must be no field; leave out the annotation"),
    (of(Lengths, version="1"), "`version` is '1'; make it an int from 1 up"),
    (of(Lengths, version=True), "`version` is True; make it an int from 1 up"),
    (of(Lengths, version=0), "`version` is 0; make it an int from 1 up"),
    (NoKind(), "subclass Operator, Fittable or Stage"),
    (of(Lengths, reads="text"), "`reads` is 'text'; make it a tuple"),
    (of(Lengths, adds={"length": "flaot32"}), "adds 'length' as 'flaot32', no Arrow type"),
    (calling(mutates), "changes the batch it is given; return batch |"),
    (calling(mutates_deep), "changes the batch it is given; return batch |"),
    (giving(lambda text: random.random()), "draws from a global random generator; use row_rng"),
    (giving(lambda text: np.random.random()), "draws from a global random generator; use row_rng"),  # noqa: NPY002
    (giving(lambda text: float(next(numbers))), "two calls on the same batch differ; keep no state"),
    (
        calling(lambda b: with_column(b, length=[num_rows(b)] * num_rows(b))),
        "batches of 1 and of 5 rows give different",
    ),
    (calling(lambda b: with_column(b, length=list(range(num_rows(b))))), "batches of 1 and of 5 rows give different"),
    (
        calling(lambda b: with_column(b, length=[math.nextafter(0.1, num_rows(b) > 3)] * num_rows(b))),
        "batches of 1 and of 5 rows give different",
    ),
    (calling(lambda b: Lengths()(b) if b["id"] else b), "'length' is missing (batch of 0 rows); always give every"),
    (calling(lambda b: b), "'length' is missing (batch of 5 rows); always give every"),
    (calling(lambda b: Lengths()(b) | {"more": b["id"]}), "more added but not declared; name it in `adds`"),
    (calling(lambda b: with_column(b, length=tuple(b["id"]))), "'length' is a tuple; a column is a list"),
    (calling(lambda b: with_column(b, length=[1.0])), "columns differ in length"),
    (giving(str), "'length' can't be stored as the declared float"),
    (giving(lambda text: 0.5, adds={"length": "int8"}), "'length' holds 0.5, which is 0 once stored as int8"),
    (giving(lambda text: 300, adds={"length": "int8"}), "'length' can't be stored as the declared int8"),
    (giving(lambda text: math.nan), "let None stand for a missing value (never NaN)"),
    (giving(lambda text: {"a": 1, "b": 2}, adds=nested), "declare a type that holds it"),
    (giving(lambda text: 1e300), "declare a type that holds it"),
    (calling(lambda b: {k: v[::-1] for k, v in Lengths()(b).items()}), "rows are lost or out of order"),
    (calling(lambda b: {k: v[:-1] for k, v in Lengths()(b).items()}), "rows are lost or out of order"),
    (
        calling(lambda b: with_column(b, source=["elsewhere"] * num_rows(b))),
        "changes 'source', which it does not declare",
    ),
    (
        calling(lambda b: with_column(b, drop_reason=[""] * num_rows(b))),
        "an empty 'drop_reason'; write why the row goes",
    ),
    (calling(lambda b: with_column(b, drop_reason=[1] * num_rows(b))), "'drop_reason' can't be stored as the declared"),
    (calling(makes), "makes rows; say so with `makes_rows = True`"),
    (calling(lambda b: makes(b, id=(b["id"] or "-")[0]), makes_rows=True), "ids are not unique; use row_id"),
    (calling(lambda b: makes(b, parents=[]), makes_rows=True), "has the parents []; name one"),
    (calling(lambda b: makes(b, parents=["z"]), makes_rows=True), "has the parents ['z']; name one, the first of"),
    (calling(lambda b: makes(b, text=None), makes_rows=True), "a new row needs an id and a text"),
    (of(Lengths, reads=("id", "text", "stars")), "reads 'stars', which the batch of its example lacks"),
    (calling(lambda b: with_column(b, length=b["extra"])), "name all it needs in `reads`"),
    (
        calling(lambda b: with_column(b, length=b.get("extra", [0] * num_rows(b)))),
        "depends on a column that `reads` does",
    ),
    (giving(lambda text: len(text.encode())), "raises on odd text (lone surrogates)"),
    (giving(lambda text: len(text) if "\0" not in text else 1 // 0), "raises on odd text (NUL)"),
    (Holds(), "pickle can't copy it"),
    (Forgets(), "a copy by pickle differs"),
]


def check_fails(step: Step, message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_step(step, BATCH)


@pytest.mark.parametrize(("step", "message"), BROKEN_OPERATORS)
def test_a_broken_operator_is_caught(step: Step, message: str):
    check_fails(step, message)


def fitting(finish: Callable[[list[pa.Table], Path], Any], **attributes: Any) -> Step:
    return of(Longest, finish=lambda self, tables, folder: finish(list(tables), folder), **attributes)


def all_lengths(tables: list[pa.Table]) -> list[int]:
    return [length for table in tables for length in table["length"].to_pylist()]


def draws(tables: list[pa.Table], folder: Path) -> Operator:
    random.random()
    return Relative(1)


@dataclass(frozen=True)
class HoldsMore(Relative):
    """A fitted operator with one field more."""

    more: Any = None


BROKEN_FITTABLES = [
    (
        fitting(lambda tables, folder: Relative((all_lengths(tables) or [0])[0])),
        "1 shards of shuffled rows give another",
    ),
    (fitting(lambda tables, folder: Relative(len(tables))), "2 shards of shuffled rows give another result"),
    (fitting(lambda tables, folder: Relative(max(all_lengths(tables)))), "max() arg is an empty sequence"),
    (fitting(lambda tables, folder: HoldsMore(1, str(folder))), "into two folders, it gives two operators"),
    (
        fitting(lambda tables, folder: HoldsMore(1, [1, 2])),
        "field 'more' of the fitted operator can't be written as JSON",
    ),
    (
        fitting(lambda tables, folder: HoldsMore(1, ({},))),
        "field 'more' of the fitted operator can't be written as JSON",
    ),
    (fitting(lambda tables, folder: None), "`finish` returned a NoneType; return an Operator"),
    (fitting(lambda tables, folder: Lengths()), "`adds` is {'relative': 'float64'}, of the fitted operator"),
    (fitting(draws), "draws from a global random generator"),
    (fitting(lambda tables, folder: of(Relative, 1, reads=("id", "extra"))), "its fitted operator reads extra"),
    (of(Longest, reads=("id",)), "name all it needs in `reads`"),
    (
        of(Longest, partial=lambda self, batches: pa.table({"length": [len(t) for b in batches for t in b["text"]]})),
        "`partial` over no batches has another schema",
    ),
    (fitting(lambda tables, folder: of(Relative, 1, __call__=lambda self, batch: mutates(batch))), "changes the batch"),
]


@pytest.mark.parametrize(("step", "message"), BROKEN_FITTABLES)
def test_a_broken_fittable_is_caught(step: Step, message: str):
    with pytest.raises((AssertionError, ValueError), match=re.escape(message)):
        check_step(step, BATCH)


def streaming(stream: Callable[[Iterator[Batch], Path], Iterator[Batch]]) -> Step:
    return of(Answers, stream=lambda self, batches, folder: stream(iter(batches), folder))


def answered(batch: Batch, answer: str = "") -> Batch:
    return batch | {"answer": [answer] * num_rows(batch)}


def update(batch: Batch) -> Batch:
    batch["answer"] = [""] * num_rows(batch)
    return batch


def counted(batches: Iterator[Batch], folder: Path) -> Iterator[Batch]:
    runs = len(list(folder.iterdir()))
    (folder / str(runs)).touch()
    return (answered(batch, f"run {runs}") for batch in batches)


BROKEN_STAGES = [
    (streaming(lambda batches, _: (answered(b) for b in batches if num_rows(b))), "0 batches out for 1 in; yield one"),
    (streaming(lambda batches, _: iter([answered(b) for b in batches][::-1])), "rows are lost or out of order"),
    (streaming(lambda batches, _: (update(b) for b in batches)), "changes the batches it is given"),
    (streaming(counted), "a second run over the same folder differs; replay its journal"),
    (
        streaming(lambda batches, _: itertools.chain(map(answered, batches), [answered(BATCH)])),
        "2 batches out for 1 in",
    ),
]


@pytest.mark.parametrize(("step", "message"), BROKEN_STAGES)
def test_a_broken_stage_is_caught(step: Step, message: str):
    check_fails(step, message)
