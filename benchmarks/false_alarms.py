"""How many unrelated documented functions are taken for leaks of a benchmark, and the strangest of them, to be read.

    TEXTBOOK_BENCHMARKS=DATA python benchmarks/false_alarms.py FOLDER [--against humaneval] [--functions 60000]

The functions are those of half 1 of the packages in FOLDER (see `documented`): of none of them was anything counted
that is shipped.
"""

import argparse
import textwrap
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from documented import documented_functions, packages

from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate

BATCH_ROWS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", default="humaneval")
    parser.add_argument("--functions", type=int, default=60_000)
    parser.add_argument("--strangest", type=int, default=20)
    arguments = parser.parse_args()
    references = References.named(arguments.against)
    step, problems = Decontaminate(references), {problem.id: problem for problem in references}
    texts = islice(documented_functions(packages(arguments.folder, half=1)), arguments.functions)
    tiers, detectors, number, seconds = Counter[str](), Counter[str](), 0, 0.0
    alarms = []
    while batch := list(islice(texts, BATCH_ROWS)):
        number += len(batch)
        started = time.process_time()
        out = step({"id": list(map(str, range(len(batch)))), "text": batch, "language": ["python"] * len(batch)})
        seconds += time.process_time() - started
        tiers.update(out["contamination_tier"])
        columns = out["contamination"], out["contaminated_by"], out["drop_reason"]
        for text, sure, by, reason in zip(batch, *columns, strict=True):
            if by:
                detectors.update({item["detector"] for item in by})
                alarms.append((sure, text, by[0]["reference"], reason or f"suspect: {by[0]}"))
    print(f"{number:,} functions, {1e3 * seconds / number:.2f} CPU-ms each")
    for tier in ("contaminated", "suspect", "undecided"):
        print(f"  {tier:<13} {tiers[tier]:>5} {tiers[tier] / number:.3%}")
    print("  evidence by", ", ".join(f"{name} {count}" for name, count in detectors.most_common()))
    for place, (sure, text, reference, reason) in enumerate(sorted(alarms, reverse=True)[: arguments.strangest], 1):
        print(f"\n{place}. {sure:.3f} {reason}\n{textwrap.indent(text, '    ')}")
        print(textwrap.indent(textwrap.shorten(problems[reference].text, 400), "    | "))


if __name__ == "__main__":
    main()
