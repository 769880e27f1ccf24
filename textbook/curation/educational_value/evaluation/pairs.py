"""Pairs of texts of which one should rank higher, made from real functions: does a scorer read code, or words about it?

Each kind takes one thing away, or puts words where there is nothing to say. They were written before any scorer was
tuned on them. The texts they are made of are real and labelled, so that what is better is not our taste alone: a clean
algorithm was labelled high, glue and configuration low.

Does not run the code, and does not say by how much one side is better.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final, NamedTuple

from textbook.curation.annotate.groups import key
from textbook.curation.educational_value.bare_code import Code, bare, code_of, walked, without_docstrings
from textbook.curation.educational_value.evaluation.altered import (
    documented,
    hollow,
    opening,
    shuffled,
    with_borrowed_comments,
    with_borrowed_docstring,
    with_docstrings_of,
    without_names,
)

PAIRS_A_KIND = 60
MIN_STATEMENTS = 4
"""Of a function that is worth a pair, beside its docstring: less than this is glue itself."""

_ASSIGNED = (ast.Assign, ast.AnnAssign)


class Function(NamedTuple):
    """A real sample to make pairs of."""

    id: str
    text: str
    is_good: bool
    """Whether it was labelled high (a clean, documented algorithm may come of it) or low (glue, configuration)."""


class Pair(NamedTuple):
    """Two texts, and which should rank higher."""

    kind: str
    better: str
    worse: str
    why: str
    ids: tuple[str, str]
    """The samples that the two sides were made of."""


@dataclass(frozen=True, eq=False)
class _Sample:
    id: str
    code: Code

    @cached_property
    def bare(self) -> Code:
        return code_of(bare(self.code.text)) or self.code


Make = Callable[[_Sample, _Sample], tuple[str, str]]
"""The better and the worse side, of a good sample and another one."""


KINDS: Final = {
    "docstring removed": "the same code with its explanation teaches more than without",
    "body removed": "an explanation of code that is not there teaches less than with the code",
    "docstring swapped": "a docstring about something else misleads",
    "docstring on glue": "glue does not compute what the docstring of an algorithm says",
    "glue documented": "a clean algorithm without a word teaches more than glue with a comment on every line",
    "comments in configuration": "a clean algorithm without a word teaches more than settings under borrowed prose",
    "names stripped": "names that say what a value is are half of the explanation",
    "statements shuffled": "the same statements in an order that computes nothing teach nothing",
}
"""What each kind is, and why its better side is better."""


def pairs(functions: Sequence[Function], seed: int = 0, num_a_kind: int = PAIRS_A_KIND) -> list[Pair]:
    """Pairs of every kind that there is material for: at most `num_a_kind` of each, the same for the same seed.

    Args:
        functions: real samples, some good and documented, some poor. Those that do not parse are passed over.
        seed: chooses among them, by their ids.
        num_a_kind: the most pairs of one kind.
    """
    good = [sample for sample in _samples(functions, True, seed) if _is_algorithm(sample.code)]
    poor = _samples(functions, False, seed)
    glue = [sample for sample in poor if any(opening(sample.code, node) is not None for node in sample.code.functions)]
    config = [sample for sample in poor if _is_configuration(sample.code)]
    makers: list[tuple[str, list[_Sample], Make]] = [
        ("docstring removed", good, lambda own, _: (own.code.text, without_docstrings(own.code))),
        ("body removed", good, lambda own, _: (own.code.text, hollow(own.code))),
        ("docstring swapped", good[1:] + good[:1], lambda own, other: (own.code.text, _swapped(own, other))),
        ("docstring on glue", glue, lambda own, other: (own.bare.text, with_borrowed_docstring(other.code, own.code))),
        ("glue documented", glue, lambda own, other: (own.bare.text, documented(other.code))),
        (
            "comments in configuration",
            config,
            lambda own, other: (own.bare.text, with_borrowed_comments(other.code, own.code)),
        ),
        ("names stripped", good, lambda own, _: (own.bare.text, without_names(own.bare))),
        ("statements shuffled", good, lambda own, _: (own.bare.text, shuffled(own.bare, seed))),
    ]
    found: list[Pair] = []
    for kind, others, make in makers:
        found += islice(_made(kind, good, others, make), num_a_kind)
    return found


def _samples(functions: Sequence[Function], is_good: bool, seed: int) -> list[_Sample]:
    chosen = sorted((f for f in functions if f.is_good == is_good), key=lambda f: (key(seed, "pairs", f.id), f.id))
    parsed = ((function.id, code_of(function.text)) for function in chosen)
    return [_Sample(name, code) for name, code in parsed if code is not None]


def _made(kind: str, good: list[_Sample], others: list[_Sample], make: Make) -> Iterator[Pair]:
    for i, own in enumerate(good if others else ()):
        other = others[i % len(others)]
        better, worse = make(own, other)
        if better.strip() != worse.strip():
            yield Pair(kind, better, worse, KINDS[kind], (own.id, other.id))


def _swapped(own: _Sample, other: _Sample) -> str:
    return own.code.text if own is other else with_docstrings_of(own.code, other.code)


def _is_algorithm(code: Code) -> bool:
    """Whether a function with a docstring computes something, and nothing hints at glue: a loop or a branch in it."""
    return any(
        ast.get_docstring(node, clean=False) is not None
        and len(node.body) > 1
        and sum(isinstance(inner, ast.stmt) for inner in walked(node)) >= MIN_STATEMENTS + 2
        and any(isinstance(inner, ast.For | ast.While | ast.If | ast.comprehension) for inner in walked(node))
        for node in code.functions
    )


def _is_configuration(code: Code) -> bool:
    body = code.tree.body
    assigned = sum(isinstance(node, _ASSIGNED) for node in body)
    return assigned >= MIN_STATEMENTS and assigned > len(body) / 2 and not code.functions
