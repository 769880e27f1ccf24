"""Run untrusted programs and judge them, in processes that can reach neither the machine nor their test.

Linux on x86-64 and arm64. What is promised, and what is not, is in `docs/sandbox.md`.
"""

from textbook.sandbox.program import STATUSES, Example, Limits, Program, Status, Strength, Verdict
from textbook.sandbox.run import Sandbox, run
from textbook.sandbox.worker import Unavailable

__all__ = [
    "STATUSES",
    "Example",
    "Limits",
    "Program",
    "Sandbox",
    "Status",
    "Strength",
    "Unavailable",
    "Verdict",
    "run",
]
