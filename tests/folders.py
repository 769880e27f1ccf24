"""Dataset folders for tests of the report: rows given outright, or the honest ones of the standard library's files."""

import ast
import json
import re
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textbook.engine import run
from textbook.folder import DatasetFolder
from textbook.keep import Keep, KeepTop
from textbook.lineage import fingerprint, row_id
from textbook.operator import SCHEMA, Batch, Listing, Operator, Source, Step

STDLIB = Path(sysconfig.get_paths()["stdlib"])


@dataclass(frozen=True)
class Given(Source):
    """The rows of `rows`, a JSON list; `columns` are the Arrow aliases of what they have beyond the schema."""

    rows: str
    columns: Mapping[str, str]

    @property
    def adds(self) -> Mapping[str, Any]:
        return self.columns

    def listing(self) -> Listing:
        return Listing(fingerprint(self.rows), [0])

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        rows = json.loads(self.rows)
        names = [*SCHEMA.names, *self.columns, "drop_reason"]
        for start in range(0, len(rows), batch_size):
            some = rows[start : start + batch_size]
            yield {name: [row.get(name) for row in some] for name in names}


def folder_of(path: Path, rows: Sequence[Mapping[str, Any]], *steps: Step, **columns: str) -> DatasetFolder:
    """Run `steps` over `rows`, which get a text, a source and an id where they have none."""
    whole = [{"text": "x = 1\n", "source": f"p==1:{i}.py", "language": "python"} | row for i, row in enumerate(rows)]
    named = [{"id": row_id(row["source"], row["text"])} | row for row in whole]
    return run(steps, Given(json.dumps(named), columns), path, progress=False)


@dataclass(frozen=True)
class StandardLibrary(Source):
    """The first `limit` Python files of the standard library (and of the packages installed into it), by name."""

    limit: int

    def listing(self) -> Listing:
        files = sorted(str(path.relative_to(STDLIB)) for path in STDLIB.rglob("*.py"))[: self.limit]
        return Listing(fingerprint(files), [files[i : i + 500] for i in range(0, len(files), 500)])

    def read(self, shard: list[str], batch_size: int) -> Iterator[Batch]:
        for start in range(0, len(shard), batch_size):
            names = shard[start : start + batch_size]
            found = [readable(STDLIB / name) for name in names]
            sources = [located(name) for name in names]
            yield {
                "id": [row_id(source, text) for source, (text, _) in zip(sources, found, strict=True)],
                "text": [text for text, _ in found],
                "language": ["python"] * len(names),
                "source": sources,
                "license": ["PSF-2.0" if source.startswith("python==") else None for source in sources],
                "parents": [None] * len(names),
                "drop_reason": [reason for _, reason in found],
            }


def located(name: str) -> str:
    parts = Path(name).parts
    if parts[0] == "site-packages" and len(parts) > 2:
        return f"{parts[1]}==1.0:{'/'.join(parts[2:])}"
    return f"python==3.11:{name}"


def readable(path: Path) -> tuple[str, str | None]:
    data = path.read_bytes()
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        return data.decode(errors="replace"), f"not UTF-8: byte 0x{data[error.start]:02x} at {error.start}"


@dataclass(frozen=True)
class Once(Operator):
    """Drops what it has said before; says which row it is like."""

    def __call__(self, batch: Batch) -> Batch:
        short = [len(text.strip()) < 40 for text in batch["text"]]
        reasons = [
            f"near duplicate of {row[:6]}.. ({0.7 + int(row[:2], 16) / 1000:.2f})" if is_short else None
            for row, is_short in zip(batch["id"], short, strict=True)
        ]
        return batch | {"drop_reason": reasons}

    @classmethod
    def example(cls):
        return cls(), {"id": ["aa"], "text": ["x"]}


@dataclass(frozen=True)
class Features(Operator):
    """Counts of words and shares of comments, and a score made of them."""

    adds = {"parses": "bool", "num_tokens": "int64", "comment_share": "float32", "mean_indent": "float32"}

    def __call__(self, batch: Batch) -> Batch:
        columns: dict[str, list[Any]] = {name: [] for name in self.adds}
        for text in batch["text"]:
            lines = [line for line in text.splitlines() if line.strip()]
            columns["parses"].append(parses(text))
            columns["num_tokens"].append(len(re.findall(r"\w+|[^\w\s]", text)))
            comments = sum(len(part) for part in re.findall(r'#[^\n]*|"""[\s\S]*?"""', text))
            columns["comment_share"].append(comments / max(len(text), 1))
            indents = [len(line) - len(line.lstrip()) for line in lines]
            columns["mean_indent"].append(sum(indents) / len(indents) if indents else None)
        return batch | columns

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}


@dataclass(frozen=True)
class Score(Operator):
    """0 to 5: texts of middling length with comments come out high."""

    reads = ("num_tokens", "comment_share", "mean_indent")
    adds = {"edu_score": "float32"}

    def __call__(self, batch: Batch) -> Batch:
        rows = zip(*(batch[name] for name in self.reads), strict=True)
        scores = [
            None if indent is None else 5 * share**0.5 * (0.4 + 0.6 / (1 + abs(tokens - 1500) / 2500)) - indent / 40
            for tokens, share, indent in rows
        ]
        return batch | {"edu_score": [None if score is None else min(max(score, 0.0), 5.0) for score in scores]}

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"], "num_tokens": [1], "comment_share": [0.5], "mean_indent": [1.0]}


def parses(text: str) -> bool:
    if len(text) > 200_000:
        return False
    try:
        ast.parse(text.replace("\\", "/"))
    except (SyntaxError, ValueError):
        return False
    return True


def standard_library(path: Path, limit: int, token_budget: int) -> DatasetFolder:
    """A realistic folder of up to `limit` files."""
    steps = (
        Once(),
        Features(),
        Keep("parses", equals=True),
        Keep("num_tokens", at_least=100, at_most=20_000),
        Score(),
        Keep("edu_score", at_least=1.5),
        KeepTop("edu_score", tokens=token_budget),
    )
    return run(steps, StandardLibrary(limit), path, progress=False)
