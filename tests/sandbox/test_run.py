"""Verdicts: what each kind of program gets, in which order, and what a caller can ask for."""

import subprocess
import sys

import pytest

from textbook.sandbox import Example, Limits, Program, Sandbox, run

TEST = "def check(candidate):\n    assert candidate(1) == 2\n    assert candidate([3]) == [3, 3]\n"
HONEST = "def double(x):\n    return x * 2\n"
QUICK = Limits(cpu_s=1, wall_s=4)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(QUICK, workers=2) as made:
        yield made


def judge(sandbox, code, test=TEST, entry_point="double", **more):
    (verdict,) = sandbox.run([Program(code, test, entry_point, **more)])
    return verdict


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (HONEST, "pass", ""),
        (HONEST.replace("2", "3"), "wrong", "line 2 of the test"),
        ("def double(x):\n    raise ValueError('no')\n", "error", "the program raised ValueError: no"),
        ("def double(x)\n    return 1\n", "error", "SyntaxError: line 1"),
        ("def twice(x):\n    return x * 2\n", "error", "defines no double"),
        ("import os\nos._exit(0)\n", "error", "ended before"),
        ("raise SystemExit\n", "error", "SystemExit"),
        ("def double(x):\n    while True: pass\n", "timeout", "1 s of CPU time"),
        ("def double(x):\n    return 'x' * 10**10\n", "memory", "MemoryError"),
        ("import os\nos.fork()\n", "denied", "PermissionError"),
        ("import socket\nsocket.socket()\n", "denied", "PermissionError"),
        ("class A:\n    __eq__ = lambda *a: True\ndef double(x):\n    return A()\n", "unencodable", "type A"),
        ("class I(int):\n    __eq__ = lambda *a: True\ndef double(x):\n    return I()\n", "unencodable", "type I"),
        ("def double(x):\n    import ctypes\n    ctypes.string_at(1)\n", "error", "signal 11"),
        ("code = '\ud800'\n", "error", "Unicode"),
    ],
)
def test_each_status(sandbox, code, status, reason):
    verdict = judge(sandbox, code)
    assert (verdict.status, verdict.strength) == (status, "split")
    assert reason in verdict.reason


def test_time_asleep_ends_by_the_wall_limit_and_says_so():
    (verdict,) = run([Program("import time\ntime.sleep(9)\n")], Limits(cpu_s=1, wall_s=1))
    assert verdict.status == "timeout" and "of which 0.0" in verdict.reason


def programs(number):
    for i in range(number):
        code = f"print({i})\ndef f(x):\n    return {{x, 'a', 'b', {i}}}\n"
        yield Program(code, f"assert sorted(map(str, f({i % 7}))) == {sorted(map(str, {i % 7, 'a', 'b', i}))}", key=i)


def test_verdicts_do_not_depend_on_workers_or_order():
    alone = [(v.key, v.status, v.output) for v in run(programs(40), workers=1)]
    assert [(v.key, v.status, v.output) for v in run(programs(40), workers=3)] == alone
    assert [(v.key, v.status, v.output) for v in run(reversed(list(programs(40))), workers=2)] == alone[::-1]
    assert alone == [(i, "pass", f"{i}\n") for i in range(40)]


def test_programs_are_taken_as_they_are_needed(sandbox):
    taken = []
    verdicts = sandbox.run(program for program in programs(10_000) if not taken.append(program))
    next(verdicts)
    assert len(taken) < 1_000
    verdicts.close()


def test_a_test_in_the_style_of_mbpp(sandbox):
    test = "import math\nassert area(2) == 4\nassert math.isclose(area(0.5), 0.25)\nassert area.__name__ == 'area'"
    assert judge(sandbox, "def area(x):\n    return x * x\n", test, None).status == "pass"


def test_a_test_may_use_what_else_the_program_defines(sandbox):
    code = "import math\nSIZE = 3\nclass Bad(ValueError): pass\ndef g(x):\n    raise Bad('low')\n"
    test = (
        "assert SIZE == 3 and math.sqrt(4) == 2\ntry:\n    g(-1)\n    raise SystemExit\nexcept Bad as error:\n"
        "    assert isinstance(error, ValueError) and str(error) == 'low'\n"
    )
    assert judge(sandbox, code, test, None).status == "pass"


def test_a_program_does_not_replace_the_judges_builtins(sandbox):
    code = "abs = lambda x: 0\nimport builtins\nbuiltins.abs = abs\ndef f(x):\n    return 5\n"
    assert judge(sandbox, code, "assert abs(f(1) - 1) < 1e-6", None).status == "wrong"


def test_objects_stay_in_the_program_and_can_be_used(sandbox):
    code = (
        "class Stack:\n    def __init__(self, items): self.items = items\n"
        "    def push(self, x): self.items.append(x); return self\n    def size(self): return len(self.items)\n"
        "def count(stack):\n    return stack.size()\ndef upto(n):\n    yield from range(n)\n"
    )
    test = (
        "s = Stack([1])\nassert s.push(2).size() == 2\ns.items = [1, 2, 3]\nassert s.items == [1, 2, 3]\n"
        "assert count(s) == 3\nassert list(upto(3)) == [0, 1, 2]\n"
    )
    assert judge(sandbox, code, test, None).status == "pass"
    for use in ("s == 1", "s in [2]", "len(s)", "bool(s)", "str(s)", "isinstance(s, int)", "hash(s)", "s < 2", "1 + s"):
        swallowed = f"s = Stack([])\ntry:\n    {use}\nexcept BaseException:\n    pass\n"
        assert judge(sandbox, code, swallowed, None).status == "unencodable", use


def test_changes_to_arguments_are_seen(sandbox):
    code = "def f(a, d):\n    a.sort()\n    d['x'] = a\n    return None\n"
    test = "a, d = [3, 1], {}\nassert f(a, d) is None\nassert a == [1, 3]\nassert d == {'x': [1, 3]}\n"
    assert judge(sandbox, code, test, None).status == "pass"


def test_what_the_test_cannot_hand_over_is_said(sandbox):
    verdict = judge(sandbox, "def f(g):\n    return g(1)\n", "assert f(lambda x: x) == 1", None)
    assert verdict.status == "unencodable" and "the test hands the program" in verdict.reason


def test_examples_are_compared_in_the_judge(sandbox):
    code = "def f(x):\n    print('hi')\n    return x / 0 if x else [1]\n"
    good = (Example("f(0)\n", "hi\n[1]\n"), Example("y = 3\n", ""), Example("y\n", "3\n"))
    raised = Example("f(1)\n", "Traceback (most recent call last):\n    ...\nZeroDivisionError: division by zero\n")
    assert judge(sandbox, code, "", None, examples=(*good, raised)).status == "pass"
    verdict = judge(sandbox, code, "", None, examples=(Example("f(0)\n", "hi\n[2]\n"),))
    assert verdict.status == "wrong" and "[2]" in verdict.reason


def test_output_is_kept_and_capped(sandbox):
    assert judge(sandbox, "print('seen')\n" + HONEST).output == "seen\n"
    (verdict,) = run([Program("print('x' * 10**7)\n" + HONEST, TEST, "double")], Limits(output_bytes=100))
    assert verdict.status == "pass" and verdict.output == "x" * 100


def test_nothing_is_left_for_the_next_program(sandbox):
    write = "import os\nos.makedirs('a/b', 0o300)\nopen('a/b/c', 'w').write('x')\nos.symlink('/', 'l')\n" + HONEST
    read = "import os\nassert os.listdir('.') == []\n" + HONEST
    assert [v.status for v in sandbox.run([Program(code, TEST, "double") for code in [write, read] * 6])] == [
        "pass"
    ] * 12


def test_the_scratch_folder_is_bounded(sandbox):
    code = "f = open('big', 'wb')\nfor _ in range(40):\n    f.write(b'x' * 2**20); f.flush()\n"
    assert "OSError" in judge(sandbox, code).reason


def test_threads_asyncio_and_temporary_files_work(sandbox):
    code = (
        "import asyncio, concurrent.futures, tempfile, sqlite3\n"
        "async def g(x):\n    await asyncio.sleep(0)\n    return x * 2\n"
        "def double(x):\n    with tempfile.TemporaryFile() as f, concurrent.futures.ThreadPoolExecutor(4) as pool:\n"
        "        f.write(b'x')\n        return pool.submit(asyncio.run, g(x)).result()\n"
    )
    assert judge(sandbox, code).status == "pass"


def test_in_process_is_weaker_and_says_so():
    fool = "class A:\n    __eq__ = lambda *a: True\ndef double(x):\n    return A()\n"
    statuses = [v.status for v in run([Program(fool, TEST, "double")], strength="in_process")]
    assert statuses == ["pass"]
    codes = [HONEST, HONEST.replace("2", "3"), "import os\nos._exit(0)\n", "import os\nos.fork()\n"]
    verdicts = list(run([Program(code, TEST, "double") for code in codes], QUICK, strength="in_process"))
    assert [v.status for v in verdicts] == ["pass", "wrong", "error", "denied"]
    assert {v.strength for v in verdicts} == {"in_process"}


def test_a_killed_worker_is_replaced_and_its_programs_run_again():
    with Sandbox(QUICK, workers=2) as sandbox:
        verdicts = sandbox.run(programs(60))
        got = [next(verdicts)]
        for worker in list(sandbox._workers):
            worker._process.kill()
        got += verdicts
        assert [v.status for v in got] == ["pass"] * 60
        assert sandbox.num_replaced >= 2


def test_a_program_over_which_workers_are_lost_is_a_harness_error():
    with Sandbox(Limits(wall_s=20), workers=1) as sandbox:
        verdicts = sandbox.run([Program("import time\ntime.sleep(10)\n", key="slow"), Program(HONEST, TEST, "double")])

        def kill_then_collect(ready, done, collect=sandbox._collect):
            if sandbox._workers[0].features is not None and len(sandbox._workers[0].jobs) == 2:
                sandbox._workers[0]._process.kill()
            collect(ready, done)

        sandbox._collect = kill_then_collect
        first, second = verdicts
        assert (first.key, first.status, second.status) == ("slow", "harness_error", "pass")


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="memory_bytes"):
        Limits(memory_bytes=1)
    with pytest.raises(ValueError, match="cpu_s"):
        Limits(cpu_s=0)
    with pytest.raises(ValueError, match="workers"):
        Sandbox(workers=0)
    with pytest.raises(ValueError, match="strength"):
        next(run([], strength="none"))
    with pytest.raises(ValueError, match="cobol"):
        next(run([Program("", language="cobol")]))


def test_one_run_at_a_time(sandbox):
    first = sandbox.run(programs(5))
    next(first)
    with pytest.raises(RuntimeError, match="another"):
        next(sandbox.run(programs(1)))
    assert len(list(first)) == 4


def test_importing_it_is_light():
    script = (
        "import sys, textbook.sandbox; print(sorted({'numpy', 'pyarrow', 'ctypes', 'datasets'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
