"""The program's process where its test is plain: as `candidate`, with less to ask, and so with less to do.

Short on purpose: each object that this touches lies on a page of memory, which the kernel has to copy.
"""

import marshal
import os
from typing import Any, Final

from .candidate import CHANNEL, NAME, Program, describe, flush
from .messages import NONCE
from .plain_values import MAX_BYTES, VERSION

MAX_PACKET: Final = 64 << 10
"""Longest message: the code, or a question."""
CALL, SHOW = 0, 1
"""Questions: (CALL, name, args, kwargs, whether the test uses these again); (SHOW, source, scope)."""
VALUE, RAISED, OTHER = b"v", b"r", b"o"
"""Answers: with a value, with what `describe` gives, or with nothing, where there is no value that can be sent."""
_CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})
_prepared: list[Program] = []


def prepare() -> None:
    """Have what a program runs in ready, in the zygote."""
    _prepared.append(Program())


def main() -> None:
    """Run the code, then answer until the supervisor is done. One message is one packet, and starts with a number."""
    (program,) = _prepared
    packet = os.read(CHANNEL, MAX_PACKET)
    failure, answer = start(program, packet[NONCE:])
    try:
        while packet:
            os.write(CHANNEL, packet[:NONCE] + answer)
            packet = os.read(CHANNEL, MAX_PACKET)
            if packet:
                answer = failure or answer_to(program, packet[NONCE:])
    except OSError:
        pass  # nobody asks any more
    flush()


def start(program: Program, first: bytes) -> tuple[bytes, bytes]:
    """Run the code, which comes with names. If that fails: the answer to all that is asked, twice.

    Else nothing, and which of the names are functions; None for those that there are not.
    """
    source, names = marshal.loads(first)
    try:
        exec(compile(source, f"<{NAME}>", "exec"), program.names)
    except BaseException as error:
        failure = _raised(error, True)
        return failure, failure
    return b"", VALUE + marshal.dumps([_is_function(program, name) for name in names], VERSION)


def answer_to(program: Program, question: bytes) -> bytes:
    """The answer to a question."""
    kind, *rest = marshal.loads(question)
    try:
        if kind == CALL:
            name, args, kwargs, used_again = rest
            value = program.names[name](*args, **kwargs)
            if used_again and marshal.dumps((kind, name, args, kwargs, used_again), VERSION) != question:
                return OTHER  # the test is to see what has become of them
        else:
            value = program.show(*rest)
    except BaseException as error:
        return _raised(error, False)
    try:
        answer = VALUE + marshal.dumps(value, VERSION) if _room_after(value, MAX_BYTES) >= 0 else OTHER
    except (ValueError, MemoryError, RecursionError):
        return OTHER
    return answer if len(answer) <= MAX_BYTES else OTHER


def _raised(error: BaseException, whole: bool) -> bytes:
    return RAISED + marshal.dumps(describe(error, whole), VERSION)


def _room_after(value: Any, room: int) -> int:
    """How many of so many items are left: `marshal` writes what lies in two places twice, and so on."""
    if type(value) not in _CONTAINERS:
        return room
    room -= len(value)
    for item in value.values() if type(value) is dict else value:
        if room < 0:
            break
        room = _room_after(item, room)
    return room


def _is_function(program: Program, name: str) -> bool | None:
    """Whether a test can do nothing with it but call it."""
    if name not in program.names:
        return None
    value = program.names[name]
    return callable(value) and not (isinstance(value, type) and issubclass(value, BaseException))
