"""The same rows in the same order, however the demo's recipe is run: processes, batches, shards, `curate`, kill -9.

    python benchmarks/same_rows.py [KILLS]

Over the standard library's packages for e-mail, XML and asynchronous work: about 100 files of real code.
"""

import hashlib
import itertools
import random
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from textbook import DatasetFolder, Local, curate, run
from textbook.curation.sources import Files
from textbook.demo import recipe

PACKAGES = ("asyncio", "email", "http", "json", "logging", "unittest", "xml")


def pool(folder: Path) -> Path:
    """A folder with links would be refused: copy the packages."""
    library = Path(sysconfig.get_path("stdlib"))
    for name in PACKAGES:
        for file in sorted((library / name).rglob("*.py")):
            target = folder / name / file.relative_to(library / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return folder


def digest(kept: list[str], dropped: list[str]) -> str:
    """Of the kept ids in their order, and the dropped ones."""
    return hashlib.sha256("\n".join([*kept, "--", *sorted(dropped)]).encode()).hexdigest()[:16]


def of_folder(folder: DatasetFolder) -> str:
    """The digest of a dataset folder."""
    return digest(folder.table()["id"].to_pylist(), folder.table("dropped")["id"].to_pylist())


def killed(source: Path, out: Path, kills: int, rng: random.Random) -> int:
    """Start a run again and again, killing it at a random moment, `kills` times or until it has finished."""
    command = [sys.executable, __file__, "child", str(source), str(out)]
    for count in range(kills):
        process = subprocess.Popen(command)
        try:
            process.wait(rng.uniform(0.2, 4.0))
            return count
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    subprocess.run(command, check=True)
    return kills


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        source = pool(root / "pool")
        variants = list(itertools.product((1, 2, 4), (1, 7, 1000), (50_000, 300_000, 100_000_000)))
        digests = {}
        for workers, batch_size, shard_bytes in variants:
            out = root / f"{workers}-{batch_size}-{shard_bytes}"
            files = Files(source, shard_bytes=shard_bytes)
            folder = run(recipe(), files, out, Local(workers), batch_size, progress=False)
            digests[out.name] = of_folder(folder)
        rows = folder.manifest["steps"][0]["rows_in"]
        kept = folder.manifest["rows"]
        curated = curate(Files(source), *recipe())
        digests["curate"] = digest(curated.dataset["id"], curated.dropped["id"])
        kills, rounds, rng = 0, 0, random.Random(0)
        while kills < wanted:
            out = root / f"killed-{rounds}"
            kills += killed(source, out, wanted - kills, rng)
            digests[out.name] = of_folder(DatasetFolder.open(out))
            rounds += 1
        same = len(set(digests.values())) == 1
        print(f"{rows} files, {kept} kept: {len(variants)} ways of `run` (1, 2, 4 processes; batches of 1, 7, 1,000;")
        print(f"3 shard sizes), `curate`, {kills} kill -9 in {rounds} runs: {'all the same' if same else digests}")
        assert same


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        run(recipe(), Files(sys.argv[2], shard_bytes=50_000), sys.argv[3], Local(2), 10, progress=False)
    else:
        main()
