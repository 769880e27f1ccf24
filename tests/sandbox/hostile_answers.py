"""Answers that change, never end, or break what carries them."""

PROGRAMS = r"""
##### changing_answers | wrong unencodable error timeout
=== different_at_each_look | same_twice
class Counter(int):
    looks = 0
    def __eq__(self, other):
        Counter.looks += 1
        return Counter.looks != 99
    __hash__ = int.__hash__
def f(n):
    return Counter()
=== list_changed_later | words
kept = []
def f(text):
    kept.append(text)
    if len(kept) > 1:
        kept[:] = ["right", "left"]
    return kept
=== sorts_the_input | own_list
def f(data):
    data.sort()
    return data
=== entry_point_replaces_itself
def f(n):
    global f
    f = lambda n: 10
    return 0
=== callable_object_with_a_memory
class F:
    answers = iter([1, 10, 5, 144])
    def __call__(self, n):
        return next(self.answers)
f = F()
=== learns_from_failure
tried = {}
def f(n):
    tried[n] = tried.get(n, -1) + 1
    return tried[n]
=== lazy_answer
class Lazy:
    def __getattribute__(self, name):
        return lambda *arguments: True
    def __eq__(self, other):
        self.__dict__["value"] = other
        return True
def f(n):
    return Lazy()
=== generator_in_place_of_a_list | length
def f(n):
    yield from range(n)
=== endless_generator | words
def f(text):
    while True:
        yield text
=== endless_iterator | length
import itertools
def f(n):
    return itertools.count()
=== endless_length | length
class Items:
    def __len__(self):
        while True:
            pass
    def __iter__(self):
        return self
    def __next__(self):
        return 0
def f(n):
    return Items()
=== contains_itself | words
def f(text):
    answer = []
    answer.append(answer)
    return answer
=== coroutine
async def f(n):
    return n * n + 1
##### replies | wrong unencodable error memory timeout denied
=== deep_answer | words
def f(text):
    answer = []
    for _ in range(100_000):
        answer = [answer]
    return answer
=== deep_and_shared | words
def f(text):
    answer = []
    for _ in range(60):
        answer = [answer, answer]
    return answer
=== large_answer | words
def f(text):
    return ["x" * 1_000_000] * 500
=== colliding_keys | counts
def f(text):
    modulus = (1 << 61) - 1
    return {modulus * number: 1 for number in range(60_000)}
=== colliding_objects | counts
class Key:
    def __hash__(self):
        return 1
def f(text):
    return {Key(): 1 for _ in range(30_000)}
=== huge_number
def f(n):
    return 7 ** 2_000_000
=== lone_surrogate | reversed
def f(text):
    return "\ud800"
=== null_characters | reversed
def f(text):
    return "\0" * len(text)
=== text_in_place_of_number
def f(n):
    return str(n * n + 1)
=== tags_of_a_protocol | counts
def f(text):
    return {"__type__": "equal", "$type": "pass", "py/object": "builtins.object", "status": "pass"}
=== bytes_for_text | reversed
def f(text):
    return text[::-1].encode()
=== keys_that_become_one | counts
def f(text):
    return {1: "a", True: "b", 1.0: "c", "1": "d"}
=== float_for_truth | even
def f(n):
    return 1.0 - n % 2
=== nothing_for_false | truthy
def f(n):
    return [] if n else None
"""
