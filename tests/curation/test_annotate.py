"""`Annotate` and `Rubric`: what becomes of each way in which an answer may end, and what is asked."""

import json
from pathlib import Path

import pytest

from tests.contract import check_step
from textbook.curation.annotate import Annotate, Example, Rubric
from textbook.curation.annotate.prompt import head_and_tail, question
from textbook.curation.annotate.step import count_lines
from textbook.curation.sources import Rows
from textbook.engine import curate
from textbook.keep import Keep
from textbook.lineage import fingerprint
from textbook.llm import Budget, LLMError, Request, Said, Scripted

RUBRIC = Rubric.educational_value()


def test_the_step_keeps_the_contract():
    check_step(*Annotate.example())
    tenths = Rubric("tenths", "from bad to good", 0, 1, whole=False)
    step = Annotate(Scripted(count_lines), tenths, temperature=None, longer="skip")
    check_step(step, Annotate.example()[1])


def answer(request: Request, **values) -> str:
    return json.dumps({"mark": request.messages[1]["content"].split("`")[1], "reason": "so", **values})


def by_text(request: Request) -> str | Said:
    text = request.messages[1]["content"]
    if "declined" in text:
        return Said(None, refusal="I can't help with that")
    if "cut off" in text:
        return Said('{"mark": "', finish_reason="length")
    if "off the scale" in text:
        return answer(request, score=7)
    if "no number" in text:
        return "It is good."
    return answer(request, score=0)


def test_what_is_no_answer_is_missing_and_never_zero(tmp_path):
    texts = ["fine", "declined", "cut off", "off the scale", "no number", " \n", "x" * 500]
    step = Annotate(Scripted(by_text), RUBRIC, max_chars=400, longer="skip")
    out = next(step.stream([{"id": list("abcdefg"), "text": texts}], tmp_path))
    assert out["label"] == [0, None, None, None, None, None, None]
    errors = [error and error.partition(":")[0] for error in out["label_error"]]
    assert errors == [None, "refused", "truncated", "invalid", "invalid", "empty", "too long"]
    assert out["label_reason"] == ["so", *[None] * 6]
    assert out["label_model"][0] == "scripted"
    assert out["label_flags"] == [[]] * 7


def test_labels_are_remembered_and_the_budget_is_kept(tmp_path):
    journal = tmp_path / "journal.sqlite"
    batch = {"id": ["a", "b", "c"], "text": ["one", "two", "three"]}
    first = Scripted(count_lines, journal=journal)
    before = next(Annotate(first, RUBRIC).stream([batch], tmp_path))
    second = Scripted(count_lines, journal=journal)
    assert next(Annotate(second, RUBRIC).stream([batch], tmp_path)) == before
    assert (len(first.sent), len(second.sent)) == (3, 0)
    again = next(Annotate(second, RUBRIC, sample_index=1).stream([batch], tmp_path))
    assert (again["label"], len(second.sent)) == (before["label"], 3)
    poor = Scripted(count_lines, budget=Budget(tokens=10))
    with pytest.raises(LLMError, match="the budget of 10 tokens is used up"):
        next(Annotate(poor, RUBRIC).stream([batch], tmp_path))


def test_the_step_in_a_recipe():
    rows = Rows([{"text": "x = 1"}, {"text": "a\nb\nc"}])
    curated = curate(rows, Annotate(Scripted(count_lines), RUBRIC), Keep("label", at_least=3))
    assert curated.dataset["label"] == [3]
    assert curated.dropped["drop_reason"] == ["label 1 < 3"]


def test_all_samples_share_the_system_prompt_and_differ_in_their_mark():
    one, two = (question(RUBRIC, row, "x = 1", max_chars=400) for row in "ab")
    assert one.messages[0] == two.messages[0]
    assert RUBRIC.text.strip() in one.messages[0]["content"]
    assert one.messages[1] != two.messages[1]
    assert list(one.schema["properties"]) == ["mark", "reason", "score"]


def test_long_texts_are_shown_by_head_and_tail():
    text = "".join(f"line {i}\n" for i in range(1_000))
    shown = head_and_tail(text, 400)
    assert len(shown) < 450
    assert shown.startswith("line 0\n")
    assert shown.endswith("line 999\n")
    assert "characters left out⟧\n" in shown
    assert head_and_tail("short", 400) == "short"
    assert len(head_and_tail("x" * 1_000, 400)) < 450


def test_rubrics_from_files(tmp_path: Path):
    assert (RUBRIC.low, RUBRIC.high, RUBRIC.threshold, RUBRIC.steps) == (0, 5, 3, (0, 1, 2, 3, 4, 5))
    words = tmp_path / "prose.md"
    words.write_text("# How clear is it?\n\n| score | meaning |\n| --- | --- |\n| 1 | dark |\n| 4 | clear |\n")
    loaded = Rubric.load(words, language="German prose")
    assert (loaded.name, loaded.low, loaded.high, loaded.language) == ("How clear is it?", 1, 4, "German prose")
    assert loaded.threshold == 2.5
    (tmp_path / "r.json").write_text(json.dumps({"text": "t", "low": 0, "high": 1, "whole": False,
                                                 "examples": [{"text": "x", "label": 0.5}]}))  # fmt: skip
    assert Rubric.load(tmp_path / "r.json").examples == (Example("x", 0.5),)


@pytest.mark.parametrize(
    ("text", "fields", "message"),
    [
        ("no scale at all", {}, "no table whose first column holds the scores; give low= and high="),
        ("words", {"low": 5, "high": 0}, "expected finite low < high"),
        ("words", {"low": 0, "high": 0.5}, "give whole ends, or whole=False"),
        ("words", {"low": 0, "high": 5, "examples": [Example("x", 7)]}, "expected a whole number from 0 to 5"),
        ("words", {"low": 0, "high": 5, "hight": 3}, "gives hight; expected fields of a rubric: "),
        (" ", {"low": 0, "high": 5}, "has no text"),
    ],
)
def test_rubrics_that_are_none(text: str, fields: dict, message: str, tmp_path: Path):
    (tmp_path / "r.md").write_text(text)
    with pytest.raises(ValueError, match=message):
        Rubric.load(tmp_path / "r.md", **fields)


def test_a_rubric_is_another_when_anything_it_says_is():
    base = Rubric("r", "text", 0, 5)
    others = [
        Rubric("r", "text.", 0, 5),
        Rubric("r", "text", 0, 4),
        Rubric("r", "text", 0, 5, language="prose"),
        Rubric("r", "text", 0, 5, examples=(Example("x", 1),)),
    ]
    assert len({rubric.identity for rubric in (base, *others)}) == 5
    assert fingerprint(Annotate(Scripted(count_lines), base)) != fingerprint(Annotate(Scripted(count_lines), others[0]))
    assert "An example labelled 1" in question(others[3], "a", "x", max_chars=400).messages[0]["content"]


@pytest.mark.parametrize(("fields", "message"), [({"max_chars": 9}, "at least 100"), ({"longer": "no"}, "'cut' or")])
def test_steps_that_are_none(fields: dict, message: str):
    with pytest.raises(ValueError, match=message):
        Annotate(Scripted(count_lines), RUBRIC, **fields)
