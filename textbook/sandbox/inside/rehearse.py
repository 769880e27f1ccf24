"""A rehearsal before the first program.

The interpreter specialises code as it runs. What a zygote has specialised, no process that it forks has to.
"""

import marshal
from typing import Any, Final

from .candidate import Program
from .judge import judge
from .messages import NONCE
from .plain_candidate import CALL, VALUE, answer_to, start
from .plain_values import VERSION
from .proxies import Session
from .values import decode, encode

NUM_TIMES: Final = 24
_CODE = "import math\ndef f(*args, **kwargs):\n    return list(args), 1.5, 'a', {1: True}, (None, b'')\n"
_TEST = "def check(candidate):\n    assert candidate(1, [2], a={'b': 'c'}, d={3})[1] == 1.5\n    assert f(1)\n"


class _Rehearsal(Session):
    """Asks a program in this same process, over no channel."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def exchange(self, body: bytes) -> bytes:
        """As a program would answer."""
        return self.program.answer(decode(body))


def rehearse() -> None:
    """Judge a program of our own some times."""
    for _ in range(NUM_TIMES):
        program = Program()
        program.load(_CODE)
        job: dict[str, Any] = {"entry": "f", "test": _TEST, "examples": []}
        status, _ = judge(_Rehearsal(program), job)
        assert status == "pass"
        assert decode(encode(("x", 1, -2.5, {"y": [(), set()]}, b"z" * NONCE)))
        program = Program()
        start(program, marshal.dumps((_CODE, ["f", "g"]), VERSION))
        assert answer_to(program, marshal.dumps((CALL, "f", [1, [2]], {"a": 3}, True), VERSION))[:1] == VALUE
