"""`Templated`: which share of the files of SDKs and of hand-written packages it flags, and what that costs.

    python benchmarks/templated.py [--files 500] [--generated NAME ...] [FOLDER ...]

Each folder is a package (default: the packages installed here). Of each, up to so many files are put into one pool,
without exact copies. Folders named after `--generated` count as SDKs; those of `GENERATED` do anyway.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from pool import installed

from textbook.curation.near_duplicates import Templated
from textbook.operator import Batch, take

GENERATED = {
    "alipay-sdk-python", "datadog-api-client", "docusign-esign", "google-ads", "google-cloud-aiplatform", "msgraph-sdk",
    "huaweicloudsdkcce", "huaweicloudsdkecs", "huaweicloudsdkvpc", "kubernetes", "openai", "plaid-python", "stripe",
    "twilio",
}  # fmt: skip
MIN_FILES, BATCH_ROWS = 100, 1000


def pool(folders: list[Path], at_most: int) -> Batch:
    """The files, in one batch; `source` begins with the name of the package."""
    rng, rows = random.Random(0), {}
    for folder in folders:
        found = sorted(folder.rglob("*.py"))
        if len(found) >= MIN_FILES:
            for file in rng.sample(found, min(at_most, len(found))):
                rows.setdefault(file.read_text("utf-8", "replace"), f"{folder.name}/{file.relative_to(folder)}")
    return {"id": list(rows.values()), "text": list(rows), "source": list(rows.values())}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--generated", nargs="*", default=[])
    parser.add_argument("folders", type=Path, nargs="*")
    arguments = parser.parse_args()
    folders = arguments.folders or [path for root in installed() for path in root.iterdir() if path.is_dir()]
    rows = pool(folders, arguments.files)
    size = sum(map(len, rows["text"])) / 1e6
    print(f"{len(rows['id']):,} files, {size:.0f} MB")
    step, starts = Templated(), range(0, len(rows["id"]), BATCH_ROWS)
    batches = [take(rows, range(start, min(start + BATCH_ROWS, len(rows["id"])))) for start in starts]
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        operator = step.finish([step.partial(batches)], Path(folder))
        flags = [flag for batch in batches for flag in operator(batch)["templated"]]
    seconds = time.process_time() - started
    print(f"  {len(rows['id']) / seconds:,.0f} files/CPU-s, {size / seconds:.0f} MB/CPU-s")

    package = [source.partition("/")[0] for source in rows["source"]]
    files, flagged = Counter(package), Counter(name for name, flag in zip(package, flags, strict=True) if flag)
    shares = sorted(((flagged[name] / files[name], name) for name in files), reverse=True)
    sdks = GENERATED | set(arguments.generated)
    for title, chosen in (("SDKs", sdks & files.keys()), ("others", files.keys() - sdks)):
        named = [(share, name) for share, name in shares if name in chosen]
        print(f"{title}: " + ", ".join(f"{name} {share:.2f}" for share, name in named))
        limit = (
            sum(share >= 0.85 for share, _ in named) if title == "SDKs" else sum(share <= 0.03 for share, _ in named)
        )
        print(f"  {limit} of {len(named)} are {'at or above .85' if title == 'SDKs' else 'at or below .03'}")


if __name__ == "__main__":
    main()
