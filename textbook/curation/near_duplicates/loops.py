"""Loops that numba compiles. Import this by `kernels.compiled` only: numba need not be there.

Every caller has a twin in numpy with the same answers. Constants that meet a `uint64` are of that type, and what must
wrap at 32 bits is cast back: numba makes `uint64` of an operation on two `uint32`, and a float of one on `uint64` and
`int64`.
"""

import numba
import numpy as np

from textbook.curation.near_duplicates.kernels import Array
from textbook.curation.near_duplicates.mixing import (
    COUNT_MIX,
    LONGEST,
    SHINGLE_MIX,
    SKETCH_MIX,
    TOKEN_BASE,
    TOKEN_MIX,
    WORD_MIX,
)

LONGEST_WORD = np.uint64(LONGEST)
BLOCK = 32
"""So many steps of a comparison are made before asking whether it can still succeed."""

loop = numba.njit(cache=True, nogil=True)


@loop
def _eight_bytes(data: Array, at: np.uint64) -> np.uint64:
    """Little-endian, and not aligned."""
    value = np.uint64(data[at])
    for place in range(1, 8):
        value |= np.uint64(data[at + np.uint64(place)]) << np.uint64(8 * place)
    return value


@loop
def _hash_word(data: Array, first: np.uint64, end: np.uint64, masks: Array) -> np.uint64:
    hashed = np.uint64(0)
    while end - first > np.uint64(8):
        hashed = (hashed ^ _eight_bytes(data, first)) * WORD_MIX
        hashed ^= hashed >> np.uint64(32)
        first += np.uint64(8)
    hashed = (hashed ^ (_eight_bytes(data, first) & masks[end - first])) * WORD_MIX
    hashed = (hashed ^ (hashed >> np.uint64(32))) * TOKEN_MIX
    return np.uint64(hashed ^ (hashed >> np.uint64(29)))


@loop
def _hash_words(data: Array, edges: Array, num_edges: int, masks: Array, tokens: Array) -> int:
    count = 0
    for edge in range(0, num_edges, 2):
        first, end = np.uint64(edges[edge]), np.uint64(edges[edge + 1])
        while end - first > LONGEST_WORD:
            tokens[count] = _hash_word(data, first, first + LONGEST_WORD, masks)
            first += LONGEST_WORD
            count += 1
        tokens[count] = _hash_word(data, first, end, masks)
        count += 1
    return count


@loop
def _find_edges(data: Array, first: int, end: int, is_token: Array, edges: Array) -> int:
    """Where words begin and end, in turn. Without branches: every place is written down, few are kept."""
    count, before = 0, np.uint8(0)
    for position in range(first, end):
        now = is_token[data[position]]
        edges[count] = position
        count += now != before
        before = now
    return count


@loop
def hash_shingles(
    data: Array, starts: Array, is_token: Array, masks: Array, width: int, values: Array, offsets: Array
) -> None:
    """Write the shingle values of each text to `values`, and where they begin to `offsets`.

    Each text ends in a byte that is no token, and eight more bytes follow the last.
    """
    longest = np.diff(starts).max()
    edges, tokens = np.empty(longest + 1, np.int32), np.empty(longest, np.uint64)
    oldest = np.uint64(1)
    for _ in range(width):
        oldest *= TOKEN_BASE
    filled = 0
    for text in range(len(starts) - 1):
        offsets[text] = filled
        given = data[starts[text] :]
        num_edges = _find_edges(given, 0, starts[text + 1] - starts[text], is_token, edges)
        num_tokens = _hash_words(given, edges, num_edges, masks, tokens)
        shingle = np.uint64(0)
        for place in range(min(width, num_tokens)):
            shingle = shingle * TOKEN_BASE + tokens[place]
        if num_tokens > width:
            for place in range(width, num_tokens + 1):
                value = (shingle ^ (shingle >> np.uint64(33))) * SHINGLE_MIX
                values[filled] = np.uint32(value >> np.uint64(32))
                filled += 1
                if place < num_tokens:
                    shingle = shingle * TOKEN_BASE + tokens[place] - tokens[place - width] * oldest
        elif num_tokens > 0:
            value = shingle + np.uint64(num_tokens) * COUNT_MIX
            value = (value ^ (value >> np.uint64(33))) * SHINGLE_MIX
            values[filled] = np.uint32(value >> np.uint64(32))
            values[filled + 1] = np.uint32(value & np.uint64(0xFFFFFFFF))
            filled += 2
    offsets[len(starts) - 1] = filled


@loop
def drop_repeated(values: Array, offsets: Array) -> None:
    """Leave each value of a sorted set once; both arrays are changed."""
    filled, start = 0, 0
    for row in range(len(offsets) - 1):
        end = offsets[row + 1]
        for position in range(start, end):
            values[filled] = values[position]
            filled += position + 1 == end or values[position + 1] != values[position]
        start = end
        offsets[row + 1] = filled


@loop
def write_sketches(values: Array, offsets: Array, factors: Array, terms: Array, shift: int, sketch: Array) -> None:
    """Write the top bits of the minimum of each hash function over each set to `sketch`, of shape (sets, functions)."""
    num_hashes = len(factors)
    lowest = np.empty(num_hashes, np.uint32)
    for row in range(len(offsets) - 1):
        lowest[:] = np.uint32(0xFFFFFFFF)
        for position in range(offsets[row], offsets[row + 1]):
            value = values[position]
            for k in range(num_hashes):
                lowest[k] = min(lowest[k], np.uint32(factors[k] * value + terms[k]))
        for k in range(num_hashes):
            sketch[row, k] = np.uint32(lowest[k] * SKETCH_MIX) >> np.uint32(shift)


@loop
def _num_equal(sketch: Array, first: int, second: int) -> int:
    equal = np.uint32(0)
    for k in range(sketch.shape[1]):
        equal = np.uint32(equal + np.uint32(sketch[first, k] == sketch[second, k]))
    return int(equal)


@loop
def _compared_before(sketch: Array, first: int, second: int, band: int, per_band: int) -> bool:
    for earlier in range(band):
        start, equal = earlier * per_band, True
        for k in range(start, start + per_band):
            if sketch[first, k] != sketch[second, k]:
                equal = False
                break
        if equal:
            return True
    return False


@loop
def mark_alike(hashes: Array, rows: Array, sketch: Array, least: int, window: int, marked: Array) -> None:
    """Mark rows that share a hash with another and have alike sketches."""
    for i in range(len(hashes)):
        j = i + 1
        while j < len(hashes) and j <= i + window and hashes[j] == hashes[i]:
            first, second = rows[i], rows[j]
            if not (marked[first] and marked[second]) and _num_equal(sketch, first, second) >= least:
                marked[first] = marked[second] = True
            j += 1


@loop
def _root(parent: Array, row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@loop
def bucket_pairs(
    hashes: Array, rows: Array, sketch: Array, band: int, per_band: int, least: int, window: int,
    parent: Array, start: int, pairs: Array,
) -> tuple[int, int]:  # fmt: skip
    """Write pairs that share a hash, have alike sketches, are not joined and shared no band before to `pairs`.

    Begins with the pairs of `rows[start]`, and returns how many were written and with which row to go on.
    """
    count = 0
    for i in range(start, len(hashes)):
        if count + window > len(pairs):
            return count, i
        first, j = rows[i], i + 1
        while j < len(hashes) and j <= i + window and hashes[j] == hashes[i]:
            second = rows[j]
            if (
                _root(parent, first) != _root(parent, second)
                and _num_equal(sketch, first, second) >= least
                and not _compared_before(sketch, first, second, band, per_band)
            ):
                pairs[count, 0], pairs[count, 1] = min(first, second), max(first, second)
                count += 1
            j += 1
    return count, len(hashes)


@loop
def _jaccard(values: Array, starts: Array, counts: Array, first: int, second: int, threshold: float) -> float:
    """The Jaccard similarity of two sets; 0 if it is below `threshold`."""
    num_first, num_second = counts[first], counts[second]
    if min(num_first, num_second) < threshold * max(num_first, num_second):
        return 0.0
    i, j, shared = starts[first], starts[second], 0
    end_first, end_second = i + num_first, j + num_second
    needed = threshold / (1 + threshold) * (num_first + num_second) - 1
    while i < end_first and j < end_second:
        left = min(end_first - i, end_second - j)
        if shared + left < needed:
            return 0.0
        for _ in range(min(left, BLOCK)):
            a, b = values[i], values[j]
            shared += a == b
            i += a <= b
            j += b <= a
    similarity = shared / (num_first + num_second - shared)
    return similarity if similarity >= threshold else 0.0


@loop
def jaccards(pairs: Array, values: Array, starts: Array, counts: Array) -> Array:
    """The Jaccard similarity of each pair of sets."""
    similarity = np.empty(len(pairs))
    for p in range(len(pairs)):
        similarity[p] = _jaccard(values, starts, counts, pairs[p, 0], pairs[p, 1], 0.0)
    return similarity


@loop
def join_pairs(
    pairs: Array, values: Array, starts: Array, counts: Array, threshold: float, parent: Array, link: Array
) -> None:
    """Join the pairs at or above `threshold`, in order; pairs that are joined by then are passed over."""
    for p in range(len(pairs)):
        first, second = pairs[p, 0], pairs[p, 1]
        root, other = _root(parent, first), _root(parent, second)
        if root != other and _jaccard(values, starts, counts, first, second, threshold) > 0:
            parent[max(root, other)] = min(root, other)
            link[first] = second if link[first] < 0 else link[first]
            link[second] = first if link[second] < 0 else link[second]


@loop
def choose_stars(
    members: Array, bounds: Array, sketch: Array, least: int, values: Array, starts: Array, counts: Array,
    threshold: float, kept: Array,
) -> None:  # fmt: skip
    """Of each cluster in turn, its members in order of priority: write who stays for whom to `kept`."""
    stay = np.empty(np.diff(bounds).max(), np.int64)
    for cluster in range(len(bounds) - 1):
        num_stay = 0
        for row in members[bounds[cluster] : bounds[cluster + 1]]:
            best, closest = row, 0.0
            for other in stay[:num_stay]:
                if _num_equal(sketch, row, other) >= least:
                    similarity = _jaccard(values, starts, counts, row, other, max(threshold, closest))
                    if similarity > closest:
                        best, closest = other, similarity
            kept[row] = best
            if best == row:
                stay[num_stay] = row
                num_stay += 1
