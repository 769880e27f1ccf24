"""What of a row can be run against a problem's tests: its definitions, and the functions that take as many arguments.

Python, for JavaScript see `javascript`. Seen are functions at the top of a text, and methods of classes there that can
be made without arguments. Does not run anything: see `behaviour`.
"""

import ast
import re
from collections.abc import Collection, Iterator
from math import inf
from typing import Final, NamedTuple

from textbook.benchmarks import Problem
from textbook.curation.decontaminate.functions import functions_of
from textbook.languages.python import ParseError, parse, plain_newlines

MOST_FUNCTIONS: Final = 2_000
"""Of a row so many functions can be tried, the first ones."""

_DO_SOMETHING = (ast.Expr, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Assert, ast.Delete, ast.If)
_IMPORTS = (ast.Import, ast.ImportFrom)
_DECORATORS = {"staticmethod": 0, "classmethod": 1}
"""What may stand above a method, and how many arguments it is then called with that are not given."""

_TAGS = ("", "python", "python3", "py")
_FENCED = re.compile(r"^ {0,3}```[ \t]*+([^\s`]*+)[^\n`]*+\n(.*?)(?:^ {0,3}```[ \t]*+$|\Z)", re.MULTILINE | re.DOTALL)
_ALIASES = {"python": "{} = {}\n", "javascript": "const {} = {}\n"}


class Signature(NamedTuple):
    """A function, and how many arguments it must and can be given by position."""

    name: str
    """By which the tests call it."""

    least: float
    most: float
    shown: str = ""
    """Its name in the text, if that is another one."""


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
    language: str = "python"

    def of(self, function: str) -> str:
        """The tests, of a function by another name."""
        alias = "" if function == self.entry.name else _ALIASES[self.language].format(self.entry.name, function)
        return f"{self.setup}\n{alias}{self.suite}"

    def fits(self, function: Signature) -> bool:
        """Whether a function can be called as the tests call theirs."""
        return function.least <= self.entry.most and self.entry.least <= function.most


def runnable(text: str) -> Runnable | None:
    """What can be run of a text, which may be prose with functions in it; None for nothing.

    Statements that do something when they are run, such as calls and loops, are left out, and imports may fail.
    """
    found = _parsed(plain_newlines(text))
    if found is None:
        return None
    source, tree = found
    functions = {node.name: _signature(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    methods = [method for node in tree.body if isinstance(node, ast.ClassDef) for method in _methods(node)]
    if not functions and not methods:
        return None
    code = [_definitions(source, tree.body)]
    signatures = list(functions.values())
    for number, (call, signature) in enumerate(methods):
        name = f"textbook_method_{number}"
        code.append(f"def {name}(*args, **kwargs): return {call}(*args, **kwargs)")
        signatures.append(signature._replace(name=name, shown=signature.name))
    return Runnable("\n".join(code), tuple(signatures[:MOST_FUNCTIONS]))


def fenced(text: str, tags: Collection[str]) -> list[str]:
    """The fenced code blocks of a text that say one of these languages, "" for those that say none."""
    return [match[2] for match in _FENCED.finditer(text) if match[1].lower() in tags]


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


def _parsed(source: str) -> tuple[str, ast.Module] | None:
    """A source with its tree; of prose its fenced blocks, or else the functions in it."""
    for read in (str, _blocks, _salvaged):
        text = read(source)
        try:
            tree = parse(text)
        except ParseError:
            continue
        if tree.body:
            return text, tree
    return None


def _blocks(source: str) -> str:
    return "\n".join(fenced(source, _TAGS))


def _salvaged(source: str) -> str:
    found = [source[each.start : each.end] for each in functions_of(source, None, ()).found]
    return "\n".join(text for text in found if not text[:1].isspace())


def _methods(node: ast.ClassDef) -> Iterator[tuple[str, Signature]]:
    """The methods that can be called without more than the class, each with what calls it."""
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    can_be_made = all(_signature(each).least <= 1 for each in methods if each.name == "__init__")
    for method in methods:
        decorators = [each.id if isinstance(each, ast.Name) else "" for each in method.decorator_list]
        bound = [_DECORATORS.get(each) for each in decorators]
        _, least, most, _ = _signature(method)
        given = 1 if not bound else bound[0]
        if method.name.startswith("__") or len(bound) > 1 or given is None or given > most:
            continue
        if bound or can_be_made:
            owner = node.name if bound else f"{node.name}()"
            yield f"{owner}.{method.name}", Signature(f"{node.name}.{method.name}", max(least - given, 0), most - given)


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
