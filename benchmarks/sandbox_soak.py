"""Many programs through one sandbox: processes, open files and memory at the start, on the way, and at the end.

    python benchmarks/sandbox_soak.py [--programs 100000] [--points 10]

Of the programs one in five finds an empty folder and passes; the others give a wrong answer, leave a file and raise,
end their process, or return an object. Half of the tests need a judge's process. Counted are this process and all that
it has started: their number, their open files, their memory (RSS, in which shared pages count for each, and PSS, in
which they count once), and the files in the workers' folders. The first count is taken after a tenth of the programs,
the last one when the sandbox is closed.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from textbook.sandbox import Limits, Program, Sandbox

KINDS = (
    ("import os\nassert os.listdir() == []\ndef f(x):\n    return x + 1\n", "pass"),
    ("def f(x):\n    return x\n", "wrong"),
    ("open('left', 'w').write('x')\nraise ValueError\n", "error"),
    ("import os\nos._exit(1)\n", "error"),
    ("class A: pass\ndef f(x):\n    return A()\n", "unencodable"),
)


class State(NamedTuple):
    """What there is at one time."""

    programs: int
    processes: int
    open_files: int
    files_left: int
    rss_mb: float
    pss_mb: float


def family(process: str = "self") -> Iterator[str]:
    """A process and all below it."""
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(child)


def memory_mb(process: str, what: str) -> float:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{what}:")) / 1024


def state(programs: int, folder: Path | None = None) -> State:
    processes = list(family())
    return State(
        programs,
        len(processes),
        sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in processes),
        sum(path.is_file() for path in folder.rglob("*")) if folder else 0,
        sum(memory_mb(process, "Rss") for process in processes),
        sum(memory_mb(process, "Pss") for process in processes),
    )


def program(i: int) -> Program:
    """One of each kind in five; the tests of the first five in ten assert, those of the others need a judge."""
    test = f"assert f({i}) == {i} + 1\n"
    return Program(KINDS[i % 5][0], test if i % 10 < 5 else f"import math\n{test}", key=i)


def soak(number: int, points: int, workers: int = 2) -> Iterator[State]:
    """Run `number` programs: the state after each `points`-th part of them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            with Sandbox(Limits(), workers=workers) as sandbox:
                for part in range(points):
                    numbers = range(number * part // points, number * (part + 1) // points)
                    for verdict in sandbox.run(map(program, numbers)):
                        assert verdict.status == KINDS[verdict.key % 5][1], verdict
                    yield state(numbers.stop, Path(folder))
                assert sandbox.num_replaced == 0
            assert list(Path(folder).iterdir()) == []
        finally:
            tempfile.tempdir = before


def show(row: State) -> None:
    print("".join(f"{value:12.1f}" if isinstance(value, float) else f"{value:12}" for value in row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=10)
    options = parser.parse_args()
    began = time.perf_counter()
    print("".join(f"{name:>12}" for name in State._fields))
    for each in soak(options.programs, options.points):
        show(each)
    show(state(options.programs))
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    wall_s = time.perf_counter() - began
    print(f"{cpu_s:.0f} CPU s, {wall_s:.0f} s; {cpu_s / options.programs * 1e3:.2f} CPU ms each")


if __name__ == "__main__":
    main()
