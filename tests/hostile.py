"""Inputs that break readers, parsers and counters: a fixed list of kinds, and as many mutations as are asked for."""

import ast
import gzip
import json
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MEGABYTE = 1_000_000

NESTED: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "x = " + "(" * n + ")" * n,
    "open parentheses": lambda n: "(" * n,
    "brackets": lambda n: "[" * n + "]" * n,
    "braces": lambda n: "{" * n + "}" * n,
    "mixed brackets": lambda n: "([{" * (n // 3),
    "closing brackets": lambda n: ")" * n,
    "minus": lambda n: "-" * n + "1",
    "not": lambda n: "not " * n + "x",
    "lambda": lambda n: "lambda: " * n + "1",
    "await": lambda n: "await " * n + "x",
    "power": lambda n: "**".join(["x"] * n),
    "addition": lambda n: "+".join(["x"] * n),
    "comparison": lambda n: "<".join(["x"] * n),
    "boolean": lambda n: " and ".join(["x"] * n),
    "attributes": lambda n: "x" + ".a" * n,
    "calls": lambda n: "f" + "()" * n,
    "nested calls": lambda n: "f(" * n + ")" * n,
    "subscripts": lambda n: "x" + "[0]" * n,
    "ternaries": lambda n: "1 if x else " * n + "1",
    "comprehensions": lambda n: "[" + "x for x in y " * n + "]",
    "elif": lambda n: "if x: pass\n" + "elif x: pass\n" * n,
    "indentation": lambda n: "".join(" " * i + "if x:\n" for i in range(min(n, 2000))) + " " * min(n, 2000) + "pass",
    "functions": lambda n: "".join(" " * i + "def f():\n" for i in range(min(n, 2000))) + " " * min(n, 2000) + "pass",
    "decorators": lambda n: "@a\n" * n + "def f(): pass",
    "strings": lambda n: "'a' " * n,
    "f-strings": lambda n: "f'{" * n,
    "nested f-strings": lambda n: "f'{x:" + "{y:" * n + "}" * n + "}'",
    "assignments": lambda n: "x = " * n + "1",
    "stars": lambda n: "*" * n + "a = b",
    "walrus": lambda n: "(a := " * n + "1" + ")" * n,
    "digits": lambda n: "x = " + "9" * n,
    "patterns": lambda n: "match x:\n case " + "[" * n + "]" * n + ": pass",
    "backslashes": lambda n: "x = \\\n" * n + "1",
    "semicolons": lambda n: "x;" * n,
    "newlines": lambda n: "\n" * n,
    "spaces": lambda n: " " * n,
    "tabs": lambda n: "\t" * n + "x",
    "comments": lambda n: "#" * n,
    "one name": lambda n: "a" * n,
    "one line of CJK": lambda n: "教科書" * (n // 3),
    "combining marks": lambda n: "e" + "\u0301" * n,
    "right to left": lambda n: "\u202e" * n,
    "quotes": lambda n: "'" * n,
    "triple quotes": lambda n: '"""' * n,
    "unclosed string": lambda n: '"""' + "a" * n,
    "long docstring": lambda n: f'def f():\n    """{"word " * n}"""\n',
    "long list": lambda n: "x = [" + "1, " * n + "]",
    "long dictionary": lambda n: "x = {" + "'a': 1, " * n + "}",
    "arguments": lambda n: "f(" + "a, " * n + ")",
    "globals": lambda n: "global x\n" * n,
    "yields": lambda n: "yield " * n,
    "dots": lambda n: "." * n,
    "from dots": lambda n: "from " + "." * n + " import x",
}

ENCODINGS: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"x",
    "latin-1": "x = 'café'".encode("latin-1"),
    "latin-1 with a cookie": "# -*- coding: latin-1 -*-\nx = 'café'\n".encode("latin-1"),
    "utf-8 with a mark": b"\xef\xbb\xbfx = 1\n",
    "utf-16": "x = 1\n".encode("utf-16"),
    "utf-32": "x = 1\n".encode("utf-32"),
    "utf-7 cookie": b"# coding: utf-7\n+AGE-\n",
    "rot13 cookie": b"# coding: rot13\nk = 1\n",
    "escape cookie": b"# coding: unicode_escape\nx = '\\u0000'\n",
    "unknown cookie": b"# coding: klingon\nx = 1\n",
    "cookie against its mark": b"\xef\xbb\xbf# coding: latin-1\nx = 1\n",
    "idna cookie": b"# coding: idna\nx = 1\n",
    "hex cookie": b"# coding: hex\n78\n",
    "punycode cookie": b"# coding: punycode\nx = 1\n",
    "truncated utf-8": "x = '教'".encode()[:-2],
    "overlong utf-8": b"x = '\xc0\x80'",
    "encoded surrogate": b"x = '\xed\xa0\x80'",
    "nul": b"x = 1\0\n",
    "nul at the end": b"x = 1\n" + b"\0" * 512,
    "bytecode": bytes(range(256)) * 4,
    "gzip": gzip.compress(b"x = 1\n" * 1000),
    "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
    "carriage returns": b"x = 1\rif x:\r    pass\r",
    "mixed newlines": b"x = 1\r\ny = 2\n\rz = 3\x0c\x0bw = 4\x1c\x85",
    "control characters": bytes(range(1, 32)),
    "only marks": b"\xef\xbb\xbf" * 3,
    "line separators": "x = 1\u2028y = 2\u2029\n".encode(),
    "null escape": b"x = '\\N{NULL}\\x00\\777'\n",
    "bad escapes": b"x = '\\d\\q\\N{no such name}'\n",
}


def programs(rng: random.Random) -> list[str]:
    """A few honest modules to mutate."""
    modules = ("bisect", "heapq", "textwrap", "fractions", "queue", "shlex")
    texts = [Path(__import__(name).__file__).read_text() for name in modules]
    rng.shuffle(texts)
    return texts


def mutated(rng: random.Random, text: str) -> bytes:
    """A program with something wrong: cut, spliced, repeated, flipped bits, strange characters."""
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(6)
        if change == 0:
            del data[at : at + rng.randrange(200)]
        elif change == 1:
            data[at:at] = rng.choice(list(NESTED.values()))(rng.choice([10, 300, 5000])).encode()
        elif change == 2:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 20)))
        elif change == 3:
            data[at:at] = rng.choice(list(ENCODINGS.values()))
        elif change == 4:
            data[at:at] = data[: rng.randrange(2000)]
        else:
            data[at:at] = rng.choice(["\u202e", "\ufeff", "\u0000", "🐍", "\ufffe", "é"]).encode()
    return bytes(data)


def files(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """`count` files, name and content: every fixed kind first, at several sizes, then mutations."""
    rng = random.Random(seed)
    made = 0
    fixed = [(f"encoding {name}", data) for name, data in ENCODINGS.items()]
    fixed += [(f"{name} {n}", make(n).encode()) for name, make in NESTED.items() for n in (50, 1000, 30_000, 500_000)]
    fixed += [("large", b"x = 1\n" * (MEGABYTE // 2)), ("larger", b"#" * (50 * MEGABYTE))]
    honest = programs(rng)
    while made < count:
        if made < len(fixed):
            name, data = fixed[made]
        elif rng.random() < 0.2:
            name, data = "noise", "".join(rng.choices(string.printable, k=rng.randrange(3000))).encode()
        else:
            name, data = "mutation", mutated(rng, rng.choice(honest))
        yield f"{made:05d} {name}.py", data
        made += 1


def rows(count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """`count` table rows with texts of every wrong kind, and some right ones."""
    rng = random.Random(seed)
    wrong: list[Any] = [None, 1, 1.5, True, [], ["a"], {}, {"text": "a"}, "", "\ud800", "a\0b", "x" * MEGABYTE]
    for number in range(count):
        value = (
            wrong[number % len(wrong)] if number % 3 else mutated(rng, "def f(x):\n    return x\n").decode("latin-1")
        )
        row = {"text": value, "language": rng.choice(["python", None, "klingon", ""]), "n": number}
        if number % 17 == 0:
            del row["text"]
        yield row


def json_lines(count: int, seed: int = 0) -> Iterator[bytes]:
    """The same rows as lines of JSON, some of them broken."""
    rng = random.Random(seed)
    broken = [
        b"",
        b"{",
        b"null",
        b"[1]",
        b"\xff\xfe",
        b'{"text": "a"',
        b'{"text": "a"} {"text": "b"}',
        b"NaN",
        b'"text"',
    ]
    for number, row in enumerate(rows(count, seed)):
        if row.get("text") == "x" * MEGABYTE:
            row["text"] = "x" * 10_000
        yield rng.choice(broken) if number % 11 == 10 else json.dumps(row).encode()


def parses(data: bytes) -> bool:
    """Whether CPython itself takes a small file, as a check that honest ones are not refused."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
