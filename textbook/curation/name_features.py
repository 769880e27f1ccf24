"""Features of the names in a syntax tree: what a sample uses, and where that comes from.

Names are resolved for the sample as a whole, not scope by scope: a name bound anywhere in it counts as defined.
"""

import ast
import sys
from typing import Any, Final

from textbook.curation.lexical_features import ratio

Nodes = dict[type[ast.AST], list[Any]]
"""The nodes of a tree by class, each class with every node of it, in no particular order."""

# A literal list, for `dir(builtins)` grows under IPython and with `site`, and features must not depend on that.
_BUILTIN_NAMES = """
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup
FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning
IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
ModuleNotFoundError NameError NotADirectoryError NotImplemented NotImplementedError OSError OverflowError
PendingDeprecationWarning PermissionError ProcessLookupError RecursionError ReferenceError ResourceWarning
RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError
TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError
UnicodeWarning UserWarning ValueError Warning ZeroDivisionError __build_class__ __class__ __debug__ __doc__ __file__
__import__ __name__ __package__ __path__ __spec__ abs aiter all anext any ascii bin bool breakpoint bytearray bytes
callable chr classmethod compile complex delattr dict dir divmod enumerate eval exec exit filter float format
frozenset getattr globals hasattr hash help hex id input int isinstance issubclass iter len list locals map max
memoryview min next object oct open ord pow print property quit range repr reversed round set setattr slice sorted
staticmethod str sum super tuple type vars zip
"""
BUILTINS: Final = frozenset(_BUILTIN_NAMES.split())
"""The names Python 3.11 defines everywhere, those of modules among them."""

_SELF = ("self", "cls")


def bound_names(nodes: Nodes) -> set[str]:
    """Every name the sample binds, imports aside: variables, parameters, functions, classes, captures."""
    bound = {node.id for node in nodes.get(ast.Name, ()) if node.ctx.__class__ is not ast.Load}
    bound.update(node.arg for node in nodes.get(ast.arg, ()))
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar):
        bound.update(node.name for node in nodes.get(kind, ()) if node.name)
    bound.update(node.rest for node in nodes.get(ast.MatchMapping, ()) if node.rest)
    return bound


def _imported(nodes: Nodes) -> dict[str, str]:
    """Each name an import binds, with the top-level module it comes from; "" for a relative import."""
    origin = {}
    for node in nodes.get(ast.Import, ()):
        for alias in node.names:
            module = alias.name.partition(".")[0]
            origin[alias.asname or module] = module
    for node in nodes.get(ast.ImportFrom, ()):
        module = "" if node.level else (node.module or "").partition(".")[0]
        origin.update({alias.asname or alias.name: module for alias in node.names})
    return origin


def _root(node: Any) -> str:
    """The name that a chain of attributes, subscripts and calls starts from; "" if it starts from something else."""
    while True:
        kind = node.__class__
        if kind is ast.Name:
            return str(node.id)
        if kind is ast.Attribute or kind is ast.Subscript:
            node = node.value
        elif kind is ast.Call:
            node = node.func
        else:
            return ""


def _call_features(nodes: Nodes, foreign: set[str]) -> dict[str, float]:
    calls = [_root(call.func) for call in nodes.get(ast.Call, ())]
    defined = {node.name for kind in (ast.FunctionDef, ast.ClassDef) for node in nodes.get(kind, ())}
    return {
        "foreign_call_share": ratio(sum(name in foreign for name in calls), len(calls)),
        "own_call_share": ratio(sum(name in defined for name in calls), len(calls)),
        "builtin_call_share": ratio(sum(name in BUILTINS for name in calls), len(calls)),
        "self_call_share": ratio(sum(name in _SELF for name in calls), len(calls)),
        "print_share": ratio(calls.count("print"), len(calls)),
    }


def _attribute_features(nodes: Nodes, bound: set[str], foreign: set[str]) -> dict[str, float]:
    loaded: set[str] = set()
    stored: set[str] = set()
    for node in nodes.get(ast.Attribute, ()):
        if node.value.__class__ is ast.Name and node.value.id in _SELF:
            (loaded if node.ctx.__class__ is ast.Load else stored).add(node.attr)
    bases = [_root(base) for node in nodes.get(ast.ClassDef, ()) for base in node.bases]
    return {
        "free_attributes": ratio(len(loaded - stored - bound), len(loaded)),
        "foreign_bases": ratio(sum(name in foreign for name in bases), len(bases)),
    }


def name_features(nodes: Nodes, bound: set[str]) -> dict[str, float]:
    """The features of names, imports and calls, where `bound` is `bound_names(nodes)`."""
    origin = _imported(nodes)
    loaded = [node.id for node in nodes.get(ast.Name, ()) if node.ctx.__class__ is ast.Load]
    used = set(loaded)
    free = used - bound - origin.keys() - BUILTINS
    foreign = free | {name for name, module in origin.items() if module not in sys.stdlib_module_names}
    modules = set(origin.values())
    imports = nodes.get(ast.ImportFrom, [])
    num_imports = len(imports) + len(nodes.get(ast.Import, ()))
    return {
        "free_names": ratio(len(free), len(used)),
        "foreign_names": ratio(sum(name in foreign for name in loaded), len(loaded)),
        "num_imports": num_imports,
        "stdlib_share": ratio(sum(module in sys.stdlib_module_names for module in modules), len(modules)),
        "relative_import_share": ratio(sum(node.level > 0 for node in imports), num_imports),
        **_call_features(nodes, foreign),
        **_attribute_features(nodes, bound, foreign),
    }
