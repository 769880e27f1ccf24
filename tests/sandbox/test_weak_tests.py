"""Which trivial functions pass a test."""

import json

import pytest

from tests.sandbox.hostile_base import TESTS
from tests.sandbox.test_canonical import HUMANEVAL, MBPP, humaneval
from textbook.sandbox import Example, Program
from textbook.sandbox.weak_tests import BODIES, weakness


def of(test, code="", **more):
    (found,) = weakness([Program(code, test, "f", **more)], workers=1)
    return set(found)


def test_a_test_that_never_calls_the_function_is_passed_by_all():
    assert of("") == set(BODIES)
    assert of("def check(candidate):\n    assert callable(candidate)\n") == set(BODIES)


def test_a_test_that_compares_nothing_is_passed_by_all_that_return():
    assert of("f(1)\n") == set(BODIES) - {"raise NotImplementedError"}


def test_constants_come_from_the_test():
    assert of("assert f(3) == 10\nassert f(3) == 10\nassert 10 == f(-3)\n") == {"return 10"}
    assert of("import unittest\nt = unittest.TestCase()\nt.assertEqual(f('a'), {'b': (1, 2)})") == {
        "return {'b': (1, 2)}"
    }
    assert of("", examples=(Example("f(2)\n", "'two'\n"),)) == {"return 'two'"}
    assert of("assert f(1) == -1.5 and f(2) is not None") == {"return -1.5"}


def test_truth_alone_is_weak():
    assert of("assert f(2)\n") == {"return True", "return 1", "return args[0]"}
    assert of("assert not f(2)\n") == {f"return {value}" for value in ("None", "False", "0", "''", "[]", "{}")}
    assert of("assert f([3, 1]) == f([3, 1])\nassert len(f([3, 1])) == 2\n") == {"return args[0]"}


def test_of_the_hostile_corpus_two_tests_are_passed_by_a_constant():
    programs = [Program("", test, "f", key=name) for name, test in TESTS.items()]
    weak = {p.key: found for p, found in zip(programs, weakness(programs, workers=2), strict=True) if found}
    assert weak == {"same_twice": ("return 10",), "own_list": ("return [1, 2, 3]",)}


def test_what_else_the_program_defines_is_there():
    assert of("assert g() == 4 and f('x') == 'x'", "def g(): return 4\ndef f(x): return 0\n") == {
        "return 'x'",
        "return args[0]",
    }


def test_hostile_tests_end():
    deep = "assert f(1) == " + "[" * 150 + "]" * 150
    long = "assert f(1) == '" + "x" * 10**6 + "'"
    many = "\n".join(f"assert f({i}) == {i}" for i in range(3000))
    surrogate = "assert f(1) == '\ud800'"
    broken = "assert f(1 == "
    assert [of(test) for test in (long, many, surrogate, broken)] == [set(), {"return args[0]"}, set(), set()]
    assert of(deep) <= {deep.replace("assert f(1) ==", "return")}


def test_arguments_are_checked():
    assert list(weakness([])) == []
    for entry_point in (None, "", "a.b", "class", "f(): pass\nx"):
        with pytest.raises(ValueError, match="entry_point"):
            next(weakness([Program("", "", entry_point)]))
    with pytest.raises(ValueError, match="trivial bodies"):
        next(weakness([Program("", "", "f", language="javascript")]))


@pytest.mark.skipif(not MBPP.exists(), reason="no MBPP below TEXTBOOK_BENCHMARKS")
def test_weak_tests_of_mbpp():
    weak = {37: "'blue', 'green', 'green', 'red', 'white']", 203: "return 2", 339: "return 2", 404: "return args[0]"}
    rows = {row["task_id"]: row for row in map(json.loads, MBPP.read_text().splitlines())}
    programs = [
        Program("", "\n".join(rows[number]["test_list"]), rows[number]["test_list"][0].split()[1].partition("(")[0])
        for number in (*weak, 11, 12)
    ]
    found = list(weakness(programs, workers=1))
    assert [len(each) for each in found] == [1, 1, 1, 1, 0, 0]
    assert all(each[0].endswith(body) for each, body in zip(found, weak.values(), strict=False))


@pytest.mark.slow
@pytest.mark.skipif(not HUMANEVAL.exists(), reason="no HumanEval below TEXTBOOK_BENCHMARKS")
def test_one_test_of_humaneval_is_weak():
    programs = humaneval()
    weak = {program.key: found for program, found in zip(programs, weakness(programs), strict=True) if found}
    assert weak == {"HumanEval/34": ("return [0, 2, 3, 5, 9, 123]",)}
