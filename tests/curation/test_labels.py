"""`Labels` in files, and labels from files of other people."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textbook.curation.annotate import Label, Labels, Rubric

RUBRIC = Rubric.educational_value()
ROWS = (
    Label(
        "a", 'x = "1,2"\r\n# \u00fc\n', 3, "good", None, "p==1:a.py", "p", "train", 0, "random", "m", ("forged end",)
    ),
    Label("a", 'x = "1,2"\r\n# \u00fc\n', 4, None, None, "p==1:a.py", "p", "train", 1, "random", "m"),
    Label("b", "y = 2", None, None, "refused: no", "q==1:b.py", "q", "evaluation"),
    Label("c", "z = 3", 0, "", None, "q==1:c.py", "q", "evaluation", 0, "top"),
)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_what_is_saved_is_loaded(suffix: str, tmp_path: Path):
    labels = Labels(ROWS, replace(RUBRIC, good=4))
    path = labels.save(tmp_path / "runs" / f"labels{suffix}")
    loaded = Labels.load(path)
    assert loaded == replace(labels, rows=(*ROWS[:3], replace(ROWS[3], reason=None)))
    assert loaded.agreement().num == 1
    assert Labels.load(path, RUBRIC).rubric == RUBRIC
    assert [row.id for row in loaded.missing] == ["b"]


def test_references_in_place_of_texts(tmp_path: Path):
    bare = Labels(ROWS, RUBRIC).without_texts()
    assert {row.text for row in Labels.load(bare.save(tmp_path / "l.jsonl")).rows} == {None}
    with pytest.raises(ValueError, match="has no source, so nothing would say where its text is"):
        Labels((Label("a", "x", 1),), RUBRIC).without_texts()


def test_other_suffixes_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="expected one of .jsonl, .csv, .parquet"):
        Labels(ROWS, RUBRIC).save(tmp_path / "labels.pkl")
    with pytest.raises(ValueError, match="expected one of .jsonl, .csv, .parquet"):
        Labels.load(tmp_path / "labels.pkl")


def test_labels_from_a_csv_of_ones_own(tmp_path: Path):
    file = tmp_path / "mine.csv"
    lines = [f'"code {i},\n{i}",{i % 6}.0,repo{i % 10}' for i in range(100)] + ["nothing,,repo1"]
    file.write_text("\ufeffcontent,stars,repo\n" + "\n".join(lines) + "\n")
    labels = Labels.from_csv(file, text="content", label="stars")
    assert labels.rows[7].text == "code 7,\n7"
    assert [row.label for row in labels.rows[:6]] == [0, 1, 2, 3, 4, 5]
    assert labels.rows[-1].label is None
    assert len(labels.train) + len(labels.evaluation) == 100
    assert {row.group for row in labels.train}.isdisjoint({row.group for row in labels.evaluation})
    assert labels.evaluation
    assert {row.chosen_by for row in labels.rows} == {"given"}


def jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


ONE = {"text": "x", "label": 1}


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (
            [{"code": "x", "labels": 1}],
            {"text": "code"},
            "no column 'label', there are 'code', 'labels'; is it 'labels'?",
        ),
        ([ONE], {"group": "repo"}, "no column 'repo'"),
        ([], {}, "hold no rows"),
        ([ONE, {"text": "y", "label": 6}], {}, "row 2 has 6 in 'label', expected whole numbers from 0 to 5"),
        ([{"text": str(i), "label": 9} for i in range(9)], {}, "row 3 has 9 and 6 more in"),
        ([ONE, {"text": "y", "label": 2.5}], {}, "row 2 has 2.5"),
        ([ONE, {"text": "y", "label": "good"}], {}, "row 2 has 'good'"),
        ([ONE, {"text": "y", "label": True}], {}, "row 2 has True"),
        ([ONE, ONE], {}, "row 2 is that of row 1, with the same label"),
        ([ONE, {"text": "x", "label": 2}], {}, "row 2 is that of row 1, with another label"),
        ([ONE | {"split": "test"}], {}, "the split 'test'; expected train or evaluation"),
        (
            [ONE | {"group": "g", "split": "train"}, {"text": "y", "label": 1, "group": "g", "split": "evaluation"}],
            {},
            "the group 'g' is in two splits",
        ),
        ([3], {}, "line 1: a int; expected one object a line"),
    ],
)
def test_what_is_wrong_is_said(rows: list[Any], columns: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        Labels.from_jsonl(jsonl(tmp_path / "rows.jsonl", rows), **columns)


def test_files_that_are_none(tmp_path: Path):
    file = tmp_path / "file.csv"
    file.write_text("")
    with pytest.raises(ValueError, match="expected a header"):
        Labels.from_csv(file)
    file.write_text("text,label\na,b,c\n")
    with pytest.raises(ValueError, match="line 2: more cells than the header"):
        Labels.from_csv(file)
    with pytest.raises(ValueError, match="line 1: no JSON"):
        Labels.from_jsonl(file)
    with pytest.raises(ValueError, match="no parquet file"):
        Labels.load(file.rename(tmp_path / "file.parquet"))


def test_labels_from_a_dataset(tmp_path: Path):
    jsonl(tmp_path / "train.jsonl", [{"code": f"x = {i}", "score": i % 6, "repo_name": f"r{i}"} for i in range(20)])
    labels = Labels.from_hub(str(tmp_path), text="code", label="score")
    assert len(labels) == 20
    assert labels.rows[4].label == 4
    with pytest.raises(ValueError, match="can't be opened"):
        Labels.from_hub(str(tmp_path), split="nonsense")


def test_labels_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="two labels of pass 0"):
        Labels((Label("a", "x", 1, group="a"), Label("a", "x", 2, group="a")), RUBRIC)
    with pytest.raises(ValueError, match="the group 'g' is in both splits"):
        Labels((Label("a", "x", 1, group="g"), Label("b", "y", 2, group="g", split="evaluation")), RUBRIC)
    with pytest.raises(ValueError, match="the row 'a' has the label 9, expected a whole number from 0 to 5"):
        Labels((Label("a", "x", 9),), RUBRIC)


def test_labels_say_what_they_are_and_not_what_is_in_them():
    rows = (Label("a", "secret text", 1), Label("b", "more text", 4), Label("c", "none", None, error="refused: no"))
    labels = Labels(rows, RUBRIC, notes=("nothing is kept apart",))
    assert "text" not in repr(labels)
    said = str(labels)
    assert "1 with 1, 1 with 4; 1 without" in said
    assert "2 samples to fit on, 0 to measure with; no sample was labelled twice" in said
    assert "note: nothing is kept apart" in said
    assert "secret" not in said
