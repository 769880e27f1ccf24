"""How much a student would learn from a text: a score learnt from labels (phi-1, section 2.1).

`EducationalValue` is the step; `fitting` fits, `featurisers`, `composed` and `heads` are what it is made of,
`artefact` saves and loads, `presets` names four ways.
"""

from textbook.curation.educational_value.composed import Concatenated, Stacked, Standardised
from textbook.curation.educational_value.featurisers import (
    HEAD_CHARS,
    ByteNgrams,
    CodeColumns,
    Embedded,
    Features,
    scored_head,
)
from textbook.curation.educational_value.fitting import OutOfFold, out_of_fold
from textbook.curation.educational_value.heads import DualRidge
from textbook.curation.educational_value.model import FittedScorer, ScoredTexts
from textbook.curation.educational_value.step import PRETRAINED, EducationalValue

__all__ = [
    "HEAD_CHARS",
    "PRETRAINED",
    "ByteNgrams",
    "CodeColumns",
    "Concatenated",
    "DualRidge",
    "Embedded",
    "EducationalValue",
    "Features",
    "FittedScorer",
    "OutOfFold",
    "ScoredTexts",
    "Stacked",
    "Standardised",
    "out_of_fold",
    "scored_head",
]
