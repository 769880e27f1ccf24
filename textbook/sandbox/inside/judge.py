"""The judge's process: runs the test, which asks the program over a channel, and says what came of it.

The test is somebody's code too, so the judge is confined like a program, and one judge sees one program only.
"""

import builtins
import json
import os
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, Final

from .frames import frame, read_frame, write_all
from .printed import same, unwanted
from .proxies import Session, Stop

JOB: Final = 4
"""Where the judge keeps the wire to the supervisor, away from the test's standard input."""
MAX_JOB: Final = 32 << 20
_BUILTINS = frozenset(dir(builtins))


def main() -> None:
    """Judge one program."""
    os.dup2(0, JOB)
    os.dup2(1, 0)  # nothing
    job = json.loads(read_frame(JOB, MAX_JOB))
    session = Session()
    try:
        status, reason = judge(session, job)
    except BaseException as error:  # a test's SystemExit is one
        status, reason = _blame(session, error)
    if session.ending is not None:  # whatever the test made of it
        status, reason = session.ending
    write_all(JOB, frame(json.dumps([status, reason[:1000]]).encode()))


def judge(session: Session, job: dict[str, Any]) -> tuple[str, str]:
    """Status and reason, of a test that ends by itself."""
    entry = job["entry"]
    code = compile(job["test"], "<test>", "exec")
    wanted = sorted(_names_in(code) - _BUILTINS | ({entry} if entry else set()))
    module = ModuleType("test")
    found = session.names(wanted)
    module.__dict__.update(found)
    if entry and entry not in found:
        return "error", f"the program defines no {entry}"
    exec(code, module.__dict__)
    check = module.__dict__.get("check")
    if entry and callable(check):
        check(found[entry])
    return judge_examples(session.show, job["examples"])


def judge_examples(show: Callable[[str, str], str], examples: list[list[Any]]) -> tuple[str, str]:
    """Status and reason, of examples whose output `show` gives for a source and a scope."""
    for source, want, options, scope in examples:
        got = show(source, scope)
        if not same(got, want, options):
            error = unwanted(got, want)
            status = {"": "wrong", "MemoryError": "memory", "PermissionError": "denied"}.get(error, "error")
            return status, f"{source.strip()[:200]} gave {got.strip()[:200]!r}, not {want.strip()[:200]!r}"
    return "pass", ""


def _names_in(code: CodeType) -> set[str]:
    """All names that a test mentions, in functions too; attributes are among them, which does no harm."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names_in(constant)
    return names


def _blame(session: Session, error: BaseException) -> tuple[str, str]:
    """Status and reason for what ended a test."""
    name = type(error).__name__
    message = str(error.args[0])[:500] if error.args and type(error.args[0]) is str else ""
    reason = f"{name}: {message}" if message else name
    if isinstance(error, Stop):
        return "error", "the test was given up"
    if error is session.raised:
        if isinstance(error, MemoryError):
            return "memory", reason
        return ("denied" if isinstance(error, PermissionError) else "error"), f"the program raised {reason}"
    if isinstance(error, AssertionError):
        return "wrong", _where(error) + (f": {message}" if message else "")
    return "error", f"the test raised {reason}"


def _where(error: BaseException) -> str:
    """The line of the test that failed."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<test>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"the assertion in line {line} of the test failed"
