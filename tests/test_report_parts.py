"""What the page is made from: grouping, choosing, binning, and text made safe."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.report import numbers
from textbook.report.composition import Shares, package
from textbook.report.histogram import Spread, axis
from textbook.report.reasons import Reasons
from textbook.report.reproduce import recipe
from textbook.report.rows import Place
from textbook.report.samples import Lowest
from textbook.report.visible import cut, visible, visible_line


@pytest.mark.parametrize(
    ("reasons", "pattern"),
    [
        (["edu_score 1.25 < 3", "edu_score 2 < 3"], "edu_score … < 3"),
        (["near duplicate of 3fa9.. (0.83)", "near duplicate of beef.. (0.71)"], "near duplicate of … (…)"),
        (["s -1.5e-07 < 0", "s 2 < 0"], "s … < 0"),
        (["same text as 0123456789abcdef0123", "same text as abcdefabcdefabcdefab"], "same text as …"),
        (["byte 0xff at 3", "byte 0x80 at 3"], "byte … at 3"),
        (["like 0a1b2c (p==1:a b.py)", "like 0a1b2d (q==2.0:c/d.py)"], "like … (…)"),
        (["can't read: '(' is open", "can't read: '[' is open"], "can't read: … is open"),
        (["license is GPL-3.0-only, not one of MIT"] * 2, "license is GPL-3.0-only, not one of MIT"),
    ],
)
def test_reasons_that_differ_in_numbers_are_one(reasons, pattern):
    found = Reasons()
    found.add(["Step"] * 2, reasons, ["b", "a"], Place("dropped", 0, 10))
    ((patterns),) = found.by_step().values()
    assert [(str(p), p.rows, p.examples) for p in patterns] == [
        (pattern, 2, [("a", Place("dropped", 0, 11)), ("b", Place("dropped", 0, 10))])
    ]


def test_reasons_of_one_step_are_bounded():
    found = Reasons()
    words = ["".join(chr(97 + int(c)) for c in str(i)) for i in range(3000)]
    found.add(["Step"] * 3000, words, words, Place("dropped", 0, 0))
    (patterns,) = found.by_step().values()
    assert len(patterns) == 1001
    assert (str(patterns[0]), patterns[0].rows) == ("other reasons", 2000)


@given(st.lists(st.one_of(st.none(), st.sampled_from([0.0, 1.0, 1.5]), st.floats(-9, 9))), st.integers(1, 7))
def test_the_lowest_rows_do_not_depend_on_batches(values, size):
    scores = np.array([math.nan if v is None else v for v in values], float)
    ids = [f"{(i * 7919) % 1000:03}" for i in range(len(values))]
    for sign in (1, -1):
        lowest = Lowest(3, sign)
        for start in range(0, len(values), size):
            part = slice(start, start + size)
            lowest.add(scores[part], pa.array(ids[part], pa.string()), Place("data", 0, start))
        ranked = sorted((sign * v, row, i) for i, (v, row) in enumerate(zip(values, ids, strict=True)) if v is not None)
        assert [(row.order, row.id, row.place.row) for row in lowest.rows] == ranked[:3]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.booleans())
def test_an_axis_holds_any_values(values, whole):
    numbers = np.array([float(round(v)) if whole and abs(v) < 1e15 else v for v in values])
    spread = Spread()
    spread.add(numbers)
    found = axis(spread, whole, [numbers[0]])
    assert 2 <= len(found.edges) < 120
    assert found.edges == sorted(found.edges)
    assert found.histogram(numbers).sum() == len(numbers)
    assert all(0 <= found.position(tick) <= 1 for tick in found.ticks)


def test_an_outlier_does_not_flatten_the_picture():
    spread = Spread()
    spread.add(np.append(np.linspace(0, 1, 10_000), 1e9))
    assert axis(spread, False, []).edges[-1] <= 1.1


def test_counts_that_span_magnitudes_get_a_logarithmic_axis():
    spread = Spread()
    spread.add(10 ** np.linspace(0, 6, 10_000))
    found = axis(spread, True, [100.0])
    assert found.logarithmic
    assert found.ticks == [1, 10, 100, 1000, 10_000, 100_000]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("numpy==2.4.6:numpy/core.py", "numpy"),
        ("squad:17", "squad"),
        ("src/a/b.py", "src"),
        ("https://host.org/a.py", "host.org"),
        ("/absolute/a.py", "absolute"),
        ("a.py", "a.py"),
        ("", ""),
        (None, None),
    ],
)
def test_package_of_a_source(source, name):
    assert package(source) == name


def test_names_are_bounded_but_every_row_counts(monkeypatch):
    monkeypatch.setattr("textbook.report.composition.MAX_NAMES", 20)
    shares = Shares("Packages")
    shares.add([f"n{i % 30}" for i in range(90)], kept=True)
    shares.add(["n0", None], kept=False)
    found = shares.summary()
    assert found["names"][0] == {"name": "n0", "before": 4, "after": 3}
    assert sum(n["before"] for n in found["names"]) + found["rest"]["before"] == 92


def test_a_manifest_cannot_smuggle_code_into_the_recipe():
    step = {"class": "os:system\nimport os", "config": {}}
    odd = {"class": "m:C", "config": {"a=1); import os; (b": 1, "class": 2}}
    fine = {"class": "m:D", "config": {"inner": {"class": "n:E", "config": {"a": ["x'\n"]}}, "none": None}}
    local = {"class": "local:Mine", "config": {}}
    program = recipe({"steps": [fine, step, odd, local]})
    assert "import os" not in program
    assert program.splitlines()[-7:] == [
        "",
        "recipe = (",
        "    ...,",
        "    C(...),",
        "    Mine(),",
        ")",
        """run(recipe, D(inner=E(a=("x'\\n",))), "curated")""",
    ]
    compile(program, "recipe", "exec")


def test_visible():
    assert visible("a\r\nb\tc\x00\x7f\x85\u2066\ud800\U000e0041") == "a\nb\tc␀␡⟦U+0085⟧⟦U+2066⟧⟦U+D800⟧⟦U+E0041⟧"
    assert visible("नमस्ते 👩‍🔬 שלום") == "नमस्ते 👩‍🔬 שלום"
    assert visible_line("a\nb\t") == "a␊b␉"
    assert cut("ab\nabc\nabcd\n", 2, 2) == "ab\nab…"


def test_numbers():
    assert [numbers.short(n) for n in (None, 0, 999, 999.9, 1234, 41.2e6, 6e9)] == [
        "–",
        "0",
        "999",
        "1k",
        "1.23k",
        "41.2M",
        "6B",
    ]
    assert [numbers.percent(n, 1000) for n in (0, 0.5, 243, 999.9, 1000)] == [
        "0 %",
        "< 0.1 %",
        "24.3 %",
        "> 99.9 %",
        "100 %",
    ]
    assert [numbers.seconds(n) for n in (0, 0.01, 2.13, 200, 7300)] == [
        "0 s",
        "< 0.1 s",
        "2.1 s",
        "3 min 20 s",
        "2 h 1 min",
    ]
    assert [numbers.number(n) for n in (3.0, 2.2137, 20647, 1e-7, 12345.678)] == [
        "3",
        "2.214",
        "20,647",
        "1e-07",
        "1.235e+04",
    ]
