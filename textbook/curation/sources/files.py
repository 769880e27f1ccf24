"""Code in a folder or a git checkout.

Reads no archives and no remote repositories, and follows no symbolic links.
"""

import os
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textbook.curation.sources.batching import ROW_BYTES, SHARD_BYTES, batched, cut
from textbook.curation.sources.intake import MAX_BYTES, SYMBOLIC_LINK, take_file
from textbook.curation.sources.licenses import (
    MANIFESTS,
    MAX_LICENSE_BYTES,
    is_license_file,
    license_of_folder,
    license_of_manifest,
    license_of_text,
    spdx_header,
)
from textbook.languages import language_of
from textbook.lineage import fingerprint, row_id
from textbook.operator import Batch, Listing, Source

SKIPPED = frozenset({".git", ".hg", ".svn", ".bzr", ".jj", "_darcs", "CVS", "__pycache__"})
"""Folders that hold a version control's or an interpreter's own files."""

SAFE_GIT = (
    *("-c", "core.fsmonitor=false"),  # the checkout's own configuration must not start a program
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.allow=never"),  # nor fetch anything
    *("-c", "safe.directory=*"),  # with that, a checkout that belongs to someone else is safe to list
)

UNREADABLE = -1
"""The size in a listing of what is no file: a symbolic link, a pipe, a folder that can't be entered."""


@dataclass(frozen=True, eq=False)
class Files(Source):
    """The files of a folder whose names say that they hold code or prose (`textbook.languages.language_of`).

    In a git checkout, at `root` or anywhere below, files that its `.gitignore`s name are left out, if `git` is
    installed; its commit is part of the listing's digest. `source` is the path from `root`, with `/`; `license` is what
    an SPDX header of the file says, else the licence of the nearest folder above it that has one: a licence file that
    is word for word a known one, or a manifest (`pyproject.toml`, `setup.cfg`, `package.json`, `Cargo.toml`).

    Args:
        root: the folder.
        languages: the languages wanted, such as ("python",); all if empty.
        max_bytes: larger files are dropped.
        shard_bytes: the size of a shard, about.
    """

    root: str | Path = field(compare=False)
    languages: tuple[str, ...] = ()
    max_bytes: int = MAX_BYTES
    shard_bytes: int = field(default=SHARD_BYTES, compare=False)

    def listing(self) -> Listing:
        """List the folder; no file but licences and manifests is opened.

        Raises:
            ValueError: there is no such folder.
        """
        root = Path(self.root)
        if not root.is_dir():
            raise ValueError(f"{str(self.root)!r} is no folder; give one that holds code")
        root = root.resolve()
        found: list[tuple[str, int]] = []
        license_files: list[str] = []
        revisions: dict[str, str] = {}
        for path, size in walk(root, revisions):
            if self._wants(path):
                found.append((path, size))
            name = path.rpartition("/")[2]
            if is_license_file(name) or name in MANIFESTS:
                license_files.append(path)
        license_of = nearest_license(root, license_files)
        entries = [(path, size, license_of(path)) for path, size in sorted(found)]
        shards = cut(entries, lambda entry: ROW_BYTES + entry[1], self.shard_bytes)
        return Listing(fingerprint(entries, revisions), shards, len(entries))

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read the files of a shard, which is a list of (path, size, licence)."""
        root = Path(self.root).resolve()
        rows = (
            file_row(root, path, size, path, language_of(path), license, self.max_bytes)
            for path, size, license in shard
        )
        return batched(rows, batch_size)

    def _wants(self, path: str) -> bool:
        if path.endswith("/"):
            return True
        language = language_of(path)
        return language is not None and (not self.languages or language in self.languages)


def file_row(
    root: Path, path: str, size: int, source: str, language: str | None, license: str | None, max_bytes: int
) -> dict[str, Any]:
    """The row of the file at `path` below `root`, which is resolved; `source` names it and must be unique."""
    intake = take_file(root / path, size, language, max_bytes)
    reason = intake.drop_reason
    if reason == SYMBOLIC_LINK:
        reason = link_reason(root, root / path)
    name = source.encode("utf-8", "backslashreplace").decode()
    if name != source:
        reason = reason or "file name is not UTF-8"
    return {
        "id": row_id(source, intake.text),
        "text": intake.text,
        "language": language,
        "source": name,
        "license": spdx_header(intake.text) or license,
        "parents": None,
        "drop_reason": reason,
    }


def link_reason(root: Path, link: Path) -> str:
    """Why a symbolic link is not read: where it leads."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # Python 3.11 raises RuntimeError for a loop
        return "symbolic link to nowhere"
    if not target.is_relative_to(root):
        return "symbolic link out of the folder"
    return "symbolic link to a folder" if target.is_dir() else "symbolic link to a file in the folder"


def walk(root: Path, revisions: dict[str, str], skipped: frozenset[str] = SKIPPED) -> Iterator[tuple[str, int]]:
    """The path from `root` and the size of each file below it, in no particular order; `root` is resolved.

    Links to folders, and folders that can't be entered, have a path that ends with "/". The commits of git checkouts go
    into `revisions`.
    """
    folders = [""]
    while folders:
        prefix = folders.pop()
        try:
            names = in_checkout(root / prefix) if (root / prefix / ".git").exists() else None
            if names is not None:
                revisions[prefix] = commit(root / prefix)
            else:
                with os.scandir(root / prefix) as entries:
                    names = {entry.name for entry in entries}
        except OSError:
            yield prefix or "./", UNREADABLE
            continue
        for name in names:
            path = prefix + name
            found = status(f"{root}/{path}")
            if found is None or not skipped.isdisjoint(name.split("/")):
                continue
            if stat.S_ISDIR(found.st_mode):
                folders.append(f"{path}/")
            elif stat.S_ISLNK(found.st_mode) and (root / path).is_dir():
                yield f"{path}/", UNREADABLE
            else:
                yield path, found.st_size if stat.S_ISREG(found.st_mode) else UNREADABLE


def status(path: str) -> os.stat_result | None:
    """What `path` itself is, or None if it is gone."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def in_checkout(folder: Path) -> set[str] | None:
    """The files of a git checkout, without those its `.gitignore`s name, and checkouts in it; None if git can't say."""
    # The user's own ignore file (core.excludesFile) is left out: the listing must be the same for everyone.
    listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-per-directory=.gitignore")
    if listed is None:
        return None
    names = {os.fsdecode(name).rstrip("/") for name in listed.split(b"\0") if name}
    parents = {name.rpartition("/")[0] for name in names}
    # Git lists what was committed: a folder on the way may have become a link, and leads elsewhere.
    real = {parent for parent in parents if os.path.realpath(folder / parent) == os.path.normpath(folder / parent)}
    return {name for name in names if name.rpartition("/")[0] in real}


def commit(folder: Path) -> str:
    """The commit that a git checkout stands at; empty before the first."""
    return (git(folder, "rev-parse", "--verify", "--quiet", "HEAD") or b"").decode().strip()


def git(folder: Path, *arguments: str) -> bytes | None:
    """The output of a git command, or None where git is not there or refuses."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *SAFE_GIT, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def nearest_license(root: Path, license_files: Iterable[str]) -> Callable[[str], str | None]:
    """A function from a path to the licence of the nearest folder above it with a licence file or a manifest."""
    files: dict[str, list[str | None]] = {}
    declared: dict[str, list[str]] = {}
    for path in license_files:
        folder, _, name = path.rpartition("/")
        text = license_text(root / path)
        if name not in MANIFESTS:
            files.setdefault(folder, []).append(None if text is None else license_of_text(text))
        elif (license := license_of_manifest(name, text or "")) is not None:
            declared.setdefault(folder, []).append(license)
    folders = files.keys() | declared.keys()
    licenses = {folder: license_of_folder(files.get(folder, ()), declared.get(folder, ())) for folder in folders}

    def license_of(path: str) -> str | None:
        folder = path.rstrip("/")
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in licenses:
                return licenses[folder]
        return None

    return license_of


def license_text(path: Path) -> str | None:
    """The text of a licence file, or None where it can't be read."""
    found = status(str(path))
    intake = take_file(path, found.st_size if found else UNREADABLE, None, MAX_LICENSE_BYTES)
    return None if intake.drop_reason else intake.text
