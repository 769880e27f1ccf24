"""Small projects of several files as one text, in an order in which nothing is used before it stands there.

Python files only, and small projects only: the texts that are joined go through memory. Projects larger than
`max_chars` are left alone, not cut.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from textbook.curation.found import fitted_example
from textbook.curation.units.import_order import imported_first, imports_of
from textbook.languages.python import plain_newlines
from textbook.lineage import StateFile, row_id
from textbook.operator import Batch, Fittable, Operator, append_rows, num_rows

PARTIAL = pa.schema(
    [
        ("repository", pa.string()),
        ("path", pa.string()),
        ("id", pa.string()),
        ("license", pa.string()),
        ("num_chars", pa.int64()),
        ("text", pa.large_string()),
        ("imports", pa.list_(pa.string())),
    ]
)
JOINED = pa.schema(
    [
        ("first", pa.string()),
        ("text", pa.large_string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("parents", pa.list_(pa.string())),
    ]
)
Row = dict[str, Any]


def repository_of(source: str, depth: int = 1) -> tuple[str, str] | None:
    """The repository that `source` lies in, and the path inside it; None where it names no repository.

    What stands before a colon is the repository ("numpy==2.4.6:numpy/ma/core.py"); else the first `depth` parts of the
    path are ("owner/project/setup.py" at depth 2). In a URL, the parts are counted from the host on.
    """
    head, _, rest = source.partition(":")
    if rest and not rest.startswith("//"):
        return head, rest
    scheme, separator, address = source.rpartition("://")
    parts = address.split("/")
    if len(parts) <= depth or not parts[-1]:
        return None
    return scheme + separator + "/".join(parts[:depth]), "/".join(parts[depth:])


@dataclass(frozen=True)
class JoinRepository(Fittable):
    r"""Makes one row of all Python files of a small project, and adds `num_files` to say of how many a row is made.

    The text holds the files whole, with `\n` as line ends, each after a line `# path`, a file after those that it
    imports at module level; files that do not import one another go by path, and a cycle ends with its first path.
    The row stands after that of its first file, names all files in `parents`, and has the repository as its source.
    Its licence is that of the files if they agree, else "A AND B", and None if that of any is unknown. The files stay,
    with `num_files` 1: `Keep("num_files", at_least=2)` drops them. Rows with parents (units of files) take no part.

    `finish` and the state file hold all joined texts, so the memory is about five times the characters of the projects
    that are small enough. The state is mapped afterwards.

    Attributes:
        max_chars: largest project that is joined, in characters of its files and their `# path` lines.
        min_files: fewest files joined.
        depth: how many parts of a path name the repository, where no colon says so (see `repository_of`); 0 if the
            source is one project.
    """

    max_chars: int = 50_000
    min_files: int = 2
    depth: int = 1

    version = 1
    makes_rows = True
    reads = ("id", "text", "language", "source", "license", "parents")
    adds = {"num_files": "int32"}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """A project of three files, of which one is imported by the others, and files of no project."""
        sources = ["app/a.py", "app/lib/tool.py", "app/main.py", "alone.py", "other/only.py", None]
        texts = [
            "from app.lib import tool\n",
            "def tool():\n    return 1\n",
            "import app.a\n\napp.a.tool.tool()",
            "x = 1\n",
            "y = 2\n",
            "z = 3\n",
        ]
        batch: Batch = {
            "id": [f"row {i}" for i in range(len(texts))],
            "text": texts,
            "language": ["python", "python", None, "python", "python", "python"],
            "source": sources,
            "license": ["MIT", "Apache-2.0", "MIT", "MIT", None, None],
            "parents": [None, None, None, None, None, None],
        }
        return cls(), batch

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """The files of projects that are small so far as this shard tells; of others, no more than their size."""
        repositories: dict[str, list[Row]] = defaultdict(list)
        total: dict[str, int] = defaultdict(int)
        for batch in batches:
            for i in range(num_rows(batch)):
                row = self._row(batch, i)
                if row is None:
                    continue
                name = row["repository"]
                total[name] += row["num_chars"]
                repositories[name].append(row)
                if total[name] > self.max_chars:
                    repositories[name] = [_too_large(name, total[name])]
        rows = [row for files in repositories.values() for row in files]
        for row in rows:
            row["imports"] = None if row["text"] is None else imports_of(row["text"])
        return pa.Table.from_pylist(rows, PARTIAL)

    def _row(self, batch: Batch, i: int) -> Row | None:
        source = batch["source"][i]
        if batch["language"][i] not in (None, "python") or batch["parents"][i] or not isinstance(source, str):
            return None
        place = repository_of(source, self.depth)
        if place is None:
            return None
        repository, path = map(_storable, place)
        text = plain_newlines(_storable(batch["text"][i]).removeprefix("\ufeff"))
        chars = len(text) + len(path) + len("# \n\n")
        of_row = {"id": batch["id"][i], "license": batch["license"][i]}
        return {"repository": repository, "path": path, "num_chars": chars, "text": text} | of_row

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> "AddRepositories":
        """Join the projects that are small enough, whatever the order of the tables."""
        table = pa.concat_tables([PARTIAL.empty_table(), *tables])
        sizes = table.group_by("repository").aggregate([("num_chars", "sum"), ("id", "count")])
        columns = (sizes[name].to_pylist() for name in ("repository", "num_chars_sum", "id_count"))
        small = {
            name
            for name, chars, files in zip(*columns, strict=True)
            if chars <= self.max_chars and files >= self.min_files
        }
        repositories: dict[str, list[Row]] = defaultdict(list)
        for part in table.to_batches(max_chunksize=1000):
            for name, position in zip(part["repository"].to_pylist(), range(len(part)), strict=True):
                if name in small:
                    repositories[name].append({column: part[column][position].as_py() for column in part.schema.names})
        joined = sorted((_joined(files) for files in repositories.values()), key=lambda row: row["first"])
        return AddRepositories(StateFile.write(pa.Table.from_pylist(joined, JOINED), folder))


@dataclass(frozen=True)
class AddRepositories(Operator):
    """Adds the rows that a fitted `JoinRepository` has made, each after its first file.

    Attributes:
        repositories: `first` (the id of that file), `text`, `source`, `license` and `parents` of each row.
    """

    repositories: StateFile

    version = 1
    makes_rows = True
    reads = ("id",)
    adds = {"num_files": "int32"}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Fitted on the example of `JoinRepository`."""
        return cls(fitted_example(JoinRepository).repositories), JoinRepository.example()[1]

    def __call__(self, batch: Batch) -> Batch:
        """Append the repositories whose first file is in the batch."""
        table, positions = _load(str(self.repositories.path))
        made = []
        for row in batch["id"]:
            if row not in positions:
                continue
            found = {name: table[name][positions[row]].as_py() for name in JOINED.names}
            del found["first"]
            made.append(
                found
                | {
                    "id": row_id(found["source"], found["text"]),
                    "language": "python",
                    "num_files": len(found["parents"]),
                }
            )
        return append_rows(batch | {"num_files": [1] * num_rows(batch)}, made)


def _too_large(name: str, num_chars: int) -> Row:
    """Stands for all files of a repository that is too large already."""
    return {"repository": name, "num_chars": num_chars, "path": "", "id": "", "license": None, "text": None}


def _joined(files: list[Row]) -> Row:
    files.sort(key=lambda row: (row["path"], row["id"]))
    # The folder of a project may be a package itself.
    package = files[0]["repository"].rpartition("/")[-1]
    paths = ["/".join(filter(None, (package, row["path"]))) for row in files]
    order = imported_first(paths, [row["imports"] for row in files])
    ordered = [files[i] for i in order]
    parts = [f"# {_printable(row['path'])}\n{row['text'].rstrip()}\n" for row in ordered]
    return {
        "first": ordered[0]["id"],
        "text": "\n".join(parts),
        "source": files[0]["repository"],
        "license": all_of([row["license"] for row in files]),
        "parents": [row["id"] for row in ordered],
    }


def all_of(licenses: list[str | None]) -> str | None:
    """The SPDX expression for a work made of works under `licenses`; None if one of them is unknown."""
    known = sorted({license for license in licenses if license})
    if not all(licenses):
        return None
    return known[0] if len(known) == 1 else " AND ".join(f"({each})" if " OR " in each else each for each in known)


def _printable(path: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in path)


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


@functools.lru_cache(maxsize=8)
def _load(path: str) -> tuple[pa.Table, dict[str, int]]:
    """Map a state file, whose name is its digest."""
    table = pa.ipc.open_file(pa.memory_map(path)).read_all()
    return table, {row: i for i, row in enumerate(table["first"].to_pylist())}
