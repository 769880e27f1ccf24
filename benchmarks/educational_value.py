"""The educational-value scorer: how well it agrees with the labels, beside simpler ways, and how fast it is.

    python benchmarks/educational_value.py                  the annotators' agreement, and documents per CPU-second
    python benchmarks/educational_value.py labelled.jsonl   before these, the metrics (a few CPU-minutes)

`labelled.jsonl` comes from `scripts/resolve_annotations.py`. Every way is fitted and tested on the same folds of whole
packages, and tested on the rows drawn at random. The intervals are 95 % of 1,000 bootstrap samples of packages: texts
of one package are alike, so that a bootstrap of texts would be too sure. The metrics are means over three divisions
into folds, the intervals are of the first.
"""

import json
import os
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.append(str(Path(__file__).parents[1]))

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from scripts.fit_educational_value import GOOD, Labelled, Rows, fit, fit_trees, metrics, split
from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value import EducationalValue, Model, load_model, scored_head
from textbook.curation.features import FEATURES

ANNOTATIONS = Path(__file__).parents[1] / "textbook" / "curation" / "annotations"
NUM_FILES = 2_000
NUM_SAMPLES = 1_000
SHOWN = ("spearman", "auc", "average_precision", "best_f1", "rmse")
Scores = npt.NDArray[np.float64]


def predictions(data: Labelled, seed: int) -> dict[str, Scores]:
    """What each way says of every row, fitted on the rows of other packages."""
    hasher = ByteNgramHash()
    chosen = {"length": ["num_chars", "num_lines"], "docstring share": ["docstring_share"], "code features": FEATURES}
    said = {name: np.empty(len(data.texts)) for name in (*chosen, "byte n-grams", "the scorer")}
    for train, test in split(data, seed):
        for name, features in chosen.items():
            columns = data.columns[:, [FEATURES.index(feature) for feature in features]]
            said[name][test] = fit_trees(columns[train], data.scores[train]).predict(columns[test])
        model = fit(data, train, hasher)
        said["byte n-grams"][test] = [model.ngrams.score(scored_head(data.texts[row])) for row in test]
        said["the scorer"][test] = model.score([data.texts[row] for row in test])
    return said


def package_samples(data: Labelled) -> list[Rows]:
    """Random rows, package by package."""
    rng = np.random.default_rng(0)
    stratified = np.flatnonzero(data.stratified)
    groups = [stratified[data.packages[stratified] == package] for package in np.unique(data.packages)]
    draws = rng.integers(len(groups), size=(NUM_SAMPLES, len(groups)))
    return [np.concatenate([groups[drawn] for drawn in draw]) for draw in draws]


def print_metrics(path: Path) -> None:
    data = Labelled.read(path, ByteNgramHash())
    print(f"{data.stratified.sum()} texts drawn at random from {len(set(data.packages))} packages")
    print(f"{'':16s}" + "".join(f"{name:>18s}" for name in SHOWN) + f"{'Spearman, 95 %':>18s}{'AUC, 95 %':>18s}")
    said = [predictions(data, seed) for seed in range(3)]
    samples = package_samples(data)
    for name in said[0]:
        found = [metrics(data.scores[data.stratified], each[name][data.stratified]) for each in said]
        sampled = [metrics(data.scores[rows], said[0][name][rows]) for rows in samples]
        line = f"{name:16s}" + "".join(f"{np.mean([each[key] for each in found]):18.3f}" for key in SHOWN)
        for key in ("spearman", "auc"):
            low, high = np.percentile([each[key] for each in sampled], [2.5, 97.5])
            line += f"{f'{low:.3f} to {high:.3f}':>18s}"
        print(line, flush=True)


def print_agreement() -> None:
    """How far two passes over the same texts agree: no scorer can be expected to do better."""
    first, second = (
        {row["id"]: row["score"] for row in map(json.loads, (ANNOTATIONS / name).read_text().splitlines())}
        for name in ("labels.jsonl", "second.jsonl")
    )
    ids = sorted(first.keys() & second.keys())
    one, other = (np.array([scores[each] for each in ids]) for scores in (first, second))
    chance = np.mean((one[:, None] - other[None, :]) ** 2)
    good = int((one >= GOOD).sum() + (other >= GOOD).sum())
    print(
        f"two passes of the annotator over {len(ids)} texts: quadratic kappa"
        f" {1 - np.mean((one - other) ** 2) / chance:.3f}, Spearman {spearmanr(one, other)[0]:.3f},"
        f" F1 (>= {GOOD}) {2 * ((one >= GOOD) & (other >= GOOD)).sum() / good:.3f},"
        f" rmse {np.sqrt(np.mean((one - other) ** 2)):.3f}, same score {np.mean(one == other):.1%}"
    )


def print_speed() -> None:
    texts = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))[:NUM_FILES]:
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
    step = EducationalValue.pretrained("python")
    model = load_model(step.artefact, step.digest)
    heads = [scored_head(text) for text in texts]
    print(f"{len(texts)} installed files, {np.mean([len(text) for text in texts]) / 1e3:.1f} kB each; one thread")
    timed("edu_score", lambda: scored(model, texts), len(texts))
    timed("edu_score, features remembered", lambda: scored(model, texts), len(texts))
    timed("the byte n-gram part", lambda: [model.ngrams.score(head) for head in heads], len(texts))


def scored(model: Model, texts: list[str]) -> list[float]:
    return [score for at in range(0, len(texts), 500) for score in model.score(texts[at : at + 500])]


def timed(name: str, work: Callable[[], object], num_texts: int) -> None:
    start = time.process_time()
    work()
    print(f"{name:32s}{num_texts / (time.process_time() - start):10,.0f} documents per CPU-second", flush=True)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print_metrics(Path(argument))
    print_agreement()
    print_speed()
