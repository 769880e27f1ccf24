"""What a report of contamination costs, and which problems HumanEval and MBPP share.

    python benchmarks/contamination_report.py [--functions 20000]

Functions are those of Python's standard library. Pairs of problems are listed as `overlaps` finds them, without tests
and with them; which of them are the same problem (`SAME`) was decided by reading both texts. Needs both benchmarks (see
`textbook.benchmarks`) and a sandbox.
"""

import argparse
import resource
import sysconfig
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from usage import cpu_s

from textbook.benchmarks import References
from textbook.curation.decontaminate.null import functions_below
from textbook.curation.decontaminate.overlaps import Overlaps, overlaps
from textbook.curation.decontaminate.similar import similar_problems
from textbook.sandbox import Limits

SAME = {(13, 45), (13, 687), (26, 572), (27, 557), (31, 605), (55, 960), (57, 68), (59, 32), (61, 175), (156, 958)}
"""Numbers of problems that ask for one function. MBPP/45 takes a list, MBPP/175 more kinds of brackets, MBPP/958 gives
capitals, MBPP/960 speaks of tilings."""


def shared(found: Overlaps, how: str, seconds: float) -> None:
    sure = [pair for pair in found if pair.tier == "contaminated"]
    named = [(int(pair.left.id.split("/")[1]), int(pair.right.id.split("/")[1])) for pair in sure]
    same = sum(pair in SAME for pair in named)
    print(f"{how}: {len(found)} pairs, {len(sure)} sure, of which {same} are the same problem; {seconds:.1f} CPU-s")
    for pair in sure:
        print(f"  {pair.left.id}  {pair.right.id}  {pair.contamination:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--functions", type=int, default=20_000)
    number = parser.parse_args().functions
    humaneval, mbpp = References.humaneval(), References.mbpp(split="all")
    for how, limits in (("by words and trees", None), ("with tests", Limits(cpu_s=2.0, wall_s=10.0))):
        start = cpu_s()
        shared(overlaps(humaneval, mbpp, limits), how, cpu_s() - start)
    table = pa.table({"text": list(functions_below([Path(sysconfig.get_path("stdlib"))], number))})
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 6):
            path = Path(folder) / f"{times}.parquet"
            with pq.ParquetWriter(path, table.schema) as writer:
                for _ in range(times):
                    writer.write_table(table)
            start = cpu_s()
            similar = similar_problems(path, humaneval)
            each_us = (cpu_s() - start) / len(table) / times * 1e6
            most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{len(table) * times:,} functions: {each_us:.0f} us each, {len(similar)} similar; {most_mb:.0f} MB")


if __name__ == "__main__":
    main()
