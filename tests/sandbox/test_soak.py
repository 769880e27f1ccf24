"""Many programs in a row: memory, files and processes stay flat."""

from pathlib import Path

import pytest

from tests.sandbox.processes import family
from textbook.sandbox import Limits, Program, Sandbox

KINDS = (
    ("def f(x):\n    return x + 1\n", "pass"),
    ("def f(x):\n    return x\n", "wrong"),
    ("open('left', 'w').write('x')\nraise ValueError\n", "error"),
    ("import os\nos._exit(1)\n", "error"),
    ("class A: pass\ndef f(x):\n    return A()\n", "unencodable"),
)


def state(others):
    """Processes but those of `others`, their open files, and their memory in MB without what they share."""
    files = memory = 0
    members = family() - others
    for process in members:
        files += len(list(Path(f"/proc/{process}/fd").iterdir()))
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        memory += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return len(members), files, memory / 1024


def soak(number):
    others = family()
    with Sandbox(Limits(), workers=2) as sandbox:

        def programs(first, last):
            for i in range(first, last):
                yield Program(KINDS[i % 5][0], f"assert f({i}) == {i} + 1", key=KINDS[i % 5][1])

        for first, last in ((0, number // 10), (number // 10, number)):
            for verdict in sandbox.run(programs(first, last)):
                assert verdict.status == verdict.key, verdict
            if first == 0:
                before, own = state(others), len(list(Path("/proc/self/fd").iterdir()))
        after = state(others)
        assert sandbox.num_replaced == 0
        assert after[:2] == before[:2] and len(list(Path("/proc/self/fd").iterdir())) == own
        assert after[2] < before[2] + 8
    assert family() <= others


def test_a_thousand():
    soak(1_000)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand():
    soak(100_000)
