"""The recipe of `textbook demo`: what is worth learning from among the Python files installed on this machine."""

from textbook.curation.duplicates import ExactDuplicates
from textbook.curation.educational_value import EducationalValue
from textbook.curation.features import CodeFeatures
from textbook.curation.syntax import Syntax
from textbook.keep import Keep
from textbook.recipes import Recipe
from textbook.tokens import CountTokens

THRESHOLD = 3.0
"""The rubric's "a student can follow it alone and learns something"."""


def recipe() -> Recipe:
    """Drop copies, generated code and tests, score the rest, keep what teaches and parses: the dearest step last."""
    return (
        CountTokens(),
        ExactDuplicates(normalize_whitespace=True),
        CodeFeatures(),
        Keep("is_generated", equals=False),
        Keep("is_test", equals=False),
        EducationalValue.pretrained("python"),
        Keep("edu_score", at_least=THRESHOLD),
        Syntax(),
        Keep("parses", equals=True),
    )
