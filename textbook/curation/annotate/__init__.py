"""Labels for samples, by a rubric: from a language model, from people, from files (phi-1, section 2.1).

`Annotate` labels rows of a recipe, `label` chooses what to label and what to measure on, `label_by_hand` asks a person,
`Labels` holds what came of it. Samples are data: see `prompt` for how, and `signs` for what is flagged.

Does not fit a scorer to the labels: see `textbook.curation.educational_value`.
"""

from textbook.curation.annotate.agreement import Agreement
from textbook.curation.annotate.by_hand import label_by_hand
from textbook.curation.annotate.labelling import label
from textbook.curation.annotate.labels import Label, Labels
from textbook.curation.annotate.outlook import Outlook, Point
from textbook.curation.annotate.ridge import Scorer
from textbook.curation.annotate.rubric import Example, Rubric
from textbook.curation.annotate.signs import SIGNS, signs_in
from textbook.curation.annotate.step import Annotate

__all__ = [
    "SIGNS",
    "Agreement",
    "Annotate",
    "Example",
    "Label",
    "Labels",
    "Outlook",
    "Point",
    "Rubric",
    "Scorer",
    "label",
    "label_by_hand",
    "signs_in",
]
