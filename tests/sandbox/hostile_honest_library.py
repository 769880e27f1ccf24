"""More honest programs, most of them of the standard library; see `hostile_honest` for the notation."""

PROGRAMS = r"""
=== math_module
import math
def f(n):
    return [math.gcd(n, 12), math.isqrt(n), math.comb(n, 2), round(math.sin(n), 6)]
---
assert candidate(18) == [6, 4, 153, -0.750987]
=== regular_expressions
import re
def f(text):
    return re.findall(r"\b[a-z]+\b", text), re.sub(r"\d+", "#", text)
---
assert candidate("ab 12 cd") == (["ab", "cd"], "ab # cd")
=== collections_module
from collections import Counter, OrderedDict, defaultdict, deque
def f(text):
    groups = defaultdict(list)
    for letter in text:
        groups[letter].append(1)
    queue = deque(text, maxlen=2)
    return Counter(text).most_common(1), dict(groups), list(queue), list(OrderedDict.fromkeys(text))
---
assert candidate("aab") == ([("a", 2)], {"a": [1, 1], "b": [1]}, ["a", "b"], ["a", "b"])
=== itertools_module
import itertools
def f(items):
    pairs = list(itertools.combinations(items, 2))
    return pairs, list(itertools.accumulate(items)), [k for k, _ in itertools.groupby(items)]
---
assert candidate([1, 1, 2]) == ([(1, 1), (1, 2), (1, 2)], [1, 2, 4], [1, 2])
=== heap
import heapq
def f(items, k):
    heap = list(items)
    heapq.heapify(heap)
    return [heapq.heappop(heap) for _ in range(k)]
---
assert candidate([5, 1, 4, 2], 3) == [1, 2, 4]
=== bisection
import bisect
def f(items, x):
    return bisect.bisect_left(sorted(items), x)
---
assert candidate([4, 2, 8], 5) == 2
=== string_module
import string
def f(text, key):
    letters = string.ascii_lowercase
    return text.translate(str.maketrans(letters, letters[key:] + letters[:key]))
---
assert candidate("xyz", 3) == "abc"
=== dates
import datetime
def f(text):
    day = datetime.date.fromisoformat(text) + datetime.timedelta(days=1)
    return day.isoformat(), day.strftime("%A")
---
assert candidate("2024-02-28") == ("2024-02-29", "Thursday")
=== decimals
from decimal import ROUND_HALF_UP, Decimal
def f(text):
    return str(Decimal(text).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
---
assert candidate("2.675") == "2.68"
=== fractions_module
from fractions import Fraction
def f(a, b):
    total = Fraction(a) + Fraction(b)
    return total.numerator, total.denominator
---
assert candidate("1/3", "1/6") == (1, 2)
=== seeded_random
import random
def f(n):
    generator = random.Random(n)
    return sorted(generator.sample(range(100), 5)) == sorted(random.Random(n).sample(range(100), 5))
---
assert candidate(7) is True
=== typed
from typing import Dict, List, Optional, Tuple, TypeVar
T = TypeVar("T")
def f(items: List[int], start: Optional[int] = None) -> Tuple[int, Dict[str, int]]:
    total: int = sum(items, start or 0)
    return total, {"n": len(items)}
---
assert candidate([1, 2], 3) == (6, {"n": 2})
=== annotations_from_the_future
from __future__ import annotations
def f(items: list[Unknown]) -> Unknown:
    return items[-1]
---
assert candidate([1, 9]) == 9
=== matching
def f(value):
    match value:
        case {"kind": "circle", "r": r}:
            return 3 * r * r
        case [x, *_]:
            return x
        case _:
            return -1
---
assert candidate({"kind": "circle", "r": 2}) == 12
assert candidate([4, 5]) == 4
assert candidate(None) == -1
=== enumeration
import enum
class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"
def f(text):
    return [Colour(letter).name for letter in text]
---
assert candidate("br") == ["BLUE", "RED"]
=== context_manager
import contextlib
log = []
@contextlib.contextmanager
def logged(name):
    log.append("+" + name)
    yield
    log.append("-" + name)
def f(name):
    with logged(name):
        pass
    return log[-2:]
---
assert candidate("a") == ["+a", "-a"]
=== json_and_hashes
import hashlib
import json
def f(data):
    return hashlib.md5(json.dumps(data, sort_keys=True).encode()).hexdigest()
---
assert candidate({"b": 1, "a": 2}) == candidate({"a": 2, "b": 1})
assert len(candidate([])) == 32
=== prints_while_it_works
import sys
def f(n):
    print("working on", n)
    print("warning", file=sys.stderr)
    return n + 1
---
assert candidate(1) == 2
=== text_files_of_memory
import csv
import io
def f(text):
    return [row for row in csv.reader(io.StringIO(text))]
---
assert candidate("a,b\n1,\"2,3\"\n") == [["a", "b"], ["1", "2,3"]]
=== own_iterator
class Countdown:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n
def f(n):
    return sum(Countdown(n))
---
assert candidate(5) == 10
=== helper_used_by_the_test
def encode(text):
    return text[::-1]
def f(text):
    return encode(text)
---
assert candidate(encode("abc")) == "abc"
=== compared_with_itself
def f(n):
    return n * 2
---
assert candidate(3) == f(3)
=== changes_its_argument
def f(items):
    items.sort()
---
data = [3, 1, 2]
assert candidate(data) is None
assert data == [1, 2, 3]
=== many_calls
def f(n):
    return n ^ 1
---
for n in range(2000):
    assert candidate(n) == n ^ 1
=== random_tests
def f(items):
    return sorted(items)
---
import random
for _ in range(50):
    items = [random.randrange(100) for _ in range(20)]
    result = candidate(list(items))
    assert all(a <= b for a, b in zip(result, result[1:])) and sorted(result) == sorted(items)
=== large_but_fair
def f(n):
    return list(range(n))
---
assert candidate(20000)[-1] == 19999
=== time_and_sleep
import time
def f(n):
    started = time.perf_counter()
    time.sleep(0.01)
    return time.perf_counter() - started >= 0.009
---
assert candidate(0)
=== threads_that_end
import threading
def f(n):
    results = []
    threads = [threading.Thread(target=results.append, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)
---
assert candidate(3) == [0, 1, 2]
=== coroutine_run
import asyncio
async def double(n):
    await asyncio.sleep(0)
    return n * 2
def f(n):
    return asyncio.run(double(n))
---
assert candidate(4) == 8
"""
