"""Leaks that a language model reworded or translated: recall and F1 by language, and false alarms.

    TEXTBOOK_BENCHMARKS=DATA python benchmarks/reworded_leaks.py [--functions 20000] [FOLDER ...]

Reads DATA/rephrased/dev_*.jsonl: rows with the problem of HumanEval that they came from. Unrelated code is documented
functions of every other package in the folders (default: the installed ones): `scripts/fit_contamination_background.py`
counts on the rest.
A pair counts as found if `contaminated_by` names its problem; F1 weighs found and other pairs alike.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from documented import documented_functions
from pool import installed

from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate
from textbook.curation.decontaminate.behaviour import LeaksByBehaviour
from textbook.operator import Batch

LANGUAGES = {"python": "python", "js": "javascript", "c": "c", "rust": "rust", "go": "go", "java": "java"}
BATCH_ROWS = 500


def batch_of(texts: Sequence[str], language: str) -> Batch:
    """Rows as a step gets them."""
    return {"id": list(map(str, range(len(texts)))), "text": list(texts), "language": [language] * len(texts)}


def found(references: References, texts: Sequence[str], language: str) -> tuple[Batch, Batch]:
    """What the cheap detectors say of texts, and what is left of it once the functions have been run."""
    step, run = Decontaminate(references, drop=False), LeaksByBehaviour(references, drop=False)
    cheap = [step(batch_of(texts[i : i + BATCH_ROWS], language)) for i in range(0, len(texts), BATCH_ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        both = list(run.stream(cheap, Path(folder)))
    return joined(cheap), joined(both)


def joined(batches: Sequence[Batch]) -> Batch:
    """The columns of batches, one after the other."""
    return {name: [value for batch in batches for value in batch[name]] for name in Decontaminate.adds}


def report(name: str, out: Batch, problems: Sequence[str], num_references: int) -> None:
    """One line: how many pairs and rows are found."""
    named: list[set[Any]] = [{item["reference"] for item in evidence or ()} for evidence in out["contaminated_by"]]
    hits = [problem in names for problem, names in zip(problems, named, strict=True)]
    recall = sum(hits) / len(hits)
    alarms = sum(map(len, named)) - sum(hits)
    rate = alarms / (len(hits) * (num_references - 1))
    sure = out["contamination_tier"].count("contaminated") / len(hits)
    print(f"  {name:<18} pairs found {recall:.3f}  F1 {2 * recall / (1 + recall + rate):.3f}  contaminated {sure:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--functions", type=int, default=20_000)
    parser.add_argument("folders", nargs="*", type=Path)
    arguments = parser.parse_args()
    references = References.humaneval()
    for short, language in LANGUAGES.items():
        file = Path(os.environ["TEXTBOOK_BENCHMARKS"]) / "rephrased" / f"dev_{short}.jsonl"
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        cheap, run = found(references, [row["text"] for row in rows], language)
        problems = [row["humaneval"] for row in rows]
        report(language, cheap, problems, len(references))
        if language == "python":
            report("python, and run", run, problems, len(references))
    functions = islice(documented_functions(arguments.folders or installed(), half=1), arguments.functions)
    for name, texts in (
        ("unrelated functions", list(functions)),
        ("MBPP's problems", References.mbpp(split="all").texts),
    ):
        for after, out in zip(("", ", and run"), found(references, texts, "python"), strict=True):
            tiers = {tier: out["contamination_tier"].count(tier) / len(texts) for tier in ("contaminated", "suspect")}
            shares = "  ".join(f"{tier} {share:.2%}" for tier, share in tiers.items())
            print(f"  {len(texts):,} {name + after:<29} {shares}")


if __name__ == "__main__":
    main()
