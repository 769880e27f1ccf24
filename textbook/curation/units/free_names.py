"""The names that one top-level Python statement binds, and those that it takes from elsewhere.

Scopes are those of the language: parameters and variables of a function hide what stands outside, names of a class body
do not reach its methods, comprehensions have a scope of their own. Names in strings (`"Node"` as an annotation) and
names bound through `globals()` are not seen.
"""

import ast
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from textbook.languages.python import children

ANNOTATIONS: Final = "from __future__ import annotations"
"""Stands, as if it were a name, for the import that every annotation depends on."""

STAR: Final = "*"
"""What `from x import *` binds."""

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_TYPE_PARAMETERS = ("TypeVar", "ParamSpec", "TypeVarTuple")


class Names(NamedTuple):
    """What a statement at module level binds there, and what it uses and does not bind in a scope of its own."""

    bound: frozenset[str]
    used: frozenset[str]


@dataclass(eq=False)
class _Scope:
    kind: str
    parent: "_Scope | None" = None
    bound: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    """Declared global or nonlocal."""


class _Walk:
    """A walk with a stack of its own, for trees may be too deep for recursion."""

    def __init__(self, statement: ast.stmt) -> None:
        self.module = _Scope("module")
        self.scopes = [self.module]
        self.stack: list[tuple[Any, _Scope]] = [(statement, self.module)]
        while self.stack:
            node, scope = self.stack.pop()
            getattr(self, f"_{node.__class__.__name__}", self._children)(node, scope)

    def _inside(self, kind: str, parent: _Scope) -> _Scope:
        self.scopes.append(_Scope(kind, parent))
        return self.scopes[-1]

    def _push(self, value: Any, scope: _Scope) -> None:
        if value.__class__ is list:
            self.stack += [(item, scope) for item in value if item is not None]
        elif value is not None:
            self.stack.append((value, scope))

    def _children(self, node: Any, scope: _Scope) -> None:
        if isinstance(node, _COMPREHENSIONS):
            self._comprehended(node, scope)
            return
        if node.__class__.__name__ in _TYPE_PARAMETERS:
            scope.bound.add(node.name)
        self._push(children(node), scope)

    def _Name(self, node: ast.Name, scope: _Scope) -> None:
        if isinstance(node.ctx, ast.Load):
            scope.used.add(node.id)
        elif isinstance(node.ctx, ast.Store) or scope.kind == "function":
            scope.bound.add(node.id)

    def _NamedExpr(self, node: ast.NamedExpr, scope: _Scope) -> None:
        holder = scope
        while holder.kind == "comprehension" and holder.parent:
            holder = holder.parent
        holder.bound.add(node.target.id)
        self._push(node.value, scope)

    def _comprehended(self, node: Any, scope: _Scope) -> None:
        inner = self._inside("comprehension", scope)
        first, *others = node.generators
        self._push(first.iter, scope)
        self._push([first.target, *first.ifs, *others], inner)
        self._push([node.key, node.value] if isinstance(node, ast.DictComp) else node.elt, inner)

    def _FunctionDef(self, node: Any, scope: _Scope) -> None:
        scope.bound.add(node.name)
        inner = self._inside("function", scope)
        self._push([*node.decorator_list, node.returns], scope)
        self._push(getattr(node, "type_params", []), inner)
        self._parameters(node, scope, inner)
        self._push(node.body, inner)

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda, scope: _Scope) -> None:
        inner = self._inside("function", scope)
        self._parameters(node, scope, inner)
        self._push(node.body, inner)

    def _parameters(self, node: Any, scope: _Scope, inner: _Scope) -> None:
        given = node.args
        parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        annotations = [parameter.annotation for parameter in parameters if parameter]
        inner.bound.update(parameter.arg for parameter in parameters if parameter)
        self._push([*given.defaults, *given.kw_defaults, *annotations], scope)
        if any(annotations) or getattr(node, "returns", None):
            self.module.used.add(ANNOTATIONS)

    def _AnnAssign(self, node: ast.AnnAssign, scope: _Scope) -> None:
        self.module.used.add(ANNOTATIONS)
        self._push([node.target, node.annotation, node.value], scope)

    def _ClassDef(self, node: Any, scope: _Scope) -> None:
        scope.bound.add(node.name)
        inner = self._inside("class", scope)
        self._push([*node.decorator_list, *node.bases, *node.keywords], scope)
        self._push([*getattr(node, "type_params", []), *node.body], inner)

    def _TypeAlias(self, node: Any, scope: _Scope) -> None:
        scope.bound.add(node.name.id)
        self._push([*node.type_params, node.value], scope)

    def _Import(self, node: ast.Import, scope: _Scope) -> None:
        scope.bound.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)

    def _ImportFrom(self, node: ast.ImportFrom, scope: _Scope) -> None:
        names = [alias.asname or alias.name for alias in node.names]
        scope.bound.update(names)
        if node.module == "__future__" and "annotations" in names:
            scope.bound.add(ANNOTATIONS)

    def _Global(self, node: ast.Global, scope: _Scope) -> None:
        scope.elsewhere.update(node.names)
        self.module.used.update(node.names)

    def _Nonlocal(self, node: ast.Nonlocal, scope: _Scope) -> None:
        scope.elsewhere.update(node.names)

    def _ExceptHandler(self, node: Any, scope: _Scope) -> None:
        if node.name:
            scope.bound.add(node.name)
        self._children(node, scope)

    _MatchAs = _MatchStar = _ExceptHandler

    def _MatchMapping(self, node: ast.MatchMapping, scope: _Scope) -> None:
        if node.rest:
            scope.bound.add(node.rest)
        self._children(node, scope)


def names_of(statement: ast.stmt) -> Names:
    """The names that a top-level statement binds at module level, and those that it may look up there.

    A name used in a class body counts as looked up even where the body binds it too, for it may do so later.
    """
    walk = _Walk(statement)
    for scope in reversed(walk.scopes[1:]):
        assert scope.parent
        hidden = set() if scope.kind == "class" else scope.bound - scope.elsewhere
        scope.parent.used |= scope.used - hidden
    return Names(frozenset(walk.module.bound), frozenset(walk.module.used))
