"""What a text makes use of, in several languages, and in linear time."""

import time

import pytest

from textbook.languages.concepts import CONCEPTS, concepts

PYTHON = '''
"""Doc."""
import re
from pathlib import Path

@decorated
class Stack(Base):
    async def pop(self, x: int) -> int:
        """Take one."""
        try:
            with open(x) as file:
                print(re.match("a", file))
        except OSError as error:
            raise KeyError from error
        for i in x:
            yield lambda: [a for a in x]

def test_stack():
    assert Stack()
'''
WHOLE = set(CONCEPTS) - {"pattern matching", "threads"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (PYTHON, WHOLE),
        (
            "import x from 'y';\nfunction f() { try { throw new E(); } catch (e) { console.log(e); } }",
            {"exceptions", "functions", "imports", "printing"},
        ),
        (
            "#include <stdio.h>\nstruct a { int b; };\nint main() { for (;;) switch (a) { case 1: ; } }\n",
            {"classes", "imports"},
        ),
        ("/** Doc. */\npublic class A {\n  @Test\n  void a() {}\n}", {"classes", "decorators", "docstrings", "tests"}),
        ("a classy forum, withal", set()),
        ("", set()),
    ],
)
def test_concepts(text, found):
    assert set(concepts(text)) == found


@pytest.mark.parametrize("unit", ["[ for ", "a ", " ", "@", "match ", "| a", "def f(", "lambda "])
def test_linear(unit):
    started = time.process_time()
    concepts(unit * 1_000_000)
    assert time.process_time() - started < 0.5
