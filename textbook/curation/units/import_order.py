"""In which order to read the Python files of a project: what is imported before what imports it.

Imports are read, not run: those that a file computes are not seen, nor those inside functions and under
`if TYPE_CHECKING`, which are there to break cycles.
"""

import ast
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from textbook.languages.python import ParseError, children, parse

MAX_PREFIX = 8
"""How many leading folders of a path may be no part of its module's name, as "src" is."""


def imports_of(text: str) -> list[str]:
    """The modules that a file imports at module level, sorted, once each; none if it does not parse.

    `import a.b` is "a.b"; `from ..a import b` is "..a:b", for whether `b` is a module, the other files say.
    """
    try:
        tree = parse(text)
    except ParseError:
        return []
    found: set[str] = set()
    stack: list[Any] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{'.' * node.level}{node.module or ''}:{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            stack += node.orelse
        else:
            stack += children(node)
    return sorted(found)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"


def imported_first(paths: Sequence[str], imports: Sequence[Sequence[str]]) -> list[int]:
    """The positions of `paths`, which are sorted, so that a file stands after those it imports.

    Depth first from the first path on. So files that do not import one another stay in order of their paths, and a
    cycle is entered at its first path and ends with it.
    """
    modules = [_module(path) for path in paths]
    whole = {".".join(parts): i for i, parts in reversed(list(enumerate(modules)))}
    endings = _endings(modules)
    needs = [
        sorted({_find(name, path, whole, endings) for name in names} - {-1, i})
        for i, (path, names) in enumerate(zip(paths, imports, strict=True))
    ]
    order: list[int] = []
    seen: set[int] = set()
    for root in range(len(paths)):
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(needs[root]))]
        while stack:
            file, remaining = stack[-1]
            following = next((other for other in remaining if other not in seen), None)
            if following is None:
                order.append(file)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(needs[following])))
    return order


def _module(path: str) -> tuple[str, ...]:
    parts = path.removesuffix(".pyi").removesuffix(".py").split("/")
    return tuple(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _endings(modules: Sequence[tuple[str, ...]]) -> dict[str, list[int]]:
    """Files by what is left of their modules' names without leading folders; those with the fewest come first."""
    endings: dict[str, list[int]] = defaultdict(list)
    for i, parts in enumerate(modules):
        for cut in range(1, min(len(parts), MAX_PREFIX + 1)):
            endings[".".join(parts[cut:])].append(i)
    for files in endings.values():
        files.sort(key=lambda i: len(modules[i]))
    return endings


def _find(name: str, path: str, whole: dict[str, int], endings: dict[str, list[int]]) -> int:
    """The file that an import in `path` means, or -1.

    A relative import is plain. Another one means the module of that whole name, else the file beside, else the one
    whose name ends so and has the fewest folders before (of several, the first).
    """
    module, _, member = name.partition(":")
    level = len(module) - len(module.lstrip("."))
    folders = path.split("/")[:-1]
    base = folders[: len(folders) + 1 - level] if level else folders
    for parts in ([module[level:], member], [module[level:]]) if member else ([module],):
        wanted = ".".join(filter(None, parts))
        beside = whole.get(".".join(filter(None, (*base, wanted))), -1)
        candidates = [beside] if level else [whole.get(wanted, -1), beside, *endings.get(wanted, ())[:1]]
        found = next((candidate for candidate in candidates if candidate >= 0), -1)
        if found >= 0:
            return found
    return -1
