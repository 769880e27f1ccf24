"""Count how often real functions reach each score against HumanEval, MBPP and HumanEval-X: the table that is shipped.

    TEXTBOOK_BENCHMARKS=DATA python scripts/fit_contamination_null.py FOLDER [--functions 200000]

Writes `textbook.curation.decontaminate.null.ASSET`: of each problem a digest, and counts. FOLDER holds the packages of
`scripts/contamination_packages.txt` (see `benchmarks/documented.py`); half 0 of them is counted. Run it again when a
detector changes, after `fit_contamination_background.py`: equal inputs give equal bytes.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from documented import packages

from textbook.benchmarks import References
from textbook.benchmarks.formats import LANGUAGES
from textbook.curation.decontaminate.null import ASSET, calibrate, functions_below


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--functions", type=int, default=200_000)
    arguments = parser.parse_args()
    references = [References.humaneval(), References.mbpp(split="all"), *map(References.humaneval_x, LANGUAGES)]
    null = calibrate(references, functions_below(packages(arguments.folder, half=0), arguments.functions))
    null.write(ASSET)
    print(f"{null.num_functions:,} functions, {len(null.counts):,} problems, {ASSET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
