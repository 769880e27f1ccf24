"""Tests that the supervisor works out itself: which these are, that verdicts are a judge's, that nothing gets large."""

import marshal
import random
import time
from collections import Counter
from dataclasses import replace

import pytest

from tests.sandbox.hostile import honest_programs
from tests.sandbox.mutants import mutants
from tests.sandbox.test_canonical import HUMANEVAL, MBPP, humaneval, mbpp
from textbook.sandbox import Example, Limits, Program, Sandbox
from textbook.sandbox.inside.plain import MAX_TEST, read
from textbook.sandbox.inside.plain_steps import Failed
from textbook.sandbox.inside.plain_steps import Program as Asked
from textbook.sandbox.inside.plain_values import MAX_BYTES, VERSION, decode

FOR_A_JUDGE = "\nif True:\n    pass\n"
"""With this, a test is not plain any more, and means the same."""
LIMITS = Limits(cpu_s=2, wall_s=20)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(LIMITS, workers=2) as made:
        yield made


def alike(sandbox, programs):
    """The verdicts, which are those that a judge gives."""
    programs = list(programs)
    judged = [replace(each, test=each.test + FOR_A_JUDGE) for each in programs]
    assert not any(read(each.test, each.entry_point) for each in judged)
    verdicts = list(sandbox.run([*programs, *judged]))
    plain, judged = verdicts[: len(programs)], verdicts[len(programs) :]
    said = [
        [(v.key, v.status, v.status != "timeout" and (v.reason, v.output)) for v in each] for each in (plain, judged)
    ]
    assert said[0] == said[1]
    return plain


PLAIN = [
    "assert f(1) == 2",
    "assert f([1, -2.5, 'x', None, (True,)], key={'a': {1, 2}}) != {}, 'message'",
    "assert not f() and f(1) is None or f(2) in [1, 2] and 1 < f(3) <= 4",
    "assert abs(f(1) - 2 / 3) < 1e-6 and sorted(f(2), reverse=True) == list(range(3))",
    "x = f(1)\nassert isinstance(x, (int, str)) and x[0] == x[-1], f'got {x} and {x!r}'\nprint('fine', x)",
    "assert f(g(1), 'a' * 10, 2 ** 10 % 7) == [0] * 5",
    "METADATA = {'a': 'b'}\ndef check(candidate):\n    'Text.'\n    x = candidate(1)\n    assert x == f(2)\n    pass\n",
    "def check(c):\n    assert c(1)\ncheck(f)\ncheck(g)",
    "",
    "pass\n'text'\nf(1)\n",
]
NOT_PLAIN = [
    "import math\nassert f(1) == 1",
    "for i in range(3):\n    assert f(i) == i",
    "assert f(lambda x: x) == 1",
    "assert f(1).x == 1",
    "assert f(g) == 1",
    "assert [x for x in f(1)] == [1]",
    "x = x\nassert f(x)",
    "assert x == 1",
    "f = 1\nassert f(1)",
    "f(1)\nf = 2",
    "len = 3",
    "len(f)",
    "assert (lambda: f(1))()",
    "assert f(*[1])",
    "assert f(**{'a': 1})",
    "assert f(a=1, a=1)",
    "assert f(__debug__=1)",
    "assert f(1) is 1",
    "def check(c, d=1):\n    pass",
    "def check(len):\n    assert len([1]) == 1",
    "def check(c):\n    x = 1\ncheck(f)\nassert x == 1",
    "def other(c):\n    pass",
    "assert open('/etc/passwd')",
    "assert eval('1')",
    "assert f(b'x') == b'x'",
    "assert f(1)[0:2] == [1]",
    "assert f(1) == 1\nraise SystemExit",
    "x: int = 1",
    "x = y = f(1)",
    "x, y = f(1)",
    "assert f(1) @ 2",
    "assert f'{f(1):>9}'",
    "assert (x := f(1))",
    "assert f(1) ==",
    "assert f(1)\0",
    "assert f('\ud800')",
    "assert f(1) == " + "(" * 300,
    "assert " + "not " * 60 + "f(1)",
    "assert f(1) == " + "[" * 60 + "]" * 60,
    "assert f(1)  # " + "x" * MAX_TEST,
]


@pytest.mark.parametrize("test", PLAIN)
def test_what_is_plain(test):
    assert read(test, "f") is not None


@pytest.mark.parametrize("test", NOT_PLAIN, ids=range(len(NOT_PLAIN)))
def test_what_is_not(test):
    assert read(test, None) is None


def test_what_a_name_means_depends_on_the_entry_point():
    assert read("assert sorted([2, 1]) == [1, 2]", None).names == ()
    assert read("assert sorted([2, 1]) == [1, 2]", "sorted").names == ("sorted",)
    assert read("def check(c):\n    pass", "check") is None
    assert read("assert isinstance(1, int)", "int") is None


SOURCES = [
    "def f(x):\n    return x\n",
    "def f(x):\n    print(x)\n    return [x]\n",
    "def f(x):\n    raise KeyError('no')\n",
    "def f(x):\n    raise ExceptionGroup('many', [ValueError()])\n",
    "class Own(OSError): pass\ndef f(x):\n    raise Own(1, 'own')\n",
    "def f(x):\n    raise PermissionError('no')\n",
    "def f(x):\n    return 'x' * 10**10\n",
    "def f(x):\n    raise SystemExit\n",
    "def f(x):\n    import os\n    os._exit(0)\n",
    "def f(x):\n    assert False, 'own'\n",
    "def f(x, y):\n    return x\n",
    "def f(x):\n    while True: pass\n",
    "f = 3\n",
    "f = ValueError\n",
    "class f:\n    def __init__(self, x): pass\n    def __eq__(self, other): return True\n",
    "import math as f\n",
    "g = 1\n",
    "def f(x)\n    return x\n",
    "raise MemoryError\n",
    "import sys\nsys.exit(3)\n",
    "import os\nos.fork()\n",
    "import threading\nthreading.Thread(target=threading.Event().wait).start()\ndef f(x):\n    return x\n",
    "x = '\ud800'\n",
    "def f(x):\n    return b'x'\n",
    "def f(x):\n    return bytearray(b'x')\n",
    "import array\ndef f(x):\n    return [array.array('b', b'x')]\n",
    "import enum\ndef f(x):\n    return enum.IntEnum('E', 'A').A\n",
    "import collections\ndef f(x):\n    return collections.namedtuple('P', 'a')(x)\n",
    "import collections\ndef f(x):\n    return collections.Counter([x])\n",
    "def f(x):\n    yield x\n",
    "def f(x):\n    value = [x]\n    value.append(value)\n    return value\n",
    "def f(x):\n    for _ in range(40): x = [x, x]\n    return x\n",
    "def f(x):\n    for _ in range(70): x = (x,)\n    return x\n",
    "def f(x):\n    return list(range(30_000))\n",
    "def f(x):\n    return {i * (2**61 - 1) for i in range(1000)}\n",
    "def f(x):\n    return float('nan')\n",
    "def f(x):\n    return ...\n",
    "def f(x):\n    return compile('1', '', 'eval')\n",
    "def f(x):\n    return '\ud800'\n",
    "def f(x):\n    return -(10**3000)\n",
    "class I(int):\n    __eq__ = lambda *a: True\n    __hash__ = int.__hash__\ndef f(x):\n    return I()\n",
    "import os\nos.write(3, b'x' * 50)\ndef f(x):\n    return x\n",
]
TESTS = ["assert f(1) == 1", "def check(c):\n    assert c(1) is not None and c([2]) == [2], 'the second'\n"]


def test_verdicts_are_those_of_a_judge(sandbox):
    programs = [Program(code, test, "f" if "def" in test else None) for code in SOURCES for test in TESTS]
    forged = len(SOURCES) - 1  # whose reasons differ, for the messages do
    verdicts = alike(sandbox, programs[: 2 * forged])
    assert {v.status for v in verdicts} == {"pass", "wrong", "error", "timeout", "memory", "denied", "unencodable"}
    assert [v.status for v in sandbox.run(programs[2 * forged :])] == ["error", "error"]


def test_what_a_test_makes_of_answers(sandbox):
    code = "def f(x):\n    return x\ndef change(x):\n    x.append(1)\n    return len(x)\n"
    tests = [
        "x = f([3, 1])\nassert x[0] == 3 and x[-1] == 1 and x * 2 == [3, 1, 3, 1] and sorted(x) == [1, 3], f'{x}'",
        "x = [0]\nassert change(x) == 2\nassert x == [0, 1]",
        "x = [0]\nassert change(x) == 2 and x == [0]",
        "assert change([]) == 1\nassert change([]) == 1",
        "assert f(2) < 'a'",
        "assert f(1) / 0",
        "assert f(1)[0]",
        "assert f('a') + 1",
        "assert f({1: [2]}) == {1: [2]} and 1 in f({1: 2}) and f(1.5) // 1 == 1 and -f(True) == -1 and f(2) ** -1 < 1",
        "assert not f(0), 'zero' + str(f(1))\nassert f(0), 'zero' + str(f(1))",
        "assert f(0), 5",
        "assert f(0), f'{f(3)!r} {f(\"x\")}'",
        "assert f(10**40) == 10**40 and f(-(2**70)) == -(2**70) and f(()) == () and f(1e300 * 1e10) > 1",
        "\n\nassert f(\n    1\n) == (\n    2\n), (\n    'text'\n)",
        "assert max(f([1, 3, 2])) == 3 and sum(f([1, 2]), 3) == 6 and set(f('aab')) == {'a', 'b'} and all(f([]))",
        "print(f(1), g(2))",
        "f(1)\nf(missing)",
    ]
    verdicts = alike(sandbox, [Program(code, test) for test in tests])
    assert Counter(v.status for v in verdicts)["pass"] == 6


def test_examples_need_no_judge_either(sandbox):
    code = "def f(x):\n    print('hi')\n    return x / 0 if x else [1]\n"
    raised = Example("f(1)\n", "Traceback (most recent call last):\n    ...\nZeroDivisionError: division by zero\n")
    good = (Example("f(0)\n", "hi\n[1]\n"), Example("y = 3\n", "", scope="a"), Example("y\n", "3\n", scope="a"), raised)
    bad = (Example("f(0)\n", "hi\n[2]\n"), Example("f(1)\n", "1\n"), Example("raise SystemExit\n", ""))
    groups = [good, *[(each,) for each in bad], (Example("print('x' * 10**6)\n", "x\n"),)]
    verdicts = alike(sandbox, [Program(code, "assert f(0) == [1]", "f", examples=each) for each in groups])
    assert [v.status for v in verdicts] == ["pass", "wrong", "error", "error", "wrong"]


def test_honest_programs_and_mutants_of_them_get_the_verdicts_of_a_judge(sandbox):
    programs = [Program(h.code, h.test, "f", key=h.name) for h in honest_programs() if read(h.test, "f")]
    assert len(programs) > 40
    wrong = [replace(each, code=code) for each in programs for code in mutants(each.code, 1, seed=5)]
    verdicts = alike(sandbox, programs + wrong)
    assert all(v.passed for v in verdicts[: len(programs)]) and not all(v.passed for v in verdicts)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.skipif(not (HUMANEVAL.exists() and MBPP.exists()), reason="no benchmarks below TEXTBOOK_BENCHMARKS")
def test_benchmarks_and_mutants_of_them_get_the_verdicts_of_a_judge(sandbox):
    programs = [*humaneval(), *mbpp()]
    plain = [each for each in programs if read(each.test, each.entry_point)]
    assert len(plain) > 0.98 * len(programs)
    wrong = [replace(each, code=code) for each in plain for code in mutants(each.code, 2, seed=7)]
    alike(sandbox, plain + wrong)


def work_out(test, answer):
    """What is raised, and CPU seconds, where the program answers all questions alike."""
    steps, program = read(test, None).steps, Asked(lambda *_: answer)
    began = time.process_time()
    try:
        for step in steps:
            step(program)
    except Exception as error:
        return type(error), time.process_time() - began
    return None, time.process_time() - began


COLLIDING = [i * (2**61 - 1) for i in range(1000)]


@pytest.mark.parametrize(
    ("test", "answer"),
    [
        ("assert [[[0] * 4096] * 4096] * 4096 == [[[0] * 4096] * 4096] * 4096", None),
        ("x = [0] * 4096\n" + "x = [x, x]\n" * 600, None),
        ("x = 'a' * 4096\nassert f(" + "x," * 3000 + ")", None),
        ("x = 'a' * 4096\nassert f'{x}" + "{x}" * 2000 + "'", None),
        ("x = f()\n" + "x = x + x\n" * 700, "x" * 10_000),
        ("x = f()\ny = x + x + x + x\n" + "assert set(y)\n" * 500, COLLIDING),
        ("x = f()\nassert " + " and ".join(["x == set(f())"] * 400), set(COLLIDING)),
        ("assert 9 ** 9 ** 9", None),
        ("x = 2 ** 4000\n" + "x = x * x\n" * 100, None),
        ("assert 'a' * 10 ** 10", None),
        ("assert range(10 ** 10) == list(range(10 ** 10))", None),
        ("x = f()\nassert str(x) + str(x) + repr(x)", list(range(16_000))),
    ],
    ids=range(12),
)
def test_nothing_large_is_made_and_nothing_takes_long(test, answer):
    raised, cpu_s = work_out(test, answer)
    assert raised not in (None, Failed)
    assert cpu_s < 2


def test_a_hostile_test_goes_to_a_judge(sandbox):
    test = "assert [[[0] * 4096] * 4096] * 4096 == [[[0] * 4096] * 4096] * 4096"
    assert "the test took more than" in next(sandbox.run([Program("", test)])).reason


VALUES = [
    None, True, False, 0, -1, 2**31 - 1, -(2**31), 2**31, -(2**90), 10**1000, 1.5, -0.0, float("inf"), 1 + 2j,
    "", "aé😀", "\ud800", [], (), set(), frozenset({1}), {}, [1, [2, (3, {"a": {4}})]], {1: "x", (2, "y"): [None]},
    list(range(1000)),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values_come_back_as_they_were(value):
    back = decode(marshal.dumps(value, VERSION))
    assert type(back) is type(value) and back == value and repr(back) == repr(value)


@pytest.mark.parametrize(
    "value", [b"x", bytearray(b"x"), [b""], memoryview(b"x"), ..., StopIteration, compile("1", "", "eval")]
)
def test_other_values_do_not(value):
    with pytest.raises(ValueError):
        decode(marshal.dumps(value, VERSION))


def test_bytes_of_any_kind_are_read_or_refused():
    rng = random.Random(1)
    whole = [marshal.dumps(value, version) for value in VALUES for version in (2, 4)]
    read_again = 0
    for i in range(20_000):
        data = bytearray(rng.choice(whole)) if i % 2 else bytearray(rng.randbytes(rng.randrange(40)))
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(len(data))] = rng.choice(b"\x00\x01\x7f\x80\xff[({<>ugilyzNTFr")
        try:
            marshal.dumps(decode(bytes(data)))
            read_again += 1
        except ValueError:
            continue
    assert 1_000 < read_again < 19_000
    for data in (
        b"[" * 100_000,
        b"(\x01\x00\x00\x00" * 3000,
        b"{" * 9000,
        b"u\xff\xff\xff\xff",
        b"N" * (MAX_BYTES + 1),
    ):
        with pytest.raises(ValueError):
            decode(data)
