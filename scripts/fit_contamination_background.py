"""Count how common words, and concepts near one another, are in code at large and in exercises.

    TEXTBOOK_BENCHMARKS=DATA python scripts/fit_contamination_background.py FOLDER

Code at large is documented functions of half 0 of the packages in FOLDER, those of `scripts/contamination_packages.txt`
(see `benchmarks/documented.py`); the others are left to measure on. Exercises are the problems of MBPP (CC-BY-4.0). The
file holds counts, and of exercises only those of what three of them share. Equal inputs give equal bytes.
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

from documented import documented_functions, packages

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
    """The pairs of different concepts that stand near one another, but no two numbers, each in alphabetical order."""
    pairs = (pair for distance in range(1, REACH + 1) for pair in zip(concepts, concepts[distance:], strict=False))
    both = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    return {pair for pair in both if not pair[1][0].isdigit()}


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
    parser.add_argument("folder", type=Path)
    functions = documented_functions(packages(parser.parse_args().folder, half=0))
    num_functions, words, pairs = counts(islice(functions, MOST_FUNCTIONS))
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
