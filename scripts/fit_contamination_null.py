"""Count how often real functions reach each score against HumanEval, MBPP and HumanEval-X: the table that is shipped.

    python scripts/fit_contamination_null.py [--functions 200000] FOLDER ...

Writes textbook/assets/contamination-null-v1.npz: of each problem a digest, and counts. The folders hold Python files of
open-source packages. Needs the benchmarks (see `textbook.benchmarks`). Run it again when a detector changes.
"""

import argparse
from pathlib import Path

from textbook.benchmarks import References
from textbook.benchmarks.formats import LANGUAGES
from textbook.curation.decontaminate.null import ASSET, calibrate, functions_below


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--functions", type=int, default=200_000)
    parser.add_argument("folders", type=Path, nargs="+")
    arguments = parser.parse_args()
    references = [References.humaneval(), References.mbpp(split="all"), *map(References.humaneval_x, LANGUAGES)]
    null = calibrate(references, functions_below(arguments.folders, arguments.functions))
    null.write(ASSET)
    print(f"{null.num_functions:,} functions, {len(null.counts):,} problems, {ASSET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
