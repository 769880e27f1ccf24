"""Run untrusted programs and judge them, in processes that can reach neither the machine nor their test.

Linux on x86-64 and arm64. What is promised, and what is not, is in `docs/sandbox.md`.
"""

from textbook.sandbox.doctests import Doctests, find_doctests
from textbook.sandbox.program import STATUSES, Example, Limits, Program, Status, Strength, Unavailable, Verdict
from textbook.sandbox.repeats import Repeated, run_repeatedly
from textbook.sandbox.results import Results
from textbook.sandbox.run import Sandbox, run
from textbook.sandbox.suites import with_suite
from textbook.sandbox.weak_tests import weakness

__all__ = [
    "STATUSES",
    "Doctests",
    "Example",
    "Limits",
    "Program",
    "Repeated",
    "Results",
    "Sandbox",
    "Status",
    "Strength",
    "Unavailable",
    "Verdict",
    "find_doctests",
    "run",
    "run_repeatedly",
    "weakness",
    "with_suite",
]
