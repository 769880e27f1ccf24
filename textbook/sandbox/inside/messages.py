"""What a judge asks a program, and what comes back: plain tuples, encoded by `values`.

A question is a message followed by `NONCE` bytes. The program's side reads those only after it has worked out the
answer, which starts with them: an answer sent before its question was asked is none.
"""

from typing import Final

from .values import MAX_BYTES

NONCE: Final = 16
MAX_MESSAGE: Final = MAX_BYTES + (1 << 20)


class Question:
    """What is asked, and what follows.

    NAMES: names, to know which of them there are. CALL: the number of an object, args, kwargs. GET: the number of an
    object, the name of an attribute. SET: likewise, and a value. SHOW: the source of an example, its scope.
    """

    NAMES, CALL, GET, SET, SHOW = "names", "call", "get", "set", "show"


class Answer:
    """What is answered, and what follows.

    VALUE: a value; the arguments as the call left them, or None. OBJECT, ITERATOR: its number, what it is, the
    arguments likewise. RAISED: the name of a type, that of the built-in class from which it derives, a message, and
    whether the program as a whole failed. MODULE: its name. ERROR_CLASS: its name, that of the built-in class. MISSING:
    nothing.
    """

    VALUE, OBJECT, ITERATOR, RAISED = "value", "object", "iterator", "raised"
    MODULE, ERROR_CLASS, MISSING = "module", "error class", "missing"
