"""Duplicates side by side: the right rows, from a folder or from `curate`, and nothing hostile gets through."""

import pytest
from browser import dump_dom
from typer.testing import CliRunner

import textbook as tb
from textbook.cli import app

WORDS = [f"value_{i} = compute({i})" for i in range(40)]


def changed(*places: int) -> str:
    return "\n".join(f"other_{i} = <b>1</b>" if i in places else line for i, line in enumerate(WORDS))


ROWS = [
    {"id": "kept00", "text": "\n".join(WORDS), "source": "a.py"},
    {"id": "near01", "text": changed(3), "source": "long/b.py"},
    {"id": "near02", "text": changed(3, 20), "source": "long/c\u202e<script>.py"},
    {"id": "alone3", "text": "def f():\n    return 1\n", "source": "d.py"},
    {"id": "copy04", "text": "def f():\n    return 1\n", "source": "long/d.py"},
]
STEPS = (tb.ExactDuplicates(), tb.NearDuplicates())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tb.run(STEPS, tb.Rows(ROWS), tmp_path_factory.mktemp("out") / "folder", progress=False)


@pytest.mark.parametrize("kind", ["folder", "curated"])
def test_shows_who_went_for_whom(kind, folder):
    given = folder if kind == "folder" else tb.curate(ROWS, *STEPS)
    found = tb.duplicate_report(given)
    assert (found.step, found.num_gone, found.num_clusters) == ("NearDuplicates", 2, 1)
    (cluster,) = found.clusters
    assert (cluster.kept, cluster.size) == ("kept00", 2)
    assert [pair.gone["id"] for pair in cluster.pairs] == ["near02", "near01"]  # the least alike first
    assert cluster.pairs[1].kept["text"] == "\n".join(WORDS)
    assert [line for line in cluster.pairs[1].lines if line.differs] == [
        ("value_3 = compute(3)", "other_3 = <b>1</b>", True),
    ]


def test_equal_lines_far_from_a_difference_are_left_out(folder):
    lines = tb.duplicate_report(folder, "near01").clusters[0].pairs[0].lines
    assert [line.left for line in lines] == [*WORDS[:7], None]


def test_says_why_one_row_was_removed(folder):
    found = tb.duplicate_report(folder, "near01")
    assert [pair.gone["id"] for pair in found.clusters[0].pairs] == ["near01"]
    said = str(found)
    assert "long/b.py: near duplicate of kept00 (0." in said
    assert "- value_3 = compute(3)" in said
    assert "+ other_3 = <b>1</b>" in said


def test_another_step_by_name(folder):
    found = tb.duplicate_report(folder, step="ExactDuplicates")
    assert [(c.kept, c.pairs[0].gone["id"], c.pairs[0].similarity) for c in found.clusters] == [
        ("alone3", "copy04", None),
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"row": "alone3"}, "no row 'alone3' went as a duplicate"),
        ({"step": "Keep"}, "NearDuplicates"),
    ],
)
def test_says_what_there_is_instead(folder, given, says):
    with pytest.raises(ValueError, match=says):
        tb.duplicate_report(folder, **given)


def test_a_run_without_duplicates():
    with pytest.raises(ValueError, match="NearDuplicates"):
        tb.duplicate_report(tb.curate(ROWS[3:4], *STEPS))


def test_chooses_the_largest_clusters_and_those_least_alike():
    def cluster(name: str, copies: int, change: int) -> list[dict]:
        lines = [f"{name}_{i} = {name}({i})" for i in range(40)]
        texts = [lines, *([*lines[:change], f"{name}_new_{k} = 1", *lines[change + 1 :]] for k in range(copies))]
        return [
            {"id": f"{name}{k:03d}", "text": "\n".join(text), "source": f"{name}{'x' * bool(k)}.py"}
            for k, text in enumerate(texts)
        ]

    curated = tb.curate([*cluster("many", 6, 39), *cluster("few", 1, 39), *cluster("far", 1, 20)], *STEPS)
    found = tb.duplicate_report(curated, num_clusters=2)
    assert [c.kept for c in found.clusters] == ["many000", "far000"]
    assert found.num_clusters == 3


def test_the_page_escapes_and_shows(folder, tmp_path):
    shown = dump_dom(tb.duplicate_report(folder).save(tmp_path / "page.html"))
    assert "<script" not in shown
    assert "<td>other_3 = &lt;b&gt;1&lt;/b&gt;</td>" in shown
    assert "⟦U+202E⟧" in shown


def test_the_command(folder):
    runner = CliRunner()
    whole = runner.invoke(app, ["duplicates", str(folder.path)])
    assert "2 rows went for 1 that stayed" in whole.output
    assert (folder.path / "duplicates.html").exists()
    one = runner.invoke(app, ["duplicates", str(folder.path), "near01"])
    assert "near duplicate of kept00" in one.output
