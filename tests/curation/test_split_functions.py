"""Functions and classes cut from files: each parses, and has of its file what it needs and nothing else."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract import ODD_TEXTS, check_step
from tests.golden import check_elsewhere
from textbook.curation.sources import Files, Rows
from textbook.curation.units.free_names import names_of
from textbook.curation.units.split_functions import SplitFunctions, Unit, units_of
from textbook.engine import curate, run
from textbook.keep import Keep
from textbook.languages.python import ParseError, parse


def units(text: str, max_chars: int = 20_000) -> dict[str, str]:
    return {unit.name: unit.text for unit in units_of(text, 0, max_chars)}


def free(text: str) -> set[str]:
    (statement,) = parse(text).body
    return set(names_of(statement).used)


def defined_in(file: str) -> set[str]:
    return set().union(*(names_of(statement).bound for statement in parse(file).body))


def check_unit(unit: Unit, defined: set[str]) -> None:
    """It parses, it defines its name, and every name it uses that the file defines at top level."""
    names = [names_of(statement) for statement in parse(unit.text).body]
    bound = set().union(*(name.bound for name in names))
    used = set().union(*(name.used for name in names))
    assert unit.name in bound
    assert used & defined <= bound


FILE = '''#!/usr/bin/env python
# Licence: MIT
"""A module."""
from __future__ import annotations
import os, sys
from .near import (
    one,
    two,
)
try:
    import json
except ImportError:
    json = None

LIMIT = 3  # three
TABLE = {}
TABLE["x"] = LIMIT
unused = 1


def helper(value: int):
    return one(value, LIMIT)


# What it does.
# In two lines.
@decorated(
    limit=LIMIT,
)
def main(path):
    """Doc."""
    LOCAL = sys.argv
    return json.loads(helper(path)), LOCAL


async def wait(TABLE):
    await TABLE


class Reader(Base):
    limit = LIMIT

    @property
    def limit_twice(self):
        return 2 * self.limit


if __name__ == "__main__":
    main(sys.argv[1])
'''

MAIN = """from __future__ import annotations
import os, sys
from .near import (
    one,
    two,
)

try:
    import json
except ImportError:
    json = None

LIMIT = 3  # three


def helper(value: int):
    return one(value, LIMIT)


# What it does.
# In two lines.
@decorated(
    limit=LIMIT,
)
def main(path):
    \"\"\"Doc.\"\"\"
    LOCAL = sys.argv
    return json.loads(helper(path)), LOCAL
"""


def test_a_unit_has_what_it_needs_in_the_order_of_the_file():
    found = units(FILE)
    assert list(found) == ["helper", "main", "wait", "Reader"]
    assert found["main"] == MAIN
    assert found["wait"] == "async def wait(TABLE):\n    await TABLE\n"
    assert found["Reader"].startswith("LIMIT = 3  # three\n\n\nclass Reader(Base):\n    limit = LIMIT\n")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_do_not_matter(end: str):
    assert units(FILE.replace("\n", end)) == units(FILE) == units("\ufeff" + FILE)


def test_definitions_of_one_name_go_together():
    text = """from typing import overload
@overload
def f(x: int) -> int: ...
@overload
def f(x: str) -> str: ...
X = 1
def f(x):
    return x
X += 1
def g(): return f(X)
"""
    found = units(text)
    assert list(found) == ["f", "g"]
    assert found["f"].count("def f") == 3 and "X" not in found["f"]
    assert "X = 1" in found["g"] and "X += 1" in found["g"]


def test_star_imports_come_for_names_from_nowhere():
    text = "from math import *\nimport os\ndef f(x):\n    return len(x)\ndef g(x):\n    return sin(x)\n"
    assert "import" not in units(text)["f"]
    assert units(text)["g"].startswith("from math import *\n\n\ndef g")


def test_statements_that_share_lines_stay_together():
    text = "import os; import sys\nx = 1; \\\n  y = 2\n\\\nz = (y,\n'''\n# no comment\n'''); w = 3\n"
    found = units(text + "def f():\n\treturn os, z, w\n")["f"]
    assert found == (
        "import os; import sys\n\nx = 1; \\\n  y = 2\n\\\nz = (y,\n'''\n# no comment\n'''); w = 3\n\n\ndef f():\n"
        "\treturn os, z, w\n"
    )


def test_columns_of_other_scripts():
    text = "größe = '漢字'; 値 = 2\n\n\ndef f():\n    '''é'''; return größe, 値\n"
    assert units(text)["f"] == text


def test_stubs_and_small_definitions_make_no_row():
    stubs = 'class E(Exception):\n    """Doc."""\ndef f():\n    ...\ndef g(x):\n    raise NotImplementedError("x")\n'
    assert units(stubs + "def h():\n    raise ValueError\n").keys() == {"h"}
    assert [unit.name for unit in units_of("def f(): return 1\ndef g():\n    return 1000\n", 20, 100)] == ["g"]


def test_a_unit_that_needs_too_much_is_not_made():
    text = "T = '" + "x" * 500 + "'\ndef f(): return T\ndef g(): return 1\n"
    assert units(text, max_chars=500).keys() == {"g"}
    assert units(text, max_chars=600).keys() == {"f", "g"}


def test_definitions_that_need_each_other():
    text = "def odd(n):\n    return even(n - 1)\n\n\ndef even(n):\n    return odd(n - 1)\n"
    assert units(text) == {"odd": text, "even": text}


SCOPES = {
    "def f(a, *b, c=d, **e): return a, b, c, e, g": {"d", "g"},
    "def f(x):\n    y = x\n    def g(): return y, z\n    return g": {"z"},
    "def f():\n    global x\n    x += 1": {"x"},
    "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += y": {"y"},
    "class A:\n    x = 1\n    def f(self): return x": {"x"},
    "def f():\n    class A:\n        def f(self): return x\n    x = 1": set(),
    "def f(): return [x for x in x if y for z in x]": {"x", "y"},
    "def f(): return {k: (w := v) for k, v in i}, w": {"i"},
    "def f(): return lambda a, b=c: a + b": {"c"},
    "def f():\n    import a.b as c, d.e\n    from g import h\n    return c, d, h, a": {"a"},
    "def f():\n    try: pass\n    except E as e: e\n    with a as b: b\n    for c in d: c\n    del c": {"E", "a", "d"},
    "def f(x):\n  match x:\n    case A(b, k=c) | {'d': d, **e} | [*g] as h: return b, c, d, e, g, h": {"A"},
    "@deco\nasync def f():\n    async for a in b: await a": {"deco", "b"},
    "x.y[z] = w": {"x", "z", "w"},
}


@pytest.mark.parametrize("text", SCOPES)
def test_names_by_scope(text: str):
    assert free(text) == SCOPES[text]


def installed(count: int) -> list[str]:
    """Files of the standard library, every so many."""
    files = sorted(Path(json.__file__).parents[1].glob("*.py")) + sorted(Path(json.__file__).parents[1].glob("*/*.py"))
    return [path.read_text("utf-8", "replace") for path in files[:: max(1, len(files) // count)]]


def test_units_of_installed_files_stand_alone():
    made = 0
    for text in installed(60):
        found = list(units_of(text, 100, 20_000))
        defined = defined_in(text) if found else set()
        for unit in found:
            check_unit(unit, defined)
            assert len(unit.text) <= 20_000
            made += 1
    assert made > 200


LINES = r"""import a|from b import *|x = a; y = x|# note|@a|def f(p): return x, p|def g(): return f, q|class C(x):
	z = f|if x:
  def f(): pass|y += 1 ; \|(x,|'''|)|\|def h(): yield (lambda x: y)|async def f(): ...|  |del x"""
lines = st.sampled_from(LINES.split("|"))


@given(st.lists(lines, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_whatever_is_made_stands_alone(chosen: list[str], end: str):
    text = end.join(chosen)
    for unit in units_of(text, 0, 1000):
        check_unit(unit, defined_in(text))


@pytest.mark.parametrize("kind", ODD_TEXTS)
def test_odd_texts_that_do_not_parse_make_nothing(kind: str):
    try:
        parse(ODD_TEXTS[kind])
    except ParseError:
        assert not units(ODD_TEXTS[kind])


def test_a_hostile_file_costs_what_its_length_allows():
    """Without a bound, 2,500 functions that need each other make 2,500 units of 2,500."""
    text = "".join(f"def f{i}(): return f{(i * 7 + 1) % 2500}, f{i - 1 if i else 2499}\n" for i in range(2_500))
    deep = "def f(): return " + "-" * 900 + "x\nx = 1\n"
    started = time.process_time()
    found = units(text, max_chars=20_000)
    assert sum(map(len, found.values())) <= 51 * len(text)
    assert "x = 1" in units(deep)["f"]
    assert units("x;" * 60_000 + "\ndef f(): return 1\n").keys() == {"f"}
    assert time.process_time() - started < 20


ROWS = [
    {"text": FILE, "source": "a.py", "language": "python", "license": "MIT"},
    {"text": "fn main() {}", "source": "b.rs", "language": "rust", "license": None},
    {"text": "def broken(:", "source": "c.py", "language": "python", "license": None},
]


def test_the_engine_keeps_files_and_units_and_parts_them():
    step = SplitFunctions(min_chars=20)
    curated = curate(Rows(ROWS), step, Keep("unit", one_of=("function", "class")))
    kept = curated.dataset.to_list()
    assert [row["source"] for row in kept] == ["a.py#helper", "a.py#main", "a.py#wait", "a.py#Reader"]
    assert [row["unit"] for row in kept] == ["function", "function", "function", "class"]
    assert {row["license"] for row in kept} == {"MIT"} and {row["language"] for row in kept} == {"python"}
    files = curated.dropped.to_list()
    assert [row["source"] for row in files] == ["a.py", "b.rs", "c.py"]
    assert all(row["parents"] == [files[0]["id"]] for row in kept)


def test_equal_files_make_rows_of_their_own(tmp_path: Path):
    for name in ("a.py", "b.py"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(FILE)
    folder = run((SplitFunctions(min_chars=20),), Files(tmp_path / "in"), tmp_path / "out", progress=False)
    assert folder.table("data").num_rows == 10


def test_contract():
    check_step(*SplitFunctions.example())
    check_elsewhere([SplitFunctions.example()])
