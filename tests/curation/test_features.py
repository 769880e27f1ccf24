import math
import pickle
import time

import pytest

from textbook.curation.features import COLUMNS, FEATURES, HEAD_CHARS, CodeFeatures, code_features

SIEVE = '''"""Prime numbers by the sieve of Eratosthenes."""

import math


def primes(limit: int) -> list[int]:
    """Return the primes up to limit.

    >>> primes(10)
    [2, 3, 5, 7]
    """
    composite = [False] * (limit + 1)
    for number in range(2, math.isqrt(limit) + 1):
        # Multiples below the square were crossed out because of smaller primes.
        if not composite[number]:
            for multiple in range(number * number, limit + 1, number):
                composite[multiple] = True
    return [number for number in range(2, limit + 1) if not composite[number]]


if __name__ == "__main__":
    print(primes(100))
'''

GLUE = """from .base import Client, retry


class Service(Client):
    def fetch(self, key):
        return self.transport.get(self.path, key)

    @retry
    def push(self, key, value):
        return self.transport.put(self.path, key, value)
"""


def row(text, source=None):
    out = CodeFeatures()({"id": ["a"], "text": [text], "source": [source]})
    return {name: out[name][0] for name in COLUMNS}


def test_a_worked_example():
    features = code_features(SIEVE)
    exact = {
        "num_lines": 23,
        "max_line_length": 80,
        "parsed_share": 1,
        "num_functions": 1,
        "num_classes": 0,
        "complexity": 5,  # one, two loops, one if, one comprehension
        "parameters_per_function": 1,
        "annotated_share": 1,
        "documented_share": 1,
        "parameters_in_docstring": 1,
        "doctest_lines": 1,
        "free_names": 0,
        "foreign_names": 0,
        "num_imports": 1,
        "stdlib_share": 1,
        "glue_function_share": 0,
        "has_main": 1,
        "generated_mark": 0,
        "repeated_line_share": 0,
        "non_ascii_share": 0,
    }
    assert {name: features[name] for name in exact} == exact
    docstrings = "Prime numbers by the sieve of Eratosthenes.", SIEVE.split('"""')[3]
    assert features["docstring_chars"] == sum(map(len, docstrings))
    comment = "# Multiples below the square were crossed out because of smaller primes."
    assert features["comment_share"] == pytest.approx(len(comment) / len(SIEVE))


def test_textbook_code_and_glue_are_told_apart():
    sieve, glue = code_features(SIEVE), code_features(GLUE)
    for name in (
        "computation_density",
        "control_flow",
        "loops",
        "complexity",
        "docstring_share",
        "explanation_density",
    ):
        assert sieve[name] > glue[name], name
    for name in ("foreign_names", "foreign_bases", "free_attributes", "glue_function_share", "attribute_density"):
        assert sieve[name] < glue[name], name
    assert glue["relative_import_share"] == 1


@pytest.mark.parametrize(
    "text, free",
    [
        ("print(len(x))", 1 / 3),
        ("import x\nprint(len(x))", 0),
        ("def f(x):\n    return len(x) + y\n", 1 / 3),
        ("for x in y:\n    x.z", 1 / 2),
        ("class A(B):\n    pass\n", 1),
        ("try:\n    pass\nexcept E as e:\n    e", 1 / 2),
        ("[x for x in range(3)]", 0),
        ("lambda *a, b=1, **c: (a, b, c)", 0),
        ("match x:\n    case {'k': v, **rest}:\n        v, rest\n    case [*xs]:\n        xs\n", 1 / 4),
        ("with f() as (a, b):\n    a, b", 1 / 3),
        ("if (n := 1):\n    n", 0),
        ("from a import b as c\nimport d.e\nc, d, e", 1 / 3),
    ],
)
def test_free_names(text, free):
    assert code_features(text)["free_names"] == pytest.approx(free)


@pytest.mark.parametrize(
    "body, complexity",
    [
        ("return 1", 1),
        ("if a:\n        b\n    elif c:\n        d", 3),
        ("return a and b and c", 3),
        ("while a:\n        b", 2),
        ("try:\n        a\n    except B:\n        c\n    except D:\n        e", 3),
        ("return [a for a in b]", 2),
        ("match a:\n        case 1:\n            b\n        case 2:\n            c", 3),
        ("return a if b else c", 2),
    ],
)
def test_complexity(body, complexity):
    features = code_features(f"def f():\n    {body}\n\nif outside: pass\n")
    assert (features["complexity"], features["max_complexity"]) == (complexity, complexity)


def test_complexity_of_nested_functions_is_their_own():
    text = "def f():\n    if a: pass\n    def g():\n        if b: pass\n        if c: pass\n    if d: pass\n"
    features = code_features(text)
    assert (features["max_complexity"], features["complexity"]) == (3, 3)


def test_a_fragment_gives_the_features_of_the_part_that_parses():
    whole = code_features(SIEVE)
    head = code_features(SIEVE[: SIEVE.index("if __name__") + 20])
    assert 0.9 < head["parsed_share"] < 1
    for name in ("num_functions", "complexity", "parameters_in_docstring", "free_names", "annotated_share"):
        assert head[name] == whole[name], name
    indented = code_features("".join(f"    {line}" for line in SIEVE.splitlines(keepends=True)))
    assert indented["complexity"] == whole["complexity"]


def test_a_long_text_is_read_from_its_start():
    text = SIEVE + "x = 1\n" * 5_000 + "def late(): pass\n"
    features = code_features(text)
    assert features["num_functions"] == 1
    assert features["num_chars"] == len(text) > HEAD_CHARS
    assert features["num_lines"] == text.count("\n") + 1


def test_carriage_returns_make_no_difference():
    assert (
        code_features(SIEVE.replace("\n", "\r\n")) == code_features(SIEVE) == code_features(SIEVE.replace("\n", "\r"))
    )


@pytest.mark.parametrize(
    "source, sign",
    [
        ("pkg==1:pkg/tests/data.py", "is_test"),
        ("pkg/test_thing.py", "is_test"),
        ("C:\\pkg\\conftest.py", "is_test"),
        ("pkg/setup.py", "is_config"),
        ("app/migrations/0001_initial.py", "is_config"),
        ("app/settings.py", "is_config"),
        ("pkg/thing_pb2.py", "is_generated"),
        ("pkg/_generated/thing.py", "is_generated"),
        ("pkg/latest_greatest/contest.py", None),
        ("", None),
        (None, None),
    ],
)
def test_signs_in_the_path(source, sign):
    found = row(SIEVE, source)
    assert [name for name in ("is_test", "is_config", "is_generated") if found[name]] == ([sign] if sign else [])


@pytest.mark.parametrize(
    "text, sign",
    [
        ("def test_a():\n    assert f() == 1\n", "is_test"),
        ("DEBUG = True\nHOSTS = ['a']\n", "is_config"),
        ("# Code generated by a tool. DO NOT EDIT.\ndef f(): return x + 1\n", "is_generated"),
        ("# Autogenerated\ndef f(): return x + 1\n", "is_generated"),
        ("def f(numbers):\n    '''Numbers are generated in order.'''\n", None),
    ],
)
def test_signs_in_the_text(text, sign):
    found = row(text)
    assert [name for name in ("is_test", "is_config", "is_generated") if found[name]] == ([sign] if sign else [])


ODD = {
    "empty": "",
    "blank": " \n\t\n",
    "prose": "It isn't code; it's \"prose\".\n" * 30,
    "rust": 'fn main() { let x: &\'static str = "a"; println!("{}", x); } // done\n' * 40,
    "one long line": "a = 1; " * 150_000,
    "long word": "a" * 10**6,
    "nul": "a\0b\n" * 500,
    "lone surrogates": "x = '\ud800'\n" * 500,
    "cjk": "変数 = '漢字'\n" * 500,
    "spaces": " " * 10**6,
    "open strings": '"""\\"""\\\'\'\'' * 5_000,
    "backslashes": "\\" * 10_000,
    "brackets": "(" * 10_000,
    "unary": "-" * 10_000,
    "operators": "1+" * 5_000 + "1",
    "attributes": "a" + ".b" * 5_000,
    "functions": "def f(): pass\n" * 1_000,
    "nested functions": "".join(" " * depth + "def f():\n" for depth in range(99)) + " " * 99 + "pass",
    "mail": "a@b." * 5_000,
    "doctests": ">>> " * 5_000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_any_text_has_finite_features(text):
    start = time.process_time()
    features = code_features(text)
    assert time.process_time() - start < 1
    assert tuple(features) == FEATURES
    assert all(type(value) is float and math.isfinite(value) for value in features.values())
    shares = [value for name, value in features.items() if "share" in name]
    assert all(0 <= value <= 1 for value in shares)


def test_values_have_the_declared_types():
    step, batch = CodeFeatures.example()
    out = step(batch)
    types = {"float32": float, "int32": int, "bool": bool}
    for name, arrow_type in step.adds.items():
        assert all(type(value) is types[arrow_type] for value in out[name]), name
    assert out["is_test"] == [False, True, False]


def test_the_same_whether_remembered_or_not():
    first = code_features(SIEVE)
    expected = dict(first)
    first["num_functions"] = 99.0
    assert code_features(SIEVE) == expected


def test_the_step_survives_pickle():
    step, batch = CodeFeatures.example()
    assert pickle.loads(pickle.dumps(step))(batch) == step(batch)
