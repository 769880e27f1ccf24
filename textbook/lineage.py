"""Identity: what a step is, what a recipe is, what a row is.

A fingerprint is a hash of canonical JSON. It holds literal configuration only, never an absolute path, a number of
workers, a batch size or hardware, so that the same recipe over the same source has the same fingerprint everywhere.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa

from textbook.operator import Step

RECIPES = "textbook_recipes"
"""The package name under which recipe files are loaded, whatever their folder."""


def class_path(cls: type) -> str:
    """The name of a class in fingerprints; one from a notebook and the same one from a recipe file are equal."""
    module = cls.__module__
    if module == "__main__" or module.startswith(f"{RECIPES}."):
        return f"local:{cls.__qualname__}"
    return f"{module}:{cls.__qualname__}"


def canonical(value: Any) -> Any:
    """Reduce a configuration value to JSON in one way only (3 and 3.0 are one), or raise.

    Raises:
        TypeError: the value has no canonical form; give its class an attribute `identity: str`.
        ValueError: the value is NaN or infinite.
    """
    identity = getattr(value, "identity", None)
    if isinstance(identity, str):
        return {"identity": identity}
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return _canonical_float(value)
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, pa.DataType):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"class": class_path(type(value)), "config": config(value)}
    return _canonical_collection(value)


def _canonical_float(value: float) -> int | float:
    if not math.isfinite(value):
        raise ValueError(f"{value} has no canonical form; use None or a finite number")
    return int(value) if value.is_integer() else value


def _canonical_collection(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted((canonical(v) for v in value), key=json.dumps)
    if isinstance(value, (list, tuple)):
        return [canonical(v) for v in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"a mapping with keys other than str has no canonical form: {value!r:.80}")
        return {key: canonical(v) for key, v in value.items()}
    raise TypeError(f"{type(value).__name__} has no canonical form; give its class an attribute `identity: str`")


def config(instance: Any) -> dict[str, Any]:
    """The fields of a dataclass instance in canonical form, without those declared `compare=False`."""
    return {f.name: canonical(getattr(instance, f.name)) for f in dataclasses.fields(instance) if f.compare}


def describe(step: Step) -> dict[str, Any]:
    """What the manifest and the fingerprint know of a step: class, version, configuration."""
    return {"class": class_path(type(step)), "version": step.version, "config": config(step)}


def fingerprint(*parts: Any) -> str:
    """32 hex digits of the SHA-256 of canonical JSON. A step stands for its description."""
    described = [describe(part) if isinstance(part, Step) else canonical(part) for part in parts]
    text = json.dumps(described, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def row_id(source: str, text: str) -> str:
    """128 bits, as 32 hex digits, that name the row made from `text` found at the locator `source`."""
    data = f"{source}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def content_hash(text: str) -> str:
    """128 bits, as 32 hex digits, of the text alone. Never an id: hundreds of real files are empty or equal."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True)
class StateFile:
    """A file that a fitted operator needs, named by the digest of its content; its folder is not its identity."""

    digest: str
    name: str = field(compare=False)
    folder: str = field(compare=False, default="")

    @property
    def identity(self) -> str:
        """The digest: two files with the same content are one."""
        return self.digest

    @property
    def path(self) -> Path:
        """Where the file lies on this machine."""
        return Path(self.folder) / self.name

    @classmethod
    def write(cls, table: pa.Table, folder: Path) -> "StateFile":
        """Write `table` into `folder` as an Arrow file named by its digest."""
        return cls.of_batches(table.schema, table.combine_chunks().to_batches(), folder)

    @classmethod
    def of_batches(cls, schema: pa.Schema, batches: Iterable[pa.RecordBatch], folder: Path) -> "StateFile":
        """Like `write`, for more than fits in memory. The same rows in other batches are another file."""
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / ".state.tmp"
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        with temporary.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        name = f"{digest}.arrow"
        temporary.replace(folder / name)
        return cls(digest, name, str(folder))

    def read(self) -> pa.Table:
        """The table, memory-mapped."""
        return pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file so that a kill at any moment leaves the old one or the new one, never a torn one."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data.encode() if isinstance(data, str) else data)
    temporary.replace(path)
