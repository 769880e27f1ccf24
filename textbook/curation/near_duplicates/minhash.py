"""MinHash sketches, and the bands in them (Broder 1997; Mining of Massive Datasets, 3.3-3.4).

A sketch holds the top bits of the minimum of each hash function. Two rows share a band if these bits are equal in all
its functions, so a sketch is all that has to be kept of a signature.
"""

import functools
import hashlib
import math

import numpy as np

from textbook.curation.near_duplicates import kernels
from textbook.curation.near_duplicates.kernels import Array
from textbook.curation.near_duplicates.mixing import BAND_MIX, SKETCH_MIX
from textbook.curation.near_duplicates.shingles import ShingleSets

SKETCH_DEVIATIONS = 3.5
"""A pair at the threshold passes the sketch unless it is so many standard deviations off: once in 4,300."""


def sketch_type(per_band: int) -> "np.dtype[np.unsignedinteger]":
    """The smallest unsigned type of which `per_band` values have 32 bits or more: unrelated rows share no band."""
    return np.dtype(f"<u{1 if per_band >= 4 else 2 if per_band >= 2 else 4}")


def sketches(sets: ShingleSets, num_bands: int, per_band: int) -> Array:
    """Of each set a row of `num_bands * per_band` values, each equal in two rows with about their Jaccard similarity.

    They share a band with that to the power of `per_band`.
    """
    factors, terms = _functions(num_bands * per_band)
    sketch = np.empty((len(sets.offsets) - 1, len(factors)), sketch_type(per_band))
    shift = np.uint32(32 - 8 * sketch.itemsize)
    if kernels.compiled() is not None:
        kernels.compiled().write_sketches(sets.values, sets.offsets, factors, terms, shift, sketch)
    elif len(sketch):
        for k, (factor, term) in enumerate(zip(factors, terms, strict=True)):
            minima = np.minimum.reduceat(sets.values * factor + term, sets.offsets[:-1])
            sketch[:, k] = (minima * SKETCH_MIX) >> shift
    return sketch


def band_hashes(sketch: Array, band: int, per_band: int) -> Array:
    """A 32-bit hash of one band of each row."""
    hashed = np.zeros(len(sketch), np.uint64)
    for k in range(band * per_band, (band + 1) * per_band):
        hashed ^= sketch[:, k]
        hashed *= BAND_MIX
        hashed ^= hashed >> np.uint64(32)
    return hashed.astype(np.uint32)


def least_equal(width: int, threshold: float) -> int:
    """How many values of two sketches of `width` must be equal for the pair to be worth verifying."""
    deviation = math.sqrt(threshold * (1 - threshold) / width)
    return math.ceil(width * (threshold - SKETCH_DEVIATIONS * deviation))


@functools.cache
def _functions(count: int) -> tuple[Array, Array]:
    """`count` functions x -> a * x + b modulo 2^32, with odd a: permutations of the values."""
    drawn = np.frombuffer(hashlib.shake_256(b"textbook minhash").digest(8 * count), "<u4").reshape(count, 2)
    return np.ascontiguousarray(drawn[:, 0] | np.uint32(1)), np.ascontiguousarray(drawn[:, 1])
