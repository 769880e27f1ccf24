"""What an evaluation found: every number as an attribute, as JSON, as text and as a page.

Does not measure: see `evaluate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, NamedTuple

from textbook.curation.annotate.agreement import Agreement
from textbook.curation.annotate.outlook import Point, gain
from textbook.curation.educational_value.evaluation.bootstrap import Estimate
from textbook.curation.educational_value.evaluation.calibration import Bin
from textbook.curation.educational_value.evaluation.keeping import Kept
from textbook.curation.educational_value.evaluation.slices import Slice
from textbook.report.document import Document
from textbook.report.shift import Shift
from textbook.report.visible import visible_line

METRICS = {
    "spearman": "Spearman",
    "auc": "AUC",
    "average_precision": "average precision",
    "kappa": "quadratic kappa",
    "f1": "F1 at the threshold",
}


class ScoreBin(NamedTuple):
    """Rows that score about the same."""

    num: int
    score: float
    """The mean of the scores."""
    label: float
    """The mean of the labels."""


@dataclass(frozen=True)
class Measured:
    """How well a scorer does on rows that it was not fitted on. Intervals are of 1,000 draws of whole groups."""

    how: str
    """"held out": the scorer itself, on groups kept apart. "cross-validated": twins of it, each fitted on the groups
    of the other folds."""
    num_rows: int
    num_groups: int
    num_good: int
    threshold: float
    """From which score on a row counts as good; for "cross-validated" the mean over the folds."""
    threshold_from: str
    spearman: Estimate
    auc: Estimate
    average_precision: Estimate
    kappa: Estimate
    f1: Estimate
    """At a threshold that was fixed on other groups."""
    precision: Estimate
    """Of the rows at or above that threshold, by rows."""
    token_precision: Estimate
    """The same by tokens."""
    recall: Estimate
    rmse: Estimate
    bias: Estimate
    """Mean of score minus label."""
    ece: Estimate
    """Expected calibration error of the probability that a row is good."""
    brier: Estimate
    reliability: tuple[Bin, ...]
    by_score: tuple[ScoreBin, ...]
    kept: tuple[Kept, ...]


@dataclass(frozen=True)
class Baseline:
    """What is reached without the scorer, on the same rows."""

    name: str
    spearman: Estimate
    auc: Estimate
    average_precision: Estimate


@dataclass(frozen=True)
class Ceiling:
    """How far a second pass over the same texts agrees with the first: no scorer can be expected to do better."""

    num: int
    spearman: float | None
    kappa: float | None
    f1: float | None
    """Of the second pass, measured by the first."""
    exact: float | None
    within_one: float | None

    @classmethod
    def of(cls, agreement: Agreement, f1: float | None) -> "Ceiling":
        """From what `Labels.agreement` says."""
        return cls(agreement.num, agreement.spearman, agreement.kappa, f1, agreement.exact, agreement.within_one)


@dataclass(frozen=True)
class BareCode:
    """The same rows without their comments and docstrings, with the labels of the rows as they were."""

    num_rows: int
    auc: Estimate
    bare_auc: Estimate
    lost: Estimate
    """How much lower the second is."""


@dataclass(frozen=True)
class PairsRanked:
    """How many pairs of one kind the scorer ranks as they should be. See `pairs`."""

    kind: str
    why: str
    num: int
    share: float
    """Of the pairs; an equal score is half."""


@dataclass(frozen=True)
class Disagreement:
    """A row whose score is far from its label."""

    id: str
    group: str
    source: str | None
    label: float
    score: float
    probability: float
    """That it is good, by the scorer."""
    reason: str | None
    text: str


@dataclass(frozen=True)
class Throughput:
    """What scoring takes on one core, of the rows measured."""

    stage: str
    texts_per_second: float
    megabytes_per_second: float


@dataclass(frozen=True, repr=False)
class Evaluation(Document):
    """How good a scorer is, and where not. Print it, save it as a page, or leave it as the last line of a cell."""

    frame_title = "Evaluation of a scorer"

    scorer: str
    rubric: str
    language: str | None
    """Of the texts, where the rubric names one that is known."""
    good: float
    """The label from which on a row counts as good."""
    held_out: Measured | None
    cross_validated: Measured | None
    ceiling: Ceiling
    baselines: tuple[Baseline, ...]
    slices: tuple[Slice, ...]
    bare_code: BareCode | None
    pairs: tuple[PairsRanked, ...]
    learning_curve: tuple[Point, ...]
    """Spearman on the rows measured by the number of labels fitted on; empty where it can't be fitted again."""
    shift: Shift | None
    """What keeping by the threshold changes: of the rows measured, or of a pool."""
    shift_of: str
    disagreements: tuple[Disagreement, ...]
    throughput: tuple[Throughput, ...]
    warnings: tuple[str, ...] = ()

    @property
    def main(self) -> Measured:
        """What the other parts are about: the rows held out where there are any, else those of the folds."""
        found = self.held_out or self.cross_validated
        assert found is not None, "one of them was measured"
        return found

    def gain(self, num_next: int = 500) -> float | None:
        """The Spearman that more labels would add, if the learning curve went on as a line over the logarithm."""
        return gain(self.learning_curve, num_next)

    @property
    def spearman(self) -> Estimate:
        """Of `main`."""
        return self.main.spearman

    @property
    def auc(self) -> Estimate:
        """Of `main`."""
        return self.main.auc

    @property
    def average_precision(self) -> Estimate:
        """Of `main`."""
        return self.main.average_precision

    @property
    def kappa(self) -> Estimate:
        """Of `main`."""
        return self.main.kappa

    @property
    def f1(self) -> Estimate:
        """Of `main`."""
        return self.main.f1

    @property
    def ece(self) -> Estimate:
        """Of `main`."""
        return self.main.ece

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON-able data, the only thing the page is drawn from."""
        names = self.__dataclass_fields__
        facts = {name: _plain(getattr(self, name)) for name in names if name != "shift"}
        shift = None if self.shift is None else self.shift.facts()
        return facts | {"main": _plain(self.main), "shift": shift, "gain_of_500_labels": self.gain(500)}

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.scorer import page

        return page(self.to_dict())

    def __repr__(self) -> str:
        main = self.main
        return f"Evaluation({main.how}, {main.num_rows:,} rows of {main.num_groups:,} groups, Spearman {main.spearman})"

    def __str__(self) -> str:
        lines = [
            f"{visible_line(self.scorer)}, by the rubric {visible_line(self.rubric)!r}: good is {self.good:g} or more"
        ]
        lines += [line for measured in (self.held_out, self.cross_validated) if measured for line in _lines(measured)]
        lines += [f"ceiling: {self._ceiling()}", *self._others()]
        worst = self.disagreements[:3]
        lines += [
            f"far off: {visible_line(d.source or d.id)}: labelled {d.label:g}, scored {d.score:.2f}" for d in worst
        ]
        lines += [
            f"{each.stage}: {each.texts_per_second:,.0f} texts/s, {each.megabytes_per_second:.1f} MB/s of one core"
            for each in self.throughput
        ]
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])

    def _ceiling(self) -> str:
        if not self.ceiling.num:
            return "unknown, for no sample was labelled twice"
        shown = {"Spearman": self.ceiling.spearman, "kappa": self.ceiling.kappa, "F1": self.ceiling.f1}
        said = ", ".join(f"{name} {'none' if value is None else f'{value:.2f}'}" for name, value in shown.items())
        return f"{said} between two passes over {self.ceiling.num:,} samples"

    def _others(self) -> list[str]:
        lines = [f"{b.name} instead: Spearman {b.spearman}, AUC {b.auc}" for b in self.baselines]
        if self.bare_code is not None:
            bare = self.bare_code
            lines.append(
                f"comments and docstrings taken out: AUC {bare.bare_auc} in place of {bare.auc.value or 0:.3f}"
            )
        lines += [f"pairs, {p.kind}: {p.share:.0%} of {p.num} ranked right" for p in self.pairs]
        if self.learning_curve:
            points = ", ".join(f"{point.spearman:.2f} at {point.num_labels:,}" for point in self.learning_curve)
            lines.append(f"Spearman by labels: {points}")
        return lines


def _lines(measured: Measured) -> list[str]:
    """A measurement as text."""
    head = (
        f"{measured.how}: {measured.num_rows:,} rows of {measured.num_groups:,} groups, {measured.num_good:,} good; "
        f"threshold {measured.threshold:.2f} ({measured.threshold_from})"
    )
    values = [f"  {title}: {getattr(measured, name)}" for name, title in METRICS.items()]
    values.append(f"  precision there: {measured.precision} by rows, {measured.token_precision} by tokens")
    values += [
        f"  best {kept.share:.0%} of tokens: precision {kept.precision}, of the last fifth {kept.marginal_precision}"
        for kept in measured.kept
    ]
    return [head, *values, f"  calibration error: {measured.ece}"]


def _plain(value: Any) -> Any:
    """Dataclasses and named tuples as objects, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value
