"""What may become text, in one place for all sources.

Text that passes is a `str` that UTF-8 can hold, without NUL, of at most `max_bytes` bytes in UTF-8. Newlines stay as
they are in the file (CRLF too: an id depends on them); a byte order mark goes, for it says how to read a file and is no
part of it. What does not pass becomes a readable replacement of at most `HEAD_CHARS` characters and the reason.

Does not look at what the text says, and guesses no encoding: it honours a declared one (PEP 263), else it is UTF-8.
"""

import codecs
import io
import os
import stat
import tokenize
from pathlib import Path
from typing import Any, NamedTuple

MAX_BYTES = 1_000_000
"""The default cap on a text. Longer files are data or generated: of 21,327 installed Python files one is."""

HEAD_CHARS = 2_000
"""How much of a text that can't be taken in is kept to show."""

SYMBOLIC_LINK = "symbolic link"

CODECS = (
    "ascii",
    "big5",
    "cp",
    "euc",
    "gb",
    "hz",
    "iso2022",
    "iso8859",
    "johab",
    "koi8",
    "kz",
    "mac",
    "shift",
    "tis",
    "utf-8",
)
"""How the names of codecs begin that a cookie may ask for: encodings of text that contain ASCII. Others of Python's run
for hours (idna), are no encodings of files (unicode_escape) or can't be what wrote the cookie (utf-16)."""


class Intake(NamedTuple):
    """A text, or a readable replacement with the reason why the text could not be taken in."""

    text: str
    drop_reason: str | None = None


def readable(text: str) -> str:
    """The head of `text` with U+FFFD for what can't be stored (lone surrogates) or shown (NUL)."""
    head = text[:HEAD_CHARS].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return head.replace("\0", "\ufffd")


def refused(text: str | bytes, reason: str) -> Intake:
    """What stands for a text that can't be taken in."""
    if isinstance(text, bytes):
        text = text[: 4 * HEAD_CHARS].decode("utf-8", "replace")
    return Intake(readable(text), reason)


def take_value(value: Any, max_bytes: int) -> Intake:
    """Take in a value of a text column, whatever its type."""
    if value is None or value != value:  # NaN is how pandas says None
        return Intake("", "text is missing")
    if not isinstance(value, str):
        return refused(repr_of(value), f"text is of type {type(value).__name__}")
    try:
        num_bytes = len(value.encode())
    except UnicodeEncodeError:
        return refused(value, "lone surrogates")
    if num_bytes > max_bytes:
        return refused(value, too_large(max_bytes))
    if "\0" in value:
        return refused(value, "NUL characters")
    return Intake(value)


def take_bytes(data: bytes, language: str | None, max_bytes: int) -> Intake:
    """Take in the bytes of a file. Python files may declare their encoding (PEP 263); all others are UTF-8."""
    if len(data) > max_bytes:
        return refused(data, too_large(max_bytes))
    if b"\0" in data:
        return refused(data, "NUL bytes: not a text file")
    encoding = "utf-8-sig"
    if language == "python":
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError as error:
            known = "unknown encoding" in str(error) or "encoding problem" in str(error)
            return refused(data, "unknown encoding declared" if known else "not UTF-8")
    name = codecs.lookup(encoding).name
    if not name.startswith(CODECS):
        return refused(data, "unknown encoding declared")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return refused(data, "not UTF-8" if name.startswith("utf-8") else "not in the encoding it declares")
    return Intake(text) if name.startswith("utf-8") else take_value(text, max_bytes)


def take_file(path: Path, num_bytes: int, language: str | None, max_bytes: int) -> Intake:
    """Take in a file that had `num_bytes` when it was listed. At most `max_bytes` of it are read.

    Never follows a symbolic link, and never opens a pipe, a socket or a device.
    """
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return refused(f"-> {path.readlink()}", SYMBOLIC_LINK)
        if stat.S_ISDIR(found.st_mode):
            return Intake("", "unreadable folder")
        if not stat.S_ISREG(found.st_mode):
            return Intake("", "not a regular file")
        # The path may have become something else meanwhile: the flags hold it to what was just seen.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        return Intake("", "vanished since it was listed")
    except OSError as error:
        return Intake("", f"unreadable: {(error.strerror or 'input/output error').lower()}")
    if found.st_size != num_bytes:
        return refused(data, "changed since it was listed")
    return take_bytes(data, language, max_bytes)


def too_large(max_bytes: int) -> str:
    """The reason that names the cap."""
    return f"larger than {max_bytes:,} bytes"


def repr_of(value: Any) -> str:
    """The head of how `value` looks; bytes as the text they may be."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value[: 4 * HEAD_CHARS]).decode("utf-8", "replace")
    try:
        return repr(value)
    except RecursionError:
        return type(value).__name__
