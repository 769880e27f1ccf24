import bz2
import gzip
import json
import random
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import check_source, read

from textbook.curation.sources import JsonLines, Parquet
from textbook.lineage import row_id


def parquet(path: Path, columns: dict | pa.Table, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
    return path


def lines(path: Path, rows: list) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows))
    return path


def texts_and_reasons(rows: list[dict]) -> list[tuple]:
    return [(row["text"], row["drop_reason"]) for row in rows]


class TestParquet:
    def test_rows_are_read_in_the_order_of_files_and_row_groups(self, tmp_path):
        for name in ("b", "a"):
            parquet(tmp_path / f"{name}.parquet", {"text": [f"{name}{i}" for i in range(25)]}, row_group_size=4)
        source = Parquet(str(tmp_path / "*.parquet"))
        rows = check_source(source)
        assert [row["text"] for row in rows] == [f"{name}{i}" for name in "ab" for i in range(25)]
        assert rows[7]["source"] == "a.parquet#7"
        assert rows[7]["id"] == row_id("a.parquet#7", "a7")
        assert read(Parquet((tmp_path / "b.parquet", tmp_path / "a.parquet"))) == rows

    def test_other_columns_are_carried_along_with_their_types(self, tmp_path):
        table = pa.table(
            {
                "text": ["x", "y"],
                "stars": pa.array([1, None], pa.int32()),
                "kind": pa.array(["a", "b"]).dictionary_encode(),
                "nested": pa.array([{"n": [1, 2]}, None]),
                "drop_reason": ["not", "mine"],
            }
        )
        source = Parquet(parquet(tmp_path / "a.parquet", table))
        assert dict(source.adds) == {"stars": pa.int32(), "kind": pa.string(), "nested": table["nested"].type}
        rows = check_source(source)
        assert [(row["stars"], row["kind"], row["nested"]) for row in rows] == [
            (1, "a", {"n": [1, 2]}),
            (None, "b", None),
        ]
        assert [row["drop_reason"] for row in rows] == [None, None]

    def test_columns_are_mapped_and_ids_used_as_they_are(self, tmp_path):
        columns = {
            "code": ["x", "y"],
            "key": ["k1", None],
            "lang": ["c", None],
            "path": ["p", "p"],
            "license": ["MIT", None],
        }
        path = parquet(tmp_path / "a.parquet", columns)
        named = {"language": "lang", "source": "path"}
        rows = check_source(Parquet(path, text="code", id="key", columns=named, language="python"))
        assert [(row["id"], row["language"], row["source"], row["license"]) for row in rows] == [
            ("k1", "c", "p", "MIT"),
            (row_id("a.parquet#1", "y"), "python", "p", None),
        ]

    def test_a_column_named_id_is_used_unless_told_otherwise(self, tmp_path):
        path = parquet(tmp_path / "a.parquet", {"id": [7, 8], "text": ["x", "x"]})
        assert [row["id"] for row in check_source(Parquet(path))] == ["7", "8"]
        made = [row["id"] for row in check_source(Parquet(path, id=None))]
        assert made == [row_id(f"a.parquet#{i}", "x") for i in range(2)]

    @pytest.mark.parametrize("values", [[1, 2], [b"x", b"y"], [["x"], ["y"]]])
    def test_texts_of_a_wrong_type_are_dropped(self, tmp_path, values):
        rows = check_source(Parquet(parquet(tmp_path / "a.parquet", {"text": values})))
        assert all(row["drop_reason"].startswith("text is of type") and row["text"] for row in rows)

    def test_missing_and_unstorable_texts_are_dropped(self, tmp_path):
        broken = pa.Array.from_buffers(
            pa.string(),
            3,
            [None, pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0])), pa.py_buffer(b"a\xffbc")],
        )
        path = parquet(tmp_path / "a.parquet", {"text": broken})
        assert texts_and_reasons(check_source(Parquet(path))) == [
            ("a", None),
            ("\ufffdb", "text is not UTF-8 or out of range"),
            ("c", None),
        ]
        path = parquet(tmp_path / "b.parquet", {"text": [None, "", "a\0"], "other": broken})
        assert [row["drop_reason"] for row in check_source(Parquet(path))] == [
            "text is missing",
            "column 'other' is not UTF-8 or out of range",
            "NUL characters",
        ]

    def test_files_may_differ_in_columns_but_not_in_what_a_column_is(self, tmp_path):
        one = parquet(tmp_path / "1.parquet", {"text": ["x"], "stars": [1]})
        two = parquet(tmp_path / "2.parquet", {"text": ["y"], "forks": ["f"]})
        rows = check_source(Parquet((one, two)))
        assert [(row["stars"], row["forks"]) for row in rows] == [(1, None), (None, "f")]
        three = parquet(tmp_path / "3.parquet", {"text": ["z"], "stars": ["many"]})
        with pytest.raises(ValueError, match="do not fit together.*stars"):
            Parquet((one, three)).listing()

    def test_a_missing_column_is_an_error_with_the_names_there_are(self, tmp_path):
        path = parquet(tmp_path / "a.parquet", {"content": ["x"]})
        with pytest.raises(ValueError, match=r"no column 'text'; it has 'content'.*Parquet\(\.\.\., text=\.\.\.\)"):
            Parquet(path).listing()
        with pytest.raises(ValueError, match="no column 'lang'"):
            Parquet(path, text="content", columns={"language": "lang"}).listing()
        with pytest.raises(ValueError, match="'stars' is none of language, source, license"):
            Parquet(path, text="content", columns={"stars": "content"}).listing()
        with pytest.raises(ValueError, match="no column 'key'"):
            Parquet(path, text="content", id="key").listing()

    def test_what_is_no_parquet_file_is_an_error(self, tmp_path):
        (tmp_path / "a.parquet").write_text("hello")
        with pytest.raises(ValueError, match="is no parquet file"):
            Parquet(tmp_path / "a.parquet").listing()
        with pytest.raises(ValueError, match="names no file"):
            Parquet(tmp_path / "b.parquet").listing()

    def test_empty_files(self, tmp_path):
        assert check_source(Parquet(parquet(tmp_path / "a.parquet", {"text": pa.array([], pa.string())}))) == []

    def test_a_large_row_group_is_read_piece_by_piece(self, tmp_path):
        line = random.Random(0).randbytes(2_500).hex()
        texts = pa.array([f"{i} {line}" for i in range(20_000)])
        path = parquet(tmp_path / "a.parquet", {"text": texts}, compression="none")
        del texts
        source = Parquet(path)
        [shard] = source.listing().shards
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        sizes, held = [], 0
        for batch in source.read(shard, 20_000):
            sizes.append(sum(map(len, batch["text"])))
            held = max(held, pa.total_allocated_bytes() - before)
            del batch
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sum(sizes) > 100_000_000
        assert max(sizes) < 20_000_000 and peak < 60_000_000 and held < 50_000_000


class TestJsonLines:
    def test_rows_keep_their_order_and_are_named_by_where_they_stand(self, tmp_path):
        rows = [{"text": f"t{i}" * 50, "n": i} for i in range(300)]
        found = check_source(JsonLines(lines(tmp_path / "a.jsonl", rows)))
        assert [(row["text"], row["n"]) for row in found] == [(row["text"], row["n"]) for row in rows]
        assert found[0]["source"] == "a.jsonl#0"

    @pytest.mark.parametrize("suffix", ["gz", "bz2", "zst"])
    def test_compressed_files_hold_the_same_rows(self, tmp_path, suffix):
        plain = lines(tmp_path / "a.jsonl", [{"text": "x", "id": "1"}, {"text": "y", "id": "2"}])
        packed = tmp_path / f"a.jsonl.{suffix}"
        data = plain.read_bytes()
        compress = {"gz": gzip.compress, "bz2": bz2.compress, "zst": lambda raw: pa.compress(raw, "zstd", asbytes=True)}
        packed.write_bytes(compress[suffix](data))
        rows = check_source(JsonLines(packed))
        assert [(row["id"], row["text"]) for row in rows] == [("1", "x"), ("2", "y")]

    def test_a_damaged_compressed_file_ends_in_a_dropped_row(self, tmp_path):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(gzip.compress(b'{"text": "x"}\n')[:-6])
        rows = check_source(JsonLines(path))
        assert rows[-1]["drop_reason"].startswith("damaged file")

    def test_broken_lines_are_dropped_rows_that_show_them(self, tmp_path):
        path = lines(
            tmp_path / "a.jsonl",
            [
                b'\xef\xbb\xbf{"text": "bom"}',
                b"",
                b"  ",
                b'{"text": "cut',
                b"[1, 2]",
                b'{"text": "\xff"}',
                b'{"text": 3}',
                b'{"other": "x"}',
                b'{"text": "a\\ud800b", "other": "c\\ud800d"}',
                b'{"text": "\\ud83d\\ude00"}',
                b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
                b'{"text": "x", "other": ' + b"[" * 70 + b"]" * 70 + b"}",
                b'{"text": "' + b"x" * 17_000_000 + b'"}',
                b'{"text": NaN}',
                b'{"text": "last"}\r',
            ],
        )
        rows = check_source(JsonLines(path))
        assert [row["drop_reason"] for row in rows] == [
            None,
            "not JSON",
            "not a JSON object",
            "not UTF-8",
            "text is of type int",
            "text is missing",
            "lone surrogates",
            None,
            "JSON nested more than 64 deep",
            "JSON nested more than 64 deep",
            "line longer than 16,000,000 bytes",
            "text is missing",
            None,
        ]
        assert [row["text"] for row in rows][:4] == ["bom", '{"text": "cut', "[1, 2]", '{"text": "\ufffd"}']
        assert rows[6]["other"] == "c\ufffdd"
        assert rows[7]["text"] == "\U0001f600"

    @pytest.mark.parametrize(
        ("values", "type_", "read_as"),
        [
            ([1, None, 2], pa.int64(), [1, None, 2]),
            ([1, 2.5], pa.float64(), [1.0, 2.5]),
            ([True, None], pa.bool_(), [True, None]),
            (["a", None], pa.string(), ["a", None]),
            ([None, None], pa.string(), [None, None]),
            ([[1], [2.5], None, []], pa.list_(pa.float64()), [[1.0], [2.5], None, []]),
            ([[], None], pa.list_(pa.string()), [[], None]),
            ([2**60, 1], pa.int64(), [2**60, 1]),
            ([2**60, 1.5], pa.string(), [str(2**60), "1.5"]),
            ([2**70, 1], pa.string(), [str(2**70), "1"]),
            ([1, "a"], pa.string(), ["1", '"a"']),
            ([True, 1], pa.string(), ["true", "1"]),
            ([{"a": 1}, {}], pa.string(), ['{"a": 1}', "{}"]),
            ([[[1]], [[2]]], pa.string(), ["[[1]]", "[[2]]"]),
            ([1e400, 1.0], pa.float64(), [None, 1.0]),
        ],
    )
    def test_types_are_those_of_the_whole_file(self, tmp_path, values, type_, read_as):
        rows = [json.dumps({"text": "t", "value": value}).replace("Infinity", "1e400").encode() for value in values]
        source = JsonLines(lines(tmp_path / "a.jsonl", rows))
        assert dict(source.adds) == {"value": type_}
        assert [row["value"] for row in check_source(source)] == read_as

    def test_several_files_share_their_columns(self, tmp_path):
        lines(tmp_path / "x" / "a.jsonl", [{"text": "1", "n": 1}])
        lines(tmp_path / "b.jsonl", [{"text": "2", "n": 0.5, "m": "m"}])
        rows = check_source(JsonLines(f"{tmp_path}/**/*.jsonl"))
        assert [(row["source"], row["n"], row["m"]) for row in rows] == [
            ("b.jsonl#0", 0.5, "m"),
            ("x/a.jsonl#0", 1.0, None),
        ]

    def test_a_column_that_no_row_has_is_an_error(self, tmp_path):
        path = lines(tmp_path / "a.jsonl", [{"prompt": "x"}])
        with pytest.raises(ValueError, match="no column 'text'; it has 'prompt'"):
            JsonLines(path).listing()

    def test_files_without_any_object(self, tmp_path):
        assert check_source(JsonLines(lines(tmp_path / "a.jsonl", []))) == []
        [row] = check_source(JsonLines(lines(tmp_path / "b.jsonl", [b"not json"])))
        assert (row["text"], row["drop_reason"]) == ("not json", "not JSON")

    def test_too_many_columns_are_an_error(self, tmp_path):
        path = lines(tmp_path / "a.jsonl", [{"text": "x", f"key{i}": 1} for i in range(1001)])
        with pytest.raises(ValueError, match="more than 1000 different keys"):
            JsonLines(path).listing()

    def test_a_file_that_changes_is_read_anew(self, tmp_path):
        path = lines(tmp_path / "a.jsonl", [{"text": "x"}])
        first = JsonLines(path).listing()
        lines(path, [{"text": "x", "new": 1}])
        assert JsonLines(path).listing().digest != first.digest
        assert list(JsonLines(path).adds) == ["new"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters() | st.just("\ud800")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["text", "id", "language", "source", "license", "parents", "drop_reason", "x", "\ud800", ""])
LINES = st.dictionaries(KEYS, JSON).map(lambda row: json.dumps(row).encode()) | JSON.map(
    lambda v: json.dumps(v).encode()
)


@given(st.lists(LINES | st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")), max_size=5))
def test_any_lines_give_rows_that_arrow_can_hold(tmp_path_factory, rows):
    path = lines(tmp_path_factory.mktemp("any") / "a.jsonl", [b'{"text": "so that there is one"}', *rows])
    source = JsonLines(path, id=None)
    found = check_source(source)
    assert len(found) == 1 + sum(bool(row.strip()) for row in rows)
