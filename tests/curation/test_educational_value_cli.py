"""`textbook fit` and `textbook score`, from a file of labels to scored rows."""

import dataclasses

import pytest
from typer.testing import CliRunner

from tests.curation.labelled_programs import labelled
from textbook.cli import app
from textbook.curation.annotate import Labels, Rubric
from textbook.curation.educational_value import EducationalValue
from textbook.folder import DatasetFolder


def run(*words) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_labels_become_a_scorer_and_the_scorer_scores(tmp_path, suffix):
    labels = labelled(evaluation=12)
    labels.save(tmp_path / f"labels.{suffix}")
    code, said = run("fit", tmp_path / f"labels.{suffix}", "--output", tmp_path / "scorer", "--preset", "fast")
    assert code == 0, said
    assert "fitted on 90 labels of 9 groups" in said and "spearman 0." in said and "auc 0.9" in said or "auc 1" in said
    assert str(tmp_path / "scorer") in said.replace("\n", "")
    (tmp_path / "code").mkdir()
    for at, row in enumerate(labels.evaluation):
        (tmp_path / "code" / f"{at}.py").write_text(row.text)
    scored = ("score", tmp_path / "code", "--scorer", tmp_path / "scorer", "--workers", 1)
    code, said = run(*scored, "--output", tmp_path / "scored")
    assert code == 0, said
    rows = [row for batch in DatasetFolder.open(tmp_path / "scored").batches("data", None, 100) for row in zip(
        batch["text"], batch["edu_score"], batch["edu_confidence"], strict=True
    )]  # fmt: skip
    step = EducationalValue.load(tmp_path / "scorer")
    found = step.score([text for text, _, _ in rows])
    assert len(rows) == 12
    assert [(score, confidence) for _, score, confidence in rows] == list(
        zip(found.scores.tolist(), found.confidence.tolist(), strict=True)
    )


def test_labels_by_another_rubric_keep_it(tmp_path):
    labelled(rubric=Rubric("stars", "how good it is", low=1, high=10, good=6)).save(tmp_path / "labels.jsonl")
    code, said = run("fit", tmp_path / "labels.jsonl", "--output", tmp_path / "scorer", "--preset", "fast")
    assert code == 0, said
    assert EducationalValue.load(tmp_path / "scorer").model.scale.high == 10


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda rows: [dataclasses.replace(row, text=None, source="a.py") for row in rows], [], "has no text"),
        (lambda rows: rows[:9], [], "9 labels to fit on, expected at least 30"),
        (lambda rows: rows, ["--preset", "bert"], "no preset 'bert'; expected one of best, fast"),
    ],
)
def test_what_can_not_be_fitted_is_one_line(tmp_path, change, options, message):
    labels = labelled()
    Labels(tuple(change(labels.rows)), labels.rubric).save(tmp_path / "labels.jsonl")
    code, said = run("fit", tmp_path / "labels.jsonl", "--output", tmp_path / "scorer", *options)
    assert code == 1
    assert message in " ".join(said.split())
    assert not (tmp_path / "scorer").exists()


def test_a_scorer_that_is_none_is_one_line(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("x = 1\n")
    for scorer, message in (("klingon", "no scorer is shipped for 'klingon'"), (tmp_path, "scorer.json is missing")):
        code, said = run("score", tmp_path / "code", "--scorer", scorer, "--output", tmp_path / "out")
        assert code == 1 and message in " ".join(said.split()), said
    code, said = run("fit", tmp_path / "none.jsonl", "--output", tmp_path / "scorer")
    assert code == 1 and "none.jsonl" in said.replace("\n", "")
