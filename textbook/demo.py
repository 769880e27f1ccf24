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
    """Count, drop copies and what does not parse, leave out generated code and tests, score, keep what teaches."""
    return (
        CountTokens(),
        ExactDuplicates(normalize_whitespace=True),
        Syntax(),
        Keep("parses", equals=True),
        CodeFeatures(),
        Keep("is_generated", equals=False),
        Keep("is_test", equals=False),
        EducationalValue.pretrained("python"),
        Keep("edu_score", at_least=THRESHOLD),
    )
