"""The filters of system calls, as the classic BPF programs that the kernel takes.

A zygote installs one that allows what programs may do, and what it needs itself to fork them and to see to their end.
What it forks inherits that one, and installs a short one that refuses the difference: to install the whole in each
takes the kernel nearly half as long as to fork. Both together are as strict as `build`, the whole in one.

Built for x86-64 and for arm64, whatever this machine is, so that both can be tested on either.
"""

import ctypes
import errno
import os
import platform
import struct
from typing import Final

from .libc import PRCTL
from .syscalls import NO_SUCH_CALL, PYTHON_CALLS, ZYGOTE_CALLS, Calls, Rule

ARCHITECTURES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""`platform.machine()` -> AUDIT_ARCH and the column of `NUMBERS`."""

KILL: Final = 0x80000000
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000
"""SECCOMP_RET_KILL_PROCESS, _ALLOW, and _ERRNO, to which the number is added."""

_LOAD, _AND, _JUMP, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in `struct seccomp_data`."""
LEAF: Final = 3
"""So many numbers are compared one after the other."""
_X32_CALLS = 0x40000000
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, constant."""


def build(machine: str, calls: Calls = PYTHON_CALLS) -> bytes:
    """The filter for a machine: EPERM for what is not allowed, death for another architecture's calls.

    Raises:
        ValueError: no table for this machine.
    """
    column = _column(machine)
    cases = [(numbers[column], [(_RETURN, 0, 0, REFUSE | errno.ENOSYS)]) for numbers in NO_SUCH_CALL.values()]
    cases += [(number, _body(name, calls)) for name, number in _numbers(calls, column)]
    return _build(machine, cases, REFUSE | errno.EPERM)


def build_for_zygote(machine: str, calls: Calls = PYTHON_CALLS) -> bytes:
    """The filter of a zygote, which what it forks inherits."""
    return build(machine, Calls({**calls.numbers, **ZYGOTE_CALLS.numbers}, {**calls.rules, **ZYGOTE_CALLS.rules}))


def build_rest(machine: str, calls: Calls = PYTHON_CALLS) -> bytes:
    """The filter that turns a zygote's into that of `calls`."""
    refused: list[Instruction] = [(_RETURN, 0, 0, REFUSE | errno.EPERM)]
    numbers = _numbers(ZYGOTE_CALLS, _column(machine))
    cases = [(number, _body(name, calls) if name in calls.numbers else refused) for name, number in numbers]
    return _build(machine, cases, ALLOW)


def _column(machine: str) -> int:
    if machine not in ARCHITECTURES:
        raise ValueError(f"got a {machine} machine; expected one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[machine][1]


def _numbers(calls: Calls, column: int) -> list[tuple[str, int]]:
    """The calls that a machine has."""
    found = ((name, numbers[column]) for name, numbers in calls.numbers.items())
    return [(name, number) for name, number in found if number is not None]


def _body(name: str, calls: Calls) -> list[Instruction]:
    return [*(line for rule in calls.rules.get(name, ()) for line in _check(rule)), (_RETURN, 0, 0, ALLOW)]


def _build(machine: str, cases: list[tuple[int, list[Instruction]]], otherwise: int) -> bytes:
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, ARCHITECTURES[machine][0]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_CALLS), (_RETURN, 0, 0, KILL)]
    program += _search(sorted(cases), otherwise)
    return b"".join(struct.pack("=HBBI", *line) for line in program)


def _search(cases: list[tuple[int, list[Instruction]]], otherwise: int) -> list[Instruction]:
    """Instructions that look a number up by halves: the kernel tries all numbers when a filter is installed."""
    if len(cases) <= LEAF:
        lines: list[Instruction] = []
        for number, body in cases:
            lines += [(_EQUAL, 0, len(body), number), *body]
        return [*lines, (_RETURN, 0, 0, otherwise)]
    middle = len(cases) // 2
    below, above = _search(cases[:middle], otherwise), _search(cases[middle:], otherwise)
    return [(_AT_LEAST, 0, 1, cases[middle][0]), (_JUMP, 0, 0, len(below)), *below, *above]


def _check(rule: Rule) -> list[Instruction]:
    """Instructions that refuse unless the rule holds, and go on otherwise. Both machines are little-endian."""
    offset = _ARGUMENTS + 8 * rule.argument
    refuse = (_RETURN, 0, 0, REFUSE | errno.EPERM)
    lines: list[Instruction] = [(_LOAD, 0, 0, offset), (_AND, 0, 0, rule.mask)]
    for i, value in enumerate(rule.values):
        lines.append((_EQUAL, len(rule.values) - i, 0, value))
    lines.append(refuse)
    if rule.wide:
        lines += [(_LOAD, 0, 0, offset + 4), (_EQUAL, 1, 0, 0), refuse]
    return lines


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


class Filter:
    """A filter that is ready to be installed, in a process that has `no_new_privs`."""

    def __init__(self, code: bytes) -> None:
        self._code = ctypes.create_string_buffer(code)
        length = (len(self._code) - 1) // 8
        self._program = _Program(length, ctypes.addressof(self._code))
        self._pointer = ctypes.byref(self._program)

    def install(self) -> None:
        """From here on, for this process and its threads, for good.

        Raises:
            OSError: the kernel does not take it.
        """
        if PRCTL(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, self._pointer, 0, 0) != 0:
            raise OSError(errno.EINVAL, "seccomp: the kernel does not take the filter")


class Filters:
    """Both filters of this machine."""

    def __init__(self, calls: Calls) -> None:
        machine = platform.machine()
        self.zygote, self.rest = Filter(build_for_zygote(machine, calls)), Filter(build_rest(machine, calls))

    def rehearse(self) -> None:
        """Install both in a process that ends at once.

        Raises:
            OSError: the kernel does not take them.
        """
        child = os.fork()
        if child == 0:
            try:
                self.zygote.install()
                self.rest.install()
            except OSError as error:
                os._exit(error.errno or errno.EINVAL)
            os._exit(0)
        number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if number != 0:
            raise OSError(number, f"seccomp: {os.strerror(number) if number > 0 else 'ended by a signal'}")
