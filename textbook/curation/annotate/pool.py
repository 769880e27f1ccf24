"""The pool that samples are chosen from: read twice, once for what there is, once for the texts that are needed.

Does not choose: see `labelling`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from textbook.curation.annotate.groups import GroupOf, apart, group_of, key
from textbook.curation.sources import Rows, open_source
from textbook.folder import DatasetFolder
from textbook.lineage import content_hash
from textbook.operator import DROP_REASON, Batch, Source

BATCH_ROWS = 1_000


class Candidate(NamedTuple):
    """A row of the pool, without its text; sorted, candidates are in a random order that no position can change."""

    key: int
    id: str
    group: str
    source: str | None


class Pool:
    """What may be labelled: rows with a text, each text once.

    Memory: about 300 bytes a row, and the texts asked for.

    Args:
        data: a source, a path or name as `open_source` takes it, a dataset folder, or anything that `Rows` takes.
        group: a column or a function that says what a row belongs to; None: see `group_of`.
        evaluation: the share of groups kept apart.
        seed: for the order and for the choice of these groups.

    Raises:
        ValueError: there are no rows with a text, the column `group` is missing, or two rows have one id.
    """

    def __init__(self, data: Any, group: GroupOf, evaluation: float, seed: int) -> None:
        self._source = source_of(data)
        found: dict[str, tuple[Candidate, str]] = {}
        for row in read_rows(self._source):
            if isinstance(group, str) and group not in row:
                raise ValueError(f"the pool has no column {group!r}; it has {', '.join(row)}. Say which: group=...")
            if row["id"] in found:
                raise ValueError(f"two rows of the pool have the id {row['id']!r}; expected ids of one row each")
            named = group_of(row, group)
            candidate = Candidate(key(seed, "choose", row["id"]), row["id"], named, row.get("source"))
            found[row["id"]] = (candidate, content_hash(row["text"]))
        if not found:
            raise ValueError("the pool has no row with a text; give a source, a path, or rows with `text`")
        ordered = sorted(found.values())
        groups = {candidate.group for candidate, _ in ordered}
        self.num_groups = len(groups)
        self.num_rows = len(ordered)
        held = apart(groups, evaluation, seed)
        kept = [(candidate, digest) for candidate, digest in ordered if candidate.group in held]
        self.evaluation = _once(kept, set())
        """In random order: all that may be measured on."""
        rest = [(candidate, digest) for candidate, digest in ordered if candidate.group not in held]
        self.train = _once(rest, {digest for _, digest in kept})
        """In random order: all that may be fitted on. No text of it is in a group kept apart."""

    def texts(self, ids: Iterable[str]) -> dict[str, str]:
        """The texts of some rows."""
        wanted = set(ids)
        if not wanted:
            return {}
        return {row["id"]: row["text"] for row in read_rows(self._source) if row["id"] in wanted}


def source_of(data: Any) -> Source:
    """A source of whatever was given.

    Raises:
        ValueError: it is none and can't be made one.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, DatasetFolder):
        return open_source(str(data.path))
    if isinstance(data, str | Path):
        return open_source(str(data))
    return Rows(data)


def read_rows(source: Source) -> Iterator[dict[str, Any]]:
    """The rows of a source that have a text and were not dropped by it."""
    for shard in source.listing().shards:
        for batch in source.read(shard, BATCH_ROWS):
            yield from _rows(batch)


def _rows(batch: Batch) -> Iterator[dict[str, Any]]:
    dropped = batch.get(DROP_REASON) or [None] * len(batch["id"])
    for i, reason in enumerate(dropped):
        if reason is None and batch["text"][i].strip():
            yield {name: column[i] for name, column in batch.items()}


def _once(ordered: list[tuple[Candidate, str]], seen: set[str]) -> list[Candidate]:
    """The first candidate of each text that is not in `seen`."""
    firsts: dict[str, Candidate] = {}
    for candidate, digest in ordered:
        if digest not in seen:
            firsts.setdefault(digest, candidate)
    return list(firsts.values())
