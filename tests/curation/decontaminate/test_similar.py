"""`similar_problems`: the split of phi-1's table 3, exact at each tau, from whatever holds the rows."""

import ast

import pytest

import textbook as tb
from tests.curation.decontaminate.planted import solution_renamed
from tests.curation.decontaminate.problems import OWN
from textbook.benchmarks import References
from textbook.curation.decontaminate.similar import Matched, similar_problems

RENAMED = [solution_renamed(OWN[name]) for name in ("Own/1", "Own/2")]
ROWS = [{"text": text, "language": "python"} for text in ("x = 1\n", RENAMED[0], "def f(:\n", "", RENAMED[1])]


def sums(count: int) -> str:
    return f"def total({', '.join('abcdefgh'[:count])}):\n    return a\n"


def test_a_renamed_solution_is_similar_and_prose_is_not():
    assert similar_problems(ROWS, OWN) == ["Own/1", "Own/2"]
    assert similar_problems(ROWS[:1], OWN) == []
    assert similar_problems([{"text": "An exercise about closest pairs."}], OWN) == []


def test_only_the_rows_that_stay_count(tmp_path):
    stays = tb.Keep("language", one_of=("python",))
    rows = [*ROWS[:2], {"text": RENAMED[1], "language": "text"}]
    folder = tb.run((stays,), tb.Rows(rows), tmp_path / "folder", progress=False)
    assert similar_problems(folder, OWN) == similar_problems(folder.path, OWN) == ["Own/1"]
    assert similar_problems(str(folder.path), OWN) == similar_problems(tb.curate(rows, stays), OWN) == ["Own/1"]


def test_exact_where_a_rate_is_just_tau():
    # Nodes: FunctionDef, arguments, one a parameter, Return, Name. 8 and 10 of them differ by 2: 0.8.
    references = References.of([{"id": "ten", "prompt": "", "solution": sums(6), "entry_point": "total"}])
    rows = [{"text": sums(4)}]
    assert similar_problems(rows, references, 0.8) == ["ten"]
    assert similar_problems(rows, references, 0.8 + 1e-12) == []
    assert similar_problems([{"text": sums(6).replace("total", "other")}], references, 1) == ["ten"]


def test_one_pass_counts_problems_and_rows_at_each_tau():
    references = References.of([{"id": "ten", "prompt": "", "solution": sums(6), "entry_point": "total"}])
    matched = Matched(references, (0.8, 0.9, 1.0))
    matched.add([sums(4), sums(5), sums(6)], ["python"] * 3)
    matched.add(["class A:\n" + "".join(f"    {line}\n" for line in sums(6).splitlines())], [None])
    assert matched.num_rows == {0.8: 4, 0.9: 3, 1.0: 2}
    assert matched.best == [1.0] and matched.similar(0.9) == ["ten"]


def test_ids_of_several_benchmarks_are_told_apart():
    other = References.of([{"id": "Own/1", "prompt": "", "solution": RENAMED[1]}], name="other")
    assert similar_problems(ROWS, [OWN, other]) == ["own/Own/1", "Own/2", "other/Own/1"]


def test_languages_other_than_python():
    code = "function total(xs) {\n  let sum = 0;\n  for (const x of xs) { sum += x; }\n  return sum;\n}\n"
    references = References.of([{"id": "js", "prompt": "", "solution": code}], language="javascript")
    renamed = code.replace("total", "add").replace("sum", "all")
    assert similar_problems([{"text": renamed, "language": "javascript"}], references) == ["js"]
    assert similar_problems([{"text": renamed, "language": "python"}], references) == []


@pytest.mark.parametrize("tau", [0, -1, 1.01, float("nan")])
def test_a_tau_without_a_meaning(tau: float):
    with pytest.raises(ValueError, match="tau: got .*expected match rates above 0"):
        similar_problems(ROWS, OWN, tau)


def test_what_is_no_rows():
    with pytest.raises(ValueError, match="expected a datasets.Dataset"):
        similar_problems(7, OWN)


def test_hostile_rows():
    texts = ["(" * 100_000, "x" * 1_000_000, "def f():\n" * 3000, "\0", "\ufeff" + RENAMED[0], "x = '\\ud800'"]
    assert similar_problems([{"text": text, "language": "python"} for text in texts], OWN) == ["Own/1"]


def test_the_examples_of_this_file_have_the_nodes_that_they_should():
    tree = ast.parse(sums(6)).body[0]
    assert isinstance(tree, ast.FunctionDef) and len(tree.args.args) == 6
