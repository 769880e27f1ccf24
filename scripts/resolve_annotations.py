"""Bring the text behind each educational-value label: pinned packages in, one jsonl with the code out.

    python scripts/resolve_annotations.py labelled.jsonl
    python scripts/resolve_annotations.py labelled.jsonl --annotations FOLDER --cache FOLDER

Archives come one at a time, through pip and its configuration, and are kept in the cache folder. Nothing in them is
run: wheels and sdists are opened as archives, and pip, which would build an sdist to learn its name and version, is
given a build backend that answers from the sdist's own `PKG-INFO`. (An sdist that brings its own backend inside itself,
by `backend-path`, would still be built; no annotated package does.)

Exit code: 0 when every label was resolved, 1 when some were not; those are listed on stderr with the reason.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

ANNOTATIONS = Path(__file__).parents[1] / "textbook" / "curation" / "annotations"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "textbook" / "archives"

# Stands before the real setuptools on the path of the process in which pip asks for an sdist's metadata.
STATIC_BACKEND = """
import email, pathlib, sys

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    data = pathlib.Path("PKG-INFO").read_bytes()
    fields = email.message_from_bytes(data)
    info = pathlib.Path(metadata_directory, f"{fields['Name'].replace('-', '_')}-{fields['Version']}.dist-info")
    info.mkdir()
    (info / "METADATA").write_bytes(data)
    return info.name

__legacy__ = sys.modules[__name__]
"""


class Unresolved(Exception):
    """Why a label's text can't be had."""


def pip_arguments(archive: str) -> list[str]:
    """The options that make `pip download` choose `archive`, whatever interpreter and platform this is."""
    if not archive.endswith(".whl"):
        return ["--no-binary=:all:", "--use-pep517", "--no-build-isolation"]
    python, abi, platforms = archive.removesuffix(".whl").split("-")[-3:]
    if platforms == "any":
        return ["--only-binary=:all:", "--python-version=3.11"]
    arguments = ["--only-binary=:all:", f"--abi={abi}", *(f"--platform={name}" for name in platforms.split("."))]
    return [*arguments, "--implementation=cp", f"--python-version={python[2:] if python[2:] > '3' else '311'}"]


def download(package: str, version: str, archive: str, cache: Path) -> Path:
    """The path of `archive` in `cache`, brought there by pip if need be."""
    path = cache / archive
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        backend = Path(folder, "backend", "setuptools")
        backend.mkdir(parents=True)
        (backend / "__init__.py").touch()
        (backend / "build_meta.py").write_text(STATIC_BACKEND)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--dest={folder}"]
        environment = os.environ | ({} if archive.endswith(".whl") else {"PYTHONPATH": str(backend.parent)})
        done = subprocess.run(
            [*command, *pip_arguments(archive), f"{package}=={version}"],
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise Unresolved(f"pip download failed: {(errors or ['no error given'])[-1]}")
        found = [entry.name for entry in Path(folder).iterdir() if entry.is_file()]
        if found != [archive]:
            raise Unresolved(f"the index gave {', '.join(found)} in place of {archive}")
        Path(folder, archive).replace(path)
    return path


def read_members(archive: Path, paths: set[str]) -> dict[str, bytes]:
    """The content of the files at `paths` inside a wheel or an sdist; those that are not there are left out."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in paths.intersection(wheel.namelist())}
    members = {}
    with tarfile.open(archive) as sdist:
        for member in sdist:
            if member.name in paths and (file := sdist.extractfile(member)):
                members[member.name] = file.read()
    return members


def cut(label: dict[str, Any], members: dict[str, bytes]) -> str:
    """The text a label was given for, checked against its digest."""
    if label["path"] not in members:
        raise Unresolved(f"{label['path']} is not in {label['archive']}")
    text = members[label["path"]].decode("utf-8").replace("\r\n", "\n")
    if label["kind"] != "file":
        text = "\n".join(text.split("\n")[label["start"] - 1 : label["end"]])
    if label["kind"] == "head":
        text += "\n"
    if hashlib.sha256(text.encode()).hexdigest() != label["sha256"]:
        raise Unresolved(f"sha256 of {label['path']} lines {label['start']}-{label['end']} is not the annotated one")
    return text


def resolve(labels: list[dict[str, Any]], cache: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The labels with their `text`, in the order given, and a line for each one that could not be resolved."""
    by_archive = defaultdict(list)
    for label in labels:
        by_archive[label["package"], label["version"], label["archive"]].append(label)
    texts, problems = {}, []
    for number, (key, group) in enumerate(sorted(by_archive.items()), start=1):
        print(f"[{number}/{len(by_archive)}] {key[2]}: {len(group)} labels", file=sys.stderr)
        try:
            members = read_members(download(*key, cache), {label["path"] for label in group})
        except Unresolved as error:
            problems += [f"{label['id']}: {error}" for label in group]
            continue
        for label in group:
            try:
                texts[label["id"]] = cut(label, members)
            except Unresolved as error:
                problems.append(f"{label['id']}: {error}")
    return [label | {"text": texts[label["id"]]} for label in labels if label["id"] in texts], problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="jsonl to write: each label, with `text`")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="folder that holds labels.jsonl")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for the archives (default: %(default)s)")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    labels = [json.loads(line) for line in (arguments.annotations / "labels.jsonl").read_text().splitlines()]
    resolved, problems = resolve(labels, arguments.cache)
    arguments.output.write_text("".join(json.dumps(row) + "\n" for row in resolved))
    print(f"{len(resolved)} of {len(labels)} labels resolved -> {arguments.output}", file=sys.stderr)
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
