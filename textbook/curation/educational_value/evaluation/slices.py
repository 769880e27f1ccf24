"""Where a scorer is good and where it is not: its metrics within packages, lengths, shares of comments, kinds of text.

A slice is small, and its numbers are unsure: see their intervals. Kinds are read off the text, for labels do not say.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from textbook.curation import metrics
from textbook.curation.educational_value.bare_code import code_of
from textbook.curation.educational_value.evaluation.bootstrap import Estimate, Metric, estimates, numbered
from textbook.curation.educational_value.evaluation.judging import Judged

LEAST_ROWS = 10
"""Slices with fewer are left out."""
MOST_GROUPS = 15
LENGTHS = (0, 500, 1_000, 2_000, 4_000)
"""Where the slices by length begin, in characters."""
COMMENT_SHARES = {"no comments": 0.0, "under 10 % comments": 0.1, "10 to 25 % comments": 0.25}
NUM_DRAWS = 300


@dataclass(frozen=True)
class Slice:
    """The rows that have something in common."""

    by: str
    """What they were parted by: "length", "comments", "kind", "group"."""
    name: str
    num_rows: int
    num_groups: int
    mean_label: float
    mean_score: float
    spearman: Estimate
    auc: Estimate
    precision: Estimate
    """Of the rows kept at the threshold, the share that is good."""
    num_kept: int


def kind_of(text: str) -> str:
    """What a sample looks like: a function, a class, a file with several parts, or a fragment that does not parse."""
    code = code_of(text)
    if code is None:
        return "fragment"
    parts = [node for node in code.tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    parts = [node for node in parts if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant)]
    if len(parts) == 1 and isinstance(parts[0], ast.FunctionDef | ast.AsyncFunctionDef):
        return "one function"
    if len(parts) == 1 and isinstance(parts[0], ast.ClassDef):
        return "one class"
    return "several parts"


def named_slices(
    texts: Sequence[str], bare_texts: Sequence[str], groups: Sequence[str]
) -> Iterator[tuple[str, str, npt.NDArray[np.int64]]]:
    """What each slice is parted by, its name, and its rows."""
    lengths = np.array([len(text) for text in texts])
    for low, high in zip(LENGTHS, (*LENGTHS[1:], None), strict=True):
        name = f"{low:,} characters or more" if high is None else f"{low:,} to {high - 1:,} characters"
        yield "length", name, np.flatnonzero((lengths >= low) & (lengths < (high or np.inf)))
    said = np.array([1 - len(bare) / len(text) if text else 0.0 for text, bare in zip(texts, bare_texts, strict=True)])
    lower = -1.0
    for name, upper in (*COMMENT_SHARES.items(), ("over 25 % comments", 1.0)):
        yield "comments", name, np.flatnonzero((said > lower) & (said <= upper))
        lower = upper
    kinds = np.array([kind_of(text) for text in texts])
    for kind in sorted(set(kinds.tolist())):
        yield "kind", kind, np.flatnonzero(kinds == kind)
    largest = sorted(Counter(groups).items(), key=lambda item: (-item[1], item[0]))[:MOST_GROUPS]
    for group, _ in largest:
        yield "group", group, np.flatnonzero([name == group for name in groups])


def slices(main: Judged, bare_texts: Sequence[str], seed: int) -> tuple[Slice, ...]:
    """The slices that have rows enough, each with its metrics.

    Args:
        main: the rows.
        bare_texts: these without comments and docstrings.
        seed: for the draws of groups.
    """
    names, labels, scores, good, kept = main.names, main.labels, main.scores, main.good, main.kept
    found = []
    for by, name, rows in named_slices(main.texts, bare_texts, names):
        if len(rows) < LEAST_ROWS:
            continue
        of: dict[str, Metric] = {
            "spearman": partial(metrics.spearman, labels[rows], scores[rows]),
            "auc": partial(metrics.auc, good[rows], scores[rows]),
            "precision": partial(metrics.share, good[rows], kept[rows]),
        }
        inside = [names[row] for row in rows]
        measured = estimates(of, numbered(inside), seed, NUM_DRAWS)
        found.append(
            Slice(
                by=by,
                name=name,
                num_rows=len(rows),
                num_groups=len(set(inside)),
                mean_label=float(labels[rows].mean()),
                mean_score=float(scores[rows].mean()),
                num_kept=int(kept[rows].sum()),
                spearman=measured["spearman"],
                auc=measured["auc"],
                precision=measured["precision"],
            )
        )
    return tuple(found)
