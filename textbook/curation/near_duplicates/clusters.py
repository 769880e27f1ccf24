"""Pairs of rows that share a band, verified, and who stays.

Rows come in order of priority: the first of a cluster stays. Nothing here depends on how they were sharded.
"""

from typing import NamedTuple

import numpy as np

from textbook.curation.near_duplicates import loops
from textbook.curation.near_duplicates.loops import Array
from textbook.curation.near_duplicates.minhash import least_equal

WINDOW = 1000
"""In a bucket of more than so many rows, a row is compared with so many after it: no bucket costs a square."""


class Rows(NamedTuple):
    """What is known of the rows, in order of priority; no two sets are equal."""

    values: Array
    """All sets; that of row `i` is `values[starts[i]:starts[i] + counts[i]]`."""
    starts: Array
    counts: Array
    bands: Array
    sketch: Array


class Clusters(NamedTuple):
    """For each row the row that stays for it (itself if it stays) and a row it is close to (-1 if it was not asked)."""

    kept: Array
    link: Array


def connected(rows: Rows, threshold: float) -> Clusters:
    """Rows joined by a chain of pairs at or above the threshold are one cluster."""
    parent = np.arange(len(rows.starts))
    link = np.full(len(parent), -1)
    failed = np.zeros(0, np.int64)
    for band in range(rows.bands.shape[1]):
        pairs = np.setdiff1d(_candidates(rows, band, threshold, _flat(parent)), failed, assume_unique=True)
        found = verified(pairs, rows, threshold, parent, link, join=True)
        failed = np.sort(np.concatenate([failed, pairs[found == 0]]))
    return Clusters(_flat(parent), link)


def star(rows: Rows, threshold: float) -> Clusters:
    """A row goes only if one that stays is itself at or above the threshold; of several, the most similar."""
    alone = np.arange(len(rows.starts))
    seen, pairs, similarity = np.zeros(0, np.int64), [np.zeros(0, np.int64)], [np.zeros(0)]
    for band in range(rows.bands.shape[1]):
        new = np.setdiff1d(_candidates(rows, band, threshold, alone), seen, assume_unique=True)
        found = verified(new, rows, threshold, alone, alone, join=False)
        pairs.append(new[found > 0])
        similarity.append(found[found > 0])
        seen = np.sort(np.concatenate([seen, new]))
    every, close = np.concatenate(pairs), np.concatenate(similarity)
    first, second = every >> 32, every & 0xFFFFFFFF
    order = np.lexsort((first, -close, second))
    kept = alone.copy()
    for better, row in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if kept[row] == row and kept[better] == better:
            kept[row] = better
    return Clusters(kept, np.where(kept == alone, -1, kept))


def similarities(rows: Rows, first: Array, second: Array) -> Array:
    """The Jaccard similarity of the sets of two rows each."""
    none = np.zeros(0, np.int64)
    return verified((first << 32) | second, rows, 0.0, none, none, join=False)


def verified(pairs: Array, rows: Rows, threshold: float, parent: Array, link: Array, join: bool) -> Array:
    """See `loops.verify_pairs`."""
    if loops.compiled() is not None:
        given = (rows.values, rows.starts, rows.counts)
        found: Array = loops.compiled().verify_pairs(pairs, *given, threshold, parent, link, join)
        return found
    return np.array([_verify(int(pair), rows, threshold, parent, link, join) for pair in pairs], np.float64)


def _verify(pair: int, rows: Rows, threshold: float, parent: Array, link: Array, join: bool) -> float:
    first, second = pair >> 32, pair & 0xFFFFFFFF
    root, other = (_root(parent, first), _root(parent, second)) if join else (first, second)
    if join and root == other:
        return -1
    sizes = int(rows.counts[first]), int(rows.counts[second])
    if min(sizes) / max(sizes) < threshold:
        return 0
    left, right = (rows.values[rows.starts[row] : rows.starts[row] + rows.counts[row]] for row in (first, second))
    merged = np.concatenate([left, right])
    merged.sort()
    shared = int((merged[1:] == merged[:-1]).sum())
    jaccard = shared / (sum(sizes) - shared)
    if jaccard < threshold:
        return 0
    if join:
        parent[max(root, other)] = min(root, other)
        for row, near in ((first, second), (second, first)):
            if link[row] < 0:
                link[row] = near
    return jaccard


def _root(parent: Array, row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = int(parent[row])
    return row


def _flat(parent: Array) -> Array:
    """The root of every row."""
    while True:
        above = parent[parent]
        if (above == parent).all():
            return above
        parent = above


def _candidates(rows: Rows, band: int, threshold: float, roots: Array) -> Array:
    """Pairs that share a band, are not yet joined and have alike sketches: sorted, as `smaller << 32 | larger`."""
    order = np.argsort(rows.bands[:, band], kind="stable")
    hashes = rows.bands[order, band]
    equal = hashes[1:] == hashes[:-1]
    shared = np.concatenate([equal, [False]]) | np.concatenate([[False], equal]) if len(order) else equal
    order, hashes = order[shared], hashes[shared]
    least = least_equal(rows.sketch.shape[1], threshold)
    if loops.compiled() is None:
        return np.sort(_bucket_pairs(hashes, order, rows.sketch, roots, least))
    pairs = np.empty(4 * len(order), np.int64)
    count = loops.compiled().bucket_pairs(hashes, order, rows.sketch, roots, least, WINDOW, pairs)
    if count > len(pairs):
        pairs = np.empty(count, np.int64)
        loops.compiled().bucket_pairs(hashes, order, rows.sketch, roots, least, WINDOW, pairs)
    return np.sort(pairs[:count])


def _bucket_pairs(hashes: Array, order: Array, sketch: Array, roots: Array, least: int) -> Array:
    """Like `loops.bucket_pairs`: each row with the next in its bucket, then with the one after that, and so on."""
    found, left = [np.zeros(0, np.int64)], np.arange(len(hashes))
    for distance in range(1, WINDOW + 1):
        left = left[left + distance < len(hashes)]
        left = left[hashes[left] == hashes[left + distance]]
        if not len(left):
            break
        first, second = order[left], order[left + distance]
        apart = roots[first] != roots[second]
        first, second = first[apart], second[apart]
        for start in range(0, len(first), 65_536):
            some, others = first[start : start + 65_536], second[start : start + 65_536]
            alike = (sketch[some] == sketch[others]).sum(axis=1) >= least
            found.append((some[alike] << 32) | others[alike])
    return np.concatenate(found)
