import pytest

from textbook.curation.syntax import Syntax


def verdict(text, language="python"):
    batch = Syntax()({"id": ["a"], "text": [text], "language": [language]})
    return batch["parses"][0], batch["syntax_error"][0]


@pytest.mark.parametrize(
    "text, language, expected",
    [
        ("x = 1\n", "python", (True, None)),
        ("", "python", (True, None)),
        ("x = (\n", "python", (False, "line 1: '(' was never closed")),
        ("x = '\0'", "python", (False, "line 1: null character")),
        ("-" * 50_000, "python", (False, "nested too deeply for the parser")),
        ("x = 1\n", None, (True, None)),
        ("It's prose.", None, (None, "line 1: unterminated string literal (detected at line 1)")),
        ("x = 1\n", "rust", (None, "no parser for rust")),
    ],
)
def test_verdict_and_reason(text, language, expected):
    assert verdict(text, language) == expected


def test_other_columns_are_left_alone():
    step, batch = Syntax.example()
    out = step(batch)
    assert {name: out[name] for name in batch} == batch
    assert set(out) - set(batch) == set(step.adds)
