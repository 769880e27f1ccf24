"""Verdicts kept in a file: found again by content alone, by several processes at once, and never wrongly."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from textbook.sandbox import Example, Limits, Program, Sandbox, Verdict, run
from textbook.sandbox.results import BATCH, Results, conditions, lasting

PROGRAM = Program("def f(x): return x\n", "assert f(1) == 1\n", key="first")
LIMITS = Limits(cpu_s=1, wall_s=5)
HERE = conditions(LIMITS, "split", 0, False)


def verdict(status="pass", **more):
    return Verdict(status, "split", "why \ud800\n", 0.01, 0.02, "printed \udcff", **more)


@pytest.fixture
def results(tmp_path):
    with Results(tmp_path / "verdicts.sqlite") as opened:
        yield opened


def test_verdicts_are_found_again_without_running(tmp_path):
    programs = [replace(PROGRAM, key=i, code=f"print({i % 8})\n{PROGRAM.code}") for i in range(12)]
    programs += [replace(PROGRAM, test="assert f(1) == 2"), replace(PROGRAM, code="raise ValueError('\ud800')")]
    with Results(tmp_path / "v") as kept:
        first = list(run(programs, LIMITS, workers=2, results=kept))
    with Results(tmp_path / "v") as kept, Sandbox(LIMITS, workers=2, results=kept) as sandbox:
        second = list(sandbox.run(programs))
        assert sandbox._workers == [] and kept.num_found == len(programs)
        assert [v.key for v in second] == [p.key for p in programs]
        assert [(v.status, v.reason, v.output) for v in second] == [(v.status, v.reason, v.output) for v in first]
        assert second[8:12] == [replace(second[i], key=i + 8) for i in range(4)]
        mixed = [programs[0], replace(PROGRAM, code="def f(x): return 2\n"), programs[1]]
        assert [v.status for v in sandbox.run(mixed)] == ["pass", "wrong", "pass"]


def test_verdicts_that_may_change_are_not_kept(results):
    limits = Limits(cpu_s=1, wall_s=60)
    programs = [Program("while True: pass\n"), Program("x = 'x' * 10**10\n")]
    with Sandbox(limits, workers=1, results=results) as sandbox:
        assert [v.status for v in sandbox.run(programs)] == ["timeout", "memory"]
    here = conditions(limits, "split", 0, False)
    assert [results.get(program, here) is not None for program in programs] == [True, False]
    by_wall_time = [Verdict("timeout", "split", cpu_s=cpu_s, wall_s=60.1) for cpu_s in (0.0, 0.5, 0.99, 1.1)]
    assert not any(lasting(each, limits) for each in (*by_wall_time, verdict("harness_error")))
    assert all(lasting(verdict(status), limits) for status in ("pass", "wrong", "error", "denied", "unencodable"))


@pytest.mark.parametrize(
    "changed",
    [
        {"code": PROGRAM.code + "\n"},
        {"test": ""},
        {"entry_point": "f"},
        {"examples": (Example("f(1)", "1"),)},
        {"examples": (Example("f(1)", "1", ("ELLIPSIS",)),)},
        {"examples": (Example("f(1)", "1", scope="f"),)},
        {"language": "other"},
        {"code": "", "test": PROGRAM.code + PROGRAM.test},
    ],
    ids=str,
)
def test_what_a_verdict_depends_on_is_in_its_key(results, changed):
    programs = [
        PROGRAM,
        *(replace(PROGRAM, examples=(Example("f(1)", "1"),)) for _ in changed if "examples" in changed),
    ]
    for program in programs:
        if program != replace(PROGRAM, **changed):
            results.put(program, HERE, LIMITS, verdict())
    assert results.get(replace(PROGRAM, **changed), HERE) is None
    assert results.get(replace(PROGRAM, key="other"), HERE).key == "other"


def test_how_it_is_run_is_in_its_key(results, monkeypatch):
    results.put(PROGRAM, HERE, LIMITS, verdict())
    others = [
        conditions(replace(LIMITS, cpu_s=2), "split", 0, False),
        conditions(LIMITS, "in_process", 0, False),
        conditions(LIMITS, "split", 1, False),
        conditions(LIMITS, "split", 0, True),
    ]
    monkeypatch.setattr(sys, "version", "3.99")
    others.append(conditions(LIMITS, "split", 0, False))
    assert len({HERE, *others}) == 6 and conditions(Limits(cpu_s=1.0, wall_s=5.0), "split", 0, False) in others
    assert [results.get(PROGRAM, each) for each in others] == [None] * 5


def test_what_is_kept_comes_back_whole(results):
    results.put(PROGRAM, HERE, LIMITS, verdict(key="x"))
    for _ in range(2):
        assert results.get(PROGRAM, HERE) == verdict(key="first")
        results.flush()


def test_what_was_written_survives_the_process(tmp_path):
    """A process that ends in the middle: what it wrote is there, and the file is whole."""
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from tests.sandbox.test_results import *\n"
        "results = Results(sys.argv[1])\n"
        "for i in range(BATCH + 3): results.put(replace(PROGRAM, code=str(i)), HERE, LIMITS, verdict())\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "v", Path(__file__).parents[2]], check=True)
    with Results(tmp_path / "v") as results:
        found = [results.get(replace(PROGRAM, code=str(i)), HERE) for i in range(BATCH + 3)]
    assert [each is not None for each in found] == [True] * BATCH + [False] * 3


def test_several_processes_share_a_file(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from tests.sandbox.test_results import *\n"
        "with Results(sys.argv[1]) as results:\n"
        "    for i in range(600):\n"
        "        results.put(replace(PROGRAM, code=f'{sys.argv[3]} {i}'), HERE, LIMITS, verdict())\n"
        "        results.put(replace(PROGRAM, code=f'same {i}'), HERE, LIMITS, verdict())\n"
        "        assert results.get(replace(PROGRAM, code=f'{sys.argv[3]} {i}'), HERE)\n"
        "        if i % 20 == 0: results.flush()\n"
    )
    root = Path(__file__).parents[2]
    all_of_them = [subprocess.Popen([sys.executable, "-c", script, tmp_path / "v", root, name]) for name in "abcd"]
    assert [each.wait() for each in all_of_them] == [0] * 4
    with Results(tmp_path / "v") as results:
        for name in (*"abcd", "same"):
            assert all(results.get(replace(PROGRAM, code=f"{name} {i}"), HERE) for i in range(600))
    assert sqlite3.connect(tmp_path / "v").execute("SELECT count(*) FROM verdicts").fetchone() == (3000,)


def test_a_forked_process_is_told_to_open_its_own(results):
    child = os.fork()
    if child == 0:
        try:
            results.get(PROGRAM, HERE)
        except RuntimeError:
            os._exit(3)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def damaged(path, kind):
    if kind == "text":
        path.write_text("no database\n" * 1000)
    elif kind == "overwritten":
        with Results(path) as results:
            for i in range(300):
                results.put(replace(PROGRAM, code=str(i)), HERE, LIMITS, verdict())
        data = path.read_bytes()
        path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    elif kind == "another":
        sqlite3.connect(path).execute("CREATE TABLE rows (a)")
    elif kind == "later":
        Results(path).close()
        sqlite3.connect(path).execute("PRAGMA user_version=99")
    else:
        with Results(path) as results:
            results.put(replace(PROGRAM, code="0"), HERE, LIMITS, verdict())
        with sqlite3.connect(path) as db:
            db.execute("UPDATE verdicts SET verdict = ?", (kind,))


@pytest.mark.parametrize(
    "kind", ["text", "overwritten", "another", "later", "{", "[1]", '["fine", "split", "", 0, 0, ""]', "[" * 10_000]
)
def test_a_damaged_file_is_named_and_not_touched(tmp_path, kind):
    path = tmp_path / "v"
    damaged(path, kind)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"{path} .*(delete it|name another file)"):  # noqa: SIM117
        with Results(path) as results:
            results.get(replace(PROGRAM, code="0"), HERE)
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    for path in (tmp_path / "missing" / "v", tmp_path, "/dev/full"):
        with pytest.raises(OSError, match=f"{path} .*a folder of yours"):
            Results(path)
