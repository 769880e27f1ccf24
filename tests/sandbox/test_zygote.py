"""Zygotes: the filters they and what they fork are under, and how processes end when they are told to, or are lost."""

import os
import struct
import time
from pathlib import Path

import pytest

from tests.sandbox.processes import family
from textbook.sandbox import Limits, Program, Sandbox
from textbook.sandbox.inside.seccomp import ALLOW, ARCHITECTURES, build, build_for_zygote, build_rest
from textbook.sandbox.inside.syscalls import NODE_CALLS, PYTHON_CALLS, ZYGOTE_CALLS

SLEEPING = Program("import time\ntime.sleep(60)\n", "assert f(1) == 1")


def answer(code, machine, number, arguments):
    """What a filter says: `test_seccomp` has the same for filters that are built there."""
    data = struct.pack("<IIQ6Q", number, ARCHITECTURES[machine][0], 0, *arguments)
    program, at, register = list(struct.iter_unpack("=HBBI", code)), 0, 0
    while True:
        operation, jump_true, jump_false, constant = program[at]
        at += 1
        if operation == 0x20:
            (register,) = struct.unpack_from("<I", data, constant)
        elif operation == 0x54:
            register &= constant
        elif operation == 0x05:
            at += constant
        elif operation in (0x15, 0x35):
            at += jump_true if register == constant or (operation == 0x35 and register > constant) else jump_false
        else:
            return constant


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("calls", [PYTHON_CALLS, NODE_CALLS], ids=["python", "node"])
def test_a_zygotes_filter_and_the_rest_are_together_the_whole(machine, calls):
    whole, first, rest = build(machine, calls), build_for_zygote(machine, calls), build_rest(machine, calls)
    samples = [
        [0] * 6,
        [1] * 6,
        [0x3D0F00] * 6,
        [17] * 6,
        [0x1200011] * 6,
        [22] * 6,
        [15] * 6,
        [5, 1, 1, 0x22, 0x1000, 0],
    ]
    allowed = 0
    for number in range(600):
        for arguments in samples:
            together = min(answer(code, machine, number, arguments) for code in (first, rest))  # the stricter counts
            assert together == answer(whole, machine, number, arguments), (number, arguments)
            allowed += together == ALLOW
    assert allowed > 100 * len(samples) // 2
    column = ARCHITECTURES[machine][1]
    for name in ("recvmsg", "kill", "pidfd_open"):
        number = ZYGOTE_CALLS.numbers[name][column]
        assert answer(first, machine, number, [0] * 6) == ALLOW != answer(rest, machine, number, [0] * 6)


def test_a_filter_is_short_enough_to_be_worth_it():
    assert len(build_rest("x86_64")) * 5 < len(build_for_zygote("x86_64"))


def test_programs_that_have_to_be_ended_are_ended_at_once():
    with Sandbox(Limits(wall_s=0.02), workers=1) as sandbox:
        list(sandbox.run([SLEEPING]))
        began = time.monotonic()
        verdicts = list(sandbox.run([SLEEPING] * 20))
        assert {v.status for v in verdicts} == {"timeout"} and sandbox.num_replaced == 0
        assert time.monotonic() - began < 10


def test_a_program_that_goes_on_after_its_verdict_is_ended():
    code = "import os\nos.close(3)\nimport time\ntime.sleep(60)\n"
    with Sandbox(Limits(wall_s=30), workers=1) as sandbox:
        (verdict,) = sandbox.run([Program(code, "assert f(1) == 1")])
    assert (verdict.status, verdict.reason) == ("error", "the program, or the test, ended before it was judged")
    assert verdict.wall_s < 10


def gone(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("test", ["assert f(1) == 1", "import math\nassert f(1) == 1"], ids=["plain", "judged"])
def test_a_lost_supervisor_leaves_no_process(test):
    others = family()
    with Sandbox(Limits(wall_s=60), workers=1) as sandbox:
        next(verdicts := sandbox.run([Program("", ""), Program(SLEEPING.code, test)]))
        time.sleep(0.5)
        left = family() - others
        assert len(left) >= 6  # the supervisor, two zygotes and those who wait for them, the program
        sandbox._workers[0]._process.kill()
        until = time.monotonic() + 10
        while not all(map(gone, left - {sandbox._workers[0]._process.pid})) and time.monotonic() < until:
            time.sleep(0.05)
        assert [process for process in left if not gone(process)] == []
        verdicts.close()


def test_workers_have_a_core_each_if_there_are_as_many():
    cores = os.sched_getaffinity(0)
    count = Program("import os\nprint(*os.sched_getaffinity(0))\n")
    with Sandbox(workers=len(cores)) as sandbox:
        verdicts = list(sandbox.run([count] * 4 * len(cores)))
    assert {int(v.output) for v in verdicts} <= cores and all(v.passed for v in verdicts)
    if len(cores) > 1:
        with Sandbox(workers=len(cores) - 1) as sandbox:
            assert {len(v.output.split()) for v in sandbox.run([count] * 4)} == {len(cores)}
