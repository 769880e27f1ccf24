"""The command line as a user meets it: processes, exit codes, one-line errors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from textbook.folder import DatasetFolder

ROOT = Path(__file__).parent.parent
RECIPE = """
import time
from dataclasses import dataclass
from textbook import Keep, Operator

@dataclass(frozen=True)
class Words(Operator):
    "Counts words."
    adds = {"num_words": "int64"}
    def __call__(self, batch):
        time.sleep(SECONDS)
        return batch | {"num_words": [len(text.split()) for text in batch["text"]]}
    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}

def recipe():
    return Words(), Keep("num_words", at_least=3)
"""


def textbook(*words: object, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "textbook", *map(str, words)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, env=env, **options)


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    for i in range(40):
        (folder / f"module_{i:02d}.py").write_text(f"def f{i}(x):\n    return x + {i}\n" * (i % 3))
    (folder / "broken.py").write_bytes(b"\xff\xfe\x00")
    return folder


@pytest.fixture
def recipe(tmp_path):
    file = tmp_path / "words.py"
    file.write_text(RECIPE.replace("SECONDS", "0"))
    return file


@pytest.mark.parametrize("command", [[], ["demo"], ["run"], ["score"], ["explain"], ["report"]])
def test_help_teaches_by_example(command):
    shown = textbook(*command, "--help")
    assert shown.returncode == 0
    assert "Example" in shown.stdout or not command
    assert "textbook" in shown.stdout


def test_run_then_explain_then_report(code, recipe, tmp_path):
    out = tmp_path / "out"
    ran = textbook("run", recipe, "--source", code, "--output", out)
    assert ran.returncode == 0, ran.stderr
    assert "Keep(num_words)" in ran.stdout
    assert "41" in ran.stdout
    line = next(line for line in ran.stdout.splitlines() if line.startswith("one row"))
    explained = textbook(*line.split()[3:][0:1], *line.split()[4:])
    assert explained.returncode == 0, explained.stderr
    assert "broken.py" in explained.stdout
    (out / "report.html").unlink()
    assert textbook("report", out).returncode == 0
    assert (out / "report.html").stat().st_size > 1000


def test_score_drops_nothing(code, tmp_path):
    scored = textbook("score", code, "--scorer", "python", "--output", tmp_path / "scored")
    assert scored.returncode == 0, scored.stderr
    assert "EducationalValue" in scored.stdout


def test_an_output_is_a_source(code, recipe, tmp_path):
    assert textbook("run", recipe, "--source", code, "--output", tmp_path / "one").returncode == 0
    again = textbook("score", tmp_path / "one", "--output", tmp_path / "two")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "none.py", "--source", "{code}", "--output", "{out}"], "there is no recipe file none.py"),
        (["run", "{recipe}", "--source", "no-such-place", "--output", "{out}"], "no-such-place"),
        (["score", "{code}", "--scorer", "klingon", "--output", "{out}"], "klingon"),
        (["explain", "{code}", "abcdef"], "has no manifest.json"),
        (["report", "{code}"], "has no manifest.json"),
        (["run", "{recipe}", "--source", "{code}", "--output", "{code}"], "is not empty"),
        (["run", "{recipe}", "--source", "{code}", "--output", "{code}/broken.py"], "broken.py"),
    ],
)
def test_errors_are_one_line_with_a_remedy(code, recipe, tmp_path, words, message):
    places = {"code": code, "recipe": recipe, "out": tmp_path / "out"}
    ran = textbook(*(word.format(**places) for word in words), cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert message in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_an_unknown_command_or_option_is_a_usage_error():
    assert textbook("curate-everything").returncode == 2
    assert textbook("run", "--colour").returncode == 2


def test_traceback_on_request(tmp_path):
    ran = textbook("--traceback", "report", tmp_path)
    assert ran.returncode == 1
    assert "Traceback" in ran.stderr


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_an_interruption_leaves_a_folder_that_goes_on(code, tmp_path, workers):
    recipe, out = tmp_path / "slow.py", tmp_path / "out"
    recipe.write_text(RECIPE.replace("SECONDS", "4"))
    command = [sys.executable, "-m", "textbook", "run", recipe, "--source", code, "--output", out]
    command += ["--workers", str(workers)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
    while not (out / ".work" / "segment-000").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"interrupted; finished shards are in {out}: the same command goes on from there" in " ".join(error.split())
    assert "Traceback" not in error
    ran = textbook("run", recipe, "--source", code, "--output", out)
    assert ran.returncode == 0, ran.stderr


def test_whoever_reads_may_stop_reading():
    script = (
        "import contextlib, types, typer\nfrom textbook.console import errors_in_one_line\n"
        "with contextlib.suppress(typer.Exit), errors_in_one_line(types.SimpleNamespace(obj=False)):\n"
        "    while True: print('line')"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"line\n"
        process.stdout.close()
        assert process.stderr.read() == b""


def test_decontaminate_against_two_benchmarks(tmp_path):
    problem = {
        "id": "own/0",
        "prompt": 'def closest(numbers):\n    """The two numbers closest to each other, the smaller first."""\n',
        "solution": "    numbers = sorted(numbers)\n    gaps = [b - a for a, b in zip(numbers, numbers[1:])]\n"
        "    at = gaps.index(min(gaps))\n    return numbers[at], numbers[at + 1]\n",
    }
    other = {"prompt": "Reverse the words of a sentence.\n", "solution": "def f(s):\n    return s.split()[::-1]\n"}
    (tmp_path / "one.jsonl").write_text(json.dumps(problem))
    (tmp_path / "two.jsonl").write_text(json.dumps(other))
    leak = problem["prompt"] + problem["solution"]
    rows = [{"text": leak, "language": "python"}, {"text": "def area(w, h):\n    return w * h\n", "language": "python"}]
    (tmp_path / "pool.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ran = textbook(
        "decontaminate", "pool.jsonl", "--against", "one.jsonl", "two.jsonl", "--output", "clean", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    folder = DatasetFolder.open(tmp_path / "clean")
    assert folder.table()["text"].to_pylist() == [rows[1]["text"]]
    assert folder.table("dropped")["drop_reason"][0].as_py().startswith("contaminated: own/0 by ")
    wrong = textbook("decontaminate", "pool.jsonl", "--against", "humanevl", "--output", "x", cwd=tmp_path)
    assert wrong.returncode == 1 and "there is no benchmark 'humanevl'; expected humaneval" in wrong.stderr
