"""Source code in JavaScript, Java, C, C++, Go and Rust: its functions, comments, names and literals, by tree-sitter.

Whatever the text, it is read in bounded time and memory; broken code is read as far as it can be told. Needs
`textbook-curation[languages]`: one wheel per language, which holds its grammar and downloads nothing. Python is read by
`textbook.languages.python`.

Does not resolve names, expand macros or read what is included; C is read by the grammar of C++. What a macro of Rust is
given is a flat list of words.
"""

import re
import time
from functools import cache
from typing import Any, Final, NamedTuple

from textbook.languages.grammars import (
    AROUND,
    CALLED,
    GRAMMARS,
    LEFT_OUT,
    LITERAL,
    NAMES,
    PROPERTIES,
    TRANSPARENT,
    TYPE_FIELDS,
    Grammar,
)
from textbook.require import require

LANGUAGES: Final = frozenset(GRAMMARS)
"""The languages that are read, as `textbook.languages` names them."""

MAX_CHARS: Final = 200_000
"""Longest text read. Longer files are bundles and generated tables, as a rule."""

MAX_PARSE_S: Final = 1.0
"""Most CPU time for a text: twenty times what real code of the greatest length takes."""

MAX_NODES: Final = 10_000
"""A longer function has no labels: no problem of a benchmark comes near."""

SHORT_NODES: Final = 20
"""Functions of up to so many nodes have rich labels."""

MAX_NESTED: Final = 10
"""Functions within so many others are read as their parts only: else memory would be quadratic."""

_NEAR = 200
"""A comment may stand so many blanks above its function."""

_FENCE = re.compile(r"^ {0,3}```[^\n`]*$", re.MULTILINE)
_NOT_ASCII = re.compile(r"[^\x01-\x7f]")
_SMALL_NUMBER = re.compile(r"(?:10|[0-9])(?:\.0?)?")


class TreeError(ValueError):
    """The text is too large, or takes too long. The message is one readable line."""


class Span(NamedTuple):
    """A part of a text, in characters."""

    start: int
    end: int


class TreeFunction(NamedTuple):
    """A function or method."""

    start: int
    """Its first character in the text, from the start of the line, with the comment or attribute right above."""

    end: int
    labels: tuple[str, ...]
    """One label a node, in preorder, without comments, types, names and values; empty beyond `MAX_NODES`."""

    rich: tuple[str, ...]
    """The same with the names of properties and of what is called, and small numbers; empty beyond `SHORT_NODES`."""


class Source(NamedTuple):
    """What is in a text, each in the order of the text."""

    functions: list[TreeFunction]
    comments: list[Span]
    names: list[Span]
    literals: list[Span]


def functions(text: str, language: str) -> list[TreeFunction]:
    """The functions and methods of a text, those within others too. See `read`."""
    return read(text, language).functions


def read(text: str, language: str) -> Source:
    """Read a text: its functions, comments, names and literals.

    Of a text with fenced code blocks (three backticks, as models answer), only these are read. NUL, lone surrogates and
    other characters beyond ASCII are as good as a letter.

    Args:
        text: any.
        language: one of `LANGUAGES`.

    Raises:
        TreeError: over `MAX_CHARS` or `MAX_PARSE_S`.
        ValueError: no such language.
        ModuleNotFoundError: the language's wheel is not installed; the message is the remedy.
    """
    if language not in GRAMMARS:
        raise ValueError(f"got the language {language!r}; expected one of {', '.join(sorted(LANGUAGES))}")
    grammar = GRAMMARS[language]
    if len(text) > MAX_CHARS:
        raise TreeError(f"larger than {MAX_CHARS:,} characters")
    plain = _only_fenced(text) if "```" in text else text
    # One byte a character: places in the tree are places in the text.
    data = _NOT_ASCII.sub(_stand_in, plain).encode()
    return _Reader(text, grammar).read(_parse(data, grammar.module))


def _stand_in(match: re.Match[str]) -> str:
    return " " if match[0].isspace() or match[0] == "\0" else "x"


def _only_fenced(text: str) -> str:
    """The text with blanks for what stands outside of fenced code blocks, if there are any."""
    fences = list(_FENCE.finditer(text))
    if len(fences) < 2:
        return text
    pieces, done = [], 0
    for opening, closing in zip(fences[::2], [*fences[1::2], None][: len(fences[::2])], strict=True):
        end = closing.start() if closing else len(text)
        pieces += [_blank(text[done : opening.end()]), text[opening.end() : end]]
        done = end
    return "".join(pieces) + _blank(text[done:])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


@cache
def _language(module: str) -> Any:
    return require("tree_sitter", extra="languages").Language(require(module, extra="languages").language())


def _parse(data: bytes, module: str) -> Any:
    language = _language(module)
    parser = require("tree_sitter", extra="languages").Parser(language)
    deadline = time.thread_time() + MAX_PARSE_S
    try:
        return parser.parse(
            lambda offset, _: data[offset : offset + 65_536],
            progress_callback=lambda offset, _: time.thread_time() > deadline,
        )
    except ValueError:
        raise TreeError(f"takes longer than {MAX_PARSE_S:g} s to parse") from None


class _Open(NamedTuple):
    """A function whose end has not been reached."""

    depth: int
    start: int
    end: int
    first_label: int


class _Reader:
    """One walk over a tree, without recursion."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        self._text, self._grammar = text, grammar
        self._labels: list[str] = []
        self._rich: list[str] = []
        self._open: list[_Open] = []
        self._path: list[tuple[str, int]] = []
        """Kind and start of the node at each depth, from the root."""
        self._above = Span(0, -_NEAR - 1)
        """The last comments and attributes with nothing between them."""
        self._source = Source([], [], [], [])

    def read(self, tree: Any) -> Source:
        """What is in a tree."""
        cursor = tree.walk()
        depth = 0
        while True:
            if self._enter(cursor.node, cursor.field_name, depth) and cursor.goto_first_child():
                depth += 1
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    self._source.functions.sort(key=lambda each: (each.start, each.end))
                    return self._source
                depth -= 1
                if self._open and self._open[-1].depth == depth:
                    self._close()

    def _enter(self, node: Any, field: str | None, depth: int) -> bool:
        """Take in a node; whether its children are to be seen too."""
        kind, start, end = node.type, node.start_byte, node.end_byte
        parent = self._path[depth - 1][0] if depth else ""
        self._path[depth:] = [(kind, start)]
        if "comment" in kind or kind in ("attribute_item", "decorator"):
            self._take_above(kind, start, end)
            return False
        if kind in LEFT_OUT or kind.endswith("_type") or (field in TYPE_FIELDS and not kind.endswith("_specifier")):
            return False
        if not node.is_named:
            if field == "operator" or parent in ("unary_expression", "update_expression"):
                self._label(kind, kind)
            return False
        if kind in NAMES:
            self._source.names.append(Span(start, end))
            says_what = (parent, field) in CALLED or (kind in PROPERTIES and field not in ("name", "declarator"))
            self._label("name", self._text[start:end] if says_what else "name")
            return False
        if kind in LITERAL:
            self._source.literals.append(Span(start, end))
            label, text = LITERAL[kind], self._text[start:end]
            self._label(label, text if label == "constant" or _SMALL_NUMBER.fullmatch(text) else label)
            return False
        if self._is_function(node, kind, parent) and len(self._open) < MAX_NESTED:
            self._open.append(_Open(depth, self._first(depth, start), end, len(self._labels)))
        if kind in self._grammar.functions or kind in self._grammar.if_named:
            kind = "function"
        if kind not in TRANSPARENT:
            self._label(kind, kind)
        return True

    def _is_function(self, node: Any, kind: str, parent: str) -> bool:
        named = kind in self._grammar.functions or (kind in self._grammar.if_named and parent in AROUND)
        return named and node.child_by_field_name("body") is not None

    def _label(self, label: str, rich: str) -> None:
        self._labels.append(label)
        self._rich.append(rich)

    def _close(self) -> None:
        _, start, end, first = self._open.pop()
        size = len(self._labels) - first
        labels = tuple(self._labels[first:]) if size <= MAX_NODES else ()
        rich = tuple(self._rich[first:]) if size <= SHORT_NODES else ()
        self._source.functions.append(TreeFunction(start, end, labels, rich))

    def _take_above(self, kind: str, start: int, end: int) -> None:
        end -= self._text[end - 1 : end] == "\n"  # Rust's doc comments hold the end of their line
        if "comment" in kind:
            self._source.comments.append(Span(start, end))
        first = self._line_start(start)
        if self._follows(first):
            self._above = Span(self._above.start, end)
        elif first < start or start == 0 or self._text[start - 1] == "\n":
            self._above = Span(first, end)

    def _first(self, depth: int, start: int) -> int:
        """Where a function starts, with what names, exports or explains it."""
        while depth and self._path[depth - 1][0] in AROUND:
            depth -= 1
            start = self._path[depth][1]
        start = self._line_start(start)
        return self._above.start if self._follows(start) else start

    def _line_start(self, start: int) -> int:
        """The start of the line if nothing but blanks stands before, else the place itself."""
        first = self._text.rfind("\n", max(start - _NEAR, 0), start) + 1
        at_start = first > 0 or start <= _NEAR
        return first if at_start and not self._text[first:start].strip() else start

    def _follows(self, start: int) -> bool:
        """Whether a place is right below the comments above."""
        if not 0 <= start - self._above.end <= _NEAR:
            return False
        between = self._text[self._above.end : start]
        return not between.strip() and between.count("\n") <= 1
