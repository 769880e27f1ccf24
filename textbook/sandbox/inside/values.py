"""The values that may cross between a program and its judge, and their encoding: our own, with no code in it.

A value crosses by its exact type: a subclass of `int` with an `__eq__` of its own does not. Bounded in size, number of
items and depth. What is decoded holds plain objects alone, whoever wrote the bytes.
"""

import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

MAX_BYTES: Final = 4 << 20
"""Most bytes of one encoded message."""
MAX_ITEMS: Final = 200_000
"""Most values in one message, counting those inside others."""
MAX_DEPTH: Final = 60
"""Deepest nesting of containers."""


class Unencodable(Exception):
    """A value that may not cross. The message names its type."""


class Opaque:
    """Stands for an object that stays in the program: only its number crosses."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


_SEQUENCES: Final[dict[type, bytes]] = {list: b"l", tuple: b"t", set: b"e", frozenset: b"z", deque: b"q"}
_MAPPINGS: Final[dict[type, bytes]] = {dict: b"d", Counter: b"C", OrderedDict: b"O", defaultdict: b"D"}
_SCALARS: Final[dict[type, tuple[bytes, Callable[[Any], bytes]]]] = {
    str: (b"s", lambda value: value.encode("utf-8", "surrogatepass")),
    int: (b"i", lambda value: b"%x" % value),
    float: (b"f", lambda value: struct.pack("<d", value)),
    bytes: (b"b", bytes),
    bytearray: (b"a", bytes),
    complex: (b"c", lambda value: struct.pack("<dd", value.real, value.imag)),
    Decimal: (b"m", lambda value: str(value).encode()),
    Fraction: (b"r", lambda value: b"%x/%x" % (value.numerator, value.denominator)),
    range: (b"g", lambda value: b"%x/%x/%x" % (value.start, value.stop, value.step)),
    Opaque: (b"o", lambda value: b"%x" % value.number),
}
_CLASSES: Final[dict[str, Any]] = {
    each.__name__: each
    for each in (
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        bytearray,
        list,
        tuple,
        dict,
        set,
        frozenset,
        range,
        object,
        type,
    )
}
_SINGLE: Final = {b"N"[0]: None, b"T"[0]: True, b"F"[0]: False}


def encode(value: Any) -> bytes:
    """Bytes for a value.

    Raises:
        Unencodable: its type is not one of those that cross, or there is too much of it.
    """
    encoder = _Encoder()
    encoder.put(value, 0)
    if encoder.room < 0:
        raise Unencodable("a value that is too large")
    return b"".join(encoder.parts)


class _Encoder:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.room = MAX_BYTES
        self.items = MAX_ITEMS

    def put(self, value: Any, depth: int) -> None:
        kind = type(value)
        self.items -= 1
        if self.items < 0 or (kind is int and value.bit_length() > 4 * MAX_BYTES):
            raise Unencodable("a value that is too large")
        if kind in _SCALARS:
            tag, to_bytes = _SCALARS[kind]
            body = to_bytes(value)
            self.room -= len(body)
            self.parts.append(b"%b%d:%b" % (tag, len(body), body))
        elif value is None or kind is bool:
            self.parts.append(b"N" if value is None else b"T" if value else b"F")
        elif depth >= MAX_DEPTH:
            raise Unencodable(f"a value that is nested more than {MAX_DEPTH} deep")
        else:
            self._put_container(value, kind, depth)

    def _put_container(self, value: Any, kind: Any, depth: int) -> None:
        if kind in _SEQUENCES:
            self.parts.append(b"%b%d:" % (_SEQUENCES[kind], len(value)))
            for item in value:
                self.put(item, depth + 1)
        elif kind in _MAPPINGS:
            self.parts.append(b"%b%d:" % (_MAPPINGS[kind], len(value)))
            for key, item in dict.items(value):
                self.put(key, depth + 1)
                self.put(item, depth + 1)
        elif kind is type and value in _CLASSES.values():
            self.parts.append(b"k%d:%b" % (len(value.__name__), value.__name__.encode()))
        else:
            raise Unencodable(f"a value of type {type.__dict__['__name__'].__get__(kind)[:80]}")


def decode(data: bytes) -> Any:
    """The value that bytes stand for.

    Raises:
        ValueError: they are not what `encode` gives, or are too many.
    """
    if len(data) > MAX_BYTES + (MAX_ITEMS << 4):
        raise ValueError("too long")
    decoder = _Decoder(data)
    value = decoder.get(0)
    if decoder.at != len(data):
        raise ValueError("bytes are left over")
    return value


def _fraction(body: bytes) -> Fraction:
    above, below = body.split(b"/")
    return Fraction(int(above, 16), int(below, 16))


def _default(items: Any) -> "defaultdict[Any, Any]":
    return defaultdict(None, items)


_READERS: Final[dict[int, Callable[[bytes], Any]]] = {
    b"s"[0]: lambda body: body.decode("utf-8", "surrogatepass"),
    b"i"[0]: lambda body: int(body, 16),
    b"f"[0]: lambda body: struct.unpack("<d", body)[0],
    b"b"[0]: bytes,
    b"a"[0]: bytearray,
    b"c"[0]: lambda body: complex(*struct.unpack("<dd", body)),
    b"m"[0]: lambda body: Decimal(body.decode("ascii")),
    b"r"[0]: _fraction,
    b"g"[0]: lambda body: range(*(int(part, 16) for part in body.split(b"/"))),
    b"o"[0]: lambda body: Opaque(int(body, 16)),
    b"k"[0]: lambda body: _CLASSES[body.decode("ascii")],
}
_BUILDERS: Final[dict[int, Callable[[list[Any]], Any]]] = {
    b"l"[0]: list, b"t"[0]: tuple, b"e"[0]: set, b"z"[0]: frozenset, b"q"[0]: deque,
}  # fmt: skip
_MAPPERS: Final[dict[int, Callable[[dict[Any, Any]], Any]]] = {
    b"d"[0]: dict, b"C"[0]: Counter, b"O"[0]: OrderedDict, b"D"[0]: _default,
}  # fmt: skip


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.items = MAX_ITEMS

    def get(self, depth: int) -> Any:
        self.items -= 1
        if self.items < 0 or depth > MAX_DEPTH or self.at >= len(self.data):
            raise ValueError("too many items, too deep, or cut off")
        tag = self.data[self.at]
        self.at += 1
        if tag in _SINGLE:
            return _SINGLE[tag]
        length = self._length()
        if tag in _READERS:
            body = self.data[self.at : self.at + length]
            self.at += length
            if len(body) != length:
                raise ValueError("cut off")
            try:
                return _READERS[tag](body)
            except (struct.error, ArithmeticError, KeyError) as error:
                raise ValueError(str(error)) from None
        try:
            if tag in _BUILDERS:
                return _BUILDERS[tag]([self.get(depth + 1) for _ in range(length)])
            if tag in _MAPPERS:
                return _MAPPERS[tag]({self.get(depth + 1): self.get(depth + 1) for _ in range(length)})
        except TypeError as error:  # a list in a set
            raise ValueError(str(error)) from None
        raise ValueError(f"no such tag: {tag}")

    def _length(self) -> int:
        end = self.data.find(b":", self.at, self.at + 9)
        digits = self.data[self.at : end]
        if end < 0 or not digits.isdigit():
            raise ValueError("no length")
        self.at = end + 1
        return int(digits)
