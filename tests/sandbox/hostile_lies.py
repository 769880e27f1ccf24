"""Answers that lie about what they are equal to."""

PROGRAMS = r"""
##### lying_answers | wrong unencodable error
=== equal_to_everything
class Yes:
    def __eq__(self, other):
        return True
def f(n):
    return Yes()
=== equal_and_unequal | not_equal
class Yes:
    def __eq__(self, other):
        return True
    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __hash__ = None
def f(n):
    return Yes() if n else 1
=== mock_of_the_library
from unittest.mock import ANY
def f(n):
    return ANY
=== magic_mock
from unittest.mock import MagicMock
def f(n):
    answer = MagicMock()
    answer.__eq__.return_value = True
    return answer
=== metaclass_is_equal
class Meta(type):
    def __eq__(cls, other):
        return True
    __hash__ = type.__hash__
class Answer(metaclass=Meta):
    pass
def f(n):
    return Answer
=== claims_another_class
class Yes:
    __class__ = int
    def __eq__(self, other):
        return True
def f(n):
    return Yes()
=== truth_by_count | truthy
class Now:
    calls = 0
    def __bool__(self):
        Now.calls += 1
        return Now.calls != 2
def f(n):
    return Now()
=== reflected_comparison
class Yes(int):
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__
def f(n):
    return Yes(0)
=== text_that_lies | reversed
class Text(str):
    def __eq__(self, other):
        return True
    __hash__ = str.__hash__
def f(text):
    return Text(text)
=== list_that_lies | words
class Items(list):
    def __eq__(self, other):
        return True
def f(text):
    return Items()
=== dict_that_lies | counts
class Counts(dict):
    def __eq__(self, other):
        return True
def f(text):
    return Counts()
=== float_that_lies | mean
class Near(float):
    def __sub__(self, other):
        return 0.0
    __rsub__ = __abs__ = __sub__
def f(items):
    return Near(7)
=== tuple_that_lies | tuple
class Pair(tuple):
    def __eq__(self, other):
        return True
    def __iter__(self):
        return iter((5, 5))
def f(items):
    return Pair()
=== difference_is_nothing | mean
class Nothing:
    def __sub__(self, other):
        return self
    def __abs__(self):
        return self
    def __lt__(self, other):
        return True
def f(items):
    return Nothing()
=== liar_inside_a_list | words
class Yes:
    def __eq__(self, other):
        return True
def f(text):
    return [Yes() for _ in text.split()]
=== liar_as_a_key | counts
class Key(str):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return hash(self.now)
def f(text):
    keys = []
    for letter in dict.fromkeys(text):
        keys.append(Key("?"))
        keys[-1].now = letter
    return {key: text.count(key.now) for key in keys}
=== length_that_lies | length
class Items(list):
    def __len__(self):
        return 3
    def __iter__(self):
        return iter((0, 1))
def f(n):
    return Items()
=== true_that_is_not_true | even
class Fake(int):
    def __repr__(self):
        return "True"
    __class__ = bool
def f(n):
    return Fake(n % 2 == 0)
=== answers_the_test_name
class Answer:
    def __init__(self, text):
        self.text = text
    def __eq__(self, other):
        return type(other) is int
    def __reduce__(self):
        return int, (0,)
def f(n):
    return Answer(n)
=== pickled_as_the_answer
class Answer:
    def __reduce__(self):
        return eval, ("__import__('os')._exit(0)",)
def f(n):
    return Answer()
=== nan_in_a_list | words
nan = float("nan")
def f(text):
    return [nan] * len(text.split())
=== not_a_number | mean
def f(items):
    return float("nan")
=== infinite | mean
def f(items):
    return float("inf")
=== decimal_not_a_number | not_equal
from decimal import Decimal
def f(n):
    return Decimal("sNaN")
=== complex_answer | not_equal
def f(n):
    return complex(n * n + 1, 1e-300)
=== enumerated
import enum
class Answer(enum.IntFlag):
    ANY = 10
    @classmethod
    def _missing_(cls, value):
        return cls.ANY
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__
def f(n):
    return Answer.ANY
=== proxied
import weakref
class Yes:
    def __eq__(self, other):
        return True
kept = Yes()
def f(n):
    return weakref.proxy(kept)
"""
