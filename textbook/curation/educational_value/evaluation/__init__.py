"""How good a scorer is, and how much to keep by it.

`evaluate` measures a scorer on labels, `curve` weighs tokens against quality; `bare_code` and `pairs` tell whether code
is read or the words around it.
"""

from textbook.curation.educational_value.bare_code import bare
from textbook.curation.educational_value.evaluation.bootstrap import Estimate
from textbook.curation.educational_value.evaluation.curve import Curve
from textbook.curation.educational_value.evaluation.evaluate import evaluate
from textbook.curation.educational_value.evaluation.judging import Recipe
from textbook.curation.educational_value.evaluation.pairs import KINDS, Function, Pair, pairs
from textbook.curation.educational_value.evaluation.pool import curve
from textbook.curation.educational_value.evaluation.result import Evaluation, Measured

__all__ = [
    "KINDS",
    "Curve",
    "Estimate",
    "Evaluation",
    "Function",
    "Measured",
    "Pair",
    "Recipe",
    "bare",
    "curve",
    "evaluate",
    "pairs",
]
