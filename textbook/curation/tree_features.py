"""Features of Python code read off its syntax tree, of as much of a sample as parses."""

import ast
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from textbook.curation.lexical_features import ratio
from textbook.curation.name_features import Nodes, bound_names, name_features
from textbook.languages.python import CHILDREN, parse_head

Function = ast.FunctionDef | ast.AsyncFunctionDef

_STATEMENTS = frozenset(ast.stmt.__subclasses__())
_DECISIONS = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Assert, ast.BoolOp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
_CONTROL = (*_LOOPS, ast.If, ast.IfExp, ast.Try, ast.With, ast.Match)
_COMPUTATIONS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.AugAssign, ast.Subscript)
_PASSING_ON = (ast.Return, ast.Pass, ast.Expr, ast.Raise, ast.Assign)
_PASSED_ON = (ast.Call, ast.Attribute, ast.Name, ast.Constant, ast.Subscript, ast.Await)
_WORD = re.compile(r"[^\W\d]\w*")


def by_kind(tree: ast.Module) -> Nodes:
    """All nodes of a tree by class; operators, contexts and import aliases are left out."""
    found: Nodes = defaultdict(list)
    queue: list[Any] = [tree]
    push, extend = queue.append, queue.extend
    for node in queue:
        if node is None:
            continue
        kind = node.__class__
        found[kind].append(node)
        get = CHILDREN[kind]
        if get is not None:
            for child in get(node):
                if child.__class__ is list:
                    extend(child)
                elif child is not None:
                    push(child)
    return found


def _count(nodes: Nodes, kinds: Iterable[type[ast.AST]]) -> int:
    return sum(len(nodes[kind]) for kind in kinds if kind in nodes)


def _docstring(node: Any) -> str:
    """The docstring of a function, class or module as it stands there; empty if there is none."""
    if node.body and node.body[0].__class__ is ast.Expr:
        value = node.body[0].value
        if value.__class__ is ast.Constant and value.value.__class__ is str:
            return str(value.value)
    return ""


def _parameters(function: Function) -> list[ast.arg]:
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    parameters += [parameter for parameter in (given.vararg, given.kwarg) if parameter is not None]
    return parameters[1:] if parameters and parameters[0].arg in ("self", "cls") else parameters


def _complexities(functions: list[Function], nodes: Nodes) -> list[int]:
    """The cyclomatic complexity of each function (McCabe 1976): one, and one for each decision in it."""
    ordered = sorted(functions, key=lambda function: function.lineno)
    starts = [function.lineno for function in ordered]
    counts = [1] * len(ordered)
    decisions = [(node.lineno, node) for kind in _DECISIONS for node in nodes.get(kind, ())]
    decisions += [(node.target.lineno, node) for node in nodes.get(ast.comprehension, ())]
    decisions += [(node.pattern.lineno, node) for node in nodes.get(ast.match_case, ())]
    for line, node in decisions:
        index = bisect_right(starts, line) - 1
        while index >= 0 and (ordered[index].end_lineno or 0) < line:
            index -= 1
        if index >= 0:
            counts[index] += len(node.values) - 1 if node.__class__ is ast.BoolOp else 1
    return counts


def _is_glue(function: Function) -> bool:
    """Whether the body only passes something on: one statement that returns, calls, stores or raises, and no more."""
    body = function.body[1:] if _docstring(function) else function.body
    if len(body) != 1 or not isinstance(body[0], _PASSING_ON):
        return not body
    value = getattr(body[0], "value", None)
    return value is None or isinstance(value, _PASSED_ON)


def _function_features(nodes: Nodes, functions: list[Function]) -> dict[str, float]:
    count = len(functions)
    classes = nodes.get(ast.ClassDef, [])
    complexities = _complexities(functions, nodes)
    parameters = [parameter for function in functions for parameter in _parameters(function)]
    annotated = sum(p.annotation is not None for p in parameters) + sum(f.returns is not None for f in functions)
    lengths = [(function.end_lineno or 0) - function.lineno + 1 for function in functions]
    decorators = sum(len(node.decorator_list) for node in [*functions, *classes])
    results = sum(node.value is not None for node in nodes.get(ast.Return, ())) + _count(
        nodes, (ast.Yield, ast.YieldFrom)
    )
    return {
        "num_functions": count,
        "num_classes": len(classes),
        "complexity": ratio(sum(complexities), count),
        "max_complexity": max(complexities, default=0),
        "function_lines": ratio(sum(lengths), count),
        "max_function_lines": max(lengths, default=0),
        "parameters_per_function": ratio(len(parameters), count),
        "annotated_share": ratio(annotated, len(parameters) + count),
        "results_per_function": ratio(results, count),
        "glue_function_share": ratio(sum(map(_is_glue, functions)), count),
        "test_function_share": ratio(sum(function.name.startswith("test") for function in functions), count),
        "decorators_per_definition": ratio(decorators, count + len(classes)),
    }


def _docstring_features(tree: ast.Module, nodes: Nodes, functions: list[Function], bound: set[str]) -> dict[str, float]:
    classes = nodes.get(ast.ClassDef, [])
    of_functions = [_docstring(function) for function in functions]
    of_classes = [_docstring(node) for node in classes]
    module = _docstring(tree)
    agreements = []
    for function, docstring in zip(functions, of_functions, strict=True):
        parameters = _parameters(function) if docstring else []
        if parameters:
            said = set(_WORD.findall(docstring))
            agreements.append(sum(parameter.arg in said for parameter in parameters) / len(parameters))
    docstrings = [module, *of_functions, *of_classes]
    words = {word for word in _WORD.findall("\n".join(docstrings).lower()) if len(word) > 3}
    parts = set("_".join(bound).lower().split("_")) | {name.lower() for name in bound}
    documented = sum(map(bool, of_functions)) + sum(map(bool, of_classes))
    return {
        "docstring_chars": sum(map(len, docstrings)),
        "module_docstring_chars": len(module),
        "documented_share": ratio(documented, len(functions) + len(classes)),
        "parameters_in_docstring": ratio(sum(agreements), len(agreements)),
        "docstring_words_in_code": ratio(len(words & parts), len(words)),
    }


def _checks_main(node: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == ...`."""
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _statement_features(tree: ast.Module, nodes: Nodes) -> dict[str, float]:
    statements = sum(len(found) for kind, found in nodes.items() if kind in _STATEMENTS)
    attributes = _count(nodes, (ast.Attribute,))
    literals = _count(nodes, (ast.Constant,))
    top = [node.__class__ for node in tree.body]
    return {
        "num_statements": statements,
        "control_flow": ratio(_count(nodes, _CONTROL), statements),
        "loops": ratio(_count(nodes, _LOOPS), statements),
        "computation_density": ratio(_count(nodes, _COMPUTATIONS), statements),
        "call_density": ratio(_count(nodes, (ast.Call,)), statements),
        "data_density": ratio(literals, statements),
        "attribute_density": ratio(attributes, attributes + _count(nodes, (ast.Name,))),
        "assert_share": ratio(_count(nodes, (ast.Assert,)), statements),
        "raise_share": ratio(_count(nodes, (ast.Raise,)), statements),
        "top_assignment_share": ratio(sum(kind in (ast.Assign, ast.AnnAssign) for kind in top), len(top)),
        "top_expression_share": ratio(sum(kind is ast.Expr for kind in top), len(top)),
        "has_main": any(map(_checks_main, tree.body)),
    }


def tree_features(head: str, cut: bool) -> dict[str, float]:
    """The syntax-tree features of `head`; `textbook.curation.features.COLUMNS` says what each means.

    All are zero where nothing parses. `cut` says that `head` ends before its file does.
    """
    tree, share = parse_head(head, cut)
    if tree is None:
        tree = ast.Module(body=[], type_ignores=[])
    nodes = by_kind(tree)
    functions: list[Function] = [*nodes.get(ast.FunctionDef, ()), *nodes.get(ast.AsyncFunctionDef, ())]
    bound = bound_names(nodes)
    docstrings = _docstring_features(tree, nodes, functions, bound)
    return {
        "parsed_share": share,
        **_function_features(nodes, functions),
        **docstrings,
        "docstring_share": min(1.0, ratio(docstrings["docstring_chars"], share * len(head))),
        **name_features(nodes, bound),
        **_statement_features(tree, nodes),
    }
