"""Count how common words, and concepts near one another, are in code at large and in exercises.

    python scripts/fit_contamination_background.py [FOLDER ...]        (default: the installed packages)

Code at large is the documented functions of every other package in the folders, chosen by a hash of its name: those
of the others are left to measure on (`benchmarks/reworded_leaks.py`). Exercises are the problems of MBPP (CC-BY-4.0).
The file holds counts, and of exercises only those of what three of them share.
"""

import argparse
import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from documented import documented_functions
from pool import installed

from textbook.benchmarks import References
from textbook.curation.decontaminate.background import ASSET, Background
from textbook.curation.decontaminate.lexical import REACH
from textbook.curation.decontaminate.thesaurus import concept
from textbook.curation.decontaminate.words import WORD

MOST_FUNCTIONS = 62_000
MOST_WORDS, MOST_PAIRS = 4_000, 20_000
LEAST_EXERCISES = 3


Feature = TypeVar("Feature", str, tuple[str, str])


def near(concepts: Sequence[str]) -> set[tuple[str, str]]:
    """The pairs of different concepts that stand near one another, each in alphabetical order."""
    pairs = (pair for distance in range(1, REACH + 1) for pair in zip(concepts, concepts[distance:], strict=False))
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def counts(texts: Iterable[str]) -> tuple[int, Counter[str], Counter[tuple[str, str]]]:
    """How many texts there are, and how many of them have each word and each pair of concepts."""
    number, words, pairs = 0, Counter[str](), Counter[tuple[str, str]]()
    for text in texts:
        number += 1
        found = [word.lower() for word in WORD.findall(text)]
        words.update(set(found))
        pairs.update(near([concept(word) for word in found]))
    return number, words, pairs


def commonest(
    sizes: Background, functions: Counter[Feature], exercises: Counter[Feature], most: int
) -> dict[Feature, tuple[int, int]]:
    """The features with the largest shares, and in how many functions and exercises each is."""
    kept = {feature: count for feature, count in exercises.items() if count >= LEAST_EXERCISES}
    both = {each: (functions[each], kept.get(each, 0)) for each in functions.keys() | kept.keys()}
    return {each: both[each] for each in sorted(both, key=lambda each: (-sizes.share(both[each]), each))[:most]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    folders = parser.parse_args().folders or installed()
    num_functions, words, pairs = counts(islice(documented_functions(folders, half=0), MOST_FUNCTIONS))
    num_exercises, exercise_words, exercise_pairs = counts(References.mbpp(split="all").texts)
    sizes = Background(num_functions, num_exercises, {}, {})
    table = Background(
        num_functions,
        num_exercises,
        commonest(sizes, words, exercise_words, MOST_WORDS),
        commonest(sizes, pairs, exercise_pairs, MOST_PAIRS),
    )
    ASSET.write_bytes(gzip.compress(table.text().encode(), mtime=0))
    print(f"{num_functions:,} functions, {num_exercises:,} exercises -> {ASSET} ({ASSET.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
