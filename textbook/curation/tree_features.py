"""Features of Python code read off its syntax tree, of as much of a sample as parses.

Names are resolved for the sample as a whole, not scope by scope: a name bound anywhere in it counts as defined.
"""

import ast
import re
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from textwrap import dedent
from typing import Any

from textbook.languages.python import ParseError, parse

MAX_ATTEMPTS = 5
"""How often a shorter prefix is tried."""

# A literal list: `dir(builtins)` grows under IPython and without `-S`, and features must not depend on that.
BUILTINS = frozenset(
    "ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError "
    "BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError "
    "ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception "
    "ExceptionGroup False FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError "
    "ImportError ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError "
    "KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError None NotADirectoryError NotImplemented "
    "NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError "
    "RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration "
    "SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True TypeError UnboundLocalError "
    "UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError "
    "Warning ZeroDivisionError __build_class__ __debug__ __doc__ __file__ __import__ __name__ __package__ __path__ "
    "__spec__ abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile "
    "complex delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr "
    "hash help hex id input int isinstance issubclass iter len list locals map max memoryview min next object oct "
    "open ord pow print property quit range repr reversed round set setattr slice sorted staticmethod str sum super "
    "tuple type vars zip".split()
)

Nodes = dict[type, list[Any]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

_BRANCHES = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.IfExp, ast.ExceptHandler, ast.comprehension, ast.BoolOp, ast.match_case,
    ast.Assert,
)  # fmt: skip
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
_WORD = re.compile(r"[^\W\d]\w*")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def parse_prefix(text: str) -> tuple[ast.Module | None, float]:
    """Parse as much of `text` from its start as is Python, and say how much that is, as a share of its characters.

    An indented fragment is dedented. A text that does not parse is cut before the line at fault, then, while that does
    not help, before the header of the block that holds the cut, `MAX_ATTEMPTS` times at most.
    """
    if text[:1] in " \t\n":
        text = dedent(text)
    lines: list[str] = []
    end, kept = 0, text
    for _ in range(MAX_ATTEMPTS):
        try:
            return parse(kept), _ratio(len(kept), len(text))
        except ParseError as error:
            if error.line is None:
                break
            if not lines:
                lines = text.split("\n")
                end = min(error.line - 1, len(lines) - 1)
            else:
                end = min(_header_above(lines, end), error.line - 1)
        if end <= 0:
            break
        kept = "\n".join(lines[:end])
    return None, 0.0


def _header_above(lines: list[str], end: int) -> int:
    """The number of lines before the header of the block that line `end` (0-based) stands in."""
    depth = sys.maxsize
    for number in range(end - 1, -1, -1):
        line = lines[number]
        stripped = line.lstrip()
        if not stripped or stripped[0] in "#)]}":
            continue
        indent = len(line) - len(stripped)
        if indent < depth and depth < sys.maxsize or indent == 0:
            return number
        depth = min(depth, indent)
    return 0


@cache
def _children(kind: type) -> Callable[[Any], tuple[Any, ...]] | None:
    """How to get at what may hold child nodes in a node of this kind; None for a leaf."""
    skipped = {
        "ctx", "op", "ops", "id", "name", "names", "attr", "arg", "value_kind", "kind", "n", "lineno", "module", "level",
        "type_comment", "type_ignores", "conversion", "is_async", "simple", "asname", "rest", "kwd_attrs",
    }  # fmt: skip
    fields = [name for name in kind._fields if name not in skipped or (name == "names" and kind in _IMPORTS)]  # type: ignore[attr-defined]
    if kind is ast.Constant or not fields:
        return None
    if len(fields) == 1:
        get = attrgetter(fields[0])
        return lambda node: (get(node),)
    return attrgetter(*fields)


_IMPORTS = (ast.Import, ast.ImportFrom)


def _by_kind(tree: ast.Module) -> Nodes:
    """All nodes of the tree, without operators and contexts, by their class."""
    found: Nodes = defaultdict(list)
    stack: list[Any] = [tree]
    pop, push, extend = stack.pop, stack.append, stack.extend
    while stack:
        node = pop()
        if node is None:
            continue
        kind = node.__class__
        found[kind].append(node)
        get = _children(kind)
        if get is not None:
            for value in get(node):
                if value.__class__ is list:
                    extend(value)
                elif value is not None:
                    push(value)
    return found


def _count(nodes: Nodes, kinds: Iterable[type]) -> int:
    return sum(len(nodes[kind]) for kind in kinds if kind in nodes)


def _statements(nodes: Nodes) -> int:
    return sum(len(found) for kind, found in nodes.items() if issubclass(kind, ast.stmt))


def _docstring(node: Any) -> str:
    """The docstring of a function, class or module as it is written; empty if there is none."""
    if node.body and node.body[0].__class__ is ast.Expr:
        value = node.body[0].value
        if value.__class__ is ast.Constant and isinstance(value.value, str):
            return value.value
    return ""


def _parameters(function: Function) -> list[ast.arg]:
    spec = function.args
    found = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    found += [arg for arg in (spec.vararg, spec.kwarg) if arg is not None]
    if found and found[0].arg in ("self", "cls"):
        del found[0]
    return found


def _functions(nodes: Nodes) -> list[Function]:
    return [*nodes.get(ast.FunctionDef, ()), *nodes.get(ast.AsyncFunctionDef, ())]


def _complexities(functions: list[Function], nodes: Nodes) -> list[int]:
    """The cyclomatic complexity of each function (McCabe 1976): one, and one for each branch in it."""
    ordered = sorted(functions, key=lambda function: function.lineno)
    starts = [function.lineno for function in ordered]
    counts = [1] * len(ordered)
    for kind in _BRANCHES:
        for node in nodes.get(kind, ()):
            place = node.pattern if kind is ast.match_case else node.target if kind is ast.comprehension else node
            index = bisect_right(starts, place.lineno) - 1
            while index >= 0 and (ordered[index].end_lineno or 0) < place.lineno:
                index -= 1
            if index >= 0:
                counts[index] += len(node.values) - 1 if kind is ast.BoolOp else 1
    return counts


def _is_glue(function: Function) -> bool:
    """Whether the body is one statement that only passes, returns, raises, stores or calls something."""
    body = function.body[1:] if _docstring(function) else function.body
    if not body:
        return True
    if len(body) > 1 or not isinstance(body[0], (ast.Return, ast.Pass, ast.Expr, ast.Raise, ast.Assign)):
        return False
    value = getattr(body[0], "value", None)
    return value is None or isinstance(value, (ast.Call, ast.Attribute, ast.Name, ast.Constant, ast.Subscript, ast.Await))


def _function_features(nodes: Nodes) -> dict[str, float]:
    functions = _functions(nodes)
    count = len(functions)
    complexities = _complexities(functions, nodes)
    parameters = [parameter for function in functions for parameter in _parameters(function)]
    annotated = sum(p.annotation is not None for p in parameters) + sum(f.returns is not None for f in functions)
    lengths = [(function.end_lineno or 0) - function.lineno + 1 for function in functions]
    classes = nodes.get(ast.ClassDef, [])
    return {
        "num_functions": count,
        "num_classes": len(classes),
        "complexity": _ratio(sum(complexities), count),
        "max_complexity": max(complexities, default=0),
        "function_lines": _ratio(sum(lengths), count),
        "max_function_lines": max(lengths, default=0),
        "parameters_per_function": _ratio(len(parameters), count),
        "annotated_share": _ratio(annotated, len(parameters) + count),
        "glue_function_share": _ratio(sum(map(_is_glue, functions)), count),
        "decorators_per_definition": _ratio(sum(len(d.decorator_list) for d in functions + classes), count + len(classes)),
        "test_function_share": _ratio(sum(f.name.startswith("test") for f in functions), count),
        "returning_share": min(1.0, _ratio(sum(r.value is not None for r in nodes.get(ast.Return, ())), count)),
    }


def _docstring_features(tree: ast.Module, nodes: Nodes, names: set[str], num_chars: int) -> dict[str, float]:
    functions = _functions(nodes)
    definitions = functions + nodes.get(ast.ClassDef, [])
    docstrings = [_docstring(node) for node in definitions]
    module = _docstring(tree)
    agreement = []
    for function, docstring in zip(functions, docstrings, strict=False):
        parameters = _parameters(function)
        if docstring and parameters:
            words = set(_WORD.findall(docstring))
            agreement.append(sum(p.arg in words for p in parameters) / len(parameters))
    words = {word.lower() for word in _WORD.findall("\n".join([module, *docstrings])) if len(word) > 3}
    parts = {part for name in names for part in name.lower().split("_")}
    return {
        "docstring_share": _ratio(len(module) + sum(map(len, docstrings)), num_chars),
        "documented_share": _ratio(sum(map(bool, docstrings)), len(definitions)),
        "module_docstring_chars": len(module),
        "parameters_in_docstrings": _ratio(sum(agreement), len(agreement)),
        "docstring_words_in_code": _ratio(len(words & parts), len(words)),
    }


def _bound_names(nodes: Nodes) -> set[str]:
    bound = {name.id for name in nodes.get(ast.Name, ()) if name.ctx.__class__ is not ast.Load}
    bound.update(arg.arg for arg in nodes.get(ast.arg, ()))
    bound.update(node.name for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef) for node in nodes.get(kind, ()))
    for kind in (ast.ExceptHandler, ast.MatchAs, ast.MatchStar):
        bound.update(node.name for node in nodes.get(kind, ()) if node.name)
    bound.update(node.rest for node in nodes.get(ast.MatchMapping, ()) if node.rest)
    return bound


def _imports(nodes: Nodes) -> tuple[dict[str, str], int]:
    """The names that imports bind, each with its top-level module ("" if relative), and the number of relative ones."""
    origin = {}
    for node in nodes.get(ast.Import, ()):
        for alias in node.names:
            root = alias.name.partition(".")[0]
            origin[alias.asname or root] = root
    relative = 0
    for node in nodes.get(ast.ImportFrom, ()):
        relative += node.level > 0
        root = "" if node.level else (node.module or "").partition(".")[0]
        origin.update({alias.asname or alias.name: root for alias in node.names})
    return origin, relative


def _root(node: Any) -> Any:
    """What a chain of attributes, calls and subscripts starts from."""
    while node.__class__ in (ast.Attribute, ast.Subscript):
        node = node.value
    return node


def _name_features(nodes: Nodes, bound: set[str]) -> dict[str, float]:
    loaded = [name.id for name in nodes.get(ast.Name, ()) if name.ctx.__class__ is ast.Load]
    origin, relative = _imports(nodes)
    known = bound | origin.keys() | BUILTINS
    distinct = set(loaded)
    modules = set(origin.values())
    foreign = {name for name, root in origin.items() if root not in sys.stdlib_module_names}
    defined = {node.name for kind in (ast.FunctionDef, ast.ClassDef) for node in nodes.get(kind, ())}
    calls = nodes.get(ast.Call, [])
    roots = [_root(call.func) for call in calls]
    called = [(root.id if root.__class__ is ast.Name else "", call.func) for root, call in zip(roots, calls, strict=True)]
    outside = sum(name in foreign or (bool(name) and name not in known) for name, _ in called)
    return {
        "free_names": _ratio(len(distinct - known), len(distinct)),
        "foreign_names": _ratio(sum(name in foreign for name in loaded), len(loaded)),
        "num_imports": _count(nodes, _IMPORTS),
        "stdlib_import_share": _ratio(sum(module in sys.stdlib_module_names for module in modules), len(modules)),
        "relative_import_share": _ratio(relative, _count(nodes, _IMPORTS)),
        "outside_call_share": _ratio(outside, len(calls)),
        "own_call_share": _ratio(sum(name in defined for name, _ in called), len(calls)),
        "builtin_call_share": _ratio(sum(name in BUILTINS for name, _ in called), len(calls)),
        "self_call_share": _ratio(sum(name in ("self", "cls") for name, _ in called), len(calls)),
        "prints": _ratio(sum(name == "print" for name, _ in called), len(calls)),
    }


def _density_features(tree: ast.Module, nodes: Nodes) -> dict[str, float]:
    statements = _statements(nodes)
    names = len(nodes.get(ast.Name, ()))
    attributes = len(nodes.get(ast.Attribute, ()))
    constants = len(nodes.get(ast.Constant, ()))
    top = [node.__class__ for node in tree.body]
    computing = _count(nodes, (ast.BinOp, ast.Compare, ast.AugAssign, ast.Subscript, ast.UnaryOp))
    return {
        "num_statements": statements,
        "control_flow": _ratio(_count(nodes, (*_BRANCHES, ast.Try, ast.With, ast.Return, ast.Raise)), statements),
        "loops": _ratio(_count(nodes, _LOOPS), statements),
        "calls_per_statement": _ratio(_count(nodes, (ast.Call,)), statements),
        "computation_density": _ratio(computing, statements),
        "attribute_density": _ratio(attributes, names + attributes),
        "data_density": _ratio(constants, statements),
        "assert_share": _ratio(_count(nodes, (ast.Assert,)), statements),
        "top_assignment_share": _ratio(sum(kind in (ast.Assign, ast.AnnAssign) for kind in top), len(top)),
        "top_definition_share": _ratio(sum(kind in (ast.FunctionDef, ast.ClassDef) for kind in top), len(top)),
        "has_main": float(any(kind is ast.If and _tests_main(node) for kind, node in zip(top, tree.body, strict=True))),
    }


def _tests_main(node: Any) -> bool:
    test = node.test
    return test.__class__ is ast.Compare and test.left.__class__ is ast.Name and test.left.id == "__name__"


def tree_features(head: str) -> dict[str, float]:
    """The syntax-tree features of `head`; zeros where nothing of it parses."""
    tree, share = parse_prefix(head)
    tree = ast.Module(body=[], type_ignores=[]) if tree is None else tree
    nodes = _by_kind(tree)
    bound = _bound_names(nodes)
    return {
        "parsed_share": share,
        **_function_features(nodes),
        **_docstring_features(tree, nodes, bound, max(1, int(share * len(head)))),
        **_name_features(nodes, bound),
        **_density_features(tree, nodes),
    }
