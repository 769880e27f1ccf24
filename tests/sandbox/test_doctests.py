"""Doctests: found and compared as the standard library's module finds and compares them, and run in the sandbox."""

import ast
import doctest
import json
import textwrap
import time
import types
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.test_canonical import HUMANEVAL, humaneval
from textbook.sandbox import Example, Limits, Program, run
from textbook.sandbox.doctests import WITHOUT_EFFECT, find_doctests
from textbook.sandbox.inside.printed import TRACEBACK, same
from textbook.sandbox.program import OPTIONS

FLAGS = {name: doctest.OPTIONFLAGS_BY_NAME[name] for name in sorted(OPTIONS)}


def in_function(docstring):
    return f"def f():\n    {docstring!r}\n"


def by_the_library(docstring):
    """What doctest's own parser finds; None where it refuses."""
    try:
        found = doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return None
    return [
        (each.source, each.want, {name for name, flag in FLAGS.items() if each.options.get(flag)})
        for each in found
        if not each.options.get(doctest.SKIP)
    ]


def ours(docstring):
    found = find_doctests(in_function(docstring))
    if found.problems:
        assert not found.examples
        return None
    return [(each.source, each.want, set(each.options)) for each in found.examples]


LINES = st.sampled_from(
    [
        ">>> f(1)",
        ">>> ",
        ">>>",
        ">>>f",
        "... 2",
        "...",
        "...3",
        "2",
        "",
        "  ",
        "text",
        ">>> # doctest: +SKIP",
        "\t>>> x",
    ]
    + [
        ">>> f() # doctest: +ELLIPSIS",
        ">>> '#doctest: +NO'",
        ">>> g()  #doctest:+SKIP, -ELLIPSIS",
        ">>> h #doctest: no",
    ]
    + [
        ">>> # only a comment",
        "Traceback (most recent call last):",
        "ValueError: x",
        "<BLANKLINE>",
        ">>> 'é' # doctest: +ELLIPSIS",
    ]
    + [">>> f()  # doctest: +FAIL_FAST +NORMALIZE_WHITESPACE", ">>> f() # doctest: -SKIP"]
)


@given(st.lists(st.tuples(st.integers(0, 3).map(lambda n: " " * n), LINES).map("".join), max_size=9).map("\n".join))
@settings(max_examples=300)
def test_examples_are_found_as_doctest_finds_them(docstring):
    if ">>>" in docstring:
        assert ours(docstring) == by_the_library(docstring)


@pytest.mark.parametrize("module", [doctest, textwrap, json, ast], ids=lambda module: module.__name__)
def test_in_the_library_too(module):
    code = Path(module.__file__).read_text()
    finder = doctest.DocTestFinder(exclude_empty=True)
    expected = {}
    for test in finder.find(module):
        name = test.name.removeprefix(module.__name__).lstrip(".") or "the program"
        left = [each for each in test.examples if not each.options.get(doctest.SKIP)]
        expected |= {name: [(each.source, each.want) for each in left]} if left else {}
    expected.pop("the program.__test__", None)
    found = {}
    for each in find_doctests(code).examples:
        found.setdefault(each.scope, []).append((each.source, each.want))
    assert found == {name: examples for name, examples in expected.items() if not name.startswith("__test__")}


TEXTS = st.lists(
    st.sampled_from(
        ["a", "b", " ", "\n", "...", "<BLANKLINE>", "<BLANKLINE>\n", "\n\n", "True", "1", "0", "False", "\t"]
    )
    | st.sampled_from(["pkg.Error: a", "Error: b", "  File x\n", ":"]),
    max_size=8,
).map(lambda parts: "".join(parts).rstrip("\n") + "\n")


@given(TEXTS, TEXTS, st.sets(st.sampled_from(sorted(OPTIONS))))
@settings(max_examples=400)
def test_output_is_compared_as_doctest_compares_it(got, want, options):
    flags = sum(FLAGS[name] for name in options)
    assert same(got, want, options) == doctest.OutputChecker().check_output(want, got, flags)


@given(TEXTS, TEXTS, st.sets(st.sampled_from(["ELLIPSIS", "IGNORE_EXCEPTION_DETAIL", "NORMALIZE_WHITESPACE"])))
@settings(max_examples=150)
def test_exceptions_are_compared_as_doctest_compares_them(raised, wanted, options):
    def fail():
        raise type("Error", (Exception,), {"__module__": "builtins"})(raised.rstrip("\n"))

    flags = sum(FLAGS[name] for name in options)
    stack = f"{TRACEBACK}  File 'x', line 1, in y\n    ...\nError: {wanted}"
    parsed = doctest.DocTestParser().get_doctest(
        textwrap.indent(f">>> fail()\n{stack}", "  "), {"fail": fail}, "x", "", 0
    )
    if len(parsed.examples) != 1 or parsed.examples[0].want != stack:
        return  # a blank line ends what is wanted
    failed, _ = doctest.DocTestRunner(optionflags=flags).run(parsed, out=lambda text: None)
    text = raised.rstrip("\n")
    assert same(f"{TRACEBACK}Error{': ' if text else ''}{text}\n", stack, options) == (failed == 0)


CODE = '''"""A module.

>>> top = total([1, 2]); top
3
"""
import collections

class Bad(ValueError):
    pass

def total(items):
    """Add up.

    >>> x = [1, 2, 3]
    >>> total(x)
    6
    >>> for item in x:
    ...     if item > 1:
    ...         print(item)
    ...         print()
    2
    <BLANKLINE>
    3
    <BLANKLINE>
    >>> total(range(20)) # doctest: +ELLIPSIS
    1...
    >>> list(range(12)) # doctest: +NORMALIZE_WHITESPACE
    [0, 1, 2, 3, 4, 5,
     6, 7, 8, 9, 10, 11]
    >>> total(None)
    Traceback (most recent call last):
        ...
    TypeError: 'NoneType' object is not iterable
    >>> total("ab") # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    somewhere.TypeError: whatever it says
    >>> while True print('no')
    Traceback (most recent call last):
    SyntaxError: invalid syntax
    >>> print("before"); total(3)
    Traceback (most recent call last):
    TypeError: 'int' object is not iterable
    >>> open("/etc/shadow").read() # doctest: +SKIP
    'root'
    """
    return sum(items)

x = 7

class Counter:
    """
    >>> x
    7
    >>> c = Counter(); c.add(2)
    >>> c
    <Counter 2>
    """
    def __init__(self): self.n = 0
    def __repr__(self): return f"<Counter {self.n}>"
    def add(self, n):
        """
        >>> c
        Traceback (most recent call last):
        NameError: name 'c' is not defined
        >>> Counter().add(-1)
        Traceback (most recent call last):
        Bad: low
        """
        if n < 0:
            raise Bad("low")
        self.n += n
'''


@pytest.mark.parametrize("strength", ["split", "in_process"])
def test_doctests_run_as_they_read(strength):
    found = find_doctests(CODE)
    assert found.problems == () and {each.scope for each in found.examples} == {
        "the program",
        "total",
        "Counter",
        "Counter.add",
    }
    wrong = CODE.replace("return sum(items)", "return sum(items) + 1"), CODE.replace("-> 2", "")
    programs = [Program(code, examples=find_doctests(code).examples) for code in (CODE, *wrong)]
    verdicts = list(run(programs, Limits(cpu_s=2), workers=1, strength=strength))
    assert [v.status for v in verdicts] == ["pass", "wrong", "pass"], verdicts
    assert "gave '4', not '3'" in verdicts[1].reason


def test_verdicts_are_those_of_doctest():
    """Each example of `CODE` alone, with what it should print made wrong in turn."""
    examples = find_doctests(CODE).examples
    programs, expected = [], []
    for each in examples:
        changed = Example(each.source, each.want + "more\n", each.options, each.scope)
        earlier = tuple(other for other in examples[: examples.index(each)] if other.scope == each.scope)
        programs.append(Program(CODE, examples=(*earlier, changed)))
        expected.append(judged_by_doctest(earlier, changed))
    assert [v.status for v in run(programs, workers=1)] == expected and {"pass", "wrong"} == set(expected)


def judged_by_doctest(earlier, last):
    module = types.ModuleType("__main__")
    exec(CODE, module.__dict__)
    runner = doctest.DocTestRunner()
    library = [
        doctest.Example(
            each.source,
            each.want,
            exc_msg=(doctest.DocTestParser._EXCEPTION_RE.match(each.want) or {"msg": None})["msg"],
            options={FLAGS[name]: True for name in each.options},
        )
        for each in (*earlier, last)
    ]
    test = doctest.DocTest(library, module.__dict__, "x", None, 0, None)
    return "wrong" if runner.run(test, out=lambda text: None).failed else "pass"


def test_what_an_example_raises_is_no_wrong_answer():
    code = "import socket\ndef f(x):\n    return x()\n"
    for source, status in (
        ("f(socket.socket)", "denied"),
        ("f(lambda: 'x' * 10**10)", "memory"),
        ("f(lambda: 1 / 0)", "error"),
        ("f(lambda: print('ValueError: x'))", "wrong"),
    ):
        (verdict,) = run([Program(code, examples=(Example(source + "\n", "1\n"),))], workers=1)
        assert verdict.status == status and source in verdict.reason
    traceback = Example("f(lambda: 1 / 0)\n", TRACEBACK + "TypeError: x\n")
    assert [v.status for v in run([Program(code, examples=(traceback,))], workers=1)] == ["wrong"]


def failures_by_doctest(code):
    """How many examples of a program fail; None where its docstrings are ill-formed."""
    module = types.ModuleType("solution")
    exec(code, module.__dict__)
    try:
        tests = doctest.DocTestFinder(exclude_empty=True).find(module, module=False, globs=module.__dict__)
    except ValueError:
        return None
    return sum(doctest.DocTestRunner().run(test, out=lambda text: None).failed for test in tests)


@pytest.mark.skipif(not HUMANEVAL.exists(), reason="no HumanEval below TEXTBOOK_BENCHMARKS")
def test_the_docstrings_of_humaneval():
    programs = [program for program in humaneval() if ">>>" in program.code]
    found = [find_doctests(program.code) for program in programs]
    verdicts = run(
        Program(program.code, examples=each.examples, key=program.key)
        for program, each in zip(programs, found, strict=True)
    )
    failing = []
    for program, each, verdict in zip(programs, found, verdicts, strict=True):
        failures = failures_by_doctest(program.code)
        assert (failures is None) == bool(each.problems), program.key
        assert failures is None or verdict.passed == (failures == 0), verdict
        failing += [program.key] * (not verdict.passed)
    assert sum(len(each.examples) for each in found) == 176 and len(failing) < 10, failing


def test_ill_formed_docstrings_are_named_and_the_others_kept():
    code = (
        'def a():\n    """\n    >>>f()\n    """\ndef b():\n    """\n    >>> 1\n  1\n    """\n'
        'def c():\n    """\n    >>> 1 # doctest: +NO_SUCH\n    """\ndef d():\n    """>>> 4\n    4"""\n'
        'def e():\n    """\n    >>> # doctest: +SKIP\n    """\n'
    )
    found = find_doctests(code)
    assert [(each.scope, each.source) for each in found.examples] == [("d", "4\n")]
    assert [problem.removeprefix("the docstring of ") for problem in found.problems] == [
        "a, line 2: no space after >>>",
        "b, line 3: indented less than its example, or otherwise",
        "c, line 2: '+NO_SUCH' is no option of doctest",
        "e, line 2: a directive without an example",
    ]


def test_what_is_no_python_has_a_problem_and_no_example():
    for code in ("def f(:\n", "x = '\0'", "'\ud800'", "(" * 10_000, ">>> 1\n1\n"):
        found = find_doctests(code)
        assert found.examples == () and len(found.problems) == 1, code[:20]


def test_options_can_be_on_for_all_and_off_for_one():
    code = in_function(">>> 1\n1\n>>> 2 # doctest: -ELLIPSIS\n2")
    assert [each.options for each in find_doctests(code, ("ELLIPSIS",)).examples] == [("ELLIPSIS",), ()]
    with pytest.raises(ValueError, match="expected some of"):
        find_doctests(code, ("ELIPSIS",))
    with pytest.raises(ValueError, match="expected some of"):
        Example("1", "1", ("SKIP",))
    assert OPTIONS | WITHOUT_EFFECT | {"SKIP"} == set(doctest.OPTIONFLAGS_BY_NAME) - {
        "ALLOW_UNICODE",
        "ALLOW_BYTES",
        "NUMBER",
    }


@pytest.mark.parametrize(
    "line",
    [
        ">>> # doctest:" + " " * 300_000 + "'",
        ">>> x " + "#doctest:" * 60_000 + "'",
        ">>> " + "#  " * 200_000,
        ">>> 1\nTraceback (most recent call last):\n" + " \x0c\n" * 100_000,
        ">>> 1\n" * 60_000,
        "\t" * 30_000 + ">>> 1",
        (" " * 500 + ">>> 1\n" + " " * 499 + "1\n") * 300,
    ],
    ids=range(7),
)
def test_hostile_docstrings_take_no_time(line):
    code = 'def f():\n    r"""\n' + line + '\n    """\n'
    began = time.process_time()
    find_doctests(code)
    assert time.process_time() - began < 5


def test_a_comparison_takes_no_time():
    began = time.process_time()
    for options in (("ELLIPSIS",), ("ELLIPSIS", "NORMALIZE_WHITESPACE"), ()):
        assert not same("a" * 10**6 + "\n", "a..." * 10**5 + "b\n", options)
        assert not same(" " * 10**6 + "\n", TRACEBACK + " \x0c\n" * 10**5, options)
        assert not same("\n" * 10**6, "<BLANKLINE>" + " " * 10**6 + "x\n", options)
    assert time.process_time() - began < 5
