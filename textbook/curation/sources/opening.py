"""From what a user types to a source."""

from pathlib import Path

from textbook.curation.sources.dataset_folder import Folder
from textbook.curation.sources.files import Files
from textbook.curation.sources.hub import Hub
from textbook.curation.sources.json_lines import JsonLines
from textbook.curation.sources.packages import InstalledPackages
from textbook.curation.sources.parquet import Parquet
from textbook.curation.sources.paths import expand
from textbook.operator import Source

JSON_LINES = tuple(
    f"{name}{compressed}" for name in (".jsonl", ".ndjson") for compressed in ("", ".gz", ".zst", ".bz2")
)
CHOICES = (
    "a folder that `textbook` wrote, a folder of code, a .parquet or .jsonl file (or a glob such as 'data/*.parquet'), "
    "'installed' for the Python packages of this machine, or 'hub:NAME' for a dataset of the Hugging Face Hub"
)


def open_source(spec: str) -> Source:
    """The source that `spec` names: see `CHOICES`. Nothing is read yet.

    Raises:
        ValueError: it names none.
    """
    if spec == "installed":
        return InstalledPackages()
    if spec.startswith("hub:") and spec != "hub:":
        return Hub(spec.removeprefix("hub:"))
    path = Path(spec)
    if spec and path.is_dir():
        # A folder of code may have a manifest.json of its own (a browser extension has).
        written = (path / "data").is_dir() and (path / "manifest.json").is_file()
        return Folder(spec) if written or (path / ".work" / "plan.json").is_file() else Files(spec)
    if expand(spec):
        if spec.endswith(".parquet"):
            return Parquet(spec)
        if spec.endswith(JSON_LINES):
            return JsonLines(spec)
    raise ValueError(f"{spec!r} is no source; give {CHOICES}")
