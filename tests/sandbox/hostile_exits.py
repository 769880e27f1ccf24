"""Leaving before the asserts: every way of ending, at every moment at which code can run."""

from collections.abc import Iterator

from tests.sandbox.hostile_base import TESTS, Hostile

WAYS = {
    "os_exit": "__import__('os')._exit(0)",
    "sys_exit": "__import__('sys').exit(0)",
    "subclass_of_exit": "raise type('Done', (SystemExit,), {'code': 0})(0)",
    "libc_exit": "__import__('ctypes').CDLL(None).exit(0)",
    "system_call": (
        "__import__('ctypes').CDLL(None).syscall({'x86_64': 231}.get(__import__('os').uname().machine, 94), 0)"
    ),
    "interrupt": "raise KeyboardInterrupt",
    "base_exception": "raise type('Strange', (BaseException,), {})()",
    "abort": "__import__('os').abort()",
    "closes_then_exits": "__import__('os').closerange(1, 64); __import__('os')._exit(0)",
}
"""Name -> a statement that ends the program, or tries to."""

MOMENTS = {
    "while_imported": "leave()\n",
    "when_called": "def f(n):\n    leave()\n",
    "at_exit": "import atexit\natexit.register(leave)\ndef f(n):\n    return None\n",
    "when_deleted": (
        "class Last:\n    def __del__(self):\n        leave()\n"
        "def f(n):\n    last = Last()\n    del last\n    return None\n"
    ),
    "in_a_thread": (
        "import threading\ndef f(n):\n    thread = threading.Thread(target=leave)\n    thread.start()\n"
        "    thread.join()\n    return None\n"
    ),
    "on_an_alarm": (
        "import signal, time\nsignal.signal(signal.SIGALRM, lambda *_: leave())\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\ndef f(n):\n    time.sleep(0.2)\n    return None\n"
    ),
    "when_compared": (
        "class Answer:\n    def __eq__(self, other):\n        leave()\n    __ne__ = __bool__ = __repr__ = __eq__\n"
        "def f(n):\n    return Answer()\n"
    ),
    "when_encoded": (
        "class Answer(list):\n    def __iter__(self):\n        leave()\n"
        "    __len__ = __getitem__ = __reduce_ex__ = __iter__\n"
        "def f(n):\n    return Answer()\n"
    ),
    "when_collected": (
        "import gc\ngc.callbacks.append(lambda *_: leave())\ndef f(n):\n    gc.collect()\n    return None\n"
    ),
    "when_traced": (
        "import sys\nsys.settrace(lambda frame, *_: leave() if frame.f_code.co_name == 'f' else None)\n"
        "def f(n):\n    return None\n"
    ),
}
"""Name -> a program that calls `leave()` then."""


def programs() -> Iterator[Hostile]:
    """Each way at each moment."""
    right = frozenset({"wrong", "error", "timeout", "denied", "unencodable"})
    for moment, program in MOMENTS.items():
        for way, statement in WAYS.items():
            code = f"def leave(*_):\n    {statement}\n{program}"
            yield Hostile(f"{way}_{moment}", "exits", code, TESTS["square"], right)
