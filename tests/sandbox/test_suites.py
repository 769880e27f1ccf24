"""Suites of tests: what runs, what fails where, and what is refused."""

import pytest

from textbook.sandbox import Program, Sandbox
from textbook.sandbox.suites import with_suite

CODE = (
    "class Negative(ValueError): pass\n"
    "LIMIT = 9\n"
    "def add(a, b):\n    if a < 0: raise Negative('low')\n    return a + b\n"
    "def sum(items): return 'own'\n"
)
UNITTEST = """\
from __future__ import annotations
import math, unittest
from solution import (
    add,
    LIMIT as most,
    Negative); é = "é"; from solution import add as plus
if __name__ == "__main__":
    import solution


class TestAdd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = [1]

    def setUp(self):
        self.one = 1

    def test_adds(self):
        self.assertEqual(add(self.one, 2), 3)
        self.assertAlmostEqual(plus(0.1, 0.2), 0.3)
        self.assertTrue(math.isclose(add(1, 1), 2) and most == 9 and é == "é")
        for i in range(3):
            with self.subTest(i=i):
                self.assertListEqual([add(i, 1)], [i + 1])

    def test_raises(self):
        with self.assertRaises(Negative):
            add(-1, 1)
        with self.assertRaisesRegex(ValueError, "lo"):
            add(-1, 1)
        self.assertEqual(self.shared, [1])

    @unittest.skip("not today")
    def test_skipped(self):
        self.fail()


unittest.main()
"""
FUNCTIONS = """\
import solution as s, os.path


def test_one():
    assert s.add(1, 2) == 3


def test_two(): assert add(2, 2) == 4 and os.path.sep == "/"


class TestMore:
    def setup_method(self):
        self.x = 1

    def test_three(self):
        from solution import add
        assert add(self.x, 0) == 1


def helper(a): return a
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1) as made:
        yield made


def verdict(sandbox, test, code=CODE, **more):
    (found,) = sandbox.run([with_suite(Program(code, test, **more))])
    return found.status, found.reason


@pytest.mark.parametrize("suite", [UNITTEST, FUNCTIONS], ids=["unittest", "functions"])
def test_suites_pass_and_fail(sandbox, suite):
    assert verdict(sandbox, suite) == ("pass", "")
    status, reason = verdict(sandbox, suite, CODE.replace("a + b", "a + b + 1"))
    line = suite.splitlines().index(
        "        self.assertEqual(add(self.one, 2), 3)" if suite is UNITTEST else "    assert s.add(1, 2) == 3"
    )
    assert status == "wrong" and f"line {line + 1} of the test" in reason
    assert verdict(sandbox, suite, CODE.replace("return a + b", "return 1 / 0"))[0] == "error"
    in_process = Sandbox(workers=1, strength="in_process")
    with in_process:
        assert verdict(in_process, suite) == ("pass", "")


def test_every_failing_test_counts(sandbox):
    for wrong in ("three", "two", "one"):
        name, code = f"def test_{wrong}", "def add(a, b):\n    return a + b\n"
        suite = FUNCTIONS.replace(f"{name}(self):", f"{name}(self):\n        assert add(0, 0) == 1")
        suite = suite.replace(f"{name}():", f"{name}():\n    assert add(0, 0) == 1\n    #")
        assert suite != FUNCTIONS and verdict(sandbox, suite, code)[0] == "wrong"


def test_a_name_the_program_lacks_is_an_error(sandbox):
    assert verdict(sandbox, "from solution import sub\ndef test_a(): pass\n") == (
        "error",
        "the test raised NameError: name 'sub' is not defined",
    )


def test_what_is_skipped_proves_nothing(sandbox):
    suite = "import unittest\n@unittest.skip('x')\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"
    assert verdict(sandbox, suite) == ("error", "the test raised RuntimeError: no test ran")
    assert verdict(sandbox, "class Helper:\n    def test_a(self): pass\n")[1].endswith("no test ran")
    raised = "import unittest\ndef test_a(): raise unittest.SkipTest\n"
    assert verdict(sandbox, raised)[1].endswith("no test ran")
    assert verdict(sandbox, raised + "def test_b(): pass\n") == ("pass", "")


def test_inherited_tests_run(sandbox):
    suite = (
        "import unittest\nclass Shared:\n    def test_a(self): self.assertEqual(add(1, 1), self.expected)\n"
        "class One(Shared, unittest.TestCase):\n    expected = 2\n"
        "class Two(Shared, unittest.TestCase):\n    expected = 3\n"
    )
    assert verdict(sandbox, suite)[0] == "wrong" and verdict(sandbox, suite.replace("3", "2"))[0] == "pass"


def test_objects_of_the_program_are_unencodable_whatever_unittest_makes_of_it(sandbox):
    suite = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): self.assertEqual(make(), make())\n"
    assert verdict(sandbox, suite, "class C: pass\ndef make(): return C()\n")[0] == "unencodable"


def test_a_name_that_python_has_too_must_be_the_entry_point(sandbox):
    suite = "from solution import sum\ndef test_a(): assert sum([1]) == 'own'\n"
    with pytest.raises(ValueError, match="line 1: got 'sum'"):
        with_suite(Program(CODE, suite))
    assert verdict(sandbox, suite, entry_point="sum") == ("pass", "")


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        ("import pytest\ndef test_a(): pass\n", "line 1: got an import of 'pytest'"),
        ("def test_a():\n    from numpy.linalg import norm\n", "line 2: got an import of 'numpy.linalg'"),
        ("def test_a(tmp_path): pass\n", "line 1: got test_a with arguments"),
        ("class TestA:\n    def test_a(self, *, x): pass\n", "line 2: got test_a with arguments"),
        ("async def test_a(): pass\ndef test_b(): pass\n", "line 1: got the coroutine"),
        (
            "import unittest\nclass A:\n    @unittest.expectedFailure\n    def test_a(self): 1\n",
            "line 3: got expectedF",
        ),
        ("def setUpModule(): pass\ndef test_a(): pass\n", "line 1: got setUpModule"),
        ("assert add(1, 1) == 2\n", "without tests"),
        ("", "without tests"),
        ("def test_a(:\n", "not Python"),
        ("\0", "not Python"),
        ("'\ud800'", "not Python"),
        ("(" * 10**5, "not Python"),
    ],
)
def test_what_cannot_run_is_refused(suite, message):
    with pytest.raises(ValueError, match=message):
        with_suite(Program(CODE, suite))


def test_another_name_for_the_program(sandbox):
    suite = "\ufefffrom .my_code import add\r\nfrom my_code import *\r\ndef test_a():\r\n    assert add(1, 1) == 2"
    (found,) = sandbox.run([with_suite(Program(CODE, suite), module="my_code")])
    assert (found.status, found.reason) == ("pass", "")
