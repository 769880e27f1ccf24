import datetime

import datasets
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import check_source, read
from test_sources_tables import JSON, KEYS, lines, parquet

from textbook.curation.sources import Hub, Rows
from textbook.lineage import row_id

ROWS = [{"text": f"t{i}", "stars": i, "tags": ["a"] * i} for i in range(5)]


def in_every_form() -> list:
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    return [
        ROWS,
        tuple(ROWS),
        columns,
        pa.Table.from_pylist(ROWS),
        pandas.DataFrame(columns),
        datasets.Dataset.from_list(ROWS),
        datasets.Dataset.from_list(ROWS[::-1]).select([4, 3, 2, 1, 0]),
        datasets.Dataset.from_list(ROWS).to_iterable_dataset(),
        datasets.IterableDataset.from_generator(lambda: iter(ROWS)),
    ]


@pytest.mark.parametrize("data", in_every_form(), ids=lambda data: type(data).__name__)
def test_rows_are_the_same_in_every_form(data):
    source = Rows(data)
    assert dict(source.adds) == {"stars": pa.int64(), "tags": pa.list_(pa.string())}
    rows = check_source(source)
    assert [(row["text"], row["stars"], row["tags"]) for row in rows] == [tuple(row.values()) for row in ROWS]
    assert [row["drop_reason"] for row in rows] == [None] * 5


def test_ids_are_made_from_the_place_and_the_text():
    rows = check_source(Rows([{"text": ""}, {"text": ""}]))
    assert [row["id"] for row in rows] == [row_id("rows#0", ""), row_id("rows#1", "")]


def test_the_digest_is_that_of_the_content():
    digests = {Rows(data).listing().digest for data in in_every_form()[:7]}
    assert len(digests) == 1
    assert Rows(ROWS[:4]).listing().digest not in digests
    assert Rows([*ROWS[:4], ROWS[4] | {"stars": 0}]).listing().digest not in digests


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"text": []},
        pa.table({"text": pa.array([], pa.string())}),
        pandas.DataFrame(),
        datasets.Dataset.from_dict({}),
        datasets.Dataset.from_dict({"text": []}),
    ],
    ids=lambda data: type(data).__name__,
)
def test_data_without_rows(data):
    assert check_source(Rows(data)) == []


def test_texts_that_are_none_are_dropped():
    values = ["good", None, 3, b"x", "a\ud800", "a\0", float("nan"), "x" * 1_000_001]
    reasons = [
        None,
        "text is missing",
        "text is of type int",
        "text is of type bytes",
        "lone surrogates",
        "NUL characters",
        "text is missing",
        "larger than 1,000,000 bytes",
    ]
    for data in ([{"text": v} for v in values], {"text": values}, pandas.DataFrame({"text": values}, dtype=object)):
        assert [row["drop_reason"] for row in check_source(Rows(data))] == reasons


def test_a_stream_without_features_drops_what_does_not_fit_its_first_rows():
    rows = [{"text": "t", "stars": 1}] * 1000 + [{"text": 3, "stars": 2}, {"text": "u", "stars": "many"}, {"text": "v"}]
    found = read(Rows(datasets.IterableDataset.from_generator(lambda: iter(rows))))
    assert [row["drop_reason"] for row in found[1000:]] == [
        "text is of type int",
        "column 'stars' is not of type int64",
        None,
    ]
    assert len({row["id"] for row in found}) == len(found)


def test_columns_that_differ_from_row_to_row():
    day = datetime.date(2026, 1, 2)
    rows = check_source(
        Rows([{"text": "a", "n": 1, "day": day}, {"text": "b", "n": "two", "s": "\ud800"}, {"text": "c", "e": {}}])
    )
    assert [row["n"] for row in rows] == ["1", '"two"', None]
    assert [row["day"] for row in rows] == [day, None, None]
    assert [row["s"] for row in rows] == [None, "\ufffd", None]
    assert [row["e"] for row in rows] == [None, None, "{}"]


def test_pandas_says_none_with_nan():
    frame = pandas.DataFrame(
        {"text": ["a", "b"], "score": [1.5, float("nan")], "kind": pandas.Categorical(["x", None])}
    )
    rows = check_source(Rows(frame))
    assert [(row["score"], row["kind"]) for row in rows] == [(1.5, "x"), (None, None)]


def nested(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


def test_values_nested_too_deeply_neither_crash_nor_vanish():
    assert read(Rows([{"text": nested(100_000)}]))[0]["drop_reason"] == "text is of type list"
    for levels in (70, 100_000):
        rows = [{"text": "x", "deep": {"a": nested(levels)}}]
        with pytest.raises(ValueError, match="nested more than 64 deep"):
            Rows(rows).listing()
        stream = datasets.IterableDataset.from_generator(
            lambda levels=levels: iter([{"text": "x", "deep": nested(levels)}])
        )
        with pytest.raises(ValueError, match="nested more than 64 deep"):
            Rows(stream).listing()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("data.parquet", "got a str; expected a datasets.Dataset.*open_source"),
        (["x = 1"], r"got a list; .*\[\{'text': t\} for t in texts\]"),
        (iter([]), "got a list_iterator"),
        (datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)}), r"splits 'train'.*ds\['train'\]"),
        ({"text": ["a"], "n": [1, 2]}, "unequal lengths"),
        ([{"content": "x"}], "no column 'text'; it has 'content'"),
        (
            pa.table({"text": ["x"], "for": pa.nulls(1, pa.month_day_nano_interval())}),
            "'for' has the type month_day_nano",
        ),
        (pa.table([["x"], ["y"], ["z"]], names=["text", "a", "a"]), "two columns 'a'"),
    ],
)
def test_what_rows_are_not_is_an_error(data, message):
    with pytest.raises(ValueError, match=message):
        Rows(data).listing()


@settings(max_examples=30)
@given(st.lists(st.dictionaries(KEYS, JSON), max_size=5))
def test_any_python_values_give_rows_that_arrow_can_hold(rows):
    found = check_source(Rows([{"text": "so that there is one"}, *rows], id=None))
    assert len(found) == 1 + len(rows)


@settings(max_examples=30)
@given(st.lists(st.dictionaries(KEYS, JSON), max_size=5))
def test_any_stream_gives_rows_that_arrow_can_hold(rows):
    rows = [{"text": "so that there is one"}, *rows]
    check_source(Rows(datasets.IterableDataset.from_generator(lambda: iter(rows)), id=None))


class TestHub:
    def test_a_folder_is_streamed_file_by_file(self, tmp_path):
        for i in range(3):
            columns = {"content": [f"{i}{j}" for j in range(250)], "lang": ["c"] * 250, "stars": range(250)}
            parquet(tmp_path / "data" / f"train-{i}.parquet", columns, row_group_size=100)
        source = Hub(str(tmp_path), columns={"language": "lang"})
        assert dict(source.adds) == {"stars": pa.int64()}
        assert len(source.listing().shards) == 3
        rows = check_source(source)
        assert [row["text"] for row in rows] == [f"{i}{j}" for i in range(3) for j in range(250)]
        assert {row["language"] for row in rows} == {"c"}
        assert rows[251]["source"] == f"{tmp_path.name}/train#1:1"

    def test_json_lines_and_splits(self, tmp_path):
        lines(tmp_path / "train.jsonl", [{"content": "x", "meta": {"a": 1}}])
        lines(tmp_path / "test.jsonl", [{"content": "y", "meta": {"a": 2}}])
        rows = check_source(Hub(str(tmp_path), split="test"))
        assert [(row["text"], row["meta"]) for row in rows] == [("y", {"a": 2})]

    def test_the_digest_knows_the_files_and_not_where_they_lie(self, tmp_path):
        one, two = (parquet(tmp_path / name / "x.parquet", {"content": ["a"]}).parent for name in "ab")
        assert Hub(str(one)).listing().digest == Hub(str(two)).listing().digest
        pq.write_table(pa.table({"content": ["a longer one"]}), two / "x.parquet")
        assert Hub(str(one)).listing().digest != Hub(str(two)).listing().digest

    def test_a_missing_column_and_a_missing_split_are_errors(self, tmp_path):
        parquet(tmp_path / "train.parquet", {"code": ["a"]})
        with pytest.raises(ValueError, match=r"no column 'content'; it has 'code'.*Hub\(\.\.\., text=\.\.\.\)"):
            Hub(str(tmp_path)).listing()
        with pytest.raises(ValueError, match="split 'nope', can't be opened"):
            Hub(str(tmp_path), split="nope").listing()

    def test_a_name_that_cannot_be_reached_is_one_clear_error(self, monkeypatch):
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        with pytest.raises(ValueError, match="'nobody/nothing', split 'train', can't be opened .*Check the name"):
            Hub("nobody/nothing").listing()
