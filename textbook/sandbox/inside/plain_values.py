"""The values of plain tests as bytes, and back: what `marshal` writes, read by a reader that trusts none of it.

`marshal` goes by exact types, and is fast; but reading what it did not write can crash an interpreter. Bytes are left
out, for it writes buffers of other types as bytes too.
"""

import struct
from typing import Any, Final

VERSION: Final = 2
"""Of marshal's format: without references between values."""
MAX_BYTES: Final = 16 << 10
"""Longest value that is read. Of as much, no set or dict can be made that takes long to fill."""
MAX_DEPTH: Final = 60

_SINGLE: Final = {b"N"[0]: None, b"T"[0]: True, b"F"[0]: False}
_SEQUENCES: Final[dict[int, Any]] = {b"["[0]: list, b"("[0]: tuple, b"<"[0]: set, b">"[0]: frozenset}
_INT, _FLOAT, _COMPLEX, _LONG, _STR, _DICT, _END = b"igylu{0"
_NUMBERS: Final = {_INT: struct.Struct("<i"), _FLOAT: struct.Struct("<d"), _COMPLEX: struct.Struct("<dd")}
_LENGTH: Final = struct.Struct("<i")


def decode(data: bytes) -> Any:
    """The value.

    Raises:
        ValueError: it is none that `marshal` wrote, of a type that is left out, or too long.
    """
    if len(data) > MAX_BYTES:
        raise ValueError("too long")
    try:
        value, end = _value(data, 0, 0)
    except (struct.error, IndexError, TypeError) as error:  # cut off; a list in a set
        raise ValueError(str(error)) from None
    if end != len(data):
        raise ValueError("bytes are left over, or cut off")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value that starts at `at`, and where it ends."""
    tag = data[at]
    at += 1
    if tag in _SINGLE:
        return _SINGLE[tag], at
    if tag in _NUMBERS:
        number = _NUMBERS[tag]
        parts = number.unpack_from(data, at)
        return parts[0] if len(parts) == 1 else complex(*parts), at + number.size
    if depth >= MAX_DEPTH:
        raise ValueError("too deep")
    if tag == _DICT:
        return _dict(data, at, depth)
    (length,) = _LENGTH.unpack_from(data, at)
    at += _LENGTH.size
    if tag == _LONG:
        return _long(data[at : at + 2 * abs(length)], length < 0), at + 2 * abs(length)
    if length < 0:
        raise ValueError("a length below zero")
    if tag == _STR:
        return data[at : at + length].decode("utf-8", "surrogatepass"), at + length
    return _sequence(data, at, depth, length, tag)


def _sequence(data: bytes, at: int, depth: int, length: int, tag: int) -> tuple[Any, int]:
    if tag not in _SEQUENCES:
        raise ValueError(f"no such tag: {tag}")
    items = []
    for _ in range(length):
        item, at = _value(data, at, depth + 1)
        items.append(item)
    return _SEQUENCES[tag](items), at


def _dict(data: bytes, at: int, depth: int) -> tuple[dict[Any, Any], int]:
    found = {}
    while data[at] != _END:
        key, at = _value(data, at, depth + 1)
        found[key], at = _value(data, at, depth + 1)
    return found, at + 1


def _long(digits: bytes, negative: bool) -> int:
    """From digits of 15 bits, the lowest first."""
    number = 0
    for at in range(len(digits) - 2, -1, -2):
        number = number << 15 | digits[at] | digits[at + 1] << 8
    return -number if negative else number
