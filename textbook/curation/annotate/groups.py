"""Which rows belong together, and which groups are kept apart to measure on. Whole groups, never rows.

A random split of files puts code of one repository on both sides, and flatters every scorer.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

GroupOf: TypeAlias = "str | Callable[[Mapping[str, Any]], str] | None"
"""A column, a function of a row, or None to find out."""

COLUMNS = ("group", "repository", "repo_name", "repo", "package")
_PACKAGE = re.compile(r"^([A-Za-z0-9][\w.-]*)==[^:]*:")
_HOST = re.compile(r"^https?://[^/]+/([^/]+/[^/]+)")


def group_of(row: Mapping[str, Any], group: GroupOf = None) -> str:
    """The repository or package of a row; its own id where nothing tells.

    Read off `source` where no column says: "package==1.0:path" is of the package, a URL of the two first parts of its
    path, a relative path of its first folder.
    """
    if callable(group):
        return str(group(row))
    for column in (group,) if group else COLUMNS:
        value = row.get(column)
        if value is not None and value == value and str(value):
            return str(value)
    source = row.get("source")
    found = _of_source(source) if isinstance(source, str) else None
    return str(row["id"]) if found is None else found


def _of_source(source: str) -> str | None:
    for pattern in (_PACKAGE, _HOST):
        found = pattern.match(source)
        if found:
            return found[1]
    first, slash, _ = source.replace("\\", "/").lstrip("/").partition("/")
    return first if slash else None


def key(seed: int, *parts: object) -> int:
    """64 bits that put rows in a random order; they depend on nothing but the seed and the parts."""
    data = "\0".join(map(str, (seed, *parts))).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())


def apart(groups: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """The groups kept apart to measure on: about `share` of them, at least one of two or more, and never all.

    A group is in by its name and the seed alone, so that it stays where it is when the pool grows.
    """
    ranked = sorted((key(seed, "evaluation", group), group) for group in set(groups))
    if len(ranked) < 2 or not share:
        return frozenset()
    chosen = [group for draw, group in ranked if draw < share * 2**64]
    chosen = chosen[: len(ranked) - 1] or [ranked[0][1]]
    return frozenset(chosen)
