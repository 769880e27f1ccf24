"""Whether an example printed what it should, by the rules of the standard library's doctest.

That module's own comparison is not used: loading it takes longer than judging a program. Tested against it.
"""

import re
from collections.abc import Collection
from typing import Final

TRACEBACK: Final = "Traceback (most recent call last):\n"
"""What stands before an exception, in what an example gave and in what it should give."""
_HEADERS: Final = ("Traceback (most recent call last):", "Traceback (innermost last):")
_MESSAGE: Final = re.compile(r"^\w", re.MULTILINE)
_BLANK_MARKER: Final = re.compile(r"^<BLANKLINE>[^\S\n]*$", re.MULTILINE)
_ONLY_SPACES: Final = re.compile(r"^[^\S\n]+$", re.MULTILINE)


def same(got: str, want: str, options: Collection[str]) -> bool:
    """Whether what was printed is what was wanted. `options` are doctest's, those that are on."""
    raised, message = TRACEBACK in got, _message(want)
    if raised != (message is not None):
        return False
    if message is None:
        return _alike(got, want, options)
    got = got.rpartition(TRACEBACK)[2]
    return _alike(got, message, options) or (
        "IGNORE_EXCEPTION_DETAIL" in options and _alike(_kind(got), _kind(message), options)
    )


def unwanted(got: str, want: str) -> str:
    """The name of the exception that an example raised where none was wanted; empty where that is not so."""
    return _kind(got.rpartition(TRACEBACK)[2]) if TRACEBACK in got and _message(want) is None else ""


def _message(want: str) -> str | None:
    """What an expected traceback says last: from the first line on that is not indented. None where it is none."""
    header, _, rest = want.partition("\n")
    found = _MESSAGE.search(rest) if header.rstrip() in _HEADERS else None
    return rest[found.start() :] if found else None


def _kind(message: str) -> str:
    """The name of the exception, without its module."""
    return message.partition("\n")[0].partition(":")[0].rpartition(".")[2]


def _alike(got: str, want: str, options: Collection[str]) -> bool:
    if got == want:
        return True
    if "DONT_ACCEPT_TRUE_FOR_1" not in options and (got, want) in (("True\n", "1\n"), ("False\n", "0\n")):
        return True
    if "DONT_ACCEPT_BLANKLINE" not in options:
        got, want = _ONLY_SPACES.sub("", got), _BLANK_MARKER.sub("", want)
    if "NORMALIZE_WHITESPACE" in options:
        got, want = " ".join(got.split()), " ".join(want.split())
    return got == want or ("ELLIPSIS" in options and _matches(got, want.split("...")))


def _matches(got: str, pieces: list[str]) -> bool:
    """Whether `got` is the pieces in their order, with anything between them."""
    first, last = pieces[0], pieces[-1]
    at, end = len(first), len(got) - len(last)
    if len(pieces) < 2 or at > end or not (got.startswith(first) and got.endswith(last)):
        return False
    for piece in pieces[1:-1]:
        at = got.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True
