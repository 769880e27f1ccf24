"""`overlaps`: which problems two benchmarks share, however they are told, and both texts beside one another."""

import json

import pytest
from browser import dump_dom

from tests.curation.decontaminate.planted import renamed, solution_renamed
from tests.curation.decontaminate.problems import CLOSEST, OWN, ROWS
from textbook.benchmarks import References
from textbook.curation.decontaminate.overlaps import overlaps, overlaps_of
from textbook.sandbox import Limits

UNLIKE = {
    "id": "unlike",
    "prompt": 'def area(width, height):\n    """Of a rectangle."""\n',
    "solution": "    return 1\n",
}
OTHER = References.of(
    [
        UNLIKE,
        {"id": "told again", "prompt": renamed(OWN["Own/1"]), "solution": ""},
        {"id": "code alone", "prompt": "", "solution": solution_renamed(OWN["Own/2"])},
        {"id": "in <b>words</b>\u202e", "prompt": CLOSEST.replace("def", "function"), "language": "javascript"},
    ],
    name="other",
)


@pytest.fixture(scope="module")
def found():
    return overlaps(OWN, OTHER)


def test_the_pairs_that_are_alike_and_no_others(found):
    named = {(pair.left.id, pair.right.id): pair for pair in found}
    assert set(named) == {
        ("Own/1", "told again"),
        ("Own/2", "code alone"),
        ("Own/0", "in <b>words</b>\u202e"),
    }
    assert len(found) == 3 and found[0] == next(iter(found))
    assert {pair.tier for pair in found} == {"contaminated"}
    assert named["Own/2", "code alone"].scores["ast"] == 1.0
    assert [pair.contamination for pair in found] == sorted((pair.contamination for pair in found), reverse=True)


def test_it_does_not_matter_which_comes_first(found):
    turned = overlaps(OTHER, OWN)
    assert {(pair.right.id, pair.left.id, pair.contamination) for pair in turned} == {
        (pair.left.id, pair.right.id, pair.contamination) for pair in found
    }


def test_tests_tell_the_same_problem_from_a_like_one():
    words = 'def {}(levels):\n    """ Return the hours at which the water stood higher than before and after."""\n'
    peaks = "    return [i for i in range(1, len(levels) - 1) if levels[i - 1] < levels[i] > levels[i + 1]]\n"
    lows = peaks.replace("<", "#").replace(">", "<").replace("#", ">")
    check = "def check(f):\n    assert f([1, 3, 2, 0, 4, 1]) == [1, 4]\n    assert f([2, 1, 2]) == []\n"
    right = References.of(
        [
            {"id": name, "prompt": words.format(name), "solution": solution, "entry_point": name}
            for name, solution in (("peaks", peaks), ("lows", lows))
        ]
    )
    left = References.of([{**ROWS[2], "tests": check}])
    assert [pair.right.id for pair in overlaps(left, right)] == ["peaks", "lows"]
    tried = {pair.right.id: pair for pair in overlaps(left, right, Limits(cpu_s=1.0))}
    assert (tried["peaks"].tier, tried["peaks"].scores["behaviour"]) == ("contaminated", 1.0)
    assert (tried["lows"].tier, tried["lows"].scores["behaviour"]) == ("suspect", 0.0)


def test_each_two_of_several():
    third = References.of([UNLIKE], name="third")
    assert [(each.left, each.right, len(each)) for each in overlaps_of([OWN, OTHER, third])] == [
        ("own", "other", 3),
        ("own", "third", 0),
        ("other", "third", 1),
    ]
    assert overlaps_of([OWN]) == []


def test_prints_and_shows_both_texts(found, tmp_path):
    assert "own and other: 3 pairs of problems are alike" in str(found)
    assert "\u202e" not in str(found) and repr(found) == "Overlaps('own', 'other', 3 pairs)"
    json.dumps(found.facts(), allow_nan=False)
    shown = dump_dom(found.save(tmp_path / "page.html"))
    assert "in &lt;b&gt;words&lt;/b&gt;⟦U+202E⟧" in shown
    assert "<b>free</b>_<b>seats</b>" in shown and "def <b>alpha</b>" not in shown
