"""Python's syntax trees as sequences: one character for each node, in preorder.

What does not change what a function does is left out: annotations, decorators, docstrings and other statements of a
constant, `pass`, and whether a name is loaded or stored. `x += 1` is `x = x + 1`, and a result that is only named to be
returned is returned. Names and values are left out too: functions that differ in nothing but these have equal
sequences. Rich labels keep names and values that say what a short function does.

Does not parse, and knows no other language: see `functions`.
"""

import ast
import builtins
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final, NamedTuple

MAX_NODES: Final = 10_000
"""A longer function is not compared: no problem of a benchmark comes near."""

_LEFT_OUT = {
    "annotation", "arg", "asname", "attr", "conversion", "ctx", "decorator_list", "id", "is_async", "kind", "kwd_attrs",
    "level", "module", "name", "rest", "returns", "simple", "type_comment", "type_ignores", "type_params",
}  # fmt: skip
_LEAVES = (ast.Constant, ast.MatchSingleton, ast.Global, ast.Nonlocal)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BUILTINS = frozenset(name for name in dir(builtins) if name[0] != "_")
_SMALL = 10

_KINDS: list[type[ast.AST]] = sorted(
    {kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)} - {ast.AnnAssign},
    key=lambda kind: kind.__name__,
)
_LABEL: dict[type[ast.AST], str] = {kind: chr(ord("!") + number) for number, kind in enumerate(_KINDS)}
_LABEL |= {ast.AnnAssign: _LABEL[ast.Assign], ast.Pass: ""}

NAMES: Final = {label: kind.__name__ for kind, label in _LABEL.items() if kind is not ast.AnnAssign}
"""The class of the node that a character of a sequence stands for."""

_CHILDREN = {
    kind: () if kind in _LEAVES else tuple(name for name in kind._fields if name not in _LEFT_OUT) for kind in _LABEL
}
"""Class of a node -> the fields that hold its children."""

Found = list[tuple[Any, str]]


class Linear(NamedTuple):
    """A function as a sequence."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | None
    """None for a tree without functions, as a whole."""

    labels: str
    """One character a node, below 256 so that these compare fast; empty for more than `MAX_NODES` nodes."""


def linearise(tree: ast.Module) -> list[Linear]:
    """Each function of a tree, those within classes and functions too.

    A tree without functions is one itself: a solution may have lost its header.
    """
    found: Found = []
    try:
        whole = _VISIT[ast.Module](tree, found)
    except RecursionError:
        found = [(node, _deep(node)) for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
        whole = "" if found else _deep(tree)
    if not found and len(whole) > 1:
        found = [(None, _LABEL[ast.FunctionDef] + _LABEL[ast.arguments] + whole[1:])]
    return [Linear(node, labels if len(labels) <= MAX_NODES else "") for node, labels in found]


def rich_labels(function: ast.AST) -> tuple[str, ...]:
    """One label a node, in the same order, with attributes, names of built-ins and small constants."""
    labels = tuple(map(_rich_label, _preorder(function)))
    return ("FunctionDef", "arguments", *labels[1:]) if isinstance(function, ast.Module) else labels


def _rich_label(node: Any) -> str:
    kind = NAMES[_LABEL[node.__class__]]
    if kind == "Attribute":
        return f"Attribute {node.attr}"
    if kind == "Name" and node.id in _BUILTINS:
        return f"Name {node.id}"
    if kind != "Constant":
        return kind
    value = node.value
    small = value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= _SMALL)
    return f"Constant {value!r}" if small else f"Constant {type(value).__name__}"


def _deep(node: ast.AST) -> str:
    """The sequence of a tree of any depth, ten times slower."""
    return "".join(_LABEL[each.__class__] for each in _preorder(node))


def _preorder(node: ast.AST) -> Iterator[Any]:
    """The nodes that have a label."""
    stack = [node]
    while stack:
        node = stack.pop()
        if node.__class__ is ast.Pass or (node.__class__ is ast.Expr and node.value.__class__ is ast.Constant):
            continue
        if node.__class__ is ast.AugAssign:
            node = ast.Assign([node.target], ast.BinOp(node.target, node.op, node.value))
        yield node
        for name in reversed(_CHILDREN[node.__class__]):
            child = getattr(node, name)
            if isinstance(child, list):
                result = _named_result(child)
                each_once = child if result is None else [*child[:-2], ast.Return(result)]
                stack += [each for each in reversed(each_once) if each]
            elif child:
                stack.append(child)


def _named_result(body: list[Any]) -> Any:
    """What a block returns at its end that is only named in the statement before: `x = 1`, `return x`."""
    if len(body) < 2 or body[-1].__class__ is not ast.Return or body[-2].__class__ is not ast.Assign:
        return None
    result, before = body[-1].value, body[-2]
    if not isinstance(result, ast.Name) or len(before.targets) != 1:
        return None
    (target,) = before.targets
    return before.value if isinstance(target, ast.Name) and target.id == result.id else None


# The walk takes a quarter of the time that the parser takes because what is frequent is spelt out: a visitor gives the
# sequence of a node, and puts those of the functions in it into `found`.

Visitor = Callable[[Any, Found], str]


def _leaf(label: str) -> Visitor:
    return lambda node, found: label


def _with_value(label: str) -> Visitor:
    def visit(node: Any, found: Found) -> str:
        child = node.value
        return label + _VISIT[child.__class__](child, found)

    return visit


def _expression(node: ast.Expr, found: Found, label: str = _LABEL[ast.Expr]) -> str:
    child = node.value
    return "" if child.__class__ is ast.Constant else label + _VISIT[child.__class__](child, found)


def _call(node: ast.Call, found: Found, label: str = _LABEL[ast.Call]) -> str:
    child: Any = node.func
    labels = label + _VISIT[child.__class__](child, found)
    for child in node.args:
        labels += _VISIT[child.__class__](child, found)
    for child in node.keywords:
        labels += _VISIT[child.__class__](child, found)
    return labels


def _assign(node: ast.Assign, found: Found, label: str = _LABEL[ast.Assign]) -> str:
    labels = label
    for child in node.targets:
        labels += _VISIT[child.__class__](child, found)
    child = node.value
    return labels + _VISIT[child.__class__](child, found)


def _augmented(
    node: ast.AugAssign, found: Found, label: str = _LABEL[ast.Assign], inner: str = _LABEL[ast.BinOp]
) -> str:
    target, value = node.target, node.value
    place = _VISIT[target.__class__](target, found)
    return label + place + inner + place + _LABEL[node.op.__class__] + _VISIT[value.__class__](value, found)


def _returned(labels: str, body: list[Any], found: Found, label: str = _LABEL[ast.Return]) -> str:
    """The labels up to the end of a block that ends with a return, if its result is only named, without the name."""
    result = _named_result(body)
    if result is None:
        return labels
    value = _VISIT[result.__class__](result, found)
    return labels[: -len(value) - 4] + label + value


def _subscript(node: ast.Subscript, found: Found, label: str = _LABEL[ast.Subscript]) -> str:
    value, index = node.value, node.slice
    return label + _VISIT[value.__class__](value, found) + _VISIT[index.__class__](index, found)


def _compare(node: ast.Compare, found: Found, label: str = _LABEL[ast.Compare]) -> str:
    child = node.left
    labels = label + _VISIT[child.__class__](child, found)
    for operator in node.ops:
        labels += _LABEL[operator.__class__]
    for child in node.comparators:
        labels += _VISIT[child.__class__](child, found)
    return labels


def _if(node: ast.If, found: Found, label: str = _LABEL[ast.If]) -> str:
    child: Any = node.test
    labels = label + _VISIT[child.__class__](child, found)
    for child in node.body:
        labels += _VISIT[child.__class__](child, found)
    if child.__class__ is ast.Return:
        labels = _returned(labels, node.body, found)
    for child in node.orelse:
        labels += _VISIT[child.__class__](child, found)
    if node.orelse and child.__class__ is ast.Return:
        labels = _returned(labels, node.orelse, found)
    return labels


def _arguments(
    node: ast.arguments, found: Found, label: str = _LABEL[ast.arguments], one: str = _LABEL[ast.arg]
) -> str:
    labels = label + one * (len(node.posonlyargs) + len(node.args) + (node.vararg is not None))
    labels += one * len(node.kwonlyargs)
    for child in node.kw_defaults:
        if child is not None:
            labels += _VISIT[child.__class__](child, found)
    labels += one * (node.kwarg is not None)
    for child in node.defaults:
        labels += _VISIT[child.__class__](child, found)
    return labels


def _function(label: str) -> Visitor:
    def visit(node: Any, found: Found) -> str:
        labels = label + _arguments(node.args, found)
        for child in node.body:
            labels += _VISIT[child.__class__](child, found)
        if child.__class__ is ast.Return:
            labels = _returned(labels, node.body, found)
        found.append((node, labels))
        return labels

    return visit


def _any(label: str, fields: tuple[str, ...]) -> Visitor:
    get = attrgetter(*fields) if len(fields) > 1 else lambda node: (getattr(node, fields[0]),)

    def visit(node: Any, found: Found) -> str:
        labels = label
        for child in get(node):
            if child.__class__ is list:
                for each in child:
                    if each is not None:
                        labels += _VISIT[each.__class__](each, found)
                if child and each.__class__ is ast.Return:
                    labels = _returned(labels, child, found)
            elif child is not None:
                labels += _VISIT[child.__class__](child, found)
        return labels

    return visit


_VISIT: dict[type[ast.AST], Visitor] = {
    kind: _any(label, _CHILDREN[kind]) if _CHILDREN[kind] else _leaf(label) for kind, label in _LABEL.items()
} | {
    **{kind: _with_value(_LABEL[kind]) for kind in (ast.Attribute, ast.keyword)},
    **{kind: _function(_LABEL[kind]) for kind in _FUNCTIONS},
    ast.Expr: _expression,
    ast.Call: _call,
    ast.Assign: _assign,
    ast.AugAssign: _augmented,
    ast.Subscript: _subscript,
    ast.Compare: _compare,
    ast.If: _if,
    ast.arguments: _arguments,
}
