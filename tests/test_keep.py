"""`Keep` and `KeepTop`: exact bounds, exact budgets, ties by id."""

import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.keep import Keep, KeepAbove, KeepTop


def reasons(step, **columns):
    size = len(next(iter(columns.values())))
    batch = {"id": [f"{i:03d}" for i in range(size)], "text": [""] * size} | columns
    return step(batch)["drop_reason"]


def test_bounds_are_inclusive_and_missing_values_go():
    kept = reasons(Keep("x", at_least=1, at_most=2), x=[0.5, 1, 1.5, 2, 2.5, None, float("nan")])
    assert kept == ["x 0.5 < 1", None, None, None, "x 2.5 > 2", "x is missing", "x is missing"]


def test_equals_and_one_of():
    assert reasons(Keep("ok", equals=True), ok=[True, False, None]) == [None, "ok is False, not True", "ok is missing"]
    assert reasons(Keep("l", one_of=("MIT", "BSD")), l=["MIT", "GPL"]) == [None, "l is GPL, not one of MIT, BSD"]


def test_a_keep_without_a_bound_is_refused():
    with pytest.raises(ValueError, match="has no bound; give at_least="):
        Keep("x")


@pytest.mark.parametrize("budget", [{}, {"rows": 1, "tokens": 1}])
def test_keep_top_takes_exactly_one_budget(budget):
    with pytest.raises(ValueError, match="exactly one of"):
        KeepTop("x", **budget)


@pytest.mark.parametrize("budget", [{"rows": -1}, {"fraction": 1.5}])
def test_a_budget_out_of_range_is_refused(budget):
    with pytest.raises(ValueError, match="expected >= 0, and fraction <= 1"):
        KeepTop("x", **budget)


def chosen(step: KeepTop, rows: list[tuple[str, float | None, int]], shards: int, folder) -> set[str]:
    """The ids that stay, fitted over `shards` shuffled shards."""
    batches = [
        {"id": [r[0] for r in part], "x": [r[1] for r in part], "num_tokens": [r[2] for r in part]}
        for part in (rows[i::shards] for i in range(shards))
    ]
    tables: list[pa.Table] = [step.partial([batch]) for batch in reversed(batches)]
    fitted = step.finish(tables, folder)
    whole = {"id": [r[0] for r in rows], "x": [r[1] for r in rows]}
    return {row for row, reason in zip(whole["id"], fitted(whole)["drop_reason"], strict=True) if reason is None}


scores = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.5, -3.0]), st.floats(allow_nan=False, allow_infinity=False))
row_lists = st.lists(st.tuples(scores, st.integers(0, 50)), max_size=30)


@given(row_lists, st.integers(0, 400), st.integers(1, 4), st.randoms(use_true_random=False))
def test_keep_top_is_exact(tmp_path_factory, values, budget, shards, rng: random.Random):
    names = [f"é{n}" if n % 3 else f"{n}" for n in range(len(values))]
    rng.shuffle(names)
    rows = [(name, score, tokens) for name, (score, tokens) in zip(names, values, strict=True)]
    best = sorted((row for row in rows if row[1] is not None), key=lambda row: (-row[1], row[0]))
    folder = tmp_path_factory.getbasetemp()

    affordable, total = set(), 0
    for row in best:
        total += row[2]
        if total > budget:
            break
        affordable.add(row[0])
    found = chosen(KeepTop("x", tokens=budget), rows, shards, folder)
    assert found >= affordable
    assert sum(row[2] for row in rows if row[0] in found) <= budget
    assert found == affordable
    assert chosen(KeepTop("x", rows=budget), rows, shards, folder) == {row[0] for row in best[:budget]}
    share = budget / 400
    wanted = budget * len(rows) // 400
    assert chosen(KeepTop("x", fraction=share), rows, shards, folder) == {row[0] for row in best[:wanted]}


def test_a_fraction_is_a_decimal_not_a_float(tmp_path):
    rows = [(f"{i:03d}", float(i), 1) for i in range(100)]
    assert len(chosen(KeepTop("x", fraction=0.29), rows, 3, tmp_path)) == 29


def test_no_rows_at_all(tmp_path):
    assert KeepTop("x", rows=3).finish([], tmp_path) == KeepAbove("x", None)
    assert KeepTop("x", rows=3).finish([KeepTop("x", rows=3).partial([])], tmp_path) == KeepAbove("x", None)


def test_the_reason_names_the_cut(tmp_path):
    step = KeepTop("x", rows=1)
    table = step.partial([{"id": ["a", "b"], "x": [2.0, 1.0]}])
    fitted = step.finish([table], tmp_path)
    assert reasons(fitted, x=[1.0, None]) == ["x 1 is below the cut at 2", "x is missing"]
    assert fitted.name == step.name == "KeepTop(x)"
