"""Python without what is said about it: comments and docstrings taken out, the code left as it is.

A scorer that reads the words around the code instead of the code is found out by what it makes of bare code. Text that
does not parse loses its comments, and strings in triple quotes that stand alone on their lines. Does not reformat.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

from textbook.languages.python import STRING_OR_COMMENT, ParseError, children, parse, plain_newlines

_BLANK_RUN = re.compile(r"\n(?:[ \t]*\n){3,}")
_OPEN = ("=", "(", "[", "{", ",", "+", "%", "\\")
"""What a line ends with if the string on the next one is a value."""
HOLDERS = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Edit(NamedTuple):
    """What takes the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str = ""


def edited(text: str, edits: Iterable[Edit]) -> str:
    """`text` with the edits made; one that overlaps an earlier one is left out."""
    parts, at = [], 0
    for start, end, new in sorted(edits):
        if start >= at:
            parts += [text[at:start], new]
            at = end
    return "".join([*parts, text[at:]])


class Code:
    """A text that parses, its tree, and where its nodes stand in it.

    Raises:
        ParseError: it does not parse.
    """

    def __init__(self, text: str) -> None:
        self.text = plain_newlines(text.removeprefix("\ufeff"))
        self.tree = parse(self.text)
        self.nodes = walked(self.tree)

    @cached_property
    def _lines(self) -> list[tuple[int, str]]:
        at, lines = 0, []
        for line in self.text.split("\n"):
            lines.append((at, line))
            at += len(line) + 1
        return lines

    def at(self, line: int, byte: int) -> int:
        """The place of a line, from 1, and a column, in bytes of UTF-8, as syntax trees name it."""
        start, found = self._lines[line - 1]
        return start + (byte if found.isascii() else len(found.encode()[:byte].decode(errors="ignore")))

    def span(self, node: Any) -> tuple[int, int]:
        """From where to where a node stands."""
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def line_start(self, line: int) -> int:
        """Where a line starts, from 1."""
        return self._lines[line - 1][0]

    @cached_property
    def functions(self) -> list[Any]:
        """The functions, in the order of the text."""
        found = [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset))

    @cached_property
    def docstrings(self) -> list[Any]:
        """The statements that are docstrings, in the order of the text."""
        first = [node.body[0] for node in self.nodes if isinstance(node, HOLDERS) and node.body]
        return sorted((node for node in first if is_string(node)), key=lambda node: node.lineno)


def walked(tree: ast.AST) -> list[Any]:
    """A node and all below it, but for operators, contexts and aliases; whatever the depth."""
    found: list[Any] = [tree]
    for node in found:
        found += children(node)
    return found


def code_of(text: str) -> Code | None:
    """The text with its tree, or None where it does not parse."""
    try:
        return Code(text)
    except ParseError:
        return None


def parses(text: str) -> bool:
    """Whether a text is Python."""
    try:
        parse(text)
    except ParseError:
        return False
    return True


def is_string(node: Any) -> bool:
    """Whether a statement is a string and nothing else."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def bare(text: str) -> str:
    """`text` without comments, docstrings and other strings that are statements.

    What parsed before parses after; where a body had nothing else, `pass` stands.
    """
    code = code_of(text)
    if code is None:
        text = plain_newlines(text)
        return _tidy(edited(text, [*comments(text), *_lone_strings(text)]))
    said = comments(code.text)
    for edits in ([*said, *_strings(code, "pass")], [*said, *_strings(code, "...")], _strings(code, "...")):
        made = _tidy(edited(code.text, edits))
        if parses(made):
            return made
    return code.text  # strings inside of parentheses, and quotes that only a later Python can tell apart


def without_docstrings(code: Code) -> str:
    """The text without docstrings; comments stay."""
    return _tidy(edited(code.text, _strings(code, "pass")))


def comments(text: str) -> list[Edit]:
    """Edits that take the comments out, with the blanks before them, and lines that hold nothing else."""
    found = []
    for match in STRING_OR_COMMENT.finditer(text):
        if match[0][0] == "#":
            line = text.rfind("\n", 0, match.start()) + 1
            alone = not text[line : match.start()].strip()
            start = line if alone else match.start() - _blanks_before(text, line, match.start())
            found.append(Edit(start, match.end() + (alone and match.end() < len(text))))
    return found


def _blanks_before(text: str, line: int, at: int) -> int:
    before = text[line:at]
    return len(before) - len(before.rstrip())


def _strings(code: Code, empty: str) -> list[Edit]:
    """Edits that take out the statements that are strings; `empty` stands where something has to."""
    edits = []
    for body in _bodies(code):
        strings = [node for node in body if is_string(node)]
        for node in strings:
            start, end = code.span(node)
            line, after = code.line_start(node.lineno), code.text.find("\n", end)
            after = len(code.text) if after < 0 else after
            rest = code.text[end:after].strip()
            alone = not code.text[line:start].strip() and (not rest or rest[0] == "#")
            needed = len(strings) == len(body) and node is strings[0] and body is not code.tree.body
            edits.append(Edit(line, after + 1) if alone and not needed else Edit(start, end, empty))
    return edits


def _bodies(code: Code) -> Iterator[list[Any]]:
    for node in code.nodes:
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body:
                yield body


def _lone_strings(text: str) -> Iterator[Edit]:
    """Edits for text that does not parse: strings in triple quotes with lines of their own that are no values."""
    for match in STRING_OR_COMMENT.finditer(text):
        if not match[0].startswith(('"""', "'''")):
            continue
        line = text.rfind("\n", 0, match.start()) + 1
        after = text.find("\n", match.end())
        after = len(text) if after < 0 else after
        above = text[:line].rstrip()
        prefix, rest = text[line : match.start()].strip().lower(), text[match.end() : after].strip()
        if prefix in ("", "r", "u") and (not rest or rest[0] == "#") and not above.endswith(_OPEN):
            yield Edit(line, after + 1)


def _tidy(text: str) -> str:
    """Without the runs of blank lines that taking out leaves."""
    return _BLANK_RUN.sub("\n\n\n", text).lstrip("\n")
