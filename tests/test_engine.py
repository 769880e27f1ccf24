"""The engine's promises: the same rows in the same order whatever the shards, batches and processes; nothing lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import datasets
import pytest

from tests.toys import Ask, FirstOfText, Halves, KillsItself, Length, Listed, Score, Slow, Texts
from textbook.engine import curate, run
from textbook.engine.workers import Local
from textbook.folder import DatasetFolder
from textbook.keep import Keep, KeepTop
from textbook.operator import Operator

RECIPE = (
    Length(),
    FirstOfText(),
    Halves(),
    Score(),
    Keep("edu_score", at_least=1.0),
    Ask(),
    KeepTop("edu_score", fraction=0.5),
)


def rows_of(folder: DatasetFolder) -> tuple[list, dict]:
    dropped = folder.table("dropped").to_pylist()
    return folder.table().to_pylist(), {row["id"]: row for row in dropped}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return rows_of(run(RECIPE, Texts(700), tmp_path_factory.mktemp("engine") / "out"))


@pytest.mark.parametrize("workers", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("batch_size", "shard_rows"), [(1, 200), (7, 33), (1000, 5000)])
def test_same_rows_in_the_same_order(expected, tmp_path, workers, batch_size, shard_rows):
    folder = run(RECIPE, Texts(700, shard_rows=shard_rows), tmp_path / "out", Local(workers), batch_size)
    assert rows_of(folder) == expected


def test_curate_gives_the_same_rows_as_run(expected):
    curated = curate(Texts(700), *RECIPE)
    assert curated.dataset.to_list() == expected[0]
    assert {row["id"]: row for row in curated.dropped.to_list()} == expected[1]


def test_every_row_is_kept_or_dropped_with_a_reason(expected):
    kept, dropped = expected
    made = [row for row in [*kept, *dropped.values()] if row["parents"]]
    assert made
    assert len(kept) + len(dropped) == 700 + len(made)
    assert all(row["drop_reason"] and row["dropped_by"] for row in dropped.values())
    assert {row["dropped_by"] for row in dropped.values()} == {
        "Texts",
        "FirstOfText",
        "Keep(edu_score)",
        "Ask",
        "KeepTop(edu_score)",
    }


def test_dropped_rows_carry_their_annotations(expected):
    by_keep = [row for row in expected[1].values() if row["dropped_by"] == "Keep(edu_score)" and row["edu_score"]]
    assert by_keep
    for row in by_keep:
        assert row["drop_reason"] == f"edu_score {row['edu_score']:.4g} < 1"
        assert row["num_tokens"] is None if row["parents"] else row["num_tokens"] == len(row["text"])
        assert row["answer"] is None


def test_a_made_row_stands_right_after_its_parent(tmp_path):
    rows = run((Halves(),), Texts(100), tmp_path / "out", batch_size=9).table().to_pylist()
    made = [i for i, row in enumerate(rows) if row["parents"]]
    assert made
    for i in made:
        parent = i - 1 - rows[i]["half"]
        assert rows[parent]["id"] == rows[i]["parents"][0]


def test_the_manifest_adds_up(tmp_path):
    manifest = run(RECIPE, Texts(300), tmp_path / "out").manifest
    steps = manifest["steps"]
    for before, after in zip(steps, steps[1:], strict=False):
        assert before["rows_out"] == after["rows_in"]
        assert before["tokens_out"] == after["tokens_in"]
    for step in steps:
        assert step["rows_in"] + step["rows_made"] == step["rows_out"] + step["rows_dropped"]
    assert steps[0]["rows_in"] == 300
    assert manifest["rows"] == steps[-1]["rows_out"]
    assert manifest["tokens"] == steps[-1]["tokens_out"]


def test_a_finished_run_is_returned_as_it_is(tmp_path):
    out = tmp_path / "out"
    run(RECIPE, Texts(100), out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != "lock"}
    run(RECIPE, Texts(100), out)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_load_dataset_reads_the_kept_rows(tmp_path):
    folder = run(RECIPE, Texts(300), tmp_path / "out")
    kept = datasets.load_dataset(str(folder.path), split="train", cache_dir=str(tmp_path / "cache"))
    dropped = datasets.load_dataset(str(folder.path), "dropped", split="train", cache_dir=str(tmp_path / "cache"))
    assert kept["id"] == folder.table()["id"].to_pylist()
    assert len(dropped) == folder.manifest["rows_dropped"]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_almost_nothing(tmp_path, count):
    folder = run(RECIPE, Texts(count), tmp_path / "out")
    assert folder.manifest["steps"][0]["rows_in"] == count
    assert folder.table().num_rows + folder.table("dropped").num_rows == count + sum(
        step["rows_made"] for step in folder.manifest["steps"]
    )
    assert (folder.path / "report.html").stat().st_size > 0


def test_all_dropped(tmp_path):
    folder = run((Listed(()),), Texts(60), tmp_path / "out")
    assert folder.table().num_rows == 0
    assert "edu_score" not in folder.table().column_names
    assert folder.table("dropped").num_rows == 60


def test_an_empty_recipe_copies(tmp_path):
    folder = run((), Texts(60), tmp_path / "out")
    assert folder.table().num_rows == 60


SCRIPT = """
import sys
from tests.test_engine import SLOW_RECIPE
from tests.toys import Texts
from textbook.engine import run
from textbook.engine.workers import Local
run(SLOW_RECIPE, Texts(700, shard_rows=40), sys.argv[1], Local(int(sys.argv[2])), batch_size=20)
"""
SLOW_RECIPE = (Slow(), *RECIPE[:5], Slow(), *RECIPE[5:])


def start(out: Path, workers: int) -> subprocess.Popen:
    root = str(Path(__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out), str(workers)],
        env=os.environ | {"PYTHONPATH": root},
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_and_resume(expected, out, workers: int, kills: int) -> int:
    """Kill the run at random moments, until it has been killed so often or has finished; return how often it was."""
    rng = random.Random(workers)
    killed = 0
    while killed < kills:
        process = start(out, workers)
        try:
            process.communicate(timeout=rng.uniform(0.3, 3.0))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
    process = start(out, workers)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    folder = DatasetFolder.open(out)
    assert rows_of(folder) == expected
    assert not list(out.rglob("*.tmp"))
    assert {path.name for path in (out / ".work").iterdir()} == {"lock", "plan.json"}
    return killed


def test_kill_and_resume(expected, tmp_path):
    assert kill_and_resume(expected, tmp_path / "out", workers=1, kills=2)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_twenty_kills(expected, tmp_path, workers):
    killed, rounds = 0, 0
    while killed < 20:
        killed += kill_and_resume(expected, tmp_path / f"out{rounds}", workers, kills=20 - killed)
        rounds += 1


def test_workers_die_with_their_parent(tmp_path):
    process = start(tmp_path / "out", workers=3)
    while not list((tmp_path / "out").glob(".work/segment-000/*.json")):
        time.sleep(0.05)
        assert process.poll() is None
    process.kill()
    process.communicate()
    (tmp_path / "lock-is-free").write_text("")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        before = sorted((tmp_path / "out").rglob("*"))
        time.sleep(0.5)
        if before == sorted((tmp_path / "out").rglob("*")):
            return
    pytest.fail("orphaned workers still write")


def test_a_killed_worker_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(RuntimeError, match="a worker was killed.*run again, with fewer workers"):
        run((KillsItself(),), Texts(100), tmp_path / "out", Local(2))


class Fails(Operator):
    """Divides by zero."""

    def __call__(self, batch):
        return {"x": 1 // 0}

    @classmethod
    def example(cls):
        return cls(), {}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_step_is_named(tmp_path, workers):
    with pytest.raises(RuntimeError, match=r"^Fails failed on a batch of \d+ rows .*toy:.*ZeroDivisionError") as raised:
        run((Fails(),), Texts(100), tmp_path / "out", Local(workers))
    assert "Traceback" not in str(raised.value)
    shown = "".join(traceback.format_exception(raised.value))
    assert 'return {"x": 1 // 0}' in shown


def test_steps_defined_in_a_notebook_reach_the_workers(tmp_path):
    script = """
import dataclasses, sys
from tests.toys import Texts
from textbook.engine import run
from textbook.operator import Operator
from textbook.engine.workers import Local
@dataclasses.dataclass(frozen=True)
class Shout(Operator):
    "Upper case."
    adds = {"shout": "string"}
    def __call__(self, batch):
        print("a step that prints")
        return batch | {"shout": [text.upper() for text in batch["text"]]}
    @classmethod
    def example(cls):
        return cls(), {}
print(run((Shout(),), Texts(100), sys.argv[1], Local(2)).table()["shout"][0])
"""
    root = str(Path(__file__).parent.parent)
    printed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")],
        env=os.environ | {"PYTHONPATH": root},
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout.strip() == Texts(1).text(0).upper().strip()


def test_two_runs_in_one_folder_are_refused(tmp_path):
    process = start(tmp_path / "out", workers=1)
    while not (tmp_path / "out" / ".work" / "plan.json").exists():
        time.sleep(0.02)
    with pytest.raises(ValueError, match="another process is at work"):
        run(RECIPE, Texts(10), tmp_path / "out")
    process.kill()
    process.communicate()


def test_another_run_in_the_folder_is_refused(tmp_path):
    run(RECIPE, Texts(10), tmp_path / "out")
    with pytest.raises(ValueError, match="its source was another"):
        run(RECIPE, Texts(11), tmp_path / "out")
    with pytest.raises(ValueError, match=r"step 4 was .*Score.*is now"):
        run((*RECIPE[:3], Score(seed=1), *RECIPE[4:]), Texts(10), tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match=r"not empty.*thesis\.tex"):
        run(RECIPE, Texts(10), tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir() if path.name != ".work"] == ["thesis.tex"]


def test_shards_are_those_of_the_first_start(tmp_path):
    out = tmp_path / "out"
    process = start(out, workers=1)
    while not list(out.glob(".work/segment-000/*.json")):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    run(SLOW_RECIPE, Texts(700, shard_rows=333), out)
    assert len(json.loads((out / ".work" / "plan.json").read_text())["shards"]) == 18


FULL_DISK = """
import subprocess, sys
from tests.toys import Length, Texts
from textbook.engine import run
from textbook.engine.workers import Local
place, workers = sys.argv[1], int(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", place], check=True)
pool = Texts(6000, chars=1000, shard_rows=500)
try:
    run((Length(),), pool, place + "/out", Local(workers))
except OSError as error:
    print(error)
subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
print(run((Length(),), pool, place + "/out", Local(workers)).manifest["rows"])
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_an_error_with_a_remedy_and_can_be_resumed(tmp_path, workers):
    private = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*private, "true"], capture_output=True).returncode:
        pytest.skip("no user namespace here, so no small disk to fill")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [*private, sys.executable, "-c", FULL_DISK, str(tmp_path), str(workers)]
    ran = subprocess.run(command, capture_output=True, text=True, env=env)
    assert ran.returncode == 0, ran.stderr
    assert "the disk is full: free some space and run again: finished shards are kept" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "5940"
