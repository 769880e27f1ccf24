"""Python files cut into functions and classes, each with what it needs of its file, so that it stands alone.

Python only. Definitions inside `if`, `try` or other definitions get no row of their own. Nothing is run, so what a file
does to a name after binding it (`TABLE[key] = value`, `function.attribute = 1`) does not come along.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from textbook.curation.name_features import BUILTINS
from textbook.curation.units.free_names import ANNOTATIONS, STAR, Names, names_of
from textbook.languages.python import ParseError, parse, plain_newlines
from textbook.lineage import row_id
from textbook.operator import Batch, Operator, append_rows, num_rows

MAX_GROWTH: Final = 50
"""Most characters looked at to make the units of a file, as a multiple of its length: bounds hostile files."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


class Unit(NamedTuple):
    """One function or class that stands alone."""

    name: str
    kind: str
    """"function" or "class"."""
    text: str


@dataclass(frozen=True)
class SplitFunctions(Operator):
    r"""Makes a row of each top-level function and class of a Python file, and adds `unit` to say what a row is.

    A unit is the definition with its decorators and the comment right above it, and before or after it, in the order of
    the file, the imports, constants, functions and classes of the file that it uses, and those that these use. All
    is cut from the file by whole lines (line ends become `\n`): never written anew. One import line that binds five
    names comes whole. Definitions of one name (overloads, a property with its setter) make one unit. A name that
    nothing in the file defines brings the file's `from x import *`.

    The file's own row stays, with `unit` "file", as do rows that are not Python or do not parse; the new rows have
    "function" or "class", so `Keep("unit", one_of=("function", "class"))` drops the files. A new row has the file's
    language and licence, and its source with `#name` after it.

    Attributes:
        min_chars: shortest definition that makes a row, in characters, without what it needs.
        max_chars: longest unit that makes a row, in characters, with what it needs.

    Stubs make no row: bodies of nothing but a docstring, `pass`, `...` or `raise NotImplementedError`. No more rows are
    made of a file once `MAX_GROWTH` times its length has been looked at.
    """

    min_chars: int = 100
    max_chars: int = 20_000

    version = 1
    makes_rows = True
    reads = ("id", "text", "language", "source", "license")
    adds = {"unit": "string"}

    def __call__(self, batch: Batch) -> Batch:
        """Append the units of all files."""
        given = batch | {"unit": ["file"] * num_rows(batch)}
        return append_rows(given, (row for i in range(num_rows(batch)) for row in self._rows(batch, i)))

    def _rows(self, batch: Batch, i: int) -> Iterator[dict[str, Any]]:
        if batch["language"][i] not in (None, "python"):
            return
        file, source = batch["id"][i], batch["source"][i]
        for unit in units_of(batch["text"][i], self.min_chars, self.max_chars):
            yield {
                "id": row_id(f"{file}#{unit.name}", unit.text),
                "text": unit.text,
                "language": "python",
                "source": None if source is None else f"{source}#{unit.name}",
                "license": batch["license"][i],
                "parents": [file],
                "unit": unit.kind,
            }

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """A file of two functions and a class, a file that does not parse, another language."""
        texts = [_EXAMPLE, "def broken(:\n", "fn main() {}\n"]
        batch: Batch = {
            "id": ["a", "b", "c"],
            "text": texts,
            "language": ["python", "python", "rust"],
            "source": ["shapes.py", None, "main.rs"],
            "license": ["MIT", None, None],
        }
        return cls(min_chars=20), batch


_EXAMPLE = '''import math
import sys

UNIT = 1.0


# The area of a circle.
def circle(radius):
    return math.pi * square(radius)


def square(side):
    return side * side * UNIT


class Shape:
    def area(self):
        return square(self.side)


def stub():
    """To be written."""
'''


class _Block(NamedTuple):
    """Whole lines of a file that hold one top-level statement, or several that share a line."""

    start: int
    """The first line, counted from 0; with the comment above."""
    end: int
    """The line after the last one."""
    statements: list[ast.stmt]
    names: Names
    num_chars: int


def units_of(text: str, min_chars: int, max_chars: int) -> Iterator[Unit]:
    """The units of a file in the order of their first definitions; none if it does not parse."""
    try:
        tree = parse(text)
    except ParseError:
        return
    lines = plain_newlines(text.removeprefix("\ufeff")).split("\n")
    blocks = _blocks(tree, lines)
    definers: dict[str, list[int]] = defaultdict(list)
    definitions: dict[str, list[ast.stmt]] = defaultdict(list)
    for number, block in enumerate(blocks):
        for name in block.names.bound:
            definers[name].append(number)
        for statement in block.statements:
            if isinstance(statement, _DEFINITIONS):
                definitions[statement.name].append(statement)
    budget = MAX_GROWTH * len(text)
    for name, statements in definitions.items():
        own = sum(blocks[number].num_chars for number in definers[name])
        if own < min_chars or own > max_chars or all(map(_is_stub, statements)):
            continue
        chosen, num_chars = _needed(name, blocks, definers, max_chars)
        budget -= num_chars
        if budget < 0:
            return
        unit = _joined([blocks[number] for number in sorted(chosen)], lines)
        if num_chars <= max_chars and len(unit) <= max_chars:
            yield Unit(name, "class" if isinstance(statements[-1], ast.ClassDef) else "function", unit)


def _blocks(tree: ast.Module, lines: list[str]) -> list[_Block]:
    """The top-level statements with their lines. Those that share a line, by `;` or a backslash, are one block."""
    groups: list[tuple[int, int, list[ast.stmt]]] = []
    for statement in tree.body:
        decorators = getattr(statement, "decorator_list", [])
        start = min(node.lineno for node in [statement, *decorators]) - 1
        end = statement.end_lineno or statement.lineno
        last = groups[-1][1] if groups else 0
        if groups and (start < last or lines[last - 1].endswith("\\")):
            first, _, statements = groups.pop()
            statements.append(statement)
            groups.append((first, max(last, end), statements))
            continue
        while start > last and (lines[start - 1].endswith("\\") or _is_leading_comment(lines[start - 1], statement)):
            start -= 1
        groups.append((start, end, [statement]))
    return [_block(lines, *group) for group in groups]


def _is_leading_comment(line: str, statement: ast.stmt) -> bool:
    """Whether the line is a comment on the statement below it. Above imports, comments are about the file."""
    return line.startswith("#") and not line.startswith("#!") and not isinstance(statement, _IMPORTS)


def _block(lines: list[str], start: int, end: int, statements: list[ast.stmt]) -> _Block:
    parts = [names_of(statement) for statement in statements]
    bound = frozenset[str]().union(*(part.bound for part in parts))
    used = frozenset[str]().union(*(part.used for part in parts))
    num_chars = sum(map(len, lines[start:end])) + end - start
    return _Block(start, end, statements, Names(bound, used), num_chars)


def _needed(name: str, blocks: list[_Block], definers: dict[str, list[int]], max_chars: int) -> tuple[set[int], int]:
    """The blocks that define `name` and all they need, and their characters; it stops beyond `max_chars`."""
    chosen: set[int] = set()
    names, seen, num_chars = [name], {name}, 0
    while names and num_chars <= max_chars:
        for number in definers.get(names.pop(), ()):
            if number in chosen:
                continue
            chosen.add(number)
            num_chars += blocks[number].num_chars
            for used in blocks[number].names.used:
                if used not in definers and used not in BUILTINS and used != ANNOTATIONS:
                    used = STAR
                if used not in seen:
                    seen.add(used)
                    names.append(used)
    return chosen, num_chars


def _is_stub(definition: Any) -> bool:
    return all(_says_nothing(statement) for statement in definition.body)


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(statement, ast.Pass)


def _joined(blocks: list[_Block], lines: list[str]) -> str:
    """The blocks as one text: blank lines as style guides ask for them, whatever stood between the blocks."""
    parts: list[str] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before:
            kinds = {_kind(before), _kind(block)}
            parts += [""] * (2 if "definition" in kinds else len(kinds) - 1)
        parts += lines[block.start : block.end]
    return "\n".join(parts) + "\n"


def _kind(block: _Block) -> str:
    if any(isinstance(statement, _DEFINITIONS) for statement in block.statements):
        return "definition"
    if any(hasattr(statement, "body") for statement in block.statements):
        return "compound"
    return "import" if all(isinstance(statement, _IMPORTS) for statement in block.statements) else "simple"
