import hashlib
import pickle
import re
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from textbook.curation.byte_ngrams import FREQUENCIES, ByteNgramHash, hashing
from textbook.curation.byte_ngrams.views import roles

TEXT = 'def area(width, height):\n    """The area of a box."""\n    return width * height\n'
ODD = [
    "",
    "a",
    "\0\0\0\0",
    "\ud800",
    "\udc00\ud800",
    "漢字🙂" * 50,
    "ÀbcÉfg x²³ ٣٤",
    "\r\r\r",
    "   ",
    "\t" * 9,
    "x" * 2**20,
    "1" * 100_000,
    "aB" * 9_999,
]
EVERY = ByteNgramHash(role_orders=(2, 4, 6), word_orders=(8, 5))
SETTINGS = [
    ByteNgramHash(),
    EVERY,
    ByteNgramHash((1, 2, 4, 8), (7,), 16),
    ByteNgramHash((6,), (), 1),
    ByteNgramHash((), (), 3, word_orders=(1,)),
]


def grams(text, **fields):
    """The number of times each bucket occurs, block by block."""
    return [dict(zip(b.tolist(), c.tolist(), strict=True)) for b, c in ByteNgramHash(**fields).counts(text)]


def plain(text):
    return grams(text, shape_orders=())


def shape(text):
    return grams(text, orders=())


def words(text, length=8):
    (found,) = grams(text, orders=(), shape_orders=(), word_orders=(length,))
    return found


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mergeSort", "merge_sort"),
        ("MERGE SORT", "merge(sort)"),
        ("merge x sort", "merge.sort"),  # one letter is no word
        ("recursively", "recursive"),  # the first eight letters
        ("merge é sort", "merge1sort"),
    ],
)
def test_words_that_are_not_told_apart(one, other):
    assert words(one) == words(other)


def test_words_are_counted_whatever_their_order():
    assert words("heap sort, bucket sort") == words("bucketSort heap sort")
    assert sorted(words("heap sort, bucket sort").values()) == [1, 1, 2]
    assert words("HTTPServer") != words("HTTP server")  # a capital begins a word after a small letter only
    assert words("shift", 5) == words("shifting", 5) != words("shifting", 6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = len(y)", "\nv=b(v)"),
        ("def f(a):\n    g(a, cls)\n", "\n<def>D(v):\n v(v,s)\n"),
        ("class A(B):\n    pass", "\n<class>D(v):\n <pass>"),
        ("import os, numpy as np\nos.path, np.x, numpy", "\n<import>I,v<as>X\nI.a,X.a,v"),
        ("from re import (\n    sub,\n    I as i)\nsub, i", "\n<from>v<import>(\n I,\n v<as>I)\nI,I"),
        ("from .re import *\nfrom a.b import c; d", "\n<from>.a<import>*\n<from>v.a<import>X;v"),
        ("from . import list\nlist, dict", "\n<from>.<import>R\nR,b"),
        ("self.x[0] += 1.5e3  # why", "\ns.a[0]+=0\1"),
        ("print('a', '''b''')", "\nb(\3,\2)"),
        ("if a:\n\tb\n        c", "\n<if>v:\n v\n  v"),
        ("    return é + ∑", "\n <return>v+U"),
        ("a.import_ .class", "\nv.a.a"),
    ],
)
def test_roles(text, expected):
    expected = re.sub("<(.+?)>", lambda keyword: roles(keyword[1]).decode("latin-1")[1:], expected)
    assert roles(text).decode("latin-1") == expected


def test_roles_do_not_tell_the_names_themselves():
    def view(text):
        return grams(text, orders=(), shape_orders=(), role_orders=(2, 4, 6))

    own = "def area(w, h):\n    return w * h\n\nprint(area(2, 3))\n"
    assert view(own) == view(own.replace("area", "product").replace("w", "width"))
    assert view(own) != view(own.replace("print(area", "print(volume"))


@pytest.mark.parametrize(
    "text",
    [
        "import " * 5_000,
        "from a import " + "b as c, " * 5_000,
        "from a import (" * 3_000,
        "from a import " + "b" * 50_000,
        "from a import " + "b." * 25_000,
        "import " + "b as " * 9_999,
        "def " * 9_999,
        "a" * 50_000,
        "a.b" * 20_000,
        '"""' * 9_999,
        "\n" * 50_000 + " " * 50_000,
        "9_" * 30_000,
        "x as " * 9_999,
    ],
    ids=lambda text: text[:9],
)
def test_roles_take_linear_time(text):
    start = time.process_time()
    roles(text)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:8]))
def test_odd_texts(text):
    for hasher in SETTINGS:
        counts = hasher.counts(text)
        assert len(counts) == hasher.num_blocks
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


@pytest.mark.parametrize("num_texts", [0, 1, 40])
def test_bags_are_the_counts_in_one_line(num_texts):
    texts = ([TEXT, "", *ODD[:8]] * 5)[:num_texts]
    buckets, counts, ends = EVERY.bags(texts)
    assert len(ends) == num_texts * EVERY.num_blocks + 1
    assert ends[-1] == len(buckets) == len(counts)
    expected = [block for text in texts for block in EVERY.counts(text)]
    for number, ((first, last), (found, repeats)) in enumerate(zip(pairwise(ends), expected, strict=True)):
        assert (buckets[first:last] - (number % EVERY.num_blocks << EVERY.bits) == found).all()
        assert (counts[first:last] == repeats).all()


def weights_for(hasher):
    return np.random.default_rng(0).integers(-(2**15), 2**15, hasher.num_blocks << hasher.bits).astype(np.int16)


@pytest.fixture(params=["numba", "numpy"])
def kernel(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(hashing, "compiled", lambda: None)
    elif hashing.compiled() is None:
        pytest.skip("numba is not installed")


@pytest.mark.parametrize("hasher", SETTINGS, ids=range(len(SETTINGS)))
def test_products_are_exact_whatever_the_batch(kernel, hasher):
    texts, weights = [TEXT, *ODD, TEXT * 70], weights_for(hasher)
    dots, squares = hasher.products(texts, weights)
    tables = weights.reshape(hasher.num_blocks, -1).astype(int)
    for row, text in enumerate(texts):
        for block, (buckets, counts) in enumerate(hasher.counts(text)):
            frequencies = FREQUENCIES[np.minimum(counts, 4_095)]
            assert dots[row, block] == frequencies @ tables[block][buckets]
            assert squares[row, block] == frequencies @ frequencies
    for size in (1, 5):
        parts = [hasher.products(texts[at : at + size], weights) for at in range(0, len(texts), size)]
        assert (np.concatenate([part[0] for part in parts]) == dots).all()
        assert (np.concatenate([part[1] for part in parts]) == squares).all()


def test_products_count_each_gram_once(kernel):
    hasher = ByteNgramHash((2,), (), 16)
    counts = Counter(pairwise("abracadabra"))
    frequencies = [FREQUENCIES[count] for count in counts.values()]
    dots, squares = hasher.products(["abracadabra"], np.ones(2**16, np.int16))
    assert dots[0, 0] == sum(frequencies)
    assert squares[0, 0] == sum(frequency**2 for frequency in frequencies)


def test_products_of_no_texts(kernel):
    dots, squares = EVERY.products([], weights_for(EVERY))
    assert dots.shape == squares.shape == (0, EVERY.num_blocks)


@pytest.mark.parametrize("weights", [np.ones(5, np.int16), np.ones(5 << 14), np.ones((5, 1 << 14), np.int16)])
def test_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match=r"the weights are .* expected int16 of shape \(81920,\)"):
        ByteNgramHash().products([TEXT], weights)


def test_a_hasher_that_was_used_can_be_pickled():
    hasher = ByteNgramHash(role_orders=(2,))
    hasher.counts(TEXT)
    assert pickle.loads(pickle.dumps(hasher)) == hasher
