"""Texts as sets of hashed shingles: runs of words, whatever stands between them.

A word is a run of ASCII letters, digits, underscores and of characters beyond ASCII; case counts, punctuation does not.
A comment that opens the text and speaks of copyright or licence is left out. With and without numba the values are the
same. Two different shingles get one 32-bit value once in four billion pairs. A run of more than 256 bytes is several
words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from textbook.curation.near_duplicates import kernels
from textbook.curation.near_duplicates.kernels import Array
from textbook.curation.near_duplicates.mixing import (
    COUNT_MIX,
    LONGEST,
    SHINGLE_MIX,
    TOKEN_BASE,
    TOKEN_MIX,
    WORD_MIX,
)
from textbook.lineage import content_hash

CHUNK_BYTES = 2**18
"""So much text is hashed at a time: what is held for it, about 10 bytes for each, stays in the processor's cache."""
PADDING = bytes(8)
"""Behind the last text, so that eight bytes can be read wherever a word begins."""

OPENING_COMMENT = re.compile(
    r"(?>\s*+(?:"
    r"\#(?!include|define|undef|if|pragma|import|!?\[)[^\n]*+"
    r"|//[^\n]*+|--[^\n]*+|/\*(?>[^*]++|\*(?!/))*+\*/|<!--(?>[^-]++|-(?!->))*+-->"
    r"))++"
)
LICENCE_WORD = re.compile(r"copyright|licen[cs]e|spdx", re.IGNORECASE)

IS_TOKEN = np.zeros(256, bool)
IS_TOKEN[[*range(48, 58), *range(65, 91), 95, *range(97, 123), *range(128, 256)]] = True
MASKS = np.array([2 ** (8 * size) - 1 for size in range(9)], np.uint64)
"""What of eight bytes belongs to a word of which so many are left."""


class ShingleSets(NamedTuple):
    """Sets of uint32, one after the other: that of row `i` is `values[offsets[i]:offsets[i + 1]]`, sorted."""

    values: Array
    offsets: Array


def without_licence(text: str) -> str:
    """`text` without the comment it opens with, if that mentions copyright or a licence."""
    match = OPENING_COMMENT.match(text)
    return text[match.end() :] if match and LICENCE_WORD.search(match.group()) else text


def shingle_sets(texts: Sequence[str], width: int) -> ShingleSets:
    """The shingles of `width` words of each text.

    A text of at most `width` words is one shingle, which knows their number; it has two values, for 64 bits. A text
    without words (or without any beside the licence) is like an equal text only; it has four values.
    """
    encoded = (without_licence(text).encode("utf-8", "surrogatepass") for text in texts)
    hashing = _hash_numpy if kernels.compiled() is None else _hash_compiled
    parts = [_sorted(hashing(chunk, width)) for chunk in _chunks(encoded)]
    values = np.concatenate([np.zeros(0, np.uint32), *(part.values for part in parts)])
    sizes = np.concatenate([np.zeros(0, np.int64), *(np.diff(part.offsets) for part in parts)])
    wordless = np.flatnonzero(sizes == 0)
    if len(wordless):
        digests = [np.frombuffer(bytes.fromhex(content_hash(texts[row])), "<u4") for row in wordless.tolist()]
        whole = np.sort(np.stack(digests))
        before = np.concatenate([[0], np.cumsum(sizes)])[wordless]
        values = np.insert(values, np.repeat(before, 4), whole.ravel())
        sizes[wordless] = 4
    return ShingleSets(values, _offsets(sizes))


def _offsets(sizes: Array) -> Array:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _chunks(encoded: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    held = 0
    for text in encoded:
        chunk.append(text)
        held += len(text)
        if held >= CHUNK_BYTES:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _joined(chunk: Sequence[bytes]) -> tuple[Array, Array]:
    """All texts in one buffer, each closed by a line end, with padding behind, and where each begins."""
    data = np.frombuffer(b"\n".join([*chunk, PADDING]), np.uint8)
    return data, _offsets(np.array([len(text) + 1 for text in chunk]))


def _hash_compiled(chunk: Sequence[bytes], width: int) -> ShingleSets:
    data, starts = _joined(chunk)
    values, offsets = np.empty(len(data) // 2 + 2 * len(chunk), np.uint32), np.empty(len(starts), np.int64)
    kernels.compiled().hash_shingles(data, starts, IS_TOKEN.view(np.uint8), MASKS, width, values, offsets)
    return ShingleSets(values[: offsets[-1]], offsets)


def _hash_numpy(chunk: Sequence[bytes], width: int) -> ShingleSets:
    data, starts = _joined(chunk)
    tokens, text = _hash_tokens(data, starts)
    num_tokens = np.bincount(text, minlength=len(chunk))
    num_windows = max(len(tokens) - width + 1, 0)
    shingles = np.zeros(num_windows, np.uint64)
    for place in range(width):
        shingles = shingles * TOKEN_BASE + tokens[place : place + num_windows]
    full = (text[:num_windows] == text[len(tokens) - num_windows :]) & (num_tokens[text[:num_windows]] > width)

    is_long = num_tokens > width
    sizes = np.where(is_long, num_tokens - width + 1, np.where(num_tokens > 0, 2, 0))
    of_long = np.repeat(is_long, sizes)
    values = np.empty(len(of_long), np.uint32)
    values[of_long] = _mixed(shingles[full]) >> np.uint64(32)
    short = np.flatnonzero((num_tokens > 0) & ~is_long)
    ends = np.cumsum(num_tokens)
    hashed = np.zeros(len(short), np.uint64)
    for place in range(width, 0, -1):
        there = num_tokens[short] >= place
        hashed[there] = hashed[there] * TOKEN_BASE + tokens[ends[short[there]] - place]
    hashed = _mixed(hashed + num_tokens[short].astype(np.uint64) * COUNT_MIX)
    values[~of_long] = np.stack([hashed >> np.uint64(32), hashed & np.uint64(0xFFFFFFFF)], axis=1).ravel()
    return ShingleSets(values, _offsets(sizes))


def _hash_tokens(data: Array, starts: Array) -> tuple[Array, Array]:
    """The hash of each word, and the text it stands in."""
    edges = np.flatnonzero(np.diff(IS_TOKEN[data], prepend=False))
    first, end = edges[::2], edges[1::2]
    text = np.searchsorted(starts[1:], first, side="right")
    pieces = -(-(end - first) // LONGEST)
    if (pieces > 1).any():
        word = np.repeat(np.arange(len(first)), pieces)
        first = first[word] + LONGEST * (np.arange(len(word)) - (np.cumsum(pieces) - pieces)[word])
        end, text = np.minimum(first + LONGEST, end[word]), text[word]
    return _hash_words(data, first, end), text


def _hash_words(data: Array, first: Array, end: Array) -> Array:
    """Like `loops._hash_word`: eight bytes of all words at once, then the next eight of those that have more."""
    eight = np.ndarray(len(data) - 7, "<u8", buffer=data, strides=(1,))
    tokens, left, unfinished = np.zeros(len(first), np.uint64), end - first, np.arange(len(first))
    place = 0
    while len(unfinished):
        these = eight[first[unfinished] + place] & MASKS[np.minimum(left[unfinished] - place, 8)]
        hashed = (tokens[unfinished] ^ these) * WORD_MIX
        tokens[unfinished] = hashed ^ (hashed >> np.uint64(32))
        place += 8
        unfinished = unfinished[left[unfinished] > place]
    tokens *= TOKEN_MIX
    return tokens ^ (tokens >> np.uint64(29))


def _mixed(shingles: Array) -> Array:
    mixed: Array = (shingles ^ (shingles >> np.uint64(33))) * SHINGLE_MIX
    return mixed


def _sorted(sets: ShingleSets) -> ShingleSets:
    """Sort each set and leave out what it holds twice."""
    values, offsets = sets
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        values[start:end].sort()
    if kernels.compiled() is not None:
        kernels.compiled().drop_repeated(values, offsets)
        return ShingleSets(values[: offsets[-1]], offsets)
    new = np.ones(len(values), bool)
    new[1:] = values[1:] != values[:-1]
    new[offsets[:-1][np.diff(offsets) > 0]] = True
    return ShingleSets(values[new], np.concatenate([np.zeros(1, np.int64), np.cumsum(new)])[offsets])
