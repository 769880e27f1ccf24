"""Language models in stages: batches in order, through one call, and what it cost in the manifest."""

from collections.abc import Iterator

import pytest

import textbook as tb
from examples.ask_an_llm import Lesson
from tests.contract import check_step
from textbook.llm import Budget, LLMError, Price, Request, Said, Scripted, ask_batches
from textbook.recipes import load_recipe


def echo(request: Request) -> str | Said:
    text = str(request.messages[-1]["content"])
    return Said("no", status=400) if "poison" in text else text.upper()


def batch(*texts: str) -> tb.Batch:
    return {"id": [f"id {text}" for text in texts], "text": list(texts)}


def requests_of(given: tb.Batch) -> list[Request]:
    return [Request.of(text, max_tokens=9) for text in given["text"] for _ in range(len(text))]


@pytest.mark.parametrize("sizes", [[], [[]], [[], ["a"], [], [], ["bb", "c"], []], [["a"], ["a"]], [[""], ["dd"]]])
def test_every_batch_comes_back_with_its_own(tmp_path, sizes):
    given = [batch(*texts) for texts in sizes]
    found = list(ask_batches(Scripted(echo), given, requests_of, tmp_path))
    assert [came for came, _ in found] == given
    for came, completions in found:
        assert [c.text for c in completions] == [t.upper() for t in came["text"] for _ in range(len(t))]


def test_batches_are_read_while_others_are_answered(tmp_path):
    read: list[int] = []

    def source() -> Iterator[tb.Batch]:
        for number in range(500):
            read.append(number)
            yield batch(f"text {number}")

    asking = ask_batches(Scripted(echo, concurrency=8), source(), requests_of, tmp_path)
    next(asking)
    assert 1 < len(read) < 500
    asking.close()


def test_the_example_keeps_the_contract():
    check_step(*Lesson.example())


def test_the_manifest_says_what_it_came_to(tmp_path):
    rows = [{"text": text} for text in ("one", "two", "poison", "three")]
    llm = Scripted(
        echo, prices={"scripted": Price(1.0, 2.0)}, budget=Budget(usd=1), journal=tmp_path / "journal.sqlite"
    )
    folder = tb.run((Lesson(llm),), tb.Rows(rows), tmp_path / "out", progress=False)
    facts = folder.manifest["steps"][1]["facts"]
    assert facts["outcomes"] == {"ok": 3, "rejected": 1}
    assert facts["usd"] > 0
    assert facts["price"] == {"prompt": 1.0, "completion": 2.0, "cached": None, "as_of": ""}
    assert folder.table()["lesson_error"].to_pylist() == [None, None, "rejected: HTTP 400: no", None]
    assert "Of its run" in tb.Report.of(folder).html()


def test_a_run_that_was_interrupted_adds_up(tmp_path):
    def breaks(request: Request) -> str:
        if "three" in str(request.messages):
            raise ValueError("here")
        return "fine"

    rows = tb.Rows([{"text": text} for text in ("one", "two", "three")])
    journal = tmp_path / "journal.sqlite"
    with pytest.raises(ValueError, match="here"):
        tb.run((Lesson(Scripted(breaks, identity="x", journal=journal)),), rows, tmp_path / "out", progress=False)
    llm = Scripted(lambda request: "fine", identity="x", journal=journal)
    folder = tb.run((Lesson(llm),), rows, tmp_path / "out", progress=False)
    assert [row["lesson"] for row in folder.table().to_pylist()] == ["fine"] * 3
    assert len(llm.sent) == 1
    assert folder.manifest["steps"][1]["facts"]["cached"] == 2


def test_a_run_whose_budget_is_used_up_goes_on_with_more(tmp_path):
    rows = tb.Rows([{"text": f"text {number}"} for number in range(60)])
    journal, out = tmp_path / "journal.sqlite", tmp_path / "out"
    small, large = (Scripted(echo, budget=Budget(tokens=n), journal=journal) for n in (1_500, 100_000))
    with pytest.raises(LLMError, match="budget of 1,500 tokens is used up; give more and run again"):
        tb.run((Lesson(small),), rows, out, progress=False)
    folder = tb.run((Lesson(large),), rows, out, progress=False)
    assert folder.table()["lesson_error"].null_count == 60
    assert len(small.sent) + len(large.sent) == 60
    assert small.sent
    assert large.sent


def test_the_recipe_loads():
    assert [type(step).__name__ for step in load_recipe("examples/ask_an_llm.py")][-1] == "Lesson"
