import json

import pytest
from folders import Given, folder_of
from toys import Halves

from textbook.engine import run
from textbook.explain import Explanation, explain
from textbook.folder import DatasetFolder
from textbook.keep import Keep, KeepTop

ROWS = [
    {"id": "aaaaaa01", "source": "p==1:a.py", "license": "MIT", "text": "a = 1\n", "s": 4.5, "n": 1},
    {"id": "aaaaaa02", "source": "p==1:b.py", "text": "b = 2\n", "s": 1.25, "n": 2},
    {"id": "aaaaaa0", "source": "p==1:c.py", "text": "c = 3\n", "s": 3.5, "n": 3},
    {"id": "7", "source": "p==1:d.py", "text": "", "s": None, "n": None, "drop_reason": "not text"},
    {"id": "bbbbbb03", "source": "\x1b[31m\u202e", "text": "x" * 5000, "s": 3.0, "n": 9},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> DatasetFolder:
    steps = (Keep("s", at_least=2.0), Keep("n", at_most=100), KeepTop("s", rows=2))
    return folder_of(tmp_path_factory.mktemp("explain") / "f", ROWS, *steps, s="float64", n="int64")


def steps_of(explanation: Explanation) -> list[str]:
    """The lines of the first row's steps, without their padding."""
    lines = str(explanation).split("\n\n")[1].splitlines()
    return [" ".join(line.split()) for line in lines]


def test_a_kept_row_passed_every_step(folder):
    explanation = explain(folder, "aaaaaa01")
    assert str(explanation).startswith("row aaaaaa01: kept\n  source    p==1:a.py\n  licence   MIT\n")
    assert steps_of(explanation) == [
        "0 Given read",
        "s = 4.5",
        "n = 1",
        "1 Keep(s) passed, s = 4.5",
        "2 Keep(n) passed, n = 1",
        "3 KeepTop(s) passed, s = 4.5",
    ]


def test_a_dropped_row_ends_where_it_was_dropped(folder):
    explanation = explain(folder.path, "bbbbbb")
    assert "dropped by KeepTop(s)" in str(explanation)
    assert steps_of(explanation)[-1] == "3 KeepTop(s) DROPPED: s 3 is below the cut at 3.5"
    assert steps_of(explain(folder, "aaaaaa02"))[-1] == "1 Keep(s) DROPPED: s 1.25 < 2"


def test_a_row_that_the_source_could_not_read(folder):
    assert steps_of(explain(folder, "7"))[0] == "0 Given DROPPED: not text"
    assert "licence   not known" in str(explain(folder, "7"))


def test_a_whole_id_wins_over_one_that_it_begins(folder):
    assert explain(folder, "aaaaaa0").rows[0]["source"] == "p==1:c.py"


def test_nothing_shown_can_steer_a_terminal(folder):
    shown = str(explain(folder, "bbbbbb03"))
    assert "␛[31m⟦U+202E⟧" in shown
    assert not set(shown) & set("\x1b\u202e")
    assert len(shown) < 1000


def test_html_is_escaped(tmp_path):
    rows = [{"id": "<b>x</b>", "source": "<script>"}]
    shown = explain(folder_of(tmp_path / "f", rows), "<b>x</b>")._repr_html_()
    assert shown.startswith("<pre>row &lt;b&gt;x&lt;/b&gt;: kept")
    assert "<script>" not in shown


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("aaaaaa", "3 rows have an id that starts with 'aaaaaa': aaaaaa0, aaaaaa01, aaaaaa02; give more of it"),
        ("aaaaa", "a beginning needs 6 characters or more; ids that come close: aaaaaa0, aaaaaa01, aaaaaa02"),
        ("bbbbxx", "no row 'bbbbxx', kept or dropped; ids that come close: bbbbbb03"),
        ("zzzzzz", "look ids up in its column `id`"),
        ("", "a beginning needs 6 characters or more"),
        ("\ud800", "no row '?'"),
    ],
)
def test_what_is_not_found_or_not_clear_comes_with_a_remedy(folder, asked, says):
    with pytest.raises(ValueError) as error:
        explain(folder, asked)
    assert says in str(error.value)


def test_no_rows_at_all(tmp_path):
    with pytest.raises(ValueError, match="no row 'abcdef'"):
        explain(folder_of(tmp_path / "f", []), "abcdef")


def test_ancestors_follow_and_say_which_step_made_their_child(tmp_path):
    rows = [
        {"id": "grand", "source": "s", "text": "a", "s": 1.0},
        {"id": "parent", "source": "s", "text": "abcd", "parents": ["grand", "gone"], "s": 3.0},
    ]
    source = Given(json.dumps(rows), {"s": "float64"})
    folder = run((Keep("s", at_least=2.0), Halves()), source, tmp_path / "f", progress=False)
    made = next(row for row in folder.table()["id"].to_pylist() if row != "parent")
    explanation = explain(folder, made)
    assert [row["id"] for row in explanation.rows] == [made, "parent", "grand"]
    assert steps_of(explanation) == [
        "0 Given before this row was made",
        "1 Keep(s) before this row was made",
        "2 Halves made here",
        f"half = {explanation.rows[0]['half']}",
    ]
    assert "its ancestor grand: dropped by Keep(s)" in str(explanation)
    assert "parent    gone (not in this folder)" in str(explanation)


def test_parents_that_go_in_a_circle_end(tmp_path):
    rows = [{"id": "one", "parents": ["two"]}, {"id": "two", "parents": ["one"]}]
    folder = folder_of(tmp_path / "f", rows)
    assert [row["id"] for row in explain(folder, "one").rows] == ["one", "two"]


def test_a_row_of_many_parents_shows_the_first(tmp_path):
    rows = [{"id": f"row{i:03}"} for i in range(100)] + [{"id": "child", "parents": [f"row{i:03}" for i in range(100)]}]
    explanation = explain(folder_of(tmp_path / "f", rows), "child")
    assert [row["id"] for row in explanation.rows] == ["child", *(f"row{i:03}" for i in range(49))]
