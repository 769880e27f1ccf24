"""Source that breaks parsers, can't be text, or has no `f` to test. Don't compile these in a process that matters."""

from collections.abc import Iterator

from tests.sandbox.hostile_base import TESTS, Hostile

GOOD = "def f(n):\n    return n * n + 1\n"
BAD = "def f(n):\n    return None\n"

SOURCES = {
    "empty": "",
    "only_a_comment": "# def f(n): return n * n + 1",
    "no_python": "Here is the function you asked for:\n```python\n" + GOOD + "```\n",
    "half_a_function": "def f(n):\n    return n * n +",
    "null_character": BAD + "\0" + GOOD,
    "null_in_a_string": "x = '\0'\n" + BAD,
    "lone_surrogate": "x = '\ud800'\n" + BAD,
    "lone_surrogate_in_a_comment": "# \udfff\n" + BAD,
    "surrogate_as_a_name": "\ud835 = 1\n" + BAD,
    "cookie_of_no_encoding": "# -*- coding: no-such -*-\n" + BAD,
    "cookie_that_hides_code": "# -*- coding: utf-7 -*-\n# +AAo-def f(n):\n" + BAD,
    "raw_unicode_escape": "# coding: unicode_escape\n# \\u000a\n" + BAD,
    "parentheses": "x = " + "(" * 90_000 + ")" * 90_000,
    "open_brackets": "[{(" * 30_000,
    "minus_signs": "x = " + "-" * 100_000 + "1",
    "lambdas": "x = " + "lambda: " * 20_000 + "1",
    "nots": "x = " + "not " * 50_000 + "1",
    "additions": "x = " + "+".join(["1"] * 80_000),
    "attributes": "x = f" + ".a" * 50_000,
    "calls": "x = f" + "()" * 50_000,
    "dotted_import": "import " + ".".join(["a"] * 40_000),
    "nested_functions": "".join("\t" * i + "def f(n):\n" for i in range(95)) + "\t" * 95 + "pass\n",
    "too_deep_blocks": "".join("\t" * i + "for f in f:\n" for i in range(30)) + "\t" * 30 + "pass\n",
    "else_ifs": "if 0: pass\n" + "elif 0: pass\n" * 5_000,
    "number": "x = " + "9" * 500_000 + "\n" + BAD,
    "folded_power": "x = 9 ** 9 ** 9 ** 9\n" + BAD,
    "folded_repeat": "x = ((('a' * 4000,) * 200,) * 200,) * 200\n" + BAD,
    "f_strings": "x = f'" + "{1}" * 20_000 + "'\n" + BAD,
    "nested_formats": "x = f'{1:{1:{1:{1:{1}}}}}'\n" + BAD,
    "very_long_line": "x = [" + "1," * 400_000 + "]\n" + BAD,
    "many_statements": "x = 1\n" * 200_000 + BAD,
    "many_arguments": "def f(" + ",".join(f"a{i}" for i in range(20_000)) + "): pass",
    "many_decorators": "@f\n" * 5_000 + "def f(n): pass",
    "nested_comprehensions": "x = " + "[" * 80 + "0" + " for x in [1]]" * 80,
    "backslash_at_the_end": BAD + "\\",
    "carriage_returns": "def f(n):\r    return None\r#\r\n\r",
    "form_feeds": "\f\f\f" + BAD + "\f",
    "direction_of_text": "def f(n):\n    return 0 # \u202e 1 + n * n \u2066\n",
    "look_alike_name": "def ｆ(n):\n    return None\nｆｆ = 1\n",
    "not_a_function": "f = 10\n",
    "a_class": "class f:\n    def __init__(self, n):\n        pass\n",
    "no_argument": "def f():\n    return 10\n",
    "keyword_only": "def f(*, n):\n    return n * n + 1\n",
    "other_name": GOOD.replace("f(", "g("),
    "deleted_again": GOOD + "del f\n",
    "return_at_the_top": "return 1\n" + BAD,
    "await_at_the_top": "await f(1)\n" + BAD,
    "late_future": "x = 1\nfrom __future__ import annotations\n" + BAD,
    "star_future": "from __future__ import braces\n" + BAD,
    "recursion_without_end": "def f(n):\n    return f(n + 1)\n",
    "recursion_in_repr": (
        "class A:\n    def __repr__(self):\n        return repr(self)\ndef f(n):\n    return repr(A())\n"
    ),
    "recursion_in_compile": "def f(n):\n    return eval('(' * 190 + '1' + ')' * 190) and eval('-' * 99_999 + '1')\n",
    "recursion_in_json": "import json\ndef f(n):\n    return json.loads('[' * 10 ** 6)\n",
    "recursion_in_getattr": (
        "class A:\n    def __getattr__(self, name):\n        return getattr(self, name + 'x')\n"
        "def f(n):\n    return A().a\n"
    ),
    "recursion_in_except": "def f(n):\n    try:\n        return f(n)\n    finally:\n        f(n)\n",
}


def programs() -> Iterator[Hostile]:
    """Each source, under the plain test."""
    right = frozenset({"wrong", "error", "timeout", "memory", "denied", "unencodable"})
    for name, code in SOURCES.items():
        yield Hostile(f"source_{name}", "source", code, TESTS["square"], right)
