"""Hash the byte n-grams of a text into buckets: bags of substrings, in numpy, without a tokenizer.

Bytes know no language: the same buckets serve code, comments and prose. Everything here is integer arithmetic, so that
a text has the same counts on every machine.

Does not weigh or score the buckets, and does not cut long texts: see `textbook.curation.educational_value`.
"""

import string
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Buckets = npt.NDArray[np.uint16]
Counts = tuple[Buckets, npt.NDArray[np.int64]]
"""The distinct buckets of a text in rising order, and how often each occurs."""

_Bytes = npt.NDArray[np.uint8]

_DIGITS = bytes.maketrans(string.digits.encode() + b"\t", b"0" * 10 + b" ")
_SHAPES = bytes.maketrans(
    string.digits.encode() + string.ascii_lowercase.encode() + string.ascii_uppercase.encode() + b"\t",
    b"0" * 10 + b"a" * 26 + b"A" * 26 + b" ",
)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 divided by the golden ratio, as an odd number


@dataclass(frozen=True)
class ByteNgramHash:
    """Counts of hashed byte n-grams, a block of buckets for each order, of two views of a text.

    The first view is the text with every digit as `0` and a run of blanks as one blank. The second is its shape:
    letters become `a` or `A`, runs of these and of digits become one, and blanks stay, so that it shows how deep the
    code is nested and how it is put together, whatever the names. Tabs are blanks, carriage returns are left out.

    The hash is one multiplication and a shift (Dietzfelbinger et al. 1997, "A Reliable Randomized Algorithm for the
    Closest-Pair Problem", section 2).
    """

    orders: tuple[int, ...] = (1, 3, 5)
    """The lengths of the n-grams of the text, in bytes, each from 1 to 8."""

    shape_orders: tuple[int, ...] = (3, 5)
    """The lengths of the n-grams of its shape, in bytes, each from 1 to 8."""

    bits: int = 14
    """Each block has `2 ** bits` buckets; at most 16."""

    @property
    def num_blocks(self) -> int:
        """One for each order, then one for each order of the shape."""
        return len(self.orders) + len(self.shape_orders)

    def counts(self, text: str) -> list[Counts]:
        """The buckets of each block; none in a block whose order is longer than the text."""
        data = text.encode("utf-8", "surrogatepass")
        plain, shape = _words(_plain(data)), _words(_shape(data))
        blocks = [self._buckets(plain, order) for order in self.orders]
        blocks += [self._buckets(shape, order) for order in self.shape_orders]
        return [_count(block) for block in blocks]

    def _buckets(self, words: npt.NDArray[np.uint64], order: int) -> Buckets:
        """The bucket of the n-gram at each position, given the 8 bytes from there on."""
        grams = words[: max(0, len(words) - order + 1)] & np.uint64((1 << 8 * order) - 1)
        return (grams * _MULTIPLIER >> np.uint64(64 - self.bits)).astype(np.uint16)


def _plain(data: bytes) -> _Bytes:
    view = np.frombuffer(data.translate(_DIGITS, b"\r"), np.uint8)
    return _squeeze(view, view == ord(" "))


def _shape(data: bytes) -> _Bytes:
    view = np.frombuffer(data.translate(_SHAPES, b"\r"), np.uint8)
    return _squeeze(view, (view == ord("a")) | (view == ord("A")) | (view == ord("0")))


def _squeeze(view: _Bytes, squeezed: npt.NDArray[np.bool_]) -> _Bytes:
    """`view` without the bytes that are like the one before and `squeezed`."""
    keep = np.ones(len(view), np.bool_)
    keep[1:] = (view[1:] != view[:-1]) | ~squeezed[1:]
    return view[keep]


def _words(view: _Bytes) -> npt.NDArray[np.uint64]:
    """The 8 bytes from each position on as one little-endian number; zeros stand after the end."""
    padded = np.concatenate((view, np.zeros(7, np.uint8))).astype(np.uint64)
    pairs = padded[:-1] | padded[1:] << np.uint64(8)
    quads = pairs[:-2] | pairs[2:] << np.uint64(16)
    words: npt.NDArray[np.uint64] = quads[:-4] | quads[4:] << np.uint64(32)
    return words


def _count(buckets: Buckets) -> Counts:
    ordered = np.sort(buckets, kind="stable")  # a radix sort for 16 bits, five times as fast as the default
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    edges = np.append(np.flatnonzero(first), len(ordered))
    return ordered[edges[:-1]], edges[1:] - edges[:-1]
