"""The canonical solutions of HumanEval and MBPP pass, split. Skipped where TEXTBOOK_BENCHMARKS names no folder."""

import builtins
import gzip
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from textbook.sandbox import Limits, Program, run

FOLDER = Path(os.environ.get("TEXTBOOK_BENCHMARKS") or Path(__file__).parents[2].parent / "shared" / "data")
HUMANEVAL = FOLDER / "humaneval" / "HumanEval.jsonl.gz"
MBPP = FOLDER / "mbpp" / "mbpp.jsonl"


def humaneval():
    with gzip.open(HUMANEVAL, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Program(row["prompt"] + row["canonical_solution"], row["test"], row["entry_point"], key=row["task_id"])
        for row in rows
    ]


def mbpp():
    for line in MBPP.read_text().splitlines():
        row = json.loads(line)
        test = "\n".join([row["test_setup_code"], *row["test_list"], *row["challenge_test_list"]])
        called = re.search(r"assert\s+\(*(\w+)\(", row["test_list"][0])
        entry = called[1] if called and called[1] in dir(builtins) and f"def {called[1]}(" in row["code"] else None
        yield Program(row["code"], test, entry, key=row["task_id"])


@pytest.mark.skipif(not HUMANEVAL.exists(), reason="no HumanEval below TEXTBOOK_BENCHMARKS")
@pytest.mark.parametrize("strength", ["split", "in_process"])
def test_humaneval(strength):
    verdicts = list(run(humaneval(), strength=strength))
    assert [v for v in verdicts if not v.passed] == [] and len(verdicts) == 164


@pytest.mark.skipif(not HUMANEVAL.exists(), reason="no HumanEval below TEXTBOOK_BENCHMARKS")
def test_humaneval_with_a_body_that_does_nothing_passes_nowhere():
    nothing = "\ndef {}(*args, **kwargs):\n    return None\n"
    empty = [replace(each, code=each.code + nothing.format(each.entry_point)) for each in humaneval()]
    assert [v.key for v in run(empty) if v.passed] == []


@pytest.mark.slow
@pytest.mark.skipif(not MBPP.exists(), reason="no MBPP below TEXTBOOK_BENCHMARKS")
def test_mbpp():
    failed = [(v.key, v.status, v.reason) for v in run(mbpp(), Limits(cpu_s=10)) if not v.passed]
    assert failed == []
