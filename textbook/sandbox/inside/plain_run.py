"""One job whose test is plain: a process for the program alone, and the test worked out here."""

import marshal
import os
import select
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final, NoReturn

from .job_run import NONCE, Run
from .judge import judge_examples
from .plain import Plain
from .plain_candidate import CALL, MAX_PACKET, RAISED, SHOW, VALUE
from .plain_steps import Failed, NotPlain, Program
from .plain_values import VERSION, decode
from .wires import PATIENCE, Wires, ZygoteLost

MAX_ANSWERS: Final = 64 << 10
"""Most bytes of answers to one test that are looked at here."""


class _Ended(Exception):
    """There will be no more answers."""


class PlainRun(Run):
    """A program, and the test as it is worked out. Ends without a verdict where a judge is needed."""

    def __init__(self, wires: Wires, deadline: float) -> None:
        super().__init__(wires, socket.SOCK_SEQPACKET)
        self.deadline = deadline
        self.flags = 0
        """How answers are received: after the first that takes time, what the program prints is read as well."""
        self.room = MAX_ANSWERS
        self.found: list[str] | None = None
        self.given_up = False
        """Whether a judge has to run the test."""
        try:
            self.begin(wires.programs, b"P", self.printed[1], self.wire[1])
        finally:
            self.printed[1].close()
            self.wire[1].close()
        self.listen(self.printed[0])
        self.printed[0].shutdown(socket.SHUT_WR)  # nothing to read for the program
        self.wire[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)

    def judge(self, plain: Plain, job: dict[str, Any]) -> None:
        """Work the test out."""
        try:
            status, reason = self._judge(plain, job)
            self.found = [status, reason[:1000]]
        except Failed as error:
            self.found = ["wrong", str(error)[:1000]]
        except _Ended:
            pass  # and says why, unless time is up
        except ZygoteLost:
            raise
        except Exception:  # whatever it was: a judge runs the test, and its verdict is the one that is given
            self.given_up = True
        if self.flags:
            self.poll.unregister(self.wire[0])
        self.wire[0].close()

    def _judge(self, plain: Plain, job: dict[str, Any]) -> tuple[str, str]:
        functions = self._ask(job["code"], plain.names)
        if type(functions) is not list or len(functions) != len(plain.names):
            raise NotPlain
        if job["entry"] and functions[plain.names.index(job["entry"])] is None:
            return "error", f"the program defines no {job['entry']}"
        if any(each is not True for each in functions):
            raise NotPlain
        program = Program(partial(self._ask, CALL))
        for step in plain.steps:
            step(program)
        return judge_examples(self._show, job["examples"]) if job["examples"] else ("pass", "")

    def _show(self, source: str, scope: str) -> str:
        text = self._ask(SHOW, source, scope)
        return text if type(text) is str else ""

    def _ask(self, *question: Any) -> Any:
        """The value that a question is answered with."""
        nonce = os.urandom(NONCE)
        packet = nonce + marshal.dumps(question, VERSION)
        if len(packet) > MAX_PACKET:
            raise NotPlain
        with suppress(BrokenPipeError, ConnectionResetError):  # the program is gone, which reading will show
            self.wire[0].send(packet, socket.MSG_DONTWAIT)
        answer = self._next()
        if answer[:NONCE] != nonce:
            self._come_to("error", "the program sent an answer that no question had asked for")
        kind, body = answer[NONCE : NONCE + 1], answer[NONCE + 1 :]
        if self.room < 0 or kind not in (VALUE, RAISED):
            raise NotPlain
        value = decode(body)
        if kind == RAISED:
            self._blame(value)
        return value

    def _next(self) -> bytes:
        """The next packet that the program sends."""
        while True:
            try:
                answer = self.wire[0].recv(MAX_PACKET, self.flags)
            except BlockingIOError:
                if not self.flags:
                    self.flags = socket.MSG_DONTWAIT
                    self.poll.register(self.wire[0], select.POLLIN)
                left = self.deadline - time.monotonic()
                if left <= 0:
                    raise _Ended from None
                self.step(left)
                continue
            except ConnectionResetError:
                answer = b""
            if not answer:
                self._come_to("died", "the program ended before it had answered")
            self.room -= len(answer)
            return answer

    def _come_to(self, status: str, reason: str) -> NoReturn:
        self.found = [status, reason[:1000]]
        raise _Ended

    def _blame(self, error: Any) -> NoReturn:
        """End by what the program raised."""
        if type(error) is not tuple or [type(part) for part in error] != [str, str, str, str, bool]:
            raise NotPlain
        _, name, base, message, whole = error
        if base.endswith("Group"):
            raise NotPlain
        reason = f"{name}: {message}" if message else name
        status = {"MemoryError": "memory", "PermissionError": "denied"}.get(base, "error")
        self._come_to(status, reason if whole or status == "memory" else f"the program raised {reason}")

    def settled(self) -> bool:
        """Whether the test has been worked out, or has been given up."""
        return self.found is not None or self.given_up

    def unpack(self) -> list[str] | None:
        """What it came to."""
        return self.found
