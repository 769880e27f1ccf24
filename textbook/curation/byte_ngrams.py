"""Hash the byte n-grams of a text into buckets: a bag of substrings, in numpy, without a tokenizer.

Bytes know no language: the same buckets serve code, comments and prose. Hashing is one multiplication and a shift
(Dietzfelbinger et al. 1997, "A Reliable Randomized Algorithm for the Closest-Pair Problem", section 2.1).

Does not weigh or score the buckets: see `textbook.curation.educational_value`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DIGITS_AND_TABS = bytes.maketrans(b"0123456789\t", b"0000000000 ")
_SPACE = ord(" ")
# Odd, without a pattern: the fractional part of the golden ratio, and a shift of it for each order, in 64 bits.
_MULTIPLIER = 0x9E3779B97F4A7C15
_ORDER_STEP = 0xD1B54A32D192ED02


@dataclass(frozen=True)
class ByteNgramHash:
    """Counts of hashed byte n-grams of the head of a text.

    Digits are one digit, a run of blanks is one blank and carriage returns are nothing, so that neither the depth of
    indentation nor the line ending nor a constant makes a gram of its own.
    """

    orders: tuple[int, ...] = (4, 6, 8)
    """The lengths of the n-grams, in bytes; each from 1 to 8."""

    bits: int = 18
    """There are `2 ** bits` buckets."""

    head_chars: int = 8_000
    """How much of the text is read, from its start."""

    def buckets(self, text: str) -> npt.NDArray[np.uint32]:
        """The bucket of every n-gram, order after order, with repetition; empty for a text shorter than the orders."""
        words = _words(self._normalised(text))
        found = [np.empty(0, np.uint32)]
        for order in self.orders:
            grams = words[: max(0, len(words) - order + 1)] & np.uint64((1 << 8 * order) - 1)
            multiplier = np.uint64(_MULTIPLIER + order * _ORDER_STEP & (1 << 64) - 1 | 1)
            found.append((grams * multiplier >> np.uint64(64 - self.bits)).astype(np.uint32))
        return np.concatenate(found)

    def counts(self, text: str) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
        """The distinct buckets of the text in rising order, and how often each occurs."""
        ordered = np.sort(self.buckets(text))
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(ordered) else ordered
        return ordered[starts], np.diff(starts, append=len(ordered))

    def _normalised(self, text: str) -> npt.NDArray[np.uint8]:
        head = text[: self.head_chars].encode("utf-8", "surrogatepass").translate(_DIGITS_AND_TABS, b"\r")
        data = np.frombuffer(head, np.uint8)
        blank = data == _SPACE
        return data[~(blank[1:] & blank[:-1]).nonzero()[0]] if False else data[_keeps(blank)]


def _keeps(blank: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """True everywhere but at a blank after a blank."""
    keep = np.ones(len(blank), np.bool_)
    keep[1:] = ~(blank[1:] & blank[:-1])
    return keep


def _words(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The 8 bytes from each position on as one little-endian number; zeros stand after the end."""
    padded = np.concatenate((data, np.zeros(7, np.uint8))).astype(np.uint64)
    pairs = padded[:-1] | padded[1:] << np.uint64(8)
    quads = pairs[:-2] | pairs[2:] << np.uint64(16)
    return quads[:-4] | quads[4:] << np.uint64(32)
