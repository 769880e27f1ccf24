"""What a filter changes: each attribute's distance, what moved most, on both of its faces."""

import json
import math
import random
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from browser import dump_dom
from folders import folder_of

from textbook.engine import curate
from textbook.folder import DatasetFolder
from textbook.keep import Keep, KeepTop
from textbook.report import Report
from textbook.report.imports import imported
from textbook.report.shift import Profile, compare, shift, shift_of_step

ATTACK = "</title></style><script>document.title='mine'</script>\"><img src=x onerror=alert(1)>\u202e"


def rows_of(packages: str, **columns) -> list[dict]:
    return [
        {"source": f"{name}==1:{i}.py", "text": f"import {name}\nx = {i}\n"} | {k: v[i] for k, v in columns.items()}
        for i, name in enumerate(packages)
    ]


@pytest.fixture(scope="module")
def filtered(tmp_path_factory) -> DatasetFolder:
    """Eight rows of `a` and two of `b`; the first step takes half of `a`, the second one all but three of the rest."""
    rows = rows_of("aaaaaaaabb", score=[float(i) for i in range(10)], size=list(range(10)))
    path = tmp_path_factory.mktemp("shift") / "out"
    return folder_of(path, rows, Keep("size", at_least=4), KeepTop("score", rows=3), size="int64", score="float64")


def test_a_step_is_compared_with_what_reached_it(filtered):
    first = shift_of_step(filtered, "Keep(size)")
    assert (first.rows_before, first.rows_after) == (10, 6)
    assert first["Packages"].distance == pytest.approx(0.8 - 4 / 6)
    assert [tuple(mover) for mover in first["Packages"].movers] == [
        ("a", 0.8, pytest.approx(4 / 6)),
        ("b", 0.2, pytest.approx(2 / 6)),
    ]
    assert first["score"].distance == pytest.approx(0.4)
    assert first["Languages"].distance == 0
    assert first["Imports"].distance == pytest.approx(first["Packages"].distance)
    second = shift_of_step(str(filtered.path), "KeepTop(score)")
    assert (second.rows_before, second.rows_after) == (6, 3)
    assert second["Packages"].distance == pytest.approx(2 / 3 - 1 / 3)
    assert second["score"].distance == pytest.approx(0.5)
    assert [mover.name for mover in second["score"].movers] == ["10 %", "median", "90 %"]
    assert second.attributes[0].distance == max(moved.distance for moved in second.attributes)


def test_folders_and_datasets_give_the_same(filtered, tmp_path):
    datasets = pytest.importorskip("datasets")
    other = folder_of(tmp_path / "other", rows_of("abbb"))
    names = ["id", "text", "language", "source", "license"]
    tables = [folder.table().select(names) for folder in (filtered, other)]
    by_folder = shift(filtered.path, other)
    by_dataset = shift(*map(datasets.Dataset, tables))
    assert by_folder == by_dataset
    assert by_folder["Packages"].distance == pytest.approx(0.75 - 2 / 3)
    assert shift(other, other)["Packages"].distance == 0
    with pytest.raises(KeyError, match="'score' was not compared; there are"):
        by_folder["score"]


def test_nothing_in_common_is_one(tmp_path):
    one = folder_of(tmp_path / "one", rows_of("aa", kind=["x", "x"]), kind="string")
    two = folder_of(tmp_path / "two", rows_of("bb", kind=["y", None]), kind="string")
    found = shift(one, two)
    assert {name: found[name].distance for name in ("Packages", "Imports", "kind")} == {
        "Packages": 1,
        "Imports": 1,
        "kind": 1,
    }


def test_chance_is_about_what_a_draw_by_chance_gives():
    rng = random.Random(0)
    texts = ["x" * rng.randrange(1, 4000) for _ in range(4000)]
    sources = [f"p{int(rng.expovariate(0.2))}==1:a" for _ in texts]
    whole, drawn = Profile(), []
    whole.add(pa.record_batch({"text": texts, "source": sources}))
    for _ in range(12):
        rows = rng.sample(range(4000), 1000)
        part = Profile()
        part.add(pa.record_batch({"text": [texts[i] for i in rows], "source": [sources[i] for i in rows]}))
        drawn.append(compare("draw", whole, part, nested=True))
    for name in ("Packages", "Characters"):
        mean = sum(found[name].distance for found in drawn) / len(drawn)
        assert mean == pytest.approx(drawn[0][name].by_chance, rel=0.25), name


def test_what_identifies_rows_is_not_compared_as_a_kind(tmp_path):
    rows = [{"text": f"x = {i}\n", "digest": f"{i:x}"} for i in range(300)]
    folder = folder_of(tmp_path / "out", rows, digest="string")
    assert "digest" not in {moved.name for moved in shift(folder, folder).attributes}


def test_all_rows_gone(tmp_path):
    folder = folder_of(tmp_path / "out", rows_of("ab", score=[0.0, 1.0]), Keep("score", at_least=9), score="float64")
    found = shift_of_step(folder, "Keep(score)")
    assert (found.rows_before, found.rows_after, found.attributes) == (2, 0, ())
    assert "one side has no rows" in str(found)
    assert "one side has no rows" in found.html()


def test_wrong_arguments_are_named(filtered):
    with pytest.raises(ValueError, match=r"has no step 'Keep'; there are Given, Keep\(size\), KeepTop\(score\)"):
        shift_of_step(filtered, "Keep")
    with pytest.raises(ValueError, match="got a list; expected a dataset folder or a datasets.Dataset"):
        shift([{"text": "x"}], filtered)


def test_plain_text(filtered):
    text = str(shift_of_step(filtered, "Keep(size)"))
    assert text.startswith("Keep(size): 10 rows before, 6 after\nattribute")
    assert "Packages" in text
    assert "a 80.0 % -> 66.7 %, b 20.0 % -> 33.3 %" in text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    rows = [{"source": f"{ATTACK}=={i}:x", "license": ATTACK if i % 2 else None, ATTACK: f"{ATTACK}{i}", "n": i}
            for i in range(6)]  # fmt: skip
    folder = folder_of(
        tmp_path_factory.mktemp("h") / "out", rows, Keep("n", at_least=3), **{ATTACK: "string", "n": "int64"}
    )
    return shift_of_step(folder, "Keep(n)")


def test_hostile_names_stay_text(hostile):
    page = hostile.html()
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page + str(hostile)
    assert "&lt;script&gt;" in page
    assert hostile._repr_html_().count("<") == 2


def test_the_page_in_a_browser(hostile, tmp_path):
    dom = dump_dom(hostile.save(tmp_path / "shift.html"))
    assert "<title>Shift: Keep(n)</title>" in dom
    assert "How far each attribute moved" in dom
    assert "<script" not in dom


def test_memory_is_bounded():
    def peak(batches: int) -> int:
        profile = Profile()
        tracemalloc.start()
        for number in range(batches):
            names = [f"p{number}-{i}==1:a" for i in range(400)]
            profile.add(pa.record_batch({"source": names, "score": [float(i) for i in range(400)]}))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(400) < 1.2 * peak(200)


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", "import os, numpy.linalg as la\nfrom scipy.special import j0\nfrom . import a\n", "numpy os scipy"),
        (
            "python",
            "    import json\nimportant = 1\n# import re\nfrom __future__ import annotations\n",
            "__future__ json",
        ),
        ("python", "import \nimport ,\nfrom x\nimport (\n", ""),
        ("javascript", "import a, {b} from 'react'\nimport './c'\nconst d = require(\"fs\")\n", "fs react"),
        ("typescript", "import type { A } from '@scope/pkg';\nexport * from \"./x\";\n", "@scope/pkg"),
        ("java", "package a;\nimport java.util.List;\nimport static org.junit.Assert.*;\n", "java.util org.junit"),
        ("c", '#include <stdio.h>\n# include "own.h"\n', "own.h stdio.h"),
        ("rust", "use std::fmt;\n    pub use serde::de;\n", "serde std"),
        ("go", 'import "fmt"\n', ""),
        (None, "import os\n", ""),
    ],
)
def test_imports(language, text, names):
    assert sorted(imported(text, language)) == names.split()


@pytest.mark.parametrize(
    "text", ["import " * 100_000, "import " + "a" * 2**20, "import '" * 50_000, "\ud800import os\n"]
)
def test_imports_of_odd_texts(text):
    for language in ("python", "javascript", "java", "c", "rust"):
        assert all(isinstance(name, str) for name in imported(text, language))


def test_the_result_is_finite_numbers(filtered):
    found = shift_of_step(filtered, "Keep(size)")
    for moved in found.attributes:
        assert all(math.isfinite(x) and 0 <= x <= 1 for x in (moved.distance, moved.by_chance))
    assert json.dumps([moved.movers for moved in found.attributes])


def test_the_report_shows_what_the_deciding_step_changed(filtered, tmp_path):
    found = Report.of(filtered)
    assert found.summary["shift"] == shift_of_step(filtered, "KeepTop(score)").facts() | {"num_more": 0}
    assert "What the filter changed" in found.html()
    undecided = Report.of(folder_of(tmp_path / "out", rows_of("ab")))
    assert undecided.summary["shift"] is None
    assert "What the filter changed" not in undecided.html()


def test_the_report_leaves_out_columns_that_moved_less(tmp_path):
    columns = {f"column_{i:02}": [float(j % (i + 2)) for j in range(8)] for i in range(20)}
    rows = rows_of("aaaabbbb", score=list(range(8)), **columns)
    folder = folder_of(
        tmp_path / "out", rows, Keep("score", at_least=3), score="int64", **dict.fromkeys(columns, "float32")
    )
    found = Report.of(folder)
    names = [moved["name"] for moved in found.summary["shift"]["attributes"]]
    assert {"Packages", "Licences", "Languages", "Imports", "Concepts"} <= set(names)
    assert found.summary["shift"]["num_more"] == 22 + 5 - len(names) > 5
    assert f"{found.summary['shift']['num_more']} more columns moved less" in found.html()


def test_a_path_that_is_no_folder(tmp_path: Path):
    with pytest.raises(ValueError, match="no manifest"):
        shift(tmp_path, tmp_path)


def test_a_filter_that_takes_a_style_shows_in_the_concepts():
    plain = [{"id": f"p{i}", "text": f"def f{i}(x):\n    return x\n"} for i in range(20)]
    classes = [{"id": f"c{i}", "text": f"class C{i}:\n    def f(self):\n        return 1\n"} for i in range(20)]
    before, after = (curate([*rows, *plain]).dataset for rows in (classes, []))
    moved = shift(before, after)["Concepts"]
    assert moved.distance > 0.3
    assert [(mover.name, mover.after) for mover in moved.movers] == [("functions", 1), ("classes", 0)]
