"""Files and rows of benchmarks are not trusted."""

import gzip

import pytest
from tiny_benchmarks import humaneval_rows, jsonl

from textbook.benchmarks import References
from textbook.benchmarks.reading import MAX_LINE_BYTES, read_rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "own: got no problems, expected at least one"),
        ([{"text": "x"}], r"row 0: got the columns 'text', expected a prompt or a solution; say which"),
        ([{"id": "a", "prompt": "x"}] * 2, r"got 1 ids more than once \('a'\)"),
        ([{"prompt": 7.5}], "row 0, column 'prompt': got a float, expected text"),
        ([{"prompt": "\ud800"}], r"got the lone surrogate U\+D800"),
        ([{"prompt": "x", "tests": [1]}], "column 'tests': got a int, expected text"),
        (["text"], "row 0: got a str, expected a dict"),
    ],
)
def test_rows_are_not_trusted(rows, message):
    with pytest.raises(ValueError, match=message):
        References.of(rows)


@pytest.mark.parametrize("columns", [{"nonsense": "x"}, {"prompt": "missing"}])
def test_columns_are_checked(columns):
    with pytest.raises(ValueError, match=r"expected (some of id, prompt|'missing' among them)"):
        References.of([{"prompt": "x"}], columns=columns)


GOOD = b'{"prompt": "x"}\n'


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b"", "got no rows, expected at least one"),
        ("a.jsonl", b"\n \n", "got no rows"),
        ("a.jsonl.gz", b"", "got an empty file, expected one"),
        ("a.jsonl.gz", GOOD, "got no gzip file"),
        ("a.jsonl.gz", gzip.compress(GOOD * 1000)[:-9], "got a damaged or cut gzip file"),
        ("a.jsonl.gz", gzip.compress(GOOD)[:12] + b"\xff" * 30, "got a damaged or cut gzip file"),
        ("a.jsonl", GOOD + b'{"prompt": "\xff"}', "line 2: got bytes that are not UTF-8"),
        ("a.jsonl", GOOD + b'{"prompt": "x', "line 2: got no JSON"),
        ("a.jsonl", b"7\n", "line 1: got JSON of type int"),
        ("a.json", b'[{"prompt": "x"}, 7]', "got an array with something other than objects"),
        ("a.jsonl", b'{"a":' + b"[" * 100_000, "line 1: got JSON nested too deeply"),
        ("a.jsonl", b'{"prompt": "' + b"x" * MAX_LINE_BYTES + b'"}', "line 1: got a line of 16,000,01"),
        ("a.parquet", b"PAR1" + b"\0" * 40, "got a damaged parquet file"),
    ],
)
def test_files_are_not_trusted(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        References.of(path)
    assert str(path) in str(caught.value) and "Fetch the file again" in str(caught.value)


def test_a_bomb_is_not_unpacked_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("textbook.benchmarks.reading.MAX_BYTES", 1_000_000)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * 20_000_000))
    with pytest.raises(ValueError, match="got more than 1,000,000 bytes"):
        read_rows(path)


def test_missing_files_and_wrong_benchmarks(tmp_path):
    with pytest.raises(ValueError, match="got No such file or directory"):
        References.of(tmp_path / "none.jsonl")
    cut = jsonl(tmp_path / "cut.jsonl", humaneval_rows(100))
    with pytest.raises(ValueError, match="got 100 problems, expected the 164 of humaneval"):
        References.humaneval(cut)
    with pytest.raises(ValueError, match="cut.jsonl: row 0: got the columns .* expected 'text|prompt' among them"):
        References.mbpp(jsonl(tmp_path / "other.jsonl", [{"task_id": 1}]))


def test_byte_order_mark_and_line_ends(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"prompt": "a\\r\\nb"}\r\n\r\n{"prompt": "c"}')
    assert [problem.prompt for problem in References.of(path)] == ["a\nb", "c"]
