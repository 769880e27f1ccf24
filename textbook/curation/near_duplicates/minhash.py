"""MinHash signatures as band hashes and a sketch (Broder 1997; Mining of Massive Datasets, 3.3-3.4)."""

import functools
import hashlib
import math
from typing import NamedTuple

import numpy as np

from textbook.curation.near_duplicates import loops
from textbook.curation.near_duplicates.loops import Array
from textbook.curation.near_duplicates.shingles import Sets

BAND_MIX = np.uint64(0x9FB21C651E98DF25)
SKETCH_MIX = np.uint32(0x9E3779B1)
SKETCH_DEVIATIONS = 3.5
"""A pair at the threshold passes the sketch unless it is so many standard deviations off: once in 4,300."""


class Signatures(NamedTuple):
    """Of each row: `bands`, uint64 of shape (rows, bands), and `sketch`, uint8 of shape (rows, bands * per band)."""

    bands: Array
    sketch: Array


def signatures(sets: Sets, num_bands: int, per_band: int) -> Signatures:
    """Rows share a band with probability J ** per_band, and a byte of the sketch with about J: J is their Jaccard."""
    factors, terms = _functions(num_bands * per_band)
    minima = np.full((len(sets.offsets) - 1, len(factors)), 2**32 - 1, np.uint32)
    if loops.compiled() is not None:
        loops.compiled().minimum_hashes(sets.values, sets.offsets, factors, terms, minima)
    elif len(minima):
        for k, (factor, term) in enumerate(zip(factors, terms, strict=True)):
            minima[:, k] = np.minimum.reduceat(sets.values * factor + term, sets.offsets[:-1])
    bands = np.tile(np.arange(num_bands, dtype=np.uint64), (len(minima), 1))
    for k in range(per_band):
        bands = (bands ^ minima[:, k::per_band]) * BAND_MIX
        bands ^= bands >> np.uint64(32)
    return Signatures(bands, ((minima * SKETCH_MIX) >> np.uint32(24)).astype(np.uint8))


def least_equal(num_bytes: int, threshold: float) -> int:
    """How many bytes of two sketches must be equal for the pair to be worth verifying."""
    deviation = math.sqrt(threshold * (1 - threshold) / num_bytes)
    return math.ceil(num_bytes * (threshold - SKETCH_DEVIATIONS * deviation))


@functools.cache
def _functions(count: int) -> tuple[Array, Array]:
    """`count` functions x -> a * x + b modulo 2^32, with odd a: permutations of the values."""
    drawn = np.frombuffer(hashlib.shake_256(b"textbook minhash").digest(8 * count), "<u4").reshape(count, 2)
    return np.ascontiguousarray(drawn[:, 0] | np.uint32(1)), np.ascontiguousarray(drawn[:, 1])
