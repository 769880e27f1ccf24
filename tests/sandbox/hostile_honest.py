"""Honest programs of many styles, with tests that they pass. A sandbox that fails one of them is too strict.

=== NAME          starts a program
---               ends it; what follows are the statements of `check(candidate)`
"""

import re
import textwrap
from typing import Final

from tests.sandbox.hostile_base import Honest
from tests.sandbox.hostile_honest_library import PROGRAMS as LIBRARY

PROGRAMS = r"""
=== plain
def f(n):
    return n * n + 1
---
assert candidate(3) == 10
=== recursion
def f(n):
    return 1 if n < 2 else n * f(n - 1)
---
assert candidate(20) == 2432902008176640000
=== deep_recursion
def f(n):
    return 0 if n == 0 else 1 + f(n - 1)
---
assert candidate(800) == 800
=== class_with_methods
class Account:
    def __init__(self):
        self.balance = 0
    def add(self, amount):
        self.balance += amount
        return self
def f(amounts):
    account = Account()
    for amount in amounts:
        account.add(amount)
    return account.balance
---
assert candidate([1, 2, -5]) == -2
assert candidate([]) == 0
=== dataclass_ordered
from dataclasses import asdict, dataclass
@dataclass(order=True, frozen=True)
class Point:
    x: int
    y: int = 0
def f(pairs):
    return [asdict(point) for point in sorted(Point(*pair) for pair in pairs)]
---
assert candidate([(2, 1), (1, 5)]) == [{"x": 1, "y": 5}, {"x": 2, "y": 1}]
=== generator_to_list
def count(n):
    while n:
        yield n
        n -= 1
def f(n):
    return list(count(n))
---
assert candidate(3) == [3, 2, 1]
=== raises_as_asked
def f(n):
    if n < 0:
        raise ValueError("negative")
    return int(n ** 0.5)
---
assert candidate(16) == 4
try:
    candidate(-1)
except ValueError:
    pass
else:
    assert False
=== raises_a_key_error
def f(key):
    return {"a": 1}[key]
---
assert candidate("a") == 1
caught = False
try:
    candidate("b")
except KeyError:
    caught = True
assert caught
=== floats_within
def f(items):
    return sum(items) / len(items)
---
assert abs(candidate([0.1, 0.2, 0.3]) - 0.2) < 1e-9
=== floats_exact
def f(x):
    return x / 3
---
assert candidate(1.0) == 1 / 3
assert candidate(float("inf")) == float("inf")
=== not_a_number_as_asked
def f():
    return float("nan")
---
result = candidate()
assert result != result
=== negative_zero
import math
def f(x):
    return -x
---
import math
assert math.copysign(1, candidate(0.0)) == -1
=== sets
def f(a, b):
    return set(a) & set(b)
---
assert candidate([1, 2, 3], [2, 3, 4]) == {2, 3}
assert candidate("ab", "cd") == set()
=== frozen_sets_as_keys
def f(words):
    groups = {}
    for word in words:
        groups.setdefault(frozenset(word), []).append(word)
    return groups
---
assert candidate(["ab", "ba", "c"]) == {frozenset("ab"): ["ab", "ba"], frozenset("c"): ["c"]}
=== nested_data
def f(n):
    return {"list": [1, (2, 3), {"deep": [None, True, 1.5]}], "bytes": b"\x00\xff", "n": n}
---
assert candidate(7)["list"][2]["deep"] == [None, True, 1.5]
assert candidate(7)["list"][1] == (2, 3)
assert candidate(7)["bytes"] == b"\x00\xff"
=== keys_of_many_types
def f():
    return {1: "int", (1, 2): "tuple", None: "none", "s": "text", 2.5: "float", b"b": "bytes"}
---
assert candidate()[(1, 2)] == "tuple" and candidate()[None] == "none" and len(candidate()) == 6
=== tuple_result
def f(text):
    return text.upper(), len(text)
---
upper, size = candidate("abc")
assert (upper, size) == ("ABC", 3)
=== none_result
def f(items):
    return items[0] if items else None
---
assert candidate([]) is None
assert candidate([5]) == 5
=== truth_result
def f(n):
    return n % 2 == 0
---
assert candidate(2) is True
assert candidate(3) is False
=== big_integers
def f(n):
    return 2 ** n
---
assert candidate(3000) == 1 << 3000
=== complex_numbers
def f(a, b):
    return complex(a, b) * 1j
---
assert candidate(1, 2) == (-2 + 1j)
=== unicode_text
def f(text):
    return text[::-1]
---
assert candidate("h\u00e9llo \u4e16\U0001f600") == "\U0001f600\u4e16 oll\u00e9h"
=== raw_bytes
def f(data):
    return bytes(reversed(data))
---
assert candidate(b"\x00\x01\xff") == b"\xff\x01\x00"
=== ranges_and_slices
def f(items):
    return items[::2] + items[1::2]
---
assert candidate(list(range(6))) == [0, 2, 4, 1, 3, 5]
=== defaults_and_keywords
def f(a, *rest, sep="-", **named):
    return sep.join([a, *rest, *sorted(named)])
---
assert candidate("a", "b", sep="+", z=1, y=2) == "a+b+y+z"
=== closures
def f(n):
    total = 0
    def add(k):
        nonlocal total
        total += k
        return total
    return [add(k) for k in range(n)]
---
assert candidate(4) == [0, 1, 3, 6]
=== state_between_calls
seen = []
def f(n):
    seen.append(n)
    return len(seen)
---
assert candidate(5) == 1
assert candidate(5) == 2
=== decorated
import functools
def twice(function):
    @functools.wraps(function)
    def inner(*arguments):
        return function(function(*arguments))
    return inner
@twice
def f(n):
    return n + 1
---
assert candidate(1) == 3
=== cached
from functools import lru_cache
@lru_cache(maxsize=None)
def f(n):
    return n if n < 2 else f(n - 1) + f(n - 2)
---
assert candidate(80) == 23416728348467685
=== reduced
from functools import reduce
from operator import mul
f = lambda items: reduce(mul, items, 1)
---
assert candidate([2, 3, 4]) == 24
"""

MAY_BE_DENIED: Final = frozenset({"changes_its_argument", "threads_that_end", "coroutine_run"})
"""Honest, but beyond pure functions: split judging must send arguments back, an event loop opens a pair of sockets."""


def _read(notation: str) -> tuple[Honest, ...]:
    found = []
    for block in re.split(r"^=== ", notation, flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition("\n")
        code, _, asserts = rest.partition("\n---\n")
        found.append(Honest(name, code + "\n", "def check(candidate):\n" + textwrap.indent(asserts, "    ")))
    return tuple(found)


HONEST: Final = _read(PROGRAMS + LIBRARY)
