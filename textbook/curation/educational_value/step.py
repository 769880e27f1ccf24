"""The operator: adds `edu_score` and `edu_confidence`, by a scorer fitted, shipped or loaded (phi-1, section 2.1).

Does not decide what is kept: see `textbook.keep`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from textbook.curation.educational_value.artefact import ASSETS, load, save
from textbook.curation.educational_value.featurisers import Features
from textbook.curation.educational_value.fitting import fit_scorer, refitted
from textbook.curation.educational_value.heads import Head
from textbook.curation.educational_value.model import FittedScorer, ScoredTexts, Seen
from textbook.curation.encoders import Encoder
from textbook.operator import Batch, Operator

if TYPE_CHECKING:
    from textbook.curation.annotate.labels import Labels
    from textbook.curation.educational_value.evaluation import Curve, Evaluation, Recipe

PRETRAINED = ("python", "python-fast")
"""The scorers that come with the package."""


@dataclass(frozen=True)
class EducationalValue(Operator):
    """Adds `edu_score`, how much a student would learn from a text, and `edu_confidence`, how sure that is.

    The score is on the scale of the rubric that the labels followed: 0 (nothing to learn) to 5 (textbook quality) for
    the shipped scorers, whose 3 is where a student can follow the text alone and learns something. The confidence is
    the probability, calibrated on texts of held-out groups, that the text lies on that side of the rubric's `good`
    where the scorer sees it: 0.5 to 1.

    `EducationalValue.pretrained("python")` is part of the package: nothing is fetched. Its rubric and labels are in
    `textbook/curation/annotations`: whole files, single functions and cut-off files. A text is scored by its first
    `HEAD_CHARS` characters; one that is blank gets the lowest score. Text in another language, and prose, gets a score
    too, but nothing in the labels of the shipped scorers speaks for it: fit one to labels of your own.

    Args (fields):
        model: what scores; it is known by a digest of all that scores depend on.
    """

    model: FittedScorer

    version = 2
    reads = ("text",)
    adds = {"edu_score": "float32", "edu_confidence": "float32"}

    @classmethod
    def pretrained(cls, name: str) -> Self:
        """A scorer that comes with the package: "python", or "python-fast", which looks at no syntax tree.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in PRETRAINED:
            raise ValueError(
                f"no scorer is shipped for {name!r}, expected one of {', '.join(PRETRAINED)}; use one of these, or"
                " the folder of one that you have fitted"
            )
        return cls(_shipped(name))

    @classmethod
    def fit(
        cls,
        labels: "Labels",
        preset: str = "best",
        *,
        features: Features | None = None,
        head: Head | None = None,
        encoder: Encoder | None = None,
        seed: int = 0,
    ) -> Self:
        """A scorer fitted to `labels.train`; what it says of groups that it was not fitted on calibrates it.

        The same labels and seed give the same scorer on one machine; on another, the last digits may differ.

        Args:
            labels: texts with labels by a rubric, in groups (repositories, packages).
            preset: "best", "fast" (bulk filtering on a CPU), "paper" (phi-1's: a CodeGen embedding and a random forest)
                or "fineweb_edu" (an encoder and a regression); see `presets`.
            features: in place of the preset's: `Concatenated(ByteNgrams(), CodeColumns())`, say.
            head: in place of the preset's: `DualRidge`, or a scikit-learn estimator. Linear models and tree ensembles
                become arrays, which score every text the same in any batch; others score as they are, in this process,
                and can't be saved.
            encoder: for a preset that embeds texts, in place of the model that it names; "best" takes one as well.
            seed: for the division into folds, and for an estimator whose `random_state` is not given.

        Raises:
            ValueError: the labels are fewer than 30, lie on one side of the rubric's `good` or in one group, or lack
                their texts; there is no such preset.
            ModuleNotFoundError: scikit-learn is not installed, or what the encoder needs; the message is the remedy.
        """
        return cls(fit_scorer(labels, preset, features, head, encoder, seed))

    def save(self, folder: str | Path) -> Path:
        """Write the scorer into a folder, as JSON and arrays: no pickle.

        Raises:
            ValueError: its head or its features can't be written so.
        """
        return save(self.model, Path(folder))

    @classmethod
    def load(cls, folder: str | Path, encoder: Encoder | None = None) -> Self:
        """Read what `save` wrote.

        Args:
            folder: where.
            encoder: the encoder that it was fitted with, if that is none that the card can name.

        Raises:
            ValueError: there is no scorer, it is damaged, or it was fitted on other features than this version has.
        """
        return cls(load(Path(folder), encoder=encoder))

    def score(self, texts: Sequence[str]) -> ScoredTexts:
        """Score texts in hand: scores, confidence and the probability that a label would be good, (texts,) each."""
        return self.model.score(texts)

    def report(self, labels: "Labels", *, pool: Any = None, seed: int = 0) -> "Evaluation":
        """Measure the scorer on labelled texts that it was not fitted on, and twins of it by cross-validation.

        Args:
            labels: with their texts.
            pool: what it will be used on, to compare with what it was measured on; see `evaluate`.
            seed: for draws.

        Raises:
            ValueError: there is nothing to measure on.
        """
        from textbook.curation.educational_value.evaluation import evaluate

        return evaluate(self.model, labels, fitted_on=self._seen, recipe=self._recipe, pool=pool, seed=seed)

    def curve(self, data: Any, labels: "Labels | None" = None, *, seed: int = 0) -> "Curve":
        """What each number of tokens of a pool is worth, and where it stops being worth it.

        Args:
            data: the pool: a path, a dataset folder, rows in hand.
            labels: to learn from what a score is worth; None: what the scorer holds of the labels it was fitted on.
            seed: for draws.

        Raises:
            ValueError: the pool can't be read.
        """
        from textbook.curation.educational_value.evaluation import curve

        return curve(self.model, data, labels, fitted_on=self._seen, recipe=self._recipe, seed=seed)

    @property
    def _seen(self) -> Seen | None:
        return None if self.model.held_out is None else self.model.held_out.seen

    @property
    def _recipe(self) -> "Recipe | None":
        """What twins are fitted with: as this was, or as the preset is that it was fitted by."""
        from textbook.curation.educational_value.evaluation import Recipe

        made = self.model.recipe or refitted(self.model)
        return None if made is None else Recipe(*made)

    def __call__(self, batch: Batch) -> Batch:
        """Score the rows."""
        found = self.model.score(batch["text"])
        return batch | {"edu_score": found.scores.tolist(), "edu_confidence": found.confidence.tolist()}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """The Python scorer, an explained algorithm and a table of settings."""
        algorithm = (
            "def binary_search(values, wanted):\n"
            '    """Return the index of wanted in the sorted list values, or None.\n\n'
            "    Each look halves the range that can still hold it, so n values take about log2(n) looks.\n"
            '    """\n'
            "    low, high = 0, len(values) - 1\n"
            "    while low <= high:\n"
            "        middle = (low + high) // 2\n"
            "        if values[middle] == wanted:\n"
            "            return middle\n"
            "        if values[middle] < wanted:\n"
            "            low = middle + 1  # it can only be to the right\n"
            "        else:\n"
            "            high = middle - 1\n"
            "    return None\n"
        )
        settings = 'DEBUG = False\nALLOWED_HOSTS = ["localhost"]\nTIMEOUT_S = 30\nLOG_LEVEL = "INFO"\n'
        return cls.pretrained("python"), {"id": ["a", "b"], "text": [algorithm, settings]}


@cache
def _shipped(name: str) -> FittedScorer:
    return load(ASSETS, f"educational-value-{name}")
