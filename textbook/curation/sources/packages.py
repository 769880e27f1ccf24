"""The Python code installed on this machine: the standard library and every site-packages of this interpreter.

Does not read other interpreters' packages, packages in zip files, or packages installed in place (`pip install -e`).
"""

import csv
import importlib.metadata
import platform
import re
import site
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from textbook.curation.sources.batching import ROW_BYTES, SHARD_BYTES, batched, cut
from textbook.curation.sources.files import SKIPPED, file_row, walk
from textbook.curation.sources.intake import MAX_BYTES
from textbook.curation.sources.licenses import CLASSIFIERS, FREE_FORM, SPDX_EXPRESSION, agreed, license_of_text
from textbook.lineage import fingerprint
from textbook.operator import Batch, Listing, Source

SITE_FOLDERS = frozenset({"site-packages", "dist-packages"})


class Owner(NamedTuple):
    """The distribution that installed a file."""

    name: str
    license: str | None


UNOWNED = Owner("site-packages", None)
"""Of files that no distribution claims."""


@dataclass(frozen=True, eq=False)
class InstalledPackages(Source):
    """The Python files of the standard library and site-packages: of this environment, its interpreter and the user.

    `source` is "package==version:path", such as "numpy==2.4.6:numpy/ma/core.py"; where the same file of the same
    version is installed twice, the second one's ends with "#2". `license` is what an SPDX header of the file says, else
    what the distribution's metadata say, if they name one licence beyond doubt.

    Args:
        paths: site-packages folders to read instead.
        max_bytes: larger files are dropped.
        shard_bytes: the size of a shard, about.
    """

    paths: tuple[str | Path, ...] | None = field(default=None, compare=False)
    max_bytes: int = MAX_BYTES
    shard_bytes: int = field(default=SHARD_BYTES, compare=False)

    def listing(self) -> Listing:
        """List the files; only metadata are read.

        Raises:
            ValueError: one of `paths` is no folder.
        """
        entries: list[tuple[int, str, int, str, str | None]] = []
        seen: set[str] = set()
        copies: Counter[str] = Counter()
        library = existing(standard_library())
        for index, folder in enumerate(self._folders()):
            owners = None if folder in library else owners_in(folder)
            skipped = SKIPPED | SITE_FOLDERS if owners is None else SKIPPED
            for path, size in sorted(walk(folder, {}, skipped)):
                if not path.endswith(".py") or f"{folder}/{path}" in seen:
                    continue
                seen.add(f"{folder}/{path}")
                owner = python() if owners is None else owner_of(path, owners)
                source = f"{owner.name}:{path}"
                copies[source] += 1
                source += f"#{copies[source]}" if copies[source] > 1 else ""
                entries.append((index, path, size, source, owner.license))
        shards = cut(entries, lambda entry: ROW_BYTES + entry[2], self.shard_bytes)
        return Listing(fingerprint([entry[2:] for entry in entries]), shards, len(entries))

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read the files of a shard, which is a list of (number of the folder, path, size, source, licence)."""
        folders = self._folders()
        rows = (
            file_row(folders[index], path, size, source, "python", license, self.max_bytes)
            for index, path, size, source, license in shard
        )
        return batched(rows, batch_size)

    def _folders(self) -> list[Path]:
        if self.paths is None:
            return existing([*standard_library(), *site_packages()])
        for path in self.paths:
            if not Path(path).is_dir():
                raise ValueError(f"{str(path)!r} is no folder; give folders that hold packages, such as site-packages")
        return existing([str(path) for path in self.paths])


def existing(paths: list[str]) -> list[Path]:
    """Those of `paths` that are folders, resolved, each once."""
    return list(dict.fromkeys(Path(path).resolve() for path in paths if Path(path).is_dir()))


def standard_library() -> list[str]:
    """Where the standard library lies."""
    base = {"platbase": sys.base_exec_prefix, "installed_platbase": sys.base_exec_prefix}
    return [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib", vars=base)]


def site_packages() -> list[str]:
    """Where packages lie: in this environment, for this user, and beside the interpreter behind the environment."""
    here = [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return [*here, site.getusersitepackages(), *site.getsitepackages([sys.base_prefix, sys.base_exec_prefix])]


def python() -> Owner:
    """The owner of the standard library."""
    return Owner(f"{sys.implementation.name.replace('cpython', 'python')}=={platform.python_version()}", "PSF-2.0")


def owners_in(folder: Path) -> dict[str, Owner]:
    """The owner of each installed path in a site-packages folder; of a top-level name where files are not recorded."""
    owners: dict[str, Owner] = {}
    for owner, paths in sorted(filter(None, map(described, importlib.metadata.distributions(path=[str(folder)])))):
        for path in paths:
            owners.setdefault(path, owner)
    return owners


def owner_of(path: str, owners: dict[str, Owner]) -> Owner:
    """The owner of a path."""
    return owners.get(path) or owners.get(path.partition("/")[0].removesuffix(".py")) or UNOWNED


def described(distribution: importlib.metadata.Distribution) -> tuple[Owner, list[str]] | None:
    """A distribution and the paths it installed, or top-level names if it kept no record; None if it is broken."""
    try:
        metadata = distribution.metadata
        name, version = metadata["Name"], metadata["Version"]
        record, top_level = distribution.read_text("RECORD"), distribution.read_text("top_level.txt")
        license = license_of(distribution, metadata)
    except (OSError, UnicodeDecodeError, TypeError):  # TypeError: Python 3.11 on a folder without METADATA
        return None
    if not name or not version:
        return None
    owner = Owner(f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}", license)
    if record is None:
        return owner, (top_level or "").split()
    return owner, [row[0] for row in csv.reader(record.splitlines()) if row]


def license_of(
    distribution: importlib.metadata.Distribution, metadata: importlib.metadata.PackageMetadata
) -> str | None:
    """The licence in a distribution's metadata, if it is beyond doubt."""
    expression = " ".join((metadata["License-Expression"] or "").split())
    if expression:
        return expression if SPDX_EXPRESSION.fullmatch(expression) else None
    prefix = "License :: "
    classifiers = [c.rpartition(" :: ")[2] for c in metadata.get_all("Classifier", []) if c.startswith(prefix)]
    if len(classifiers) > 1:  # both at once, or one of them as you like: it does not say
        return None
    files = [
        distribution.read_text(f"licenses/{name}") or distribution.read_text(name)
        for name in metadata.get_all("License-File", [])
    ]
    texts = {license_of_text(text) for text in files if text}
    return agreed(
        [
            *map(CLASSIFIERS.get, classifiers),
            FREE_FORM.get((metadata["License"] or "").strip().lower()),
            texts.pop() if len(texts) == 1 else None,
        ]
    )
