"""Tests that need no process of their own: assertions about calls of the program with plain values.

`read` turns such a test into steps, which the supervisor takes with the answers of the program. A test that does
anything else than `plain_steps` can is not read, and a judge runs it; the verdicts are the same.
"""

import ast
import builtins
import operator
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from .plain_steps import (
    ARITHMETIC,
    BUILT_IN,
    CLASSES,
    COMPARISONS,
    UNARY,
    NotPlain,
    Step,
    assertion,
    assignment,
    built_in,
    call,
    choice,
    comparison,
    container,
)

MAX_TEST: Final = 8 << 10
"""Longest test, in characters: the longest of MBPP has 4,148. Of this length, none was found that is slow to parse."""
MAX_DEPTH: Final = 50
_CONSTANTS: Final = frozenset({type(None), bool, int, float, str})
_SINGLE: Final = frozenset({type(None), bool})
_REPR: Final = ord("r")


class Plain(NamedTuple):
    """A test that has been read."""

    names: tuple[str, ...]
    """Functions that the program must have."""
    steps: tuple[Step, ...]


@lru_cache(maxsize=16)
def read(test: str, entry: str | None) -> Plain | None:
    """The test, if it is plain. It ends by calling its `check` with `entry`, if there are both."""
    if len(test) > MAX_TEST:
        return None
    reader = _Statements(entry)
    try:
        reader.read(ast.parse(test).body)
        if entry and reader.check is not None:
            reader.read_check(entry)
    except (NotPlain, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Plain(tuple(dict.fromkeys([*reader.names, *([entry] if entry else [])])), tuple(reader.steps))


class _Names:
    """What the names of a test mean."""

    def __init__(self, entry: str | None) -> None:
        self.entry = entry
        self.names: list[str] = []
        """The program's functions that are called."""
        self.check: tuple[str, list[ast.stmt]] | None = None
        """The parameter of the function `check`, and its body."""
        self.candidate: str | None = None
        """What that parameter stands for, while the body is read."""
        self.variables: dict[str, bool] = {}
        """Names that are assigned to, and whether that is in `check`."""

    def is_built_in(self, name: str) -> bool:
        """Whether it means what Python means by it."""
        return name != self.entry and hasattr(builtins, name)

    def use(self, name: str) -> None:
        """A function of the program."""
        if name in self.variables or name == "check" or self.is_built_in(name):
            raise NotPlain
        self.names.append(name)

    def assign(self, name: str) -> None:
        """A variable."""
        inside = self.candidate is not None
        if self.variables.get(name) is inside:
            return
        if self.check is not None and name == self.check[0]:
            raise NotPlain
        self._take(name)
        self.variables[name] = inside

    def define(self, parameter: str, body: list[ast.stmt]) -> None:
        """The function `check`."""
        if self.check is not None or parameter in self.variables or hasattr(builtins, parameter):
            raise NotPlain
        self._take("check")
        self.check = parameter, body

    def _take(self, name: str) -> None:
        if name in self.names or name in self.variables or name == self.entry or hasattr(builtins, name):
            raise NotPlain


class _Expressions(_Names):
    """Reads expressions."""

    def __init__(self, entry: str | None) -> None:
        super().__init__(entry)
        self.num_reads = 0
        """How often variables are read."""
        self.depth = 0

    def value(self, node: ast.expr | None) -> Step:
        """What an expression gives."""
        reader = _READERS.get(type(node))
        self.depth += 1
        if reader is None or self.depth > MAX_DEPTH:
            raise NotPlain
        step = reader(self, node)
        self.depth -= 1
        return step

    def values(self, nodes: Iterable[ast.expr | None]) -> list[Step]:
        """What several give."""
        return [self.value(node) for node in nodes]

    def constant(self, node: ast.Constant) -> Step:
        constant = node.value
        if type(constant) not in _CONSTANTS:
            raise NotPlain
        return lambda program: constant

    def variable(self, node: ast.Name) -> Step:
        name = node.id
        if self.variables.get(name) not in (False, self.candidate is not None):
            raise NotPlain
        self.num_reads += 1
        return lambda program: program.variables[name]

    def items(self, node: ast.List | ast.Tuple | ast.Set) -> Step:
        return container(_CONTAINERS[type(node)], self.values(node.elts))

    def mapping(self, node: ast.Dict) -> Step:
        pairs = [container(tuple, self.values(pair)) for pair in zip(node.keys, node.values, strict=True)]
        return container(dict, pairs)

    def unary(self, node: ast.UnaryOp) -> Step:
        return built_in(_known(UNARY, node.op), [self.value(node.operand)], {})

    def binary(self, node: ast.BinOp) -> Step:
        return built_in(_known(ARITHMETIC, node.op), [self.value(node.left), self.value(node.right)], {})

    def choice(self, node: ast.BoolOp) -> Step:
        return choice(type(node.op) is ast.And, self.values(node.values))

    def subscript(self, node: ast.Subscript) -> Step:
        if type(node.slice) not in (ast.Constant, ast.UnaryOp):
            raise NotPlain
        return built_in(operator.getitem, [self.value(node.value), self.value(node.slice)], {})

    def comparison(self, node: ast.Compare) -> Step:
        first, others = self.value(node.left), []
        for operation, operand in zip(node.ops, node.comparators, strict=True):
            single = type(operand) is ast.Constant and type(operand.value) in _SINGLE
            if type(operation) in (ast.Is, ast.IsNot) and not single:
                raise NotPlain
            others.append((_known(COMPARISONS, operation), self.value(operand)))
        return comparison(first, others)

    def text(self, node: ast.JoinedStr) -> Step:
        parts = []
        for part in node.values:
            if type(part) is ast.FormattedValue:
                if part.format_spec is not None or part.conversion not in (-1, _REPR):
                    raise NotPlain
                parts.append(built_in(repr if part.conversion == _REPR else format, [self.value(part.value)], {}))
            else:
                parts.append(self.value(part))
        return container("".join, parts)

    def call(self, node: ast.Call) -> Step:
        if type(node.func) is not ast.Name:
            raise NotPlain
        name = node.func.id
        if self.candidate is not None and self.check is not None and name == self.check[0]:
            name = self.candidate
        elif name == "isinstance" and self.is_built_in(name):
            return self._isinstance(node)
        num_reads = self.num_reads
        args = self.values(node.args)
        kwargs = {each.arg: self.value(each.value) for each in node.keywords if each.arg is not None}
        if len(kwargs) < len(node.keywords) or "__debug__" in kwargs:
            raise NotPlain
        if name in BUILT_IN and self.is_built_in(name):
            return built_in(BUILT_IN[name], args, kwargs)
        self.use(name)
        return call(name, args, kwargs, self.num_reads > num_reads)

    def _isinstance(self, node: ast.Call) -> Step:
        if len(node.args) != 2 or node.keywords:
            raise NotPlain
        kinds = node.args[1].elts if type(node.args[1]) is ast.Tuple else [node.args[1]]
        names = [kind.id if type(kind) is ast.Name else "" for kind in kinds]
        if not all(name in CLASSES and self.is_built_in(name) for name in names):
            raise NotPlain
        classes, value = tuple(CLASSES[name] for name in names), self.value(node.args[0])
        return lambda program: isinstance(value(program), classes)


class _Statements(_Expressions):
    """Reads statements in the order in which they would run."""

    def __init__(self, entry: str | None) -> None:
        super().__init__(entry)
        self.steps: list[Step] = []

    def read(self, statements: Iterable[ast.stmt]) -> None:
        """Add the steps of some statements."""
        for node in statements:
            if type(node) is ast.Assert:
                holds = self.value(node.test)
                message = None if node.msg is None else self.value(node.msg)
                self.steps.append(assertion(node.lineno, holds, message))
            elif type(node) is ast.Expr:
                self._read_expression(node.value)
            elif type(node) is ast.Assign and len(node.targets) == 1 and type(node.targets[0]) is ast.Name:
                self.steps.append(assignment(node.targets[0].id, self.value(node.value)))
                self.assign(node.targets[0].id)
            elif type(node) is ast.FunctionDef:
                self._read_definition(node)
            elif type(node) is not ast.Pass:
                raise NotPlain

    def read_check(self, function: str) -> None:
        """Add the steps of `check`, called with a function of the program."""
        if self.check is None or self.candidate is not None:
            raise NotPlain
        self.candidate = function
        self.read(self.check[1])
        self.candidate = None

    def _read_expression(self, node: ast.expr) -> None:
        if type(node) is ast.Call and type(node.func) is ast.Name and not node.keywords:
            name, args = node.func.id, node.args
            if name == "check" and self.check is not None and len(args) == 1 and type(args[0]) is ast.Name:
                self.use(args[0].id)
                self.read_check(args[0].id)
                return
            if name == "print" and self.is_built_in(name):
                self.steps += self.values(args)  # a judge's output goes nowhere
                return
        self.steps.append(self.value(node))

    def _read_definition(self, node: ast.FunctionDef) -> None:
        match node.args:
            case ast.arguments([], [ast.arg(parameter, None)], None, [], [], None, []):
                if node.name == "check" and not node.decorator_list and node.returns is None:
                    self.define(parameter, node.body)
                    return
        raise NotPlain


def _known(functions: Any, operation: ast.AST) -> Callable[..., Any]:
    found: Callable[..., Any] | None = functions.get(type(operation).__name__)
    if found is None:
        raise NotPlain
    return found


_CONTAINERS: Final[dict[type, Callable[[Any], Any]]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
_READERS: Final[dict[type, Callable[[Any, Any], Step]]] = {
    ast.Constant: _Expressions.constant,
    ast.Name: _Expressions.variable,
    ast.List: _Expressions.items,
    ast.Tuple: _Expressions.items,
    ast.Set: _Expressions.items,
    ast.Dict: _Expressions.mapping,
    ast.UnaryOp: _Expressions.unary,
    ast.BinOp: _Expressions.binary,
    ast.BoolOp: _Expressions.choice,
    ast.Subscript: _Expressions.subscript,
    ast.Compare: _Expressions.comparison,
    ast.JoinedStr: _Expressions.text,
    ast.Call: _Expressions.call,
}
