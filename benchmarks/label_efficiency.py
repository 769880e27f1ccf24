"""How many labels a scorer needs, by how the samples to label are chosen: random, or by uncertainty.

    python benchmarks/label_efficiency.py labelled.jsonl [--seeds 5]     (about 10 CPU-minutes)

`labelled.jsonl` comes from `scripts/resolve_annotations.py`. It is the pool; a stand-in for the model gives each
sample the label that it has. `label` chooses, keeping whole packages apart; the scorer that it chooses by is fitted to
what was chosen, and measured on all samples of the packages kept apart. Each figure is the mean over seeds, with its
standard deviation; each seed keeps other packages apart.

The pool holds about 1,600 samples to choose from, so that 1,000 of them are most of what there is: with a real pool,
choosing has more to choose from.
"""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from sklearn.metrics import roc_auc_score

from textbook.curation.annotate import label
from textbook.curation.annotate.agreement import spearman
from textbook.curation.annotate.labelling import Strategy
from textbook.curation.annotate.labels import texts_and_labels
from textbook.curation.annotate.pool import Pool
from textbook.curation.annotate.ridge import default_scorer, fitted
from textbook.llm import Completion, Request

EVALUATION = 0.2
NUM_TRAIN = (250, 500, 1_000)
STRATEGIES: tuple[Strategy, ...] = ("random", "stratified", "uncertainty", "top")
GOOD = 3


@dataclass(frozen=True)
class Known:
    """Answers with the label that a sample has."""

    scores: dict[str, int]
    identity: str = "known labels"

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """One answer a request, as `Annotate` asks for it."""
        for request in requests:
            mark = request.messages[1]["content"].split("`")[1]
            said = {"mark": mark, "reason": "", "score": self.scores[str(request.key)]}
            yield Completion("ok", parsed=said, model="known")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.labelled.read_text().splitlines()]
    scores = {row["id"]: row["score"] for row in rows}
    pool = [{"id": row["id"], "text": row["text"], "package": row["package"]} for row in rows]
    scorer = default_scorer()
    assert scorer is not None, "pip install 'textbook-curation[fit]'"
    found = defaultdict(list)
    for seed in range(options.seeds):
        held = Pool(pool, "package", EVALUATION, seed)
        texts = held.texts(row.id for row in held.evaluation)
        truth = np.array([scores[row] for row in texts], float)
        for strategy in STRATEGIES:
            for num in NUM_TRAIN:
                asked = round(num / (1 - EVALUATION))
                labels = label(
                    pool, Known(scores), asked, strategy, group="package", repeat=0, seed=seed, scorer=scorer
                )
                said = np.asarray(fitted(scorer, *texts_and_labels(labels.train)).predict(list(texts.values())))
                measured = spearman(said, truth), float(roc_auc_score(truth >= GOOD, said))
                found[strategy, len(labels.train)].append(measured)
    print(f"{len(rows):,} labelled samples, {options.seeds} seeds")
    print(f"{'chosen by':14s}{'labels':>8s}{'Spearman':>18s}{f'AUC (>= {GOOD})':>18s}")
    for (strategy, num), measured in found.items():
        columns = zip(np.mean(measured, axis=0), np.std(measured, axis=0), strict=True)
        print(f"{strategy:14s}{num:8,d}" + "".join(f"{f'{mean:.3f} +- {sd:.3f}':>18s}" for mean, sd in columns))


if __name__ == "__main__":
    main()
