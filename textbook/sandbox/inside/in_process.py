"""The weaker mode: test and program in one process, which a program that wants to can fool. Had by name only."""

import json
from typing import Any, Final

from .candidate import NAME, Program, describe, flush
from .frames import frame, read_exactly, read_frame, write_all
from .judge import judge_examples
from .messages import NONCE

JOB: Final = 3
MAX_JOB: Final = 32 << 20


def main() -> None:
    """Run the program, then the test among its names; say what came of it, with a number read only then."""
    job = json.loads(read_frame(JOB, MAX_JOB))
    status, reason = _run(job)
    flush()
    nonce = read_exactly(JOB, NONCE)
    write_all(JOB, frame(nonce + json.dumps([status, reason]).encode()))


def _run(job: dict[str, Any]) -> tuple[str, str]:
    program = Program()
    names = program.names
    try:
        exec(compile(job["code"], f"<{NAME}>", "exec"), names)
        if job["entry"] and job["entry"] not in names:
            return "error", f"the program defines no {job['entry']}"
        exec(compile(job["test"], "<test>", "exec"), names)
        if job["entry"] and "check" in names:
            names["check"](names[job["entry"]])
        return judge_examples(program.show, job["examples"])
    except AssertionError as error:
        return "wrong", describe(error)[3]
    except BaseException as error:
        _, name, base, message, _ = describe(error)
        reason = f"{name}: {message}" if message else name
        return {"MemoryError": "memory", "PermissionError": "denied"}.get(base, "error"), reason
