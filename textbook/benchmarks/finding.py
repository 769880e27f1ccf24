"""Where a benchmark's files are: a path, `TEXTBOOK_BENCHMARKS`, an installed package, the Hub, in that order.

Does not read the files. Asks the network only when nothing before the Hub has them.
"""

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "TEXTBOOK_BENCHMARKS"
"""The environment variable that names a folder of benchmarks."""


@dataclass(frozen=True)
class Known:
    """A benchmark that can be looked for.

    Args:
        name: such as "humaneval".
        licence: an SPDX identifier.
        files: where it may lie in a folder of benchmarks, the first one found.
        repository: its dataset on the Hub.
        hub_files: its files there, which together are the whole.
        home: where people get it.
        package: an installed distribution that brings its file, by import name; empty if there is none.
    """

    name: str
    licence: str
    files: tuple[str, ...]
    repository: str
    hub_files: tuple[str, ...]
    home: str
    package: str = ""


@dataclass(frozen=True)
class Found:
    """Files, and what is known of where they are from: a commit of the Hub, a package's version, or nothing."""

    paths: tuple[Path, ...]
    revision: str = ""


def find(known: Known, path: str | Path | None, revision: str | None) -> Found:
    """The files of a benchmark.

    Raises:
        ValueError: it is nowhere; the message says where it was looked for, and how to get it.
    """
    looked: list[str] = []
    if path is not None:
        file = Path(path)
        found = file if file.is_file() else _in_folder(file, known.files)
        if found is None:
            raise ValueError(f"{_where(file, known.files)}, got none. {_remedy(known)}")
        return Found((found,))
    folder = os.environ.get(VARIABLE, "")
    if folder:
        found = _in_folder(Path(folder), known.files)
        if found is not None:
            return Found((found,))
        looked.append(f"in {VARIABLE}: {_where(Path(folder), known.files)}")
    else:
        looked.append(f"in {VARIABLE}: not set")
    if known.package:
        for file in _of_package(known.package, known.files):
            return Found((file,), _version(known.package))
        looked.append(f"in the package {known.package.replace('_', '-')}: not installed, or without its data")
    hub = _of_hub(known, revision)
    if isinstance(hub, Found):
        return hub
    looked.append(f"on the Hugging Face Hub: {known.repository} can't be had ({hub})")
    listed = "".join(f"\n  {place}" for place in looked)
    raise ValueError(f"{known.name} was not found; looked for it{listed}\n{_remedy(known)}")


def _where(folder: Path, files: Sequence[str]) -> str:
    if not folder.exists():
        return f"{folder}: expected a file or a folder"
    return f"{folder}: expected one of {', '.join(files)}"


def _remedy(known: Known) -> str:
    package = f", pip install {known.package.replace('_', '-')}" if known.package else ""
    return (
        f"Get it from {known.home} and give its path, or put it as {known.files[0]} into a folder that {VARIABLE} "
        f"names{package}; with the network, the Hub serves {known.repository}"
    )


def _in_folder(folder: Path, files: Sequence[str]) -> Path | None:
    places = (folder / name for file in files for name in (file, file.rpartition("/")[2]))
    return next((place for place in places if place.is_file()), None)


def _of_package(package: str, files: Sequence[str]) -> Iterator[Path]:
    """Its data file, found without importing the package."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    for place in spec.submodule_search_locations or () if spec is not None else ():
        for folder in (Path(place) / "data", Path(place).parent / "data"):  # a wheel, a checkout
            found = _in_folder(folder, files)
            if found is not None:
                yield found


def _version(package: str) -> str:
    try:
        return f"{package}=={importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


def _of_hub(known: Known, revision: str | None) -> Found | str:
    """The files of one commit, downloaded; or why not, in one line."""
    import huggingface_hub

    paths: list[Path] = []
    commit = revision
    for name in known.hub_files:
        try:
            file = huggingface_hub.hf_hub_download(known.repository, name, repo_type="dataset", revision=commit)
        except Exception as error:  # the client's own, those of its HTTP library, and of the disk
            return f"{type(error).__name__}: {next(iter(str(error).split(chr(10))), '')[:200]}"
        paths.append(Path(file))
        # Downloads lie in snapshots/COMMIT/; the other files are then of the same commit.
        parts = paths[-1].parts
        commit = parts[parts.index("snapshots") + 1] if "snapshots" in parts else revision
    return Found(tuple(paths), commit or "")
