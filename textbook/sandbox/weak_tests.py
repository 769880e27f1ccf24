"""Which trivial functions pass a test: one that any of them passes says little of a program that passes it.

The function under test is replaced by bodies that solve nothing (`return None`, a constant, the first argument) and by
the constants that the test itself compares with. Of HumanEval's 164 tests one is passed so (34, by a constant), of the
500 of MBPP's test split four. That none passes is no proof of a good test. Python alone.
"""

import ast
import keyword
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from textbook.languages.python import ParseError, parse
from textbook.sandbox.program import Limits, Program, Strength
from textbook.sandbox.results import Results
from textbook.sandbox.run import run

BODIES: Final = (
    "raise NotImplementedError",
    "return None",
    "return True",
    "return False",
    "return 0",
    "return 1",
    "return ''",
    "return []",
    "return {}",
    "return args[0]",
)
"""Bodies of functions of any arguments. A test that the first one passes never calls the function."""
MAX_CONSTANTS: Final = 6
"""How many constants of a test are tried, those first that it has most."""
MAX_CONSTANT_CHARS: Final = 200


def weakness(
    programs: Iterable[Program],
    limits: Limits | None = None,
    *,
    bodies: Sequence[str] = BODIES,
    workers: int | None = None,
    strength: Strength = "split",
    unsafe: bool = False,
    results: Results | None = None,
) -> Iterator[tuple[str, ...]]:
    """For each program, in their order, the trivial bodies of its entry point that pass its test and its examples.

    Args:
        programs: with an entry point, a function at top level; its own body does not matter, what else it defines may.
        limits: as for `run`, like all others.
        bodies: what is tried beside the constants of a test; a line of Python that sees `args` and `kwargs`.
        workers: likewise.
        strength: likewise.
        unsafe: likewise.
        results: likewise.

    Raises:
        ValueError: a program without such an entry point, or in another language than Python.
        Unavailable: the kernel cannot confine, and `unsafe` was not said.
    """
    passing: list[str] = []
    tried = _trivial(programs, bodies)
    for verdict in run(tried, limits, workers=workers, strength=strength, unsafe=unsafe, results=results):
        body, last = verdict.key
        if verdict.passed:
            passing.append(body)
        if last:
            yield tuple(passing)
            passing.clear()


def _trivial(programs: Iterable[Program], bodies: Sequence[str]) -> Iterator[Program]:
    """The programs with each trivial body; the key says which, and whether it is the program's last."""
    for program in programs:
        entry = program.entry_point
        if program.language != "python":
            raise ValueError(f"got language={program.language!r}; expected 'python', the only one with trivial bodies")
        if entry is None or not entry.isidentifier() or keyword.iskeyword(entry):
            raise ValueError(f"got entry_point={entry!r}; expected the name of the function that the test is about")
        tried = [*bodies, *(body for body in _constants(program) if body not in bodies)]
        for body in tried:
            code = f"{program.code}\n\ndef {entry}(*args, **kwargs):\n    {body}\n"
            yield replace(program, code=code, key=(body, body is tried[-1]))


def _constants(program: Program) -> list[str]:
    """Bodies that return what the test, or an example, compares with, the most frequent first."""
    found: Counter[str] = Counter()
    for text in (program.test, *(each.want for each in program.examples)):
        try:
            tree = parse(text.strip())
        except ParseError:
            continue
        found.update(filter(None, map(_literal, _compared(tree))))
    return [f"return {text}" for text, _ in found.most_common(MAX_CONSTANTS)]


def _compared(tree: ast.Module) -> Iterator[ast.expr]:
    """Operands of comparisons, arguments of `assertEqual` and the like, and a text that is an expression as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            yield from node.args if name.startswith("assert") else ()
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        yield tree.body[0].value


def _literal(node: ast.expr) -> str:
    """The text of a literal; empty for anything else, and for one that is long."""
    try:
        ast.literal_eval(node)
        text = ast.unparse(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ""
    return text if len(text) <= MAX_CONSTANT_CHARS else ""
