"""Python source code: `parse`, the one place where text is parsed, whoever wrote it.

CPython's own parser is not made for hostile text. What was found with CPython 3.11, and is refused here, is listed at
`parse`; `tests/languages/test_python.py` holds the texts. Does not run code, and does not say whether it would run.
"""

import ast
import re
import sys
import threading
import warnings
from collections.abc import Callable
from operator import attrgetter
from textwrap import dedent
from typing import Any, Final

MAX_BYTES: Final = 1_000_000
"""Longest text parsed, in bytes of UTF-8. Of 21,000 installed files one was longer, a table."""

MAX_TOKENS: Final = 200_000
"""Most operators, brackets and words in a text that is parsed. A tree takes up to 2 kB for each, 0.4 kB as a rule."""

MAX_DEPTH: Final = 1_000
"""Deepest syntax tree given out, in nodes."""

MAX_FSTRING_WORK: Final = 10**9
"""Most of length times replacement fields, summed over f-strings: CPython 3.11 takes that much time, here 0.3 s."""

HEAD_ATTEMPTS: Final = 4
"""How often `parse_head` parses."""

_LONG_LINE = 1_000
_ONE_AT_A_TIME = threading.Lock()
_FILE_NAME = "<textbook sample>"
# The parser's warnings (invalid escapes and the like) are about other people's code. The filter names this module's
# pseudo file, so it concerns no other warning, and needs no `catch_warnings`, which is not thread-safe.
_SILENCE = ("ignore", None, Warning, re.compile(re.escape(_FILE_NAME)), 0)

_NO_STATEMENT = ("", " ", "\t", "#", ")", "]", "}")
_OPERATORS = b".([{+-*/%@&|^~<>:"
_NESTING_KEYWORDS = (b"not", b"and", b"or", b"if", b"lambda", b"await", b"yield")  # "or" counts "for" as well
_PUNCTUATION = b"()[]{}.,:;+-*/%@&|^~<>=!"

# The fields of syntax trees that hold no node, or nodes without fields.
_SCALAR_FIELDS = (
    "ctx", "op", "ops", "id", "name", "names", "attr", "arg", "kind", "module", "level", "type_comment", "type_ignores",
    "conversion", "is_async", "simple", "asname", "rest", "kwd_attrs",
)  # fmt: skip

STRING_OR_COMMENT: Final = re.compile(
    r'''(\#[^\n]*+
    |"(?:""(?:[^"\\]++|\\.?|"(?!""))*+(?:""")?|(?:[^"\\\n]++|\\.?)*+"?)
    |'(?:\'\'(?:[^'\\]++|\\.?|'(?!''))*+(?:\'\'\')?|(?:[^'\\\n]++|\\.?)*+'?))''',
    re.VERBOSE | re.DOTALL,
)
"""A comment or a string literal without its prefix. An unclosed string ends with its line, or with the text."""

_DOTTED_NAME = re.compile(r"\b(?:\w++[\s\\]*+\.[\s\\]*+){250}")
_LONG_NUMBER = re.compile(r"\b\d[\w.]{3500}")


class ParseError(ValueError):
    """The text is not Python, or may not be parsed. The message is one readable line, such as "line 3: invalid syntax".

    `line` is the 1-based number of the line at fault, None where no single line is.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.line = line


def parse(text: str) -> ast.Module:
    """Parse a module, whatever the text: either a tree or a `ParseError`, in bounded time and memory.

    The tree is at most `MAX_DEPTH` nodes deep. That is still too deep for `ast.unparse`, `ast.dump`, `compile` and
    visitors that recurse: walk it with `ast.walk` or a stack of your own, or expect RecursionError. The bound does not
    depend on the recursion limit or the caller's depth, as long as 400 more frames fit. 1 MB of C stack is enough.

    A byte order mark at the start is dropped. A coding cookie has no effect, for `text` is decoded already. Warnings of
    the parser are silenced, for this module only, in all threads.

    Refused, beside what is not Python: over `MAX_BYTES` or `MAX_TOKENS`; NUL and lone surrogates; nesting beyond
    `MAX_DEPTH` or the parser's own stack; dotted names of 250 parts (`import a.a.a...` takes quadratic memory: 4 GB for
    100 kB); numbers over 3,500 characters, so that every integer in the tree can be printed under Python's limit of
    4,300 decimal digits; f-strings over `MAX_FSTRING_WORK`.

    Raises:
        ParseError: with the reason. The wording of syntax errors is that of the running Python.
    """
    text = plain_newlines(text.removeprefix("\ufeff"))
    data = _encode(text)
    _check_cost(text, data)
    if not warnings.filters or warnings.filters[0] != _SILENCE:
        warnings.filterwarnings("ignore", module=_SILENCE[3].pattern)
    try:
        tree = _tree(text)
    except SyntaxError as error:
        raise ParseError(error.msg, error.lineno) from None
    except RecursionError:
        raise ParseError(f"nested deeper than {MAX_DEPTH:,}") from None
    except MemoryError:
        raise ParseError("nested too deeply for the parser") from None
    if _may_exceed_depth(data) and _exceeds_depth(tree):
        raise ParseError(f"nested deeper than {MAX_DEPTH:,}")
    return tree


def _tree(text: str) -> ast.Module:
    """The tree of a text. CPython 3.11 keeps one count of depth for all threads: two of them upset it (SystemError)."""
    with _ONE_AT_A_TIME:
        try:
            tree = compile(text, _FILE_NAME, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        except SystemError:  # a thread that parses by other ways than this module
            tree = compile(text, _FILE_NAME, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def plain_newlines(text: str) -> str:
    r"""The text with `\n` for `\r\n` and `\r`, as Python reads it."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _encode(text: str) -> bytes:
    """The text in UTF-8, if it has none of the characters that Python source can't hold."""
    if len(text) > MAX_BYTES:
        raise ParseError(f"larger than {MAX_BYTES:,} bytes")
    if "\0" in text:
        raise ParseError("null character", text.count("\n", 0, text.index("\0")) + 1)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ParseError(f"lone surrogate U+{ord(text[error.start]):04X}", line) from None


def _check_cost(text: str, data: bytes) -> None:
    """Raise ParseError if parsing would take too much memory or time. Costs a tenth of parsing or less."""
    if len(data) > MAX_BYTES:
        raise ParseError(f"larger than {MAX_BYTES:,} bytes")
    if len(data) > MAX_TOKENS and _count(data, _PUNCTUATION) + len(data.split()) > MAX_TOKENS:
        raise ParseError(f"more than {MAX_TOKENS:,} operators and words")
    if data.count(b"{") * len(data) > MAX_FSTRING_WORK and _fstring_work(text) > MAX_FSTRING_WORK:
        raise ParseError("f-strings that are too long")
    if _has_long_line(data):
        code = '""'.join(STRING_OR_COMMENT.split(text)[::2])
        if _DOTTED_NAME.search(code):
            raise ParseError("a dotted name of 250 parts or more")
        if _LONG_NUMBER.search(code):
            raise ParseError("a number of more than 3,500 characters")


def _has_long_line(data: bytes) -> bool:
    """Whether a line is long, continued lines being one."""
    half = _LONG_LINE // 2  # a long line fills one of these blocks
    if b"\\\n" not in data and all(data.find(b"\n", at, at + half) >= 0 for at in range(0, len(data) - half, half)):
        return False
    return max(map(len, data.replace(b"\\\n", b"").split(b"\n"))) > _LONG_LINE


def _count(data: bytes, characters: bytes) -> int:
    return len(data) - len(data.translate(None, characters))


def _fstring_work(text: str) -> int:
    """The sum of length times replacement fields over f-strings."""
    pieces = STRING_OR_COMMENT.split(text)
    prefixed = zip(pieces[::2], pieces[1::2], strict=False)
    return sum(len(string) * string.count("{") for code, string in prefixed if code[-2:].lower().endswith(("f", "fr")))


def _may_exceed_depth(data: bytes) -> bool:
    """Whether the tree can be deeper than `MAX_DEPTH`: False for most texts up to 10 kB, without looking at the tree.

    Each level takes an operator, a colon or a keyword of its own, save that a bracket may bring two more, as in
    `f(key=x in ...`: a call, a keyword and a comparison.
    """
    if len(data) < MAX_DEPTH // 3:
        return False
    operators = _count(data, _OPERATORS)
    if 10 + 3 * operators + len(data) // 2 <= MAX_DEPTH:  # brackets are operators; a keyword takes two bytes or more
        return False
    return 10 + operators + 2 * _count(data, b"([{") + sum(map(data.count, _NESTING_KEYWORDS)) > MAX_DEPTH


def _child_getter(kind: type[ast.AST]) -> Callable[[Any], tuple[Any, ...]] | None:
    fields = [name for name in kind._fields if name not in _SCALAR_FIELDS]
    if not fields or kind in (ast.Constant, ast.MatchSingleton):
        return None
    get = attrgetter(*fields)
    return get if len(fields) > 1 else lambda node: (get(node),)


CHILDREN: Final = {
    kind: _child_getter(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""Node class -> a function from a node to its children, each a node, a list or None; None for classes without any.

For walks several times faster than `ast.walk`. Operators, contexts and import aliases are left out.
"""


def children(node: ast.AST) -> list[Any]:
    """The children of a node in the order of its fields; operators, contexts and import aliases are left out."""
    get = CHILDREN[node.__class__]
    found: list[Any] = []
    for child in get(node) if get else ():
        if child.__class__ is list:
            found += [item for item in child if item is not None]
        elif child is not None:
            found.append(child)
    return found


def _exceeds_depth(tree: ast.Module) -> bool:
    level: list[Any] = [tree]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for node in level:  # as `children`, a fifth faster: large texts are all looked at
            get = CHILDREN[node.__class__]
            for child in get(node) if get else ():
                if child.__class__ is list:
                    below += [item for item in child if item is not None]
                elif child is not None:
                    below.append(child)
        if not below:
            return False
        level = below
    return True


def parse_head(text: str, cut: bool = False) -> tuple[ast.Module | None, float]:
    """Parse as much from the start of a fragment as is Python: the tree, and the share of the characters it covers.

    An indented fragment is dedented. What does not parse is cut before the line at fault and tried again, then before
    the header of the block that holds the cut, `HEAD_ATTEMPTS` times in all; blocks left without a body go as well.

    Args:
        text: with plain newlines.
        cut: whether `text` is known to end before its file does. Its last function, class or statement at top level
            is then left out unseen, which saves the attempt that fails.
    """
    if text[:1].isspace():
        text = dedent(text)
    lines = text.split("\n") if cut else []
    end = _complete(lines, _last_start(lines)) if cut else 0
    head = "\n".join(lines[:end]) if cut else text
    for attempt in range(HEAD_ATTEMPTS):
        try:
            return parse(head), len(head) / len(text) if text else 1.0
        except ParseError as error:
            if error.line is None:
                return None, 0.0
            fault = error.line - 1
        if not lines:
            lines = text.split("\n")
            end = len(lines)
        end = _complete(lines, fault if attempt == 0 and fault < end - 1 else min(fault, _block_header(lines, end)))
        if end <= 0:
            return None, 0.0
        head = "\n".join(lines[:end])
    return None, 0.0


def _complete(lines: list[str], end: int) -> int:
    """The largest number of lines up to `end` whose last one can end a block."""
    while end > 0:
        line = lines[end - 1].strip()
        if line and line[0] not in "@#" and line[-1] not in ":,([{\\":
            break
        end -= 1
    return end


def _last_start(lines: list[str]) -> int:
    """The number of lines before the last one that starts a function, a class or a statement at top level."""
    for number in range(len(lines) - 1, 0, -1):
        line = lines[number]
        if line[:1] not in _NO_STATEMENT or line.lstrip().startswith(("def ", "class ", "async def ")):
            return number
    return len(lines)


def _block_header(lines: list[str], end: int) -> int:
    """The number of lines before the header of the innermost block that line `end` stands in."""
    depth = sys.maxsize
    for number in range(end - 1, -1, -1):
        line = lines[number].lstrip()
        if not line or line[0] in "#)]}":
            continue
        indent = len(lines[number]) - len(line)
        if indent == 0 or indent < depth < sys.maxsize:
            return number
        depth = min(depth, indent)
    return 0
