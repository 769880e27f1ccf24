"""The evaluation of a scorer against labels, from the first row to the report.

Does not choose how much to keep of a pool: see `curve`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from textbook.curation import metrics
from textbook.curation.annotate.labels import Label, Labels
from textbook.curation.educational_value.bare_code import bare
from textbook.curation.educational_value.evaluation.baselines import baselines
from textbook.curation.educational_value.evaluation.judging import (
    FEW_GOOD,
    FEW_GROUPS,
    FEW_ROWS,
    Judged,
    Recipe,
    held_out,
    judged_by_twins,
    unseen,
)
from textbook.curation.educational_value.evaluation.measuring import measured
from textbook.curation.educational_value.evaluation.pool import SCORE, scored_batches
from textbook.curation.educational_value.evaluation.result import Ceiling, Disagreement, Evaluation
from textbook.curation.educational_value.evaluation.robustness import Say, robustness
from textbook.curation.educational_value.evaluation.slices import slices
from textbook.curation.educational_value.evaluation.throughput import throughput
from textbook.curation.educational_value.evaluation.twins import Advance, Twins
from textbook.curation.educational_value.model import FittedScorer, Scale, Seen
from textbook.engine.progress import bar
from textbook.report.shift import TITLES, Profile, Shift, compare
from textbook.tokens import count

NUM_DISAGREEMENTS = 20


def evaluate(
    scorer: FittedScorer,
    labels: Labels,
    *,
    fitted_on: Seen | None = None,
    recipe: Recipe | None = None,
    pool: Any = None,
    seed: int = 0,
    progress: bool = True,
) -> Evaluation:
    """Measure a scorer on labelled rows that it was not fitted on, and by cross-validation.

    Args:
        scorer: what is measured.
        labels: labelled texts; with texts.
        fitted_on: what it was fitted on; without, `labels.evaluation` is taken to be unseen.
        recipe: how twins of it are fitted; without, there is no learning curve, and no cross-validation but what the
            scorer holds of when it was fitted.
        pool: whose shift is shown, licences and all; without, that of the rows measured. See `scored_batches`.
        seed: for draws of groups, rows and pairs.
        progress: whether to show a bar where someone is looking.

    Raises:
        ValueError: no row has a text, all were fitted on and no twins can be, or `pool` is nothing that can be read.
    """
    scale = Scale.of(labels.rubric)
    language = "python" if "python" in labels.rubric.language.lower() else None
    _check_texts(labels)
    found = unseen(labels, fitted_on)
    with bar("rows fitted on or scored", None, 0, progress) as advance:
        judged, warnings = _judged(scorer, labels, found.rows, recipe, scale, seed, advance)
        main, held = judged[0], judged[0].is_held_out
        results = [measured(each, np.array(count(each.texts), np.float64), scale, seed) for each in judged]
        bare_texts = [bare(text) for text in main.texts]
        twins = None if recipe is None else Twins(recipe, main, labels.train, scale.good, seed, advance)
        say = _say(scorer, main, twins)
        bare_code, ranked = (None, ()) if say is None else robustness(main, bare_texts, say, scale, seed)
        shift, shift_of = _shift(scorer, main, results[0].threshold, pool, language)
        return Evaluation(
            scorer=_called(scorer),
            rubric=labels.rubric.name,
            language=language,
            good=scale.good,
            held_out=results[0] if held else None,
            cross_validated=results[-1] if not held or len(results) > 1 else None,
            ceiling=_ceiling(labels, scale.good),
            baselines=baselines(main, () if twins is None else twins.on_shuffled_labels(), seed),
            slices=slices(main, bare_texts, seed),
            bare_code=bare_code,
            pairs=ranked,
            learning_curve=() if twins is None else twins.learning_curve(),
            shift=shift,
            shift_of=shift_of,
            disagreements=tuple(_disagreements(main)),
            throughput=throughput(scorer, main.texts),
            warnings=(*warnings, *found.notes, *_other_rubric(scorer, scale), *_small(main)),
        )


def _say(scorer: FittedScorer, main: Judged, twins: Twins | None) -> Say | None:
    """Who scores what is made of the rows: the scorer where they were held out, else the twin of their fold."""
    if main.is_held_out:
        return lambda texts, _: (main.scores, scorer.score(texts).scores.astype(np.float64))
    return None if twins is None else twins.by_fold


def _check_texts(labels: Labels) -> None:
    rows = (*labels.train, *labels.evaluation)
    if not rows:
        raise ValueError(f"none of the {len(labels):,} rows has a label; expected some to measure with")
    lacking = next((row for row in rows if row.text is None), None)
    if lacking is not None:
        raise ValueError(
            f"the row {lacking.id!r} has no text, only the source {lacking.source!r}; bring the texts first"
        )


def _judged(
    scorer: FittedScorer,
    labels: Labels,
    rows: Sequence[Label],
    recipe: Recipe | None,
    scale: Scale,
    seed: int,
    advance: Advance,
) -> tuple[list[Judged], list[str]]:
    """The rows judged in the ways that there are, the main one first, and why another is not there."""
    judged, warnings = [], []
    if rows:
        judged.append(held_out(scorer, rows, scale.good))
        advance(len(rows))
    meant = labels.train if rows else (*labels.train, *labels.evaluation)
    try:
        crossed = judged_by_twins(scorer, recipe, meant, labels, seed)
        judged += [] if crossed is None else [crossed]
    except ValueError as error:
        warnings.append(f"not cross-validated: {error}")
    advance(len(meant))
    if not judged:
        raise ValueError(
            "the scorer was fitted on every labelled row, so nothing can be measured; label rows of other repositories "
            + (f"or packages ({warnings[0]})" if warnings else "or packages")
        )
    if not rows:
        warnings.append("no row is unseen by the scorer itself: what is measured are twins of it, on the same labels")
    return judged, warnings


def _called(scorer: FittedScorer) -> str:
    """The preset that a scorer was fitted by, if one is known, and its identity."""
    fitted = scorer.about.get("fitted")
    preset = fitted.get("preset") if isinstance(fitted, Mapping) else None
    return f"{preset}, {scorer.identity}" if preset else scorer.identity


def _other_rubric(scorer: FittedScorer, scale: Scale) -> Iterator[str]:
    if scorer.scale.rubric != scale.rubric:
        yield (
            f"the labels follow the rubric {scale.name!r}, the scorer another, {scorer.scale.name!r}: ranks can be "
            "compared, what depends on the scale (kappa, errors, the threshold) can't"
        )


def _small(main: Judged) -> Iterator[str]:
    num_groups, num_good = len(set(main.names)), int(main.good.sum())
    if len(main.rows) < FEW_ROWS or num_groups < FEW_GROUPS:
        yield (
            f"{len(main.rows):,} rows of {num_groups:,} groups are few: expect other numbers on other groups; "
            f"{FEW_ROWS} rows of {FEW_GROUPS} groups make them steadier"
        )
    if num_good in (0, len(main.rows)):
        yield f"{'none' if not num_good else 'every one'} of the rows is good, so AUC and F1 are not defined"
    elif min(num_good, len(main.rows) - num_good) < FEW_GOOD:
        yield f"{num_good:,} of {len(main.rows):,} rows are good: what depends on the rarer kind is unsure"


def _ceiling(labels: Labels, good: float) -> Ceiling:
    first = {row.id: row.label for row in labels.rows if row.pass_index == 0 and row.label is not None}
    both = [
        (first[row.id], row.label)
        for row in labels.rows
        if row.pass_index == 1 and row.label is not None and row.id in first
    ]
    one, other = (np.array([pair[at] for pair in both], np.float64) >= good for at in (0, 1))
    f1 = metrics.number_or_none(metrics.f1(one, other, np.ones(len(both)))) if both else None
    return Ceiling.of(labels.agreement(), f1)


def _disagreements(main: Judged) -> Iterator[Disagreement]:
    apart = np.abs(main.scores - main.labels)
    for i in sorted(range(len(main.rows)), key=lambda i: (-apart[i], main.rows[i].id))[:NUM_DISAGREEMENTS]:
        row, said = main.rows[i], (float(main.labels[i]), float(main.scores[i]), float(main.probability[i]))
        yield Disagreement(row.id, row.group, row.source, *said, row.reason, row.text or "")


def _shift(scorer: FittedScorer, main: Judged, threshold: float, pool: Any, language: str | None) -> tuple[Shift, str]:
    """What keeping by the threshold changes."""
    before, after = Profile(), Profile()
    if pool is None:
        sources = [row.source or f"{row.group}/" for row in main.rows]
        rows: dict[str, list[Any]] = {"text": main.texts, "source": sources, "language": [language] * len(sources)}
        _see(before, after, rows, main.kept.tolist())
        found = compare("the rows measured", before, after, nested=True)
        moved = tuple(attribute for attribute in found.attributes if attribute.name != TITLES["language"])
        return replace(found, attributes=moved), "the rows measured; labels hold no licences"
    for batch in scored_batches(pool, whole=True):
        scores = batch.get(SCORE) or scorer.score(batch["text"]).scores.tolist()
        columns = {name: batch[name] for name in ("text", "source", "license", "language") if name in batch}
        _see(before, after, columns, [score is not None and score >= threshold for score in scores])
    return compare("the pool", before, after, nested=True), "the pool"


def _see(before: Profile, after: Profile, columns: dict[str, list[Any]], kept: list[bool]) -> None:
    storable = {
        name: [None if value is None else str(value).encode("utf-8", "replace").decode() for value in values]
        for name, values in columns.items()
    }
    batch = pa.record_batch({name: pa.array(values, pa.string()) for name, values in storable.items()})
    before.add(batch)
    after.add(batch.filter(pa.array(kept, pa.bool_())))
