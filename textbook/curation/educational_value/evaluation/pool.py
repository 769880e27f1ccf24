"""From a pool to a curve: its scores, taken or made, and what labels say that they are worth."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from textbook.curation.annotate.labels import Labels
from textbook.curation.annotate.pool import source_of
from textbook.curation.educational_value.evaluation.calibration import Calibration
from textbook.curation.educational_value.evaluation.curve import Curve
from textbook.curation.educational_value.evaluation.judging import (
    CROSS_VALIDATED,
    FEW_GROUPS,
    FEW_ROWS,
    Recipe,
    held_out,
    judged_by_twins,
    unseen,
)
from textbook.curation.educational_value.evaluation.score_counts import ScoreCounts
from textbook.curation.educational_value.model import FittedScorer, Seen
from textbook.engine.progress import bar
from textbook.folder import DatasetFolder
from textbook.lineage import content_hash
from textbook.operator import DROP_REASON, Batch
from textbook.tokens import count

BATCH_ROWS = 1_000
SCORE, TOKENS = "edu_score", "num_tokens"


def curve(
    scorer: FittedScorer,
    data: Any,
    labels: Labels | None = None,
    *,
    fitted_on: Seen | None = None,
    recipe: Recipe | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Curve:
    """What each number of tokens of a pool is worth.

    Args:
        scorer: scores what has no `edu_score` yet.
        data: the pool; see `scored_batches`.
        labels: what a score is worth is learnt from rows of these that the scorer was not fitted on, or that twins were
            not; without, from what twins said of its own labels when it was fitted.
        fitted_on: what the scorer was fitted on; without, `labels.evaluation` is taken to be unseen.
        recipe: how twins of it are fitted; without, labels that it was fitted on are of no use.
        seed: for the draws of groups.
        progress: whether to show a bar where someone is looking.

    Raises:
        ValueError: `data` can't be read, or nothing says what a score is worth.
    """
    calibration, how, notes = _calibration(scorer, labels, fitted_on, recipe, seed)
    counts = ScoreCounts(scorer.scale.low, scorer.scale.high)
    folder = _folder(data)
    num_seen, seen = 0, frozenset[str]() if fitted_on is None else fitted_on.texts
    with bar("scores", None if folder is None else folder.manifest["rows"], 0, progress) as advance:
        for batch in scored_batches(data):
            scores = batch.get(SCORE)
            counts.add(scorer.score(batch["text"]).scores.tolist() if scores is None else scores, tokens_of(batch))
            num_seen += sum(content_hash(text) in seen for text in batch.get("text", ()) if seen)
            advance(len(next(iter(batch.values()))))
    found = _warnings(scorer, data, counts, calibration, num_seen)
    return Curve(counts, calibration, scorer.scale.good, how, (*notes, *found))


def _calibration(
    scorer: FittedScorer, labels: Labels | None, fitted_on: Seen | None, recipe: Recipe | None, seed: int
) -> tuple[Calibration, str, tuple[str, ...]]:
    """What scores are worth, how that is known ("held out" or "cross-validated"), and what is to be said about it."""
    good = scorer.scale.good
    if labels is None:
        own = scorer.held_out
        if own is None:
            raise ValueError("the scorer does not hold what its calibration was learnt from; give labels=")
        rows = own.at_random
        found = own.scores[rows].astype(np.float64), own.labels[rows].astype(np.float64)
        groups = np.unique(own.groups[rows], return_inverse=True)[1]
        return Calibration.of(*found, found[1] >= good, groups, seed), CROSS_VALIDATED, ()
    if labels.rubric.identity != scorer.scale.rubric:
        raise ValueError(
            f"the labels follow the rubric {labels.rubric.name!r}, the scorer another, {scorer.scale.name!r}; give "
            "labels by the rubric that it was fitted on"
        )
    fresh = unseen(labels, fitted_on)
    if fresh.rows:
        judged = held_out(scorer, fresh.rows, good)
    else:
        crossed = judged_by_twins(scorer, recipe, (*labels.train, *labels.evaluation), labels, seed)
        if crossed is None:
            raise ValueError("the scorer was fitted on all of these labels; give others, or none to use what it holds")
        judged = crossed
    made = Calibration.of(judged.scores, judged.labels, judged.good, judged.groups, seed)
    return made, judged.how, fresh.notes


def _warnings(
    scorer: FittedScorer, data: Any, counts: ScoreCounts, calibration: Calibration, num_seen: int
) -> Iterator[str]:
    if num_seen:
        yield f"{num_seen:,} texts of the pool are among those that the scorer was fitted on: their scores flatter"
    if calibration.num_rows < FEW_ROWS or calibration.num_groups < FEW_GROUPS:
        yield (
            f"what a score is worth was learnt on {calibration.num_rows:,} rows of {calibration.num_groups:,} groups, "
            "which are few: the ranges are too narrow"
        )
    if counts.num_missing:
        yield f"{counts.num_missing:,} rows have no score and count for nothing"
    if counts.num_outside:
        yield f"{counts.num_outside:,} scores are off the scale, {counts.low:g} to {counts.high:g}"
    folder = _folder(data)
    made = [] if folder is None else [step for step in folder.manifest["steps"] if SCORE in step.get("adds", ())]
    if made and {"identity": scorer.identity} not in dict(made[-1].get("config") or {}).values():
        yield f"the scores of this folder are by another scorer, {made[-1]['name']}: what is expected may be wrong"


def scored_batches(data: Any, *, whole: bool = False) -> Iterator[Mapping[str, list[Any]]]:
    """A pool, batch by batch: scores and tokens alone where a run has left both, unless `whole`; else all columns.

    Args:
        data: a dataset folder (the rows that stayed), a source, a path or name as `open_source` takes it, or anything
            that `Rows` takes.
        whole: whether all columns are wanted.

    Raises:
        ValueError: it is none of these.
    """
    folder = _folder(data)
    if folder is not None and not whole and {SCORE, TOKENS} <= set(folder.schema().names):
        yield from folder.batches(columns=[SCORE, TOKENS], batch_size=50 * BATCH_ROWS)
        return
    source = source_of(data)
    for shard in source.listing().shards:
        for batch in source.read(shard, BATCH_ROWS):
            yield _readable(batch)


def _folder(data: Any) -> DatasetFolder | None:
    if isinstance(data, DatasetFolder):
        return data
    if isinstance(data, str | Path) and (Path(data) / "manifest.json").is_file() and (Path(data) / "data").is_dir():
        return DatasetFolder.open(data)
    return None


def _readable(batch: Batch) -> Batch:
    dropped = batch.get(DROP_REASON)
    if dropped is None or not any(dropped):
        return batch
    rows = [i for i, reason in enumerate(dropped) if reason is None]
    return {name: [column[i] for i in rows] for name, column in batch.items()}


def tokens_of(batch: Mapping[str, list[Any]]) -> list[int]:
    """The tokens of each row: counted before, or now."""
    known = batch.get(TOKENS)
    return count(batch["text"]) if known is None else [value or 0 for value in known]
