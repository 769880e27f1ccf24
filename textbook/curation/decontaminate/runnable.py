"""What of a row can be run against a problem's tests: its definitions, and the functions that take as many arguments.

Python alone, and functions at the top of a text: no methods. Does not run anything: see `behaviour`.
"""

import ast
from math import inf
from typing import Final, NamedTuple

from textbook.benchmarks import Problem
from textbook.curation.decontaminate.functions import functions_of
from textbook.languages.python import ParseError, parse, plain_newlines

MOST_FUNCTIONS: Final = 8
"""Of a row so many functions are tried, the first ones."""

_DO_SOMETHING = (ast.Expr, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Assert, ast.Delete, ast.If)
_IMPORTS = (ast.Import, ast.ImportFrom)


class Signature(NamedTuple):
    """A function, and how many arguments it must and can be given by position."""

    name: str
    least: float
    most: float


class Runnable(NamedTuple):
    """The definitions of a text."""

    code: str
    functions: tuple[Signature, ...]


class Suite(NamedTuple):
    """A problem's tests."""

    entry: Signature
    """The function that they are made for."""

    setup: str
    """What else they use: the other functions of the problem."""

    suite: str

    def of(self, function: str) -> str:
        """The tests, of a function by another name."""
        alias = "" if function == self.entry.name else f"{self.entry.name} = {function}\n"
        return f"{self.setup}\n{alias}{self.suite}"

    def fits(self, function: Signature) -> bool:
        """Whether a function can be called as the tests call theirs."""
        return function.least <= self.entry.most and self.entry.least <= function.most


def runnable(text: str) -> Runnable | None:
    """What can be run of a text, which may be prose with functions in it; None for nothing.

    Statements that do something when they are run, such as calls and loops, are left out, and imports may fail.
    """
    source = plain_newlines(text)
    try:
        tree = parse(source)
    except ParseError:
        found = functions_of(source, None, ()).found
        source = "\n".join(source[each.start : each.end] for each in found)
        try:
            tree = parse(source)
        except ParseError:
            return None
    functions = {node.name: _signature(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not functions:
        return None
    return Runnable(_definitions(source, tree.body), tuple(functions.values())[:MOST_FUNCTIONS])


def suite_of(problem: Problem) -> Suite | None:
    """A problem's tests; None if it has none, or they are not of a function in Python."""
    if problem.language != "python" or not problem.tests:
        return None
    source = plain_newlines(problem.program(problem.solution))
    try:
        tree = parse(source)
    except ParseError:
        return None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    entry = next((node for node in functions if node.name == problem.entry_point), None)
    if entry is None:
        return None
    others = [node for node in tree.body if node is not entry]
    # The sandbox calls a function `check` of the tests itself.
    call = "" if problem.call == f"check({entry.name})" else problem.call
    suite = "\n".join((problem.setup, problem.tests, call))
    return Suite(_signature(entry), _definitions(source, others), suite)


def _signature(node: ast.FunctionDef) -> Signature:
    """What must be given an argument by name can't be called as tests call: it needs infinitely many."""
    arguments = node.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    by_name = sum(default is None for default in arguments.kw_defaults)
    least = inf if by_name else positional - len(arguments.defaults)
    return Signature(node.name, least, inf if arguments.vararg else positional)


def _definitions(source: str, nodes: list[ast.stmt]) -> str:
    """The lines of the statements that define something."""
    lines = source.split("\n")
    pieces = ["from __future__ import annotations"]
    for node in nodes:
        if isinstance(node, _DO_SOMETHING):
            continue
        decorators = getattr(node, "decorator_list", [])
        first = min((each.lineno for each in decorators), default=node.lineno) - 1
        own = lines[first : node.end_lineno]
        if isinstance(node, _IMPORTS):
            if getattr(node, "module", None) == "__future__":
                continue
            own = ["try:", *(f" {line}" for line in own), "except ImportError:", " pass"]
        pieces += own
    return "\n".join(pieces)
