"""The demo's recipe over everything that is wrong with real data: no crash, no row lost."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bad_rows import accounted, hostile_folder
from tests.hostile import ENCODINGS, parses
from textbook.curation.sources import Files, JsonLines, Rows
from textbook.demo import recipe
from textbook.engine import curate, run

NUM = 400
"""Of each kind of input; `benchmarks/bad_rows.py` takes 1,000."""


@pytest.fixture(scope="module")
def hostile():
    with hostile_folder(NUM) as root:
        yield root


def test_hostile_files(hostile, tmp_path):
    folder = accounted(Files(hostile / "files"), tmp_path / "out", NUM)
    by = Counter(folder.table("dropped")["dropped_by"].to_pylist())
    assert set(by) >= {"Files", "ExactDuplicates", "Keep(code_kind)", "NearDuplicates", "Keep(edu_score)"}
    for row in folder.table("dropped").to_pylist():
        if "larger" in row["source"]:
            assert row["drop_reason"] == "larger than 1,000,000 bytes"
            assert len(row["text"]) < 10_000


def test_hostile_rows(hostile, tmp_path):
    lines = [line for line in (hostile / "rows.jsonl").read_bytes().split(b"\n") if line.strip()]
    accounted(JsonLines(hostile / "rows.jsonl"), tmp_path / "out", len(lines))


def test_what_python_takes_is_not_refused(tmp_path):
    (tmp_path / "in").mkdir()
    fine = {name: data for name, data in ENCODINGS.items() if parses(data) and b"\0" not in data}
    for name, data in fine.items():
        (tmp_path / "in" / f"{name}.py").write_bytes(data)
    folder = run((), Files(tmp_path / "in"), tmp_path / "out")
    assert len(fine) >= 6
    assert folder.table().num_rows >= 5
    for row in folder.table("dropped").to_pylist():
        assert "encoding" in row["drop_reason"]
        assert row["source"] in ("idna cookie.py", "utf-7 cookie.py"), "codecs that no program is written in"


anything = st.one_of(
    st.none(), st.text(), st.integers(), st.binary(max_size=9), st.booleans(), st.lists(st.text(max_size=3), max_size=3)
)


@settings(max_examples=25)
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("text", "language", "x"), anything)), max_size=6))
def test_rows_of_anything(rows):
    rows = [{"text": "x = 1"}, *rows]
    curated = curate(Rows(rows), *recipe())
    assert len(curated.dataset) + len(curated.dropped) == len(rows)
    assert all(curated.dropped["drop_reason"])
