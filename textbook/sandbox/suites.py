"""Test suites as people and models write them, `unittest` classes or functions called `test_...`, as one test.

What works: functions without arguments, at top level or as methods of classes called `Test...`; `unittest.TestCase`
with `setUp`, `setUpClass` and the like, its assertions, `subTest` and skipping, for a judge has the standard library;
imports of the program by its name, which are taken out, for a judge has the names of the program already. All runs in
one process; the first test that fails decides, and a suite of which every test is skipped is an error.

What does not, and is refused: pytest and other packages, so fixtures and parameters; coroutines; `expectedFailure`,
`setUpModule`, `tearDownModule`. What shows only as it runs: with `strength="split"`, a test that patches the program
patches the judge's own names and the program stays as it is, and one that hands it functions, or compares objects of
its classes, is `unencodable`, as any test is.
"""

import ast
import builtins
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from textbook.languages.python import ParseError, parse, plain_newlines
from textbook.sandbox.program import Program

_REFUSED: Final = ("expectedFailure", "setUpModule", "tearDownModule")
_RUNNER: Final = """
def _textbook_tests(functions, classes):
    yield from functions
    for each in classes:
        is_case = hasattr(each, "setUpClass") and hasattr(each, "debug")
        if not is_case and not each.__name__.startswith("Test"):
            continue
        fixtures = is_case and not getattr(each, "__unittest_skip__", False)
        if fixtures:
            each.setUpClass()
        for name in dir(each):
            if name.startswith("test") and callable(getattr(each, name)):
                yield each(name).debug if is_case else _textbook_method(each, name)
        if fixtures:
            each.tearDownClass()
            each.doClassCleanups()


def _textbook_method(kind, name):
    def run():
        instance = kind()
        for method in ("setup_method", name, "teardown_method"):
            if hasattr(instance, method):
                getattr(instance, method)()

    return run


def _textbook_run(tests):
    any_ran = False
    for test in tests:
        try:
            test()
            any_ran = True
        except Exception as error:
            if type(error).__name__ != "SkipTest":
                raise
    if not any_ran:
        raise RuntimeError("no test ran")


_textbook_run(_textbook_tests([{functions}], [{classes}]))
"""
"""What stands after a suite. `debug` of a test case runs it and lets what it raises through."""


def with_suite(program: Program, module: str = "solution") -> Program:
    """The program, with a test that runs the suite which its test is now; lines keep their numbers.

    Args:
        program: whose `test` is the text of a suite, whatever the text.
        module: the name by which the suite imports the program.

    Raises:
        ValueError: the suite is no Python, holds no test, or needs what there is not; with the line.
    """
    text = plain_newlines(program.test.removeprefix("\ufeff"))
    try:
        tree = parse(text)
    except ParseError as error:
        raise ValueError(f"got a suite that is not Python ({error}); expected test functions or classes") from None
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test")]
    classes = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    if not functions and not classes:
        raise ValueError("got a suite without tests; expected test functions or classes, or a test to be run as it is")
    _check_names(tree)
    for function in functions:
        _check_arguments(function, 0)
    for method in (each for node in classes for each in node.body if isinstance(each, ast.FunctionDef)):
        _check_arguments(method, 1)
    lines = [line.encode() for line in text.split("\n")]
    for node, new in sorted(_edits(tree, module, program.entry_point), key=lambda edit: _start(edit[0]), reverse=True):
        _replace(lines, node, new)
    runner = _RUNNER
    for kind, nodes in (("{functions}", functions), ("{classes}", classes)):
        runner = runner.replace(kind, ", ".join(dict.fromkeys(node.name for node in nodes)))
    return replace(program, test=b"\n".join(lines).decode() + "\n" + runner)


def _check_names(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        name = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None)
        if name in _REFUSED:
            line, _ = _start(node)
            raise ValueError(f"line {line}: got {name}, which has no effect here; write the suite without it")
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test"):
            raise ValueError(f"line {node.lineno}: got the coroutine {node.name}; expected a function")


def _check_arguments(test: ast.FunctionDef, num_given: int) -> None:
    arguments = test.args
    needed = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    needed += sum(default is None for default in arguments.kw_defaults)
    if test.name.startswith("test") and needed > num_given:
        raise ValueError(
            f"line {test.lineno}: got {test.name} with arguments; expected none, for there are no fixtures"
        )


def _edits(tree: ast.Module, module: str, entry_point: str | None) -> Iterator[tuple[ast.stmt, str]]:
    """Imports of the program and calls of `unittest.main`, with what does in a judge in their place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module == module):
            yield node, "; ".join(_bound(alias, node.lineno, entry_point) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            _check_known(node.module or "", node.lineno, module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name != module:
                    _check_known(alias.name, node.lineno, module)
            if any(alias.name == module for alias in node.names):
                yield node, "; ".join(_imported(alias, module) for alias in node.names)
    for statement in tree.body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="unittest"), attr="main"))):
                yield statement, "pass"


def _bound(alias: ast.alias, line: int, entry_point: str | None) -> str:
    """In place of importing a name of the program, which is there already: using it, so that an error says if not."""
    if alias.name == "*":
        return "pass"
    if hasattr(builtins, alias.name) and alias.name != entry_point:
        raise ValueError(
            f"line {line}: got {alias.name!r} of the program, which Python has too; expected the program's entry_point "
            "to be that name"
        )
    return f"{alias.asname} = {alias.name}" if alias.asname else alias.name


def _imported(alias: ast.alias, module: str) -> str:
    if alias.name == module:
        return f"{alias.asname or module} = __import__('types').SimpleNamespace(**globals())"
    return f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")


def _check_known(name: str, line: int, module: str) -> None:
    if name.partition(".")[0] not in sys.stdlib_module_names:
        raise ValueError(
            f"line {line}: got an import of {name!r}; expected the standard library, or the program, named {module!r}"
        )


def _start(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _replace(lines: list[bytes], node: ast.stmt, new: str) -> None:
    """Put other text in the place of a statement, over as many lines."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    first, last = node.lineno - 1, node.end_lineno - 1
    rest = lines[last][node.end_col_offset :]
    lines[first] = lines[first][: node.col_offset] + new.encode() + (rest if first == last else b" \\")
    if first < last:
        lines[first + 1 : last + 1] = [*([b"\\"] * (last - first - 1)), rest]
