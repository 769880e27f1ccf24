"""Loops that numba compiles where it is installed; without it, numpy finds the same answers (see their callers).

Never called uncompiled. Every constant that meets a `uint64` is one, and what must wrap at 32 bits is cast back: numba
makes `uint64` of an operation on two `uint32`, and a float of one on `uint64` and `int64`.
"""

import functools
import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from textbook.require import require

Array = np.ndarray[Any, Any]

BYTE_BASE = np.uint64(0x9E3779B97F4A7C15)
TOKEN_MIX = np.uint64(0xBF58476D1CE4E5B9)
TOKEN_BASE = np.uint64(0xD6E8FEB86659FD93)
SHINGLE_MIX = np.uint64(0xFF51AFD7ED558CCD)
COUNT_MIX = np.uint64(0xC4CEB9FE1A85EC53)


@functools.cache
def compiled() -> Any:
    """The loops of this module, compiled; None where numba is not installed."""
    if importlib.util.find_spec("numba") is None:
        return None
    numba = require("numba", "fast")
    loops: tuple[Callable[..., Any], ...] = (hash_shingles, minimum_hashes, bucket_pairs, verify_pairs)
    return SimpleNamespace(**{loop.__name__: numba.njit(cache=True, nogil=True)(loop) for loop in loops})


def hash_shingles(data: Array, starts: Array, is_token: Array, width: int, values: Array, offsets: Array) -> None:
    """Write the shingle values of each text to `values`, and where they begin to `offsets`."""
    ring = np.zeros(width, np.uint64)
    oldest = np.uint64(1)
    for _ in range(width):
        oldest *= TOKEN_BASE
    filled = 0
    for text in range(len(starts) - 1):
        offsets[text] = filled
        num_tokens, slot, token, inside, shingle = 0, 0, np.uint64(0), False, np.uint64(0)
        for position in range(starts[text], starts[text + 1]):
            byte = data[position]
            if is_token[byte]:
                token = token * BYTE_BASE + np.uint64(byte) + np.uint64(1)
                inside = True
            elif inside:
                mixed = (token ^ (token >> np.uint64(32))) * TOKEN_MIX
                mixed ^= mixed >> np.uint64(29)
                shingle = shingle * TOKEN_BASE + mixed
                if num_tokens >= width:
                    shingle -= ring[slot] * oldest
                ring[slot] = mixed
                slot = slot + 1 if slot + 1 < width else 0
                num_tokens += 1
                token, inside = np.uint64(0), False
                if num_tokens >= width:
                    value = (shingle ^ (shingle >> np.uint64(33))) * SHINGLE_MIX
                    values[filled] = np.uint32(value >> np.uint64(32))
                    filled += 1
        if 0 < num_tokens <= width:
            filled = offsets[text] + 2
            value = shingle + np.uint64(num_tokens) * COUNT_MIX
            value = (value ^ (value >> np.uint64(33))) * SHINGLE_MIX
            values[filled - 2] = np.uint32(value >> np.uint64(32))
            values[filled - 1] = np.uint32(value & np.uint64(0xFFFFFFFF))
    offsets[len(starts) - 1] = filled


def minimum_hashes(values: Array, offsets: Array, factors: Array, terms: Array, minima: Array) -> None:
    """Write the minimum of each hash function over each set to `minima`, of shape (sets, functions)."""
    num_hashes = len(factors)
    for row in range(len(offsets) - 1):
        lowest = minima[row]
        for position in range(offsets[row], offsets[row + 1]):
            value = values[position]
            for k in range(num_hashes):
                lowest[k] = min(lowest[k], np.uint32(factors[k] * value + terms[k]))


def bucket_pairs(
    hashes: Array, rows: Array, sketches: Array, roots: Array, least: int, window: int, pairs: Array
) -> int:
    """Write pairs of rows with one hash and alike sketches to `pairs`; return how many there are, fit or not."""
    found, count = 0, len(hashes)
    for i in range(count):
        j = i + 1
        while j < count and j <= i + window and hashes[j] == hashes[i]:
            first, second = rows[i], rows[j]
            if roots[first] != roots[second]:
                equal = 0
                for k in range(sketches.shape[1]):
                    equal += sketches[first, k] == sketches[second, k]
                if equal >= least:
                    if found < len(pairs):
                        pairs[found] = (first << 32) | second
                    found += 1
            j += 1
    return found


def verify_pairs(
    pairs: Array, values: Array, starts: Array, counts: Array, threshold: float, parent: Array, link: Array, join: bool
) -> Array:
    """The Jaccard similarity of each pair, 0 if below `threshold`; with `join`, -1 if already joined, else joins."""
    similarity = np.zeros(len(pairs))
    for p in range(len(pairs)):
        first, second = pairs[p] >> 32, pairs[p] & 0xFFFFFFFF
        root, other = first, second
        while join and parent[root] != root:
            parent[root] = parent[parent[root]]
            root = parent[root]
        while join and parent[other] != other:
            parent[other] = parent[parent[other]]
            other = parent[other]
        if join and root == other:
            similarity[p] = -1
            continue
        i, j, shared = starts[first], starts[second], 0
        num_first, num_second = counts[first], counts[second]
        end_first, end_second = i + num_first, j + num_second
        if min(num_first, num_second) / max(num_first, num_second) < threshold:
            continue
        while i < end_first and j < end_second:
            left, right = values[i], values[j]
            shared += left == right
            i += left <= right
            j += right <= left
        jaccard = shared / (num_first + num_second - shared)
        if jaccard >= threshold:
            similarity[p] = jaccard
            if join:
                parent[max(root, other)] = min(root, other)
                link[first] = second if link[first] < 0 else link[first]
                link[second] = first if link[second] < 0 else link[second]
    return similarity
