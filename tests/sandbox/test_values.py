"""What may cross between a program and its judge: every plain value, unchanged, and nothing else."""

import math
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.sandbox.inside.values import MAX_DEPTH, MAX_ITEMS, Unencodable, decode, encode

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
scalars |= st.complex_numbers(allow_nan=False) | st.fractions() | st.decimals(allow_nan=False)
hashable = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
values = st.recursive(
    hashable | st.sets(hashable, max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hashable, inner, max_size=4) | st.tuples(inner),
    max_leaves=20,
)


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple | deque):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    return a == b


@given(values)
def test_every_plain_value_crosses(value):
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [Counter("aab"), OrderedDict(b=1, a=2), deque([1, 2]), range(2, 9, 3), bytearray(b"x"), "\ud800", -0.0, int, [str]]
    + [Decimal("1.50"), Fraction(1, 3), defaultdict(None, {1: 2}), [1 << 20_000], math.inf, {1: {2}}],
)  # fmt: skip
def test_others_that_cross(value):
    got = decode(encode(value))
    assert same(got, value)


def test_nan_crosses():
    assert math.isnan(decode(encode(math.nan)))


class Int(int):
    pass


class Named(dict):
    pass


class Meta(type):
    __name__ = "int"


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


cycle = []
cycle.append(cycle)


@pytest.mark.parametrize(
    "value",
    [Int(1), Named(), object(), len, Meta("x", (), {}), nested(MAX_DEPTH + 1), cycle, [0] * MAX_ITEMS, "x" * 9_000_000]
    + [[Int(1)], {Int(1): 1}, iter([]), [1 << 40_000_000]],
)  # fmt: skip
def test_what_does_not_cross(value):
    with pytest.raises(Unencodable):
        encode(value)


@given(
    st.binary(max_size=60)
    | values.map(encode).flatmap(lambda b: st.integers(0, len(b)).map(lambda n: b[:n] + b[n + 1 :]))
)
def test_any_bytes_give_a_plain_value_or_a_value_error(data):
    try:
        value = decode(data)
    except ValueError:
        return
    assert same(decode(encode(value)), value) or value != value or "nan" in repr(value)


@pytest.mark.parametrize(
    "data", [b"l99999999:", b"l1:" * 5000 + b"N", b"e1:l0:", b"i3:1_0x", b"r3:1/0", b"k4:exec", b""]
)
def test_lies_about_structure(data):
    with pytest.raises(ValueError):
        decode(data)
