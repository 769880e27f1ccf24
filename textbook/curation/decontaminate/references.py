"""References made ready for comparison: their functions, n-grams and vectors. Made once a process, from their texts."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np

from textbook.benchmarks import Problem, References
from textbook.curation.decontaminate.background import background
from textbook.curation.decontaminate.embedding import ReferenceVectors
from textbook.curation.decontaminate.functions import Function, functions_of
from textbook.curation.decontaminate.lexical import Lexical
from textbook.curation.decontaminate.match_rate import MatchRates, edit_distance, match_rate
from textbook.curation.decontaminate.ngram import NEEDED, PHI1_WORDS, Ngrams, Shared, needed_share
from textbook.curation.decontaminate.thesaurus import concept
from textbook.curation.decontaminate.words import Texts, Vocabulary, distinct_words, joined
from textbook.curation.encoders import Encoder

SHORT_NGRAM: Final = 5
LEAST_WORDS: Final = 12
"""A shorter part of a problem, such as `return x + y`, is not looked for by its n-grams."""

_OTHER = "\0"


class AstMatch(NamedTuple):
    """A function and a reference whose trees match."""

    function: int
    reference: int
    rate: float
    nodes: int
    """Of the smaller of the two."""


class ReferenceFunctions:
    """The functions of the references in one language.

    Args:
        functions: each with the position of its reference.
        tau: the lowest match rate of interest.
        rich: whether the rate is that of the rich labels, which is never higher, where both functions have them.
    """

    def __init__(self, functions: Sequence[tuple[int, Function]], tau: float, rich: bool) -> None:
        self._owners = [reference for reference, _ in functions]
        self._functions = [function for _, function in functions]
        self._rich = rich
        self._rich_labels = [function.rich() if rich else () for function in self._functions]
        labels = sorted({label for function in self._functions for label in function.labels})
        self._characters = {label: chr(number) for number, label in enumerate(labels, start=1)}
        self._rates = MatchRates([self._sequence(function) for function in self._functions], tau)

    def matches(self, functions: Sequence[Function]) -> Iterator[AstMatch]:
        """The pairs whose rate is at least tau; of several functions of a reference the best."""
        best: dict[tuple[int, int], AstMatch] = {}
        for match in self._rates.matches([self._sequence(function) for function in functions]):
            mine, theirs = functions[match.sequence], self._functions[match.reference]
            rate, nodes = match.rate, min(len(mine.labels), len(theirs.labels))
            labels = self._rich_labels[match.reference]
            if self._rich and labels and (own := mine.rich()):
                rate = match_rate(edit_distance(own, labels), match.longer)
            pair = match.sequence, self._owners[match.reference]
            if rate >= self._rates.tau and (pair not in best or rate > best[pair].rate):
                best[pair] = AstMatch(*pair, rate, nodes)
        return iter(best.values())

    def _sequence(self, function: Function) -> str:
        """One character a node. A label that no reference has is as good as any other of these."""
        if isinstance(function.labels, str):
            return function.labels
        return "".join(self._characters.get(label, _OTHER) for label in function.labels)


class _Part(NamedTuple):
    """What is looked for by its n-grams: a problem as a whole, its task or its solution."""

    reference: int
    num_words: int


class Prepared:
    """References made ready.

    Args:
        references: one or more; the reference at position `i` is problem `i` of all of them in a row.
        tau: the lowest AST match rate of interest.
        rich: see `ReferenceFunctions`.
    """

    def __init__(self, references: Sequence[References], tau: float, rich: bool) -> None:
        self.problems = [problem for each in references for problem in each]
        self.names = _names(references)
        self.digests = [_digest(problem) for problem in self.problems]
        self.sizes = [len(each) for each in references for _ in each]
        self.functions = {
            language: ReferenceFunctions(functions, tau, rich)
            for language, functions in _functions(self.problems).items()
        }
        self._vectors: dict[str, ReferenceVectors] = {}

    def vectors(self, encoder: Encoder) -> ReferenceVectors:
        """The vectors of the references by an encoder, made once."""
        if encoder.identity not in self._vectors:
            self._vectors[encoder.identity] = ReferenceVectors([problem.text for problem in self.problems], encoder)
        return self._vectors[encoder.identity]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the background and of the references, and their concepts."""
        common = background()
        own = sorted(set().union(*(distinct_words(problem.text) for problem in self.problems)))
        concepts = (each for pair in common.pairs for each in pair)
        return Vocabulary([*common.words, *concepts, *own, *map(concept, own)])

    @cached_property
    def lexical(self) -> Lexical:
        """The words and pairs of the references."""
        words = joined([self.vocabulary.words(problem.text) for problem in self.problems])
        return Lexical(words, self.vocabulary, background())

    @cached_property
    def ngrams(self) -> "ReferenceNgrams":
        """The n-grams of the references."""
        return ReferenceNgrams(self.problems, self.vocabulary)


@lru_cache(maxsize=4)
def prepared(references: tuple[References, ...], tau: float, rich: bool) -> Prepared:
    """Made once for all steps of a process that ask for the same."""
    return Prepared(references, tau, rich)


def several(references: References | Sequence[References]) -> tuple[References, ...]:
    """The benchmarks that a step was given: one, or more."""
    return (references,) if isinstance(references, References) else tuple(references)


def by_name(references: Sequence[References]) -> dict[str, Problem]:
    """The problems by the names that evidence has for them."""
    return dict(zip(_names(references), (problem for each in references for problem in each), strict=True))


class ReferenceNgrams:
    """The n-grams of problems, of their tasks and of their solutions.

    Args:
        problems: the references.
        vocabulary: numbers their words.
    """

    def __init__(self, problems: Sequence[Problem], vocabulary: Vocabulary) -> None:
        self._parts, numbers = [], []
        for reference, problem in enumerate(problems):
            for text in dict.fromkeys((problem.text, problem.statement or problem.prompt, problem.solution)):
                part = vocabulary.words(text)
                if len(part) >= LEAST_WORDS:
                    self._parts.append(_Part(reference, len(part)))
                    numbers.append(part)
        words, common = joined(numbers), background()
        idf = {vocabulary.known[word]: common.idf(counts) for word, counts in common.words.items()}
        rare = max(idf.values())
        weights = np.array([idf.get(word, rare) for word in words.words.tolist()])
        self._indexes = {
            "ngram": Ngrams(words, weights, SHORT_NGRAM),
            "long_ngram": Ngrams(words, weights, PHI1_WORDS),
        }

    def shared(self, texts: Texts) -> Iterator[tuple[str, int, int, Shared]]:
        """The detector, the text, the reference, and what they share: of a reference's parts the one with the most."""
        for detector, index in self._indexes.items():
            best: dict[tuple[int, int], Shared] = {}
            for (text, number), shared in index.shared(texts).items():
                part = self._parts[number]
                if detector == "ngram":
                    shared.share *= NEEDED / needed_share(part.num_words)
                pair = text, part.reference
                if pair not in best or shared.share > best[pair].share:
                    best[pair] = shared
            yield from ((detector, *pair, shared) for pair, shared in best.items())


def _digest(problem: Problem) -> bytes:
    """16 bytes that stand for the text of a problem and its language, in tables that hold no text."""
    return hashlib.sha256(f"{problem.language}\0{problem.text}".encode("utf-8", "surrogatepass")).digest()[:16]


def _names(references: Sequence[References]) -> list[str]:
    """The ids of all problems; where two benchmarks share one, with the benchmark's name before it."""
    ids = Counter(problem.id for each in references for problem in each)
    return [
        problem.id if ids[problem.id] == 1 else f"{each.name}/{problem.id}" for each in references for problem in each
    ]


def _functions(problems: Sequence[Problem]) -> dict[str, list[tuple[int, Function]]]:
    """Language -> the functions of the references in it, each with the position of its reference."""
    found: dict[str, list[tuple[int, Function]]] = defaultdict(list)
    for reference, problem in enumerate(problems):
        text = problem.program(problem.solution)
        functions, language, _ = functions_of(text, problem.language, [problem.language])
        entries = [each for each in functions if _defines(text[each.start : each.end], problem.entry_point)]
        found[language] += [(reference, function) for function in entries or functions]
    return found


def _defines(text: str, name: str) -> bool:
    """Whether the first line of a function, after decorators and comments, has a name."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("@", "#", "/", "*")))
    return bool(name) and re.search(rf"\b{re.escape(name)}\b", next(lines, "")) is not None
