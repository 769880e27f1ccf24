"""What a judge asks a program, and what comes back: plain tuples, encoded by `values`.

A question is a message followed by `NONCE` bytes. The program's side reads those only after it has worked out the
answer, which starts with them: an answer sent before its question was asked is none.
"""

from typing import Final

from .values import MAX_BYTES

NONCE: Final = 16
MAX_MESSAGE: Final = MAX_BYTES + (1 << 20)

NAMES, CALL, GET, SET, SHOW = "names", "call", "get", "set", "show"
"""Questions: which of these names there are; call an object; get or set an attribute; run a doctest's source.

(NAMES, names); (CALL, number, args, kwargs); (GET, number, name); (SET, number, name, value); (SHOW, source, scope)
"""

VALUE, OBJECT, ITERATOR, RAISED, MODULE, ERROR_CLASS, MISSING = (
    "value",
    "object",
    "iterator",
    "raised",
    "module",
    "error class",
    "missing",
)
"""Answers, with what follows each.

(VALUE, value, arguments as the call left them, or None); (OBJECT or ITERATOR, number, what it is, arguments likewise);
(RAISED, type name, name of the built-in class it derives from, message, whether the program as a whole failed);
(MODULE, name); (ERROR_CLASS, name, name of the built-in class); (MISSING,)
"""
