"""Loops that numba compiles. Import this by `hashing.compiled` only: numba need not be there.

`ByteNgramHash` has a twin of each in numpy, with the same answers.
"""

from typing import Any

import numba
import numpy as np

from textbook.curation.byte_ngrams.hashing import FREQUENCIES, MAX_COUNT, MULTIPLIER
from textbook.curation.byte_ngrams.views import DROPPED

Array = np.ndarray[Any, Any]

MOST = np.uint32(MAX_COUNT)
LEFT_OUT = np.uint8(DROPPED)
BYTE = np.uint64(8)
# What one more occurrence adds to a bucket's frequency and to its square, by how many there were.
RISES = np.diff(FREQUENCIES, append=FREQUENCIES[-1:]).astype(np.int32)
SQUARE_RISES = np.diff(FREQUENCIES**2, append=FREQUENCIES[-1:] ** 2).astype(np.int32)

loop = numba.njit(cache=True, nogil=True)


@loop
def _write_view(data: Array, table: Array, is_squeezed: Array, view: Array) -> np.uint64:
    """Write what a view shows of `data`, and return its length. Without branches: every byte is written, some stay."""
    length, before = np.uint64(0), LEFT_OUT
    for position in range(np.uint64(len(data))):
        byte = table[data[position]]
        view[length] = byte
        kept = byte != LEFT_OUT
        length += np.uint64(kept and not (byte == before and is_squeezed[byte]))
        before = byte if kept else before
    return length


@loop
def _write_grams(view: Array, length: np.uint64, grams: Array) -> None:
    """Write the 8 bytes from each position on as one little-endian number."""
    gram = np.uint64(0)
    for left in range(np.uint64(length)):
        position = length - np.uint64(1) - left
        gram = (gram << BYTE) | np.uint64(view[position])
        grams[position] = gram


@loop
def _write_words(data: Array, case: Array, lowered: Array, grams: Array) -> np.uint64:
    """Write the first 8 letters of each word of two letters or more, and return how many there are."""
    filled, num_letters, gram, before = np.uint64(0), np.uint64(0), np.uint64(0), np.uint8(0)
    for position in range(np.uint64(len(data))):
        now = case[data[position]]
        if now == 0 or (now == 2 and before == 1):
            grams[filled] = gram
            filled += np.uint64(num_letters > np.uint64(1))
            gram, num_letters = np.uint64(0), np.uint64(0)
        if now > 0:
            if num_letters < BYTE:
                gram |= np.uint64(lowered[data[position]]) << (BYTE * num_letters)
            num_letters += np.uint64(1)
        before = now
    grams[filled] = gram
    return filled + np.uint64(num_letters > np.uint64(1))


@loop
def _sum_block(grams: Array, order: int, down: int, weights: Array, counts: Array) -> tuple[np.int64, np.int64]:
    """The sums of frequency times weight and of frequency squared, over the first `order` bytes of each."""
    counts[:] = 0
    up, shift = np.uint64(64 - 8 * order), np.uint64(down)
    dot, square = np.int64(0), np.int64(0)
    for position in range(np.uint64(len(grams))):
        bucket = (((grams[position] << up) >> up) * MULTIPLIER) >> shift
        count = counts[bucket]
        counts[bucket] = min(count + np.uint32(1), MOST)
        dot += np.int64(RISES[count]) * np.int64(weights[bucket])
        square += np.int64(SQUARE_RISES[count])
    return dot, square


@loop
def _num_bits(num_buckets: int) -> int:
    bits = 0
    while num_buckets >> bits > 1:
        bits += 1
    return bits


@loop
def sum_view(
    data: Array, starts: Array, table: Array, is_squeezed: Array, orders: Array, block: int, weights: Array,
    dots: Array, squares: Array,
) -> None:  # fmt: skip
    """Write the sums of one view of each text to `dots` and `squares`, from the column `block` on."""
    down, longest = 64 - _num_bits(weights.shape[1]), np.diff(starts).max() + 1
    view, grams, counts = (
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint64),
        np.empty(weights.shape[1], np.uint32),
    )
    for text in range(len(starts) - 1):
        length = _write_view(data[starts[text] : starts[text + 1]], table, is_squeezed, view)
        _write_grams(view, length, grams)
        for place in range(len(orders)):
            order, column = orders[place], block + place
            found = _sum_block(grams[: max(0, int(length) - order + 1)], order, down, weights[column], counts)
            dots[text, column], squares[text, column] = found


@loop
def sum_words(
    data: Array, starts: Array, case: Array, lowered: Array, orders: Array, block: int, weights: Array,
    dots: Array, squares: Array,
) -> None:  # fmt: skip
    """Write the sums of the words of each text to `dots` and `squares`, from the column `block` on."""
    down, longest = 64 - _num_bits(weights.shape[1]), np.diff(starts).max() + 1
    grams, counts = np.empty(longest, np.uint64), np.empty(weights.shape[1], np.uint32)
    for text in range(len(starts) - 1):
        num_words = _write_words(data[starts[text] : starts[text + 1]], case, lowered, grams)
        for place in range(len(orders)):
            column = block + place
            found = _sum_block(grams[:num_words], orders[place], down, weights[column], counts)
            dots[text, column], squares[text, column] = found
