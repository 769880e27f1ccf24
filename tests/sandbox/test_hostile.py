"""The corpus of hostile programs is what it says. No hostile program is run here."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.hostile import STATUSES, TESTS, honest_programs, programs

ALL = list(programs())
SOLVED = {
    "square": "f = lambda n: n * n + 1",
    "words": "f = lambda text: text.split()[::-1]",
    "mean": "f = lambda items: sum(items) / len(items)",
    "counts": "f = lambda text: {c: text.count(c) for c in text}",
    "even": "f = lambda n: n % 2 == 0",
    "truthy": "f = lambda n: n % 2 == 0",
    "reversed": "f = lambda text: text[::-1]",
    "not_equal": "f = lambda n: n * n + 1",
    "same_twice": "f = lambda n: n * n + 1",
    "raises": "f = lambda n: n * n + 1",
    "tuple": "f = lambda items: (min(items), max(items))",
    "own_list": "f = sorted",
    "length": "f = lambda n: list(range(n))",
}
WRONG = "f = lambda *arguments: None"


def test_the_corpus_is_large_and_of_many_kinds():
    kinds = Counter(program.kind for program in ALL)
    assert len(ALL) >= 150 and len(kinds) >= 15 and min(kinds.values()) >= 5
    assert len({program.name for program in ALL}) == len(ALL)
    assert len({(program.code, program.test) for program in ALL}) == len(ALL)
    assert list(programs()) == ALL


def test_every_program_says_what_is_right():
    for program in ALL:
        assert program.honest and program.honest <= STATUSES, program.name
        assert program.test in TESTS.values(), program.name


def test_programs_compile_unless_that_is_the_attack():
    for program in ALL:
        if program.kind != "source":
            compile(program.code, program.name, "exec")


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_tell_right_from_wrong(name):
    right, wrong = {}, {}
    exec(SOLVED[name] + "\n" + TESTS[name], right)
    right["check"](right["f"])
    exec(WRONG + "\n" + TESTS[name], wrong)
    with pytest.raises((AssertionError, TypeError)):
        wrong["check"](wrong["f"])


def test_honest_programs_pass(tmp_path: Path):
    honest = list(honest_programs())
    assert len(honest) >= 40 and len({program.name for program in honest}) == len(honest)
    script = tmp_path / "all.py"
    lines = [f"exec({program.code + program.test + 'check(f)'!r}, {{}})" for program in honest]
    script.write_text("\n".join(lines))
    ran = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr[-2000:]


def test_importing_the_corpus_runs_none_of_it():
    script = (
        "import sys; before = set(sys.modules); import tests.sandbox.hostile; "
        "print(sorted({'ctypes', 'socket', 'subprocess', 'mmap', 'multiprocessing'} & (set(sys.modules) - before)))"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root)
    assert ran.stdout == "[]\n", ran.stderr
