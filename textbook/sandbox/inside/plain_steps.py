"""What a plain test does, worked out on plain values: no code of the test's is run.

The test may be hostile, and so may the program be: what is made stays small, and is made in little time.
"""

import operator
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

MAX_BITS: Final = 4096
"""Most bits of an integer that is made by multiplying or raising to a power."""
MAX_LENGTH: Final = 4096
"""Longest string or list that is made by repeating one, and longest range."""
MAX_SIZE: Final = 16 << 10
"""Most values in a value, counting those in it as often as they are, and characters and bytes."""
MAX_CPU_S: Final = 0.5
"""CPU time for a test, before it is left to a judge."""
_NUMBERS: Final = frozenset({bool, int, float, complex})
_SEQUENCES: Final = frozenset({str, list, tuple})


class NotPlain(Exception):
    """A test, or a value in it, that only a judge can deal with."""


class Failed(Exception):
    """An assertion does not hold. Says which."""


class Program:
    """What a test is worked out with."""

    def __init__(self, call: Callable[[str, list[Any], dict[str, Any], bool], Any]) -> None:
        self.call = call
        """The value of a call: a name, arguments by position and by name, and whether variables are among these."""
        self.variables: dict[str, Any] = {}
        """Those of the test."""
        self._until = time.thread_time() + MAX_CPU_S

    def kept(self, value: Any) -> Any:
        """A value that has been made.

        Raises:
            NotPlain: it is large, or took long.
        """
        if _room_after(value, MAX_SIZE) < 0 or time.thread_time() > self._until:
            raise NotPlain
        return value


def _room_after(value: Any, room: int) -> int:
    """What is left of `room`."""
    room -= 1
    if isinstance(value, str):
        return room - len(value)
    if isinstance(value, int):
        return room - value.bit_length() // 8
    if isinstance(value, list | tuple | set | frozenset | dict):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            room = _room_after(item, room)
            if room < 0:
                break
    return room


Step = Callable[[Program], Any]
"""A step of a test, or an expression in it. It raises `Failed`; if it raises anything else, a judge is needed."""


def failure(line: int, message: str) -> str:
    """The reason that is given when an assertion does not hold."""
    return f"the assertion in line {line} of the test failed" + (f": {message}" if message else "")


def assertion(line: int, holds: Step, message: Step | None) -> Step:
    """`assert holds, message`."""

    def step(program: Program) -> None:
        if not holds(program):
            text = message(program) if message is not None else ""
            raise Failed(failure(line, text[:500] if type(text) is str else ""))

    return step


def assignment(name: str, value: Step) -> Step:
    """`name = value`."""

    def step(program: Program) -> None:
        program.variables[name] = value(program)

    return step


def call(name: str, args: list[Step], kwargs: dict[str, Step], used_again: bool) -> Step:
    """A call of one of the program's functions."""

    def step(program: Program) -> Any:
        values = program.kept([each(program) for each in args])
        return program.call(name, values, {key: each(program) for key, each in kwargs.items()}, used_again)

    return step


def built_in(function: Callable[..., Any], args: list[Step], kwargs: dict[str, Step]) -> Step:
    """A call of a function of ours, on few values."""
    return lambda program: program.kept(
        function(*[each(program) for each in args], **{key: each(program) for key, each in kwargs.items()})
    )


def container(kind: Callable[[list[Any]], Any], items: list[Step]) -> Step:
    """What holds all of these."""
    return lambda program: program.kept(kind([item(program) for item in items]))


def choice(goes_on: bool, operands: list[Step]) -> Step:
    """`and`, which goes on after what is true, and `or`, which goes on after what is not."""

    def value(program: Program) -> Any:
        found = None
        for operand in operands:
            found = operand(program)
            if bool(found) is not goes_on:
                break
        return found

    return value


def comparison(first: Step, others: list[tuple[Callable[[Any, Any], Any], Step]]) -> Step:
    """`first < second <= third` and the like."""

    def value(program: Program) -> Any:
        left, holds = first(program), True
        for compare, other in others:
            right = other(program)
            holds = program.kept(compare(left, right))
            if not holds:
                break
            left = right
        return holds

    return value


def _bits(value: Any) -> int:
    return value.bit_length() if type(value) is int else 1


def _add(left: Any, right: Any) -> Any:
    if type(left) is type(right) and type(left) in _SEQUENCES:
        return left + right
    return _numbers(operator.add)(left, right)


def _multiply(left: Any, right: Any) -> Any:
    if type(right) in _SEQUENCES:
        left, right = right, left
    if type(left) in _SEQUENCES and type(right) is int and len(left) * right <= MAX_LENGTH:
        return left * right
    if _bits(left) + _bits(right) > MAX_BITS:
        raise NotPlain
    return _numbers(operator.mul)(left, right)


def _raise(left: Any, right: Any) -> Any:
    if type(left) is type(right) is int and _bits(left) * abs(right) > MAX_BITS:
        raise NotPlain
    return _numbers(operator.pow)(left, right)


def _numbers(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculate(left: Any, right: Any) -> Any:
        if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
            raise NotPlain
        return function(left, right)

    return calculate


def _range(*ends: int) -> range:
    numbers = range(*ends)
    if len(numbers) > MAX_LENGTH:
        raise NotPlain
    return numbers


ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "Add": _add,
    "Sub": _numbers(operator.sub),
    "Mult": _multiply,
    "Div": _numbers(operator.truediv),
    "FloorDiv": _numbers(operator.floordiv),
    "Mod": _numbers(operator.mod),
    "Pow": _raise,
}
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda left, right: left in right,
    "NotIn": lambda left, right: left not in right,
}
"""By the names of `ast`'s classes."""
UNARY: Final[Mapping[str, Callable[[Any], Any]]] = {"USub": operator.neg, "UAdd": operator.pos, "Not": operator.not_}
CLASSES: Final[Mapping[str, type]] = {
    each.__name__: each for each in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
}
BUILT_IN: Final[Mapping[str, Callable[..., Any]]] = {
    **{each.__name__: each for each in (abs, all, any, len, max, min, repr, round, sorted, sum)},
    **{name: each for name, each in CLASSES.items() if name not in ("bytes", "complex")},
    "range": _range,
}
"""Those that make nothing larger than what they are given."""
