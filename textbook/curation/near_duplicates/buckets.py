"""Which rows share a band, and which pairs of them are worth verifying.

Nothing here depends on the order of rows: they have `ranks`, which say nothing but which of two comes first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from textbook.curation.near_duplicates import kernels
from textbook.curation.near_duplicates.kernels import Array
from textbook.curation.near_duplicates.minhash import band_hashes, least_equal

WINDOW = 1000
"""In a bucket of more than so many rows, a row is compared with so many after it: no bucket costs a square."""
PAIRS_HELD = 2**20
"""So many pairs are found before they are verified."""
LOW_BITS = np.uint64(0xFFFFFFFF)


class Sketched(NamedTuple):
    """Rows by what is left of their signatures: `sketch`, of shape (rows, bands * per_band), and unique `ranks`."""

    sketch: Array
    ranks: Array
    per_band: int
    threshold: float

    @property
    def num_bands(self) -> int:
        """How many bands a sketch has."""
        return int(self.sketch.shape[1]) // self.per_band

    @property
    def least(self) -> int:
        """How many values of two sketches must be equal."""
        return least_equal(self.sketch.shape[1], self.threshold)


class Buckets(NamedTuple):
    """The rows that share a band with another, bucket after bucket, and the hash of each one's bucket."""

    rows: Array
    hashes: Array


def buckets(given: Sketched, band: int, among: Array) -> Buckets:
    """The buckets of one band with two rows or more, of the rows `among`; the rows of a bucket ascend.

    Those of a bucket too large to compare all go by the next band and by rank, so that rows which share it lie close.
    """
    hashed = band_hashes(given.sketch, band, given.per_band)[among]
    order = (hashed.astype(np.uint64) << np.uint64(32)) | among.astype(np.uint64)
    order.sort()
    hashed = (order >> np.uint64(32)).astype(np.uint32)
    shared = np.zeros(len(order), bool)
    shared[1:] = equal = hashed[1:] == hashed[:-1]
    shared[:-1] |= equal
    rows, hashed = (order[shared] & LOW_BITS).astype(np.int64), hashed[shared]
    bounds = np.concatenate([[0], np.flatnonzero(hashed[1:] != hashed[:-1]) + 1, [len(rows)]])
    for bucket in np.flatnonzero(np.diff(bounds) > WINDOW).tolist():
        some = rows[bounds[bucket] : bounds[bucket + 1]]
        following = band_hashes(given.sketch[some], (band + 1) % given.num_bands, given.per_band)
        some[:] = some[np.lexsort((given.ranks[some], following))]
    return Buckets(rows, hashed)


def alike(given: Sketched, among: Array) -> Array:
    """Whether a row shares a band with another and has a like sketch: a mask over all rows, true for some `among`."""
    marked = np.zeros(len(given.sketch), bool)
    for band in range(given.num_bands):
        rows, hashes = buckets(given, band, among)
        if kernels.compiled() is not None:
            kernels.compiled().mark_alike(hashes, rows, given.sketch, given.least, WINDOW, marked)
            continue
        for places in _by_distance(hashes):
            first, second = rows[places]
            unknown = ~(marked[first] & marked[second])
            close = _close(given, first[unknown], second[unknown])
            marked[first[unknown][close]] = marked[second[unknown][close]] = True
    return marked


def candidates(given: Sketched, parent: Array) -> Iterator[Array]:
    """Pairs to verify, of shape (pairs, 2), the smaller row first; those that `parent` has joined by then are left out.

    The caller joins pairs in `parent` before it asks for more.
    """
    among = np.arange(len(given.sketch))
    for band in range(given.num_bands):
        rows, hashes = buckets(given, band, among)
        finding = _candidates_numpy if kernels.compiled() is None else _candidates_compiled
        yield from finding(given, band, rows, hashes, parent)


def _candidates_compiled(given: Sketched, band: int, rows: Array, hashes: Array, parent: Array) -> Iterator[Array]:
    pairs = np.empty((min(PAIRS_HELD, WINDOW * (len(rows) + 1)), 2), np.int64)
    start = 0
    while start < len(rows):
        count, start = kernels.compiled().bucket_pairs(
            hashes, rows, given.sketch, band, given.per_band, given.least, WINDOW, parent, start, pairs
        )
        yield pairs[:count]


def _candidates_numpy(given: Sketched, band: int, rows: Array, hashes: Array, parent: Array) -> Iterator[Array]:
    """The same pairs in the same order."""
    found: list[Array] = [np.zeros((2, 0), np.int64)]
    for places in _by_distance(hashes):
        first, second = rows[places]
        places = places[:, roots(parent, first) != roots(parent, second)]
        places = places[:, _close(given, *rows[places])]
        found.append(places[:, ~_compared_before(given, band, *rows[places])])
    first, second = np.concatenate(found, axis=1)
    yield np.sort(rows[np.stack([first, second], axis=1)[np.lexsort((second, first))]], axis=1)


def _by_distance(hashes: Array) -> Iterator[Array]:
    """The places of two rows of one bucket, of shape (2, pairs): first of neighbours, then of those one further."""
    left = np.arange(len(hashes))
    for distance in range(1, WINDOW + 1):
        left = left[left + distance < len(hashes)]
        left = left[hashes[left] == hashes[left + distance]]
        if not len(left):
            return
        for start in range(0, len(left), 65_536):
            some = left[start : start + 65_536]
            yield np.stack([some, some + distance])


def _close(given: Sketched, first: Array, second: Array) -> Array:
    close: Array = (given.sketch[first] == given.sketch[second]).sum(axis=1) >= given.least
    return close


def _compared_before(given: Sketched, band: int, first: Array, second: Array) -> Array:
    width = band * given.per_band
    equal = given.sketch[first, :width] == given.sketch[second, :width]
    before: Array = equal.reshape(len(first), band, given.per_band).all(axis=2).any(axis=1)
    return before


def roots(parent: Array, rows: Array) -> Array:
    """The root of each row."""
    while True:
        above = parent[rows]
        if (above == rows).all():
            return above
        rows = above
