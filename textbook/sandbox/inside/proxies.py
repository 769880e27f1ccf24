"""The judge's side of a program: objects that stand for the program's, and answer by asking it.

A test sees plain values, or a `Remote`. A `Remote` can be called and asked for attributes, and iterated if it is one of
Python's iterators: all of this runs in the program and gives plain values in the end. Comparing it, or taking its
length, text or truth, would let the program say two things of one value, and judge itself: that ends the test as
unencodable.
"""

import builtins
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from .frames import Closed, frame, read_frame, write_all
from .messages import MAX_MESSAGE, NONCE, Answer, Question
from .values import Opaque, Unencodable, decode, encode

CHANNEL = 3


class Stop(BaseException):
    """The test cannot go on. Not an `Exception`, so that a test does not swallow it unknowingly."""


class Session:
    """Asks the program, and remembers why asking came to an end."""

    def __init__(self) -> None:
        self.ending: tuple[str, str] | None = None
        """Status and reason: then whatever the test says counts for nothing."""
        self.raised: BaseException | None = None
        """What the program raised last."""
        self.error_classes: dict[str, type[BaseException]] = {}

    def end(self, status: str, reason: str) -> NoReturn:
        """Give the test up."""
        self.ending = self.ending or (status, reason)
        raise Stop

    def names(self, wanted: list[str]) -> dict[str, Any]:
        """Of these names, those that the program has, with what they stand for."""
        found: dict[str, Any] = {}
        answers = self.ask(Question.NAMES, wanted)
        if type(answers) is not tuple or not all(type(answer) is tuple and len(answer) > 1 for answer in answers):
            self._result(answers)  # what was raised
        for name, kind, *rest in answers:
            if name not in wanted:
                self.end("error", "the program names what it was not asked for")
            if kind == Answer.MODULE and str(rest[0]).partition(".")[0] in sys.stdlib_module_names:
                found[name] = importlib.import_module(rest[0])  # the judge's own
            elif kind == Answer.ERROR_CLASS and len(rest) == 2 and type(rest[0]) is type(rest[1]) is str:
                found[name] = self._error_class(rest[0], rest[1])
            elif kind not in (Answer.MISSING, Answer.MODULE):
                found[name] = self._result((kind, *rest))
        return found

    def call(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call one of the program's objects; changes it makes to lists, dicts and sets are made here too."""
        answer = self.ask(Question.CALL, number, _lower(args), _lower(kwargs))
        changed = (
            answer[2]
            if answer[0] == Answer.VALUE
            else answer[3]
            if answer[0] in (Answer.OBJECT, Answer.ITERATOR)
            else None
        )
        if changed is not None:
            left, named = changed
            for old, new in zip((*args, *kwargs.values()), (*left, *named.values()), strict=True):
                self._update(old, new)
        return self._result(answer)

    def get(self, number: int, name: str) -> Any:
        """An attribute of one of the program's objects."""
        return self._result(self.ask(Question.GET, number, name))

    def set(self, number: int, name: str, value: Any) -> None:
        """Set an attribute of one of the program's objects."""
        self._result(self.ask(Question.SET, number, name, _lower(value)))

    def show(self, source: str, scope: str) -> str:
        """What the program's session prints for a statement."""
        text = self._result(self.ask(Question.SHOW, source, scope))
        return text if type(text) is str else ""

    def ask(self, *question: Any) -> Any:
        """The answer to a question, decoded and tied to it."""
        if self.ending is not None:
            raise Stop
        try:
            body = encode(question)
        except Unencodable as error:
            self.end("unencodable", f"the test hands the program {error}")
        answer = self.exchange(body)
        try:
            return decode(answer)
        except (ValueError, RecursionError, MemoryError) as error:
            self.end("error", f"the program sent an answer that cannot be read: {str(error)[:100]}")

    def exchange(self, body: bytes) -> bytes:
        """The encoded answer to an encoded question, and to no other."""
        nonce = os.urandom(NONCE)
        try:
            write_all(CHANNEL, frame(body) + nonce)
            answer = read_frame(CHANNEL, MAX_MESSAGE)
        except Closed:
            self.end("died", "the program ended before it had answered")
        except ValueError as error:
            self.end("error", f"the program sent {error}")
        if answer[:NONCE] != nonce:
            self.end("error", "the program sent an answer that no question had asked for")
        return answer[NONCE:]

    def _result(self, answer: Any) -> Any:
        if type(answer) is tuple and answer:
            kind, *rest = answer
            if kind == Answer.VALUE and len(rest) == 2:
                return rest[0]
            if kind in (Answer.OBJECT, Answer.ITERATOR) and len(rest) == 3 and type(rest[0]) is int:
                return (Remote if kind == Answer.OBJECT else RemoteIterator)(self, rest[0], str(rest[1]))
            if kind == Answer.RAISED and [type(part) for part in rest] == [str, str, str, bool]:
                self._raise(*rest)
        return self.end("error", "the program sent an answer of no known form")

    def _raise(self, name: str, base: str, message: str, whole: bool) -> NoReturn:
        if whole:
            status = {"MemoryError": "memory", "PermissionError": "denied"}.get(base, "error")
            self.end(status, f"{name}: {message}" if message else name)
        error = self._error_class(name, base)(message)
        self.raised = error
        raise error

    def _error_class(self, name: str, base: str) -> type[BaseException]:
        kind = getattr(builtins, base, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, UnicodeError):
            kind = ValueError if base.startswith("Unicode") else Exception
        if name == kind.__name__:
            return kind
        if name not in self.error_classes:
            self.error_classes[name] = type(name, (kind,), {})
        return self.error_classes[name]

    def _update(self, old: Any, new: Any) -> None:
        if type(old) is not type(new):
            return
        if type(old) in (list, bytearray):
            old[:] = new
        elif type(old) in (dict, set):
            old.clear()
            old.update(new)


def _lower(value: Any) -> Any:
    """With `Opaque` numbers in place of `Remote` objects."""
    kind = type(value)
    if kind is Remote or kind is RemoteIterator:
        return Opaque(object.__getattribute__(value, "_number"))
    if kind in (list, tuple, set, frozenset):
        return kind(_lower(item) for item in value)
    if kind is dict:
        return {_lower(key): _lower(item) for key, item in value.items()}
    return value


class Remote:
    """An object that stays in the program."""

    __slots__ = ("_number", "_session", "_what")

    def __init__(self, session: Session, number: int, what: str) -> None:
        for name, value in (("_session", session), ("_number", number), ("_what", what)):
            object.__setattr__(self, name, value)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return _refuse(self)
        session: Session = object.__getattribute__(self, "_session")
        return session.get(object.__getattribute__(self, "_number"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        session: Session = object.__getattribute__(self, "_session")
        session.set(object.__getattribute__(self, "_number"), name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the program."""
        session: Session = object.__getattribute__(self, "_session")
        return session.call(object.__getattribute__(self, "_number"), args, kwargs)


def _refuse(remote: Remote, *_: Any) -> NoReturn:
    session: Session = object.__getattribute__(remote, "_session")
    what = object.__getattribute__(remote, "_what")
    session.end("unencodable", f"the test compares or computes with {what}, which only the program could do")


_REFUSED = (
    "eq ne lt le gt ge hash bool len length_hint iter next getitem setitem delitem contains reversed str repr int "
    "float "
    "complex index bytes format instancecheck subclasscheck neg pos abs invert enter exit round trunc floor "
    "ceil add sub mul truediv floordiv mod divmod pow matmul and or xor lshift rshift radd rsub rmul rtruediv "
    "rfloordiv rmod rdivmod rpow rmatmul rand ror rxor rlshift rrshift "
)
for _name in _REFUSED.split():
    setattr(Remote, f"__{_name}__", _refuse)


class RemoteIterator(Remote):
    """A generator or another of Python's own iterators, whose items are asked for one by one."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.__getattribute__("__next__")()

    def __len__(self) -> int:
        raise TypeError("an iterator has no len()")  # as Python's do; `list` asks for it first

    __length_hint__ = __len__
