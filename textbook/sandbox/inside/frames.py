"""Messages over a file descriptor: four bytes of length, then so many bytes."""

import os
import struct


class Closed(Exception):
    """The other side is gone."""


def read_exactly(source: int, length: int) -> bytes:
    """So many bytes.

    Raises:
        Closed: the other side ended before.
    """
    parts = []
    while length > 0:
        try:
            part = os.read(source, min(length, 1 << 16))
        except ConnectionResetError:
            raise Closed from None
        if not part:
            raise Closed
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_frame(source: int, most: int) -> bytes:
    """One message.

    Raises:
        Closed: the other side ended before.
        ValueError: it is longer than `most` bytes.
    """
    (length,) = struct.unpack("<I", read_exactly(source, 4))
    if length > most:
        raise ValueError(f"a message of {length} bytes; at most {most} are taken")
    return read_exactly(source, length)


def frame(body: bytes) -> bytes:
    """A message, ready to be written."""
    return struct.pack("<I", len(body)) + body


def write_all(target: int, data: bytes) -> None:
    """Write all of it.

    Raises:
        Closed: the other side is gone.
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(target, view) :]
    except (BrokenPipeError, ConnectionResetError):
        raise Closed from None
