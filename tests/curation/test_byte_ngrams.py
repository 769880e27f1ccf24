import hashlib

import numpy as np
import pytest

from textbook.curation.byte_ngrams import ByteNgramHash

TEXT = 'def area(width, height):\n    """The area of a box."""\n    return width * height\n'
ODD = [
    "",
    "a",
    "\0\0\0\0",
    "\ud800",
    "\udc00\ud800",
    "漢字🙂" * 50,
    "\r\r\r",
    "   ",
    "\t" * 9,
    "x" * 2**20,
    "1" * 100_000,
]


def grams(text, **fields):
    """The number of times each bucket occurs, block by block."""
    return [dict(zip(b.tolist(), c.tolist(), strict=True)) for b, c in ByteNgramHash(**fields).counts(text)]


def plain(text):
    return grams(text, shape_orders=())


def shape(text):
    return grams(text, orders=())


@pytest.mark.parametrize("order", range(1, 9))
def test_every_position_gives_one_gram(order):
    (found,) = grams("abcdefghijkl", orders=(order,), shape_orders=())
    assert sum(found.values()) == 12 - order + 1


def test_equal_grams_share_a_bucket_and_are_counted():
    (found,) = grams("abcabcabc", orders=(3,), shape_orders=())
    assert sorted(found.values()) == [2, 2, 3]  # bca, cab, abc


def test_every_byte_has_its_own_bucket():
    (found,) = grams("".join(map(chr, range(128))), orders=(1,), shape_orders=())
    others = 128 - 10 - 2  # digits are one, the tab is a blank, the carriage return is nothing
    assert len(found) == others + 1


def test_hashing_spreads_the_grams():
    words = " ".join(f"{first}{second}" for first in "abcdefghijklmnop" for second in "qrstuvwxyzABCDEF")
    for order in (3, 5):
        (found,) = grams(words, orders=(order,), shape_orders=(), bits=16)
        distinct = len({words[at : at + order] for at in range(len(words) - order + 1)})
        assert len(found) > 0.97 * distinct


def test_order_matters():
    assert plain("ab" * 9) != plain("aabb" * 5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("if x:\n        y\n", "if x:\n  y\n"),
        ("if x:\n\ty\n", "if x:\n    y\n"),
        ("a = 1\r\nb = 2\r\n", "a = 1\nb = 2\n"),
        ("limit = 1999", "limit = 0123"),
    ],
)
def test_what_the_plain_view_does_not_tell_apart(one, other):
    assert plain(one) == plain(other)


def test_the_shape_tells_nesting_but_not_names():
    assert shape("    total = first + 12") == shape("    s = a + 3")
    assert shape("    total = first + 12") != shape("        total = first + 12")
    assert shape("Total = 1") != shape("total = 1")


def test_a_block_is_empty_when_the_text_is_shorter_than_its_order():
    assert [len(block) for block in grams("ab")] == [2, 0, 0, 0, 0]


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:8]))
def test_odd_texts(text):
    hasher = ByteNgramHash()
    counts = hasher.counts(text)
    assert len(counts) == hasher.num_blocks == 5
    for buckets, repeats in counts:
        assert len(buckets) == len(repeats)
        assert (np.diff(buckets.astype(int)) > 0).all()
        assert (repeats > 0).all()
        assert (buckets < 2**hasher.bits).all()


def test_the_hash_stays_as_it_was():
    digest = hashlib.sha256()
    for buckets, repeats in ByteNgramHash().counts(TEXT):
        digest.update(buckets.astype("<u2").tobytes() + repeats.astype("<i8").tobytes())
    assert digest.hexdigest()[:16] == "8b61ca824b38e444"
