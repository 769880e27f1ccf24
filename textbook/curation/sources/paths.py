"""The data files that a user names: paths and globs, in an order and under names that do not depend on the machine."""

import glob
import os
from pathlib import Path

Paths = str | Path | tuple[str | Path, ...] | list[str | Path]


def named_files(paths: Paths, what: str) -> dict[str, Path]:
    """The files that `paths` name, sorted, each under its path from the folder they have in common.

    Raises:
        ValueError: a path or a glob names no file.
    """
    found: set[Path] = set()
    for given in [paths] if isinstance(paths, str | Path) else paths:
        pattern = str(given)
        files = expand(pattern)
        if not files:
            raise ValueError(f"{pattern!r} names no file; give a {what} file, or a glob such as 'data/*.parquet'")
        found.update(files)
    if not found:
        raise ValueError(f"no {what} files given")
    common = os.path.commonpath([file.parent for file in found])
    names = {file.relative_to(common).as_posix(): file for file in found}
    return dict(sorted(names.items()))


def named_file(paths: Paths, what: str, name: str) -> Path:
    """The file that was listed as `name`.

    Raises:
        ValueError: it is not there any more.
    """
    files = named_files(paths, what)
    if name not in files:
        raise ValueError(f"{name!r} has gone since it was listed; put it back, or run into a new folder")
    return files[name]


def expand(pattern: str) -> list[Path]:
    """The files of that name, or else that match the glob."""
    if Path(pattern).is_file():
        return [Path(pattern).absolute()]
    matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute patterns)
    return [Path(match).absolute() for match in matches if Path(match).is_file()]


def sizes(files: dict[str, Path]) -> list[list[str | int]]:
    """The names and sizes of files, for a digest."""
    return [[name, file.stat().st_size] for name, file in files.items()]
