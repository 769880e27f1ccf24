"""What n-grams are taken of: a text, its shape and the roles of its tokens, each a string of bytes; and its words."""

import re
import string
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from textbook.curation.lexical_features import KEYWORDS
from textbook.curation.name_features import BUILTINS
from textbook.languages.python import STRING_OR_COMMENT

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

DROPPED: Final = ord("\r")
"""The byte that no view keeps."""

_TOKEN = re.compile(r"\n[ ]*+|\.?[^\W\d]\w*+|\d[\w.]*+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*+")
_DEFINED = re.compile(r"\b(?:def|class)[ \t]++(\w++)")
_IMPORT = re.compile(r"^[ \t]*+(?:from[ \t]++([\w.]++)[ \t]++)?import[ \t]++(\([^()]*+|[^\n;]*+)", re.MULTILINE)
_RENAMED = re.compile(r"(?<![\w.])[\w.]++[ \t]++as[ \t]++")
_DEEPEST = 7
_COMMENT, _BLOCK_STRING, _STRING = "\1\2\3"
_ROLE_OF_KEYWORD: Final = {keyword: chr(0x80 + at) for at, keyword in enumerate(sorted(KEYWORDS))}
_ROLE_OF_NAME: Final = {**dict.fromkeys(BUILTINS, "b"), "self": "s", "cls": "s"}


@dataclass(frozen=True, eq=False)
class View:
    """Bytes of a text, translated; of a run of like ones that are `squeezed`, one is left."""

    read: Callable[[str], bytes]
    table: bytes
    squeezed: bytes

    @cached_property
    def translation(self) -> Bytes:
        """The table as an array."""
        return np.frombuffer(self.table, np.uint8)

    @cached_property
    def is_squeezed(self) -> npt.NDArray[np.bool_]:
        """For each translated byte."""
        return np.isin(np.arange(256), np.frombuffer(self.squeezed, np.uint8))

    def of(self, text: str) -> Bytes:
        """The view of a text."""
        view = np.frombuffer(self.read(text).translate(self.table, bytes([DROPPED])), np.uint8)
        keep = np.ones(len(view), np.bool_)
        keep[1:] = (view[1:] != view[:-1]) | ~self.is_squeezed[view[1:]]
        return view[keep]


def words(view: Bytes) -> Words:
    """The 8 bytes from each position on as one little-endian number; zeros stand after the end."""
    return _words_of(view.tobytes()).astype(np.uint64)


def _words_of(data: bytes) -> npt.NDArray[Any]:
    return np.ndarray(len(data), "<u8", data + bytes(7), strides=(1,))


_LETTERS: Final = string.ascii_lowercase.encode() + string.ascii_uppercase.encode()

LOWERED: Final = np.frombuffer(bytes(range(256)).lower(), np.uint8)
CASE: Final = np.array([1 + (65 <= byte <= 90) if byte in _LETTERS else 0 for byte in range(256)], np.uint8)
"""For each byte: 1 for a small letter, 2 for a capital, 0 for what is no letter of ASCII."""

_FIRST_BYTES: Final = np.array([(1 << 8 * num) - 1 for num in range(9)], np.uint64)


def first_letters(data: bytes) -> Words:
    """The first 8 letters of each word of two letters or more, in lower case, as one little-endian number.

    A word begins at a letter after what is no letter, and at a capital after a small letter.
    """
    case = CASE[np.frombuffer(b" " + data + b" ", np.uint8)]
    before, now = case[:-1], case[1:]
    edges = np.flatnonzero((before != now) & ((before != 2) | (now != 1)))
    lengths = np.diff(edges, append=edges[-1:])
    kept = (now[edges] > 0) & (lengths > 1)
    letters = _words_of(data.lower())[edges[kept]].astype(np.uint64)
    return letters & _FIRST_BYTES[np.minimum(lengths[kept], 8)]


def encoded(text: str) -> bytes:
    """Any text in UTF-8, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


class _Roles(dict[str, str]):
    """The role of each token; those that are no names are filled in as they come."""

    def __missing__(self, token: str) -> str:
        sign = token[0]
        if sign == "\n":
            role = "\n" + " " * min((len(token) - 1) // 4, _DEEPEST)
        elif sign == "." and len(token) > 1:
            role = ".a"
        elif sign.isdigit():
            role = "0"
        elif sign.isalpha() or sign == "_":
            role = "v"
        else:
            role = sign if sign.isascii() else "U"
        self[token] = role
        return role


def _placeholder(literal: str) -> str:
    if literal[0] == "#":
        return _COMMENT
    return _BLOCK_STRING if literal.startswith(('"""', "'''")) else _STRING


def _imported(code: str) -> dict[str, str]:
    """The names that imports bind: `I` from the standard library, `R` relative, `X` from elsewhere."""
    found = {}
    for module, names in _IMPORT.findall(code) if "import" in code else ():
        if module:
            origin = "R" if module[0] == "." else _origin(module.partition(".")[0])
            found.update(dict.fromkeys(_NAME.findall(_RENAMED.sub("", names)), origin))
            continue
        for part in map(_NAME.findall, names.split(",")):
            if part:
                found[part[-1] if "as" in part[-2:-1] else part[0]] = _origin(part[0])
    return found


def _origin(module: str) -> str:
    return "I" if module in sys.stdlib_module_names else "X"


@lru_cache(maxsize=1024)
def roles(text: str) -> bytes:
    """The text with each token replaced by what it is, as if it were Python.

    A keyword has a byte of its own. A name is `s` for self and cls, `a` after a dot, `D` where the text defines it as a
    function or class, `I`, `R` or `X` where it is imported from the standard library, relatively or from elsewhere,
    `b` for a builtin, else `v`. A number is `0`, a comment, a block string and a string have a byte each, a new line is
    followed by a blank for four of its indent. Signs stay, other blanks go.
    """
    pieces = STRING_OR_COMMENT.split("\n" + text)
    pieces[1::2] = map(_placeholder, pieces[1::2])
    code = "".join(pieces)
    if "\t" in code:
        code = code.expandtabs(4)
    known = _Roles(_ROLE_OF_NAME)
    known.update(_imported(code))
    known.update(dict.fromkeys(_DEFINED.findall(code), "D"))
    known.update(_ROLE_OF_KEYWORD)
    return "".join([known[token] for token in _TOKEN.findall(code)]).encode("latin-1")


_BLANKS_AND_DIGITS: Final = bytes.maketrans(string.digits.encode() + b"\t", b"0" * 10 + b" ")

PLAIN: Final = View(encoded, _BLANKS_AND_DIGITS, b" ")
SHAPE: Final = View(
    encoded,
    bytes.maketrans(string.digits.encode() + _LETTERS + b"\t", b"0" * 10 + b"a" * 26 + b"A" * 26 + b" "),
    b"aA0",
)
ROLES: Final = View(roles, bytes(range(256)), b"")
