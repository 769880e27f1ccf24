"""Clusters of rows whose sets are verified to be alike, from what `summary` gathered of each.

Rows are numbered by the digest of their set, so nothing depends on how they were ordered or sharded.
"""

from typing import NamedTuple

import numpy as np

from textbook.curation.near_duplicates import kernels
from textbook.curation.near_duplicates.buckets import Sketched, candidates, roots
from textbook.curation.near_duplicates.kernels import Array


class Sets(NamedTuple):
    """Different sets, one a row: that of row `i` is `values[starts[i]:starts[i] + counts[i]]`, ascending."""

    values: Array
    starts: Array
    counts: Array


class Connected(NamedTuple):
    """For each row the smallest of its cluster, and a row that it is close to (-1 for one that is alone)."""

    root: Array
    link: Array


def connected(given: Sketched, sets: Sets) -> Connected:
    """Rows joined by a chain of pairs at or above the threshold are one cluster."""
    parent = np.arange(len(sets.starts))
    link = np.full(len(parent), -1)
    for pairs in candidates(given, parent):
        if kernels.compiled() is not None:
            kernels.compiled().join_pairs(pairs, *sets, given.threshold, parent, link)
            continue
        for first, second in pairs.tolist():
            root, other = _root(parent, first), _root(parent, second)
            if root != other and jaccard(sets, first, second, given.threshold) > 0:
                parent[max(root, other)] = min(root, other)
                for row, near in ((first, second), (second, first)):
                    if link[row] < 0:
                        link[row] = near
    return Connected(roots(parent, np.arange(len(parent))), link)


def stars(given: Sketched, sets: Sets, root: Array, rank: Array) -> Array:
    """For each row the one that stays for it: itself, or the most similar one at or above the threshold.

    Rows are gone through by `rank`; one stays if none that stays before it in its cluster is alike.
    """
    members = np.lexsort((rank, root))
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(root[members])) + 1, [len(members)]])
    kept = np.arange(len(root))
    if kernels.compiled() is not None and len(members):
        kernels.compiled().choose_stars(members, bounds, given.sketch, given.least, *sets, given.threshold, kept)
        return kept
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        stay = np.zeros(0, np.int64)
        for row in members[start:end].tolist():
            close = stay[(given.sketch[stay] == given.sketch[row]).sum(axis=1) >= given.least]
            similarity = [jaccard(sets, row, other, given.threshold) for other in close.tolist()]
            if max(similarity, default=0) > 0:
                kept[row] = close[np.argmax(similarity)]
            else:
                stay = np.append(stay, row)
    return kept


def similarities(sets: Sets, pairs: Array) -> Array:
    """The Jaccard similarity of the sets of each pair of rows, of shape (pairs, 2)."""
    if kernels.compiled() is not None:
        found: Array = kernels.compiled().jaccards(pairs, *sets)
        return found
    return np.array([jaccard(sets, first, second, 0) for first, second in pairs.tolist()], np.float64)


def jaccard(sets: Sets, first: int, second: int, threshold: float) -> float:
    """Like `loops._jaccard`."""
    values, starts, counts = sets
    sizes = int(counts[first]), int(counts[second])
    if min(sizes) < threshold * max(sizes):
        return 0.0
    merged = np.concatenate([values[starts[row] : starts[row] + counts[row]] for row in (first, second)])
    merged.sort()
    shared = int((merged[1:] == merged[:-1]).sum())
    similarity = shared / (sum(sizes) - shared)
    return similarity if similarity >= threshold else 0.0


def _root(parent: Array, row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = int(parent[row])
    return row
