"""Hostile and broken inputs through the demo's recipe: none may crash it, each must be accounted for.

    python benchmarks/bad_rows.py [COUNT]

Half of the inputs are files, half are lines of JSON with every wrong type; `tests/hostile.py` makes both.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.hostile import files, json_lines
from textbook import DatasetFolder, Files, JsonLines, Local, Source, run
from textbook.demo import recipe


@contextmanager
def hostile_folder(count: int) -> Iterator[Path]:
    """A folder with `count` hostile files in `files/` and as many lines in `rows.jsonl`."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "files").mkdir()
        for name, data in files(count):
            (root / "files" / name).write_bytes(data)
        (root / "rows.jsonl").write_bytes(b"\n".join(json_lines(count)) + b"\n")
        yield root


def accounted(source: Source, out: Path, expected: int) -> DatasetFolder:
    """Run the demo's recipe in a worker process, and check that every input is kept or dropped with a reason."""
    folder = run(recipe(), source, out, Local(2), progress=False)
    dropped = folder.table("dropped")
    assert folder.manifest["steps"][0]["rows_in"] == expected, (folder.manifest["steps"][0], expected)
    assert folder.table().num_rows + dropped.num_rows == expected
    assert all(dropped["drop_reason"].to_pylist())
    return folder


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_050
    with hostile_folder(count) as root:
        lines = sum(1 for line in (root / "rows.jsonl").read_bytes().split(b"\n") if line.strip())
        for name, source, expected in (
            ("files", Files(root / "files"), count),
            ("rows", JsonLines(root / "rows.jsonl"), lines),
        ):
            started = time.monotonic()
            folder = accounted(source, root / f"out-{name}", expected)
            reasons = Counter(folder.table("dropped")["dropped_by"].to_pylist())
            print(f"{expected:,} hostile {name}: {folder.manifest['rows']} kept, dropped by {dict(reasons)}, none lost")
            print(f"  {time.monotonic() - started:.0f} s, {folder.manifest['cpu_seconds']:.0f} CPU-s")


if __name__ == "__main__":
    main()
