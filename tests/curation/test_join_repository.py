"""Small projects joined: which files, in which order, under which licence, and by the engine from end to end."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract import check_step
from tests.golden import check_elsewhere
from textbook.curation.sources import Files, Rows
from textbook.curation.units.import_order import imported_first, imports_of
from textbook.curation.units.join_repository import AddRepositories, JoinRepository, all_of, repository_of
from textbook.engine import curate, run
from textbook.engine.workers import Local
from textbook.keep import Keep
from textbook.languages.python import parse


@pytest.mark.parametrize(
    ("source", "depth", "expected"),
    [
        ("numpy==2.4.6:numpy/ma/core.py", 1, ("numpy==2.4.6", "numpy/ma/core.py")),
        ("owner/project/setup.py", 1, ("owner", "project/setup.py")),
        ("owner/project/setup.py", 2, ("owner/project", "setup.py")),
        ("owner/project/setup.py", 3, None),
        ("owner/project/setup.py", 0, ("", "owner/project/setup.py")),
        ("setup.py", 1, None),
        ("https://host/owner/project/a.py", 3, ("https://host/owner/project", "a.py")),
        ("https://host/", 1, None),
        ("", 1, None),
        (":", 1, None),
    ],
)
def test_repositories(source: str, depth: int, expected: Any):
    assert repository_of(source, depth) == expected


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        (["MIT", "MIT"], "MIT"),
        (["MIT", "Apache-2.0", "MIT"], "Apache-2.0 AND MIT"),
        (["MIT", "Apache-2.0 OR BSD-3-Clause"], "(Apache-2.0 OR BSD-3-Clause) AND MIT"),
        (["MIT", None], None),
        ([None], None),
    ],
)
def test_licences(licenses: list[str | None], expected: str | None):
    assert all_of(licenses) == expected


def test_imports_are_those_at_module_level():
    text = """import a.b, c as d
from ..e import f
from . import g
try:
    import h
except ImportError:
    with x: import i
if TYPE_CHECKING: import j
elif typing.TYPE_CHECKING: import k
else:
    from l import *
class A: import m
def n(): import o
p = lambda: 1
"""
    assert imports_of(text) == sorted(["a.b", "c", "..e:f", ".:g", "h", "i", "l:*", "m"])
    assert imports_of("import a\ndef broken(:") == []


def ordered(files: dict[str, str]) -> list[str]:
    paths = sorted(files)
    return [paths[i] for i in imported_first(paths, [imports_of(files[path]) for path in paths])]


@pytest.mark.parametrize(
    ("importing", "imported", "statement"),
    [
        ("a.py", "b.py", "import b"),
        ("a.py", "p/z.py", "import p.z"),
        ("a.py", "p/z.py", "from p import z"),
        ("a.py", "p/z.py", "from p.z import anything"),
        ("p/a.py", "p/z.py", "from . import z"),
        ("p/a.py", "p/z.py", "from .z import anything"),
        ("p/a.py", "p/z.py", "import z"),
        ("p/a.py", "z.py", "from ..z import x"),
        ("p/q/a.py", "p/z.py", "from .. import z"),
        ("a.py", "p/__init__.py", "from p import anything"),
        ("p/__init__.py", "p/z.py", "from .z import anything"),
        ("a.py", "src/p/z.py", "import p.z"),
        ("a.py", "p/z.pyi", "import p.z"),
    ],
)
def test_what_is_imported_comes_first(importing: str, imported: str, statement: str):
    assert ordered({importing: statement, imported: ""}) == [imported, importing]


def test_the_module_with_the_fewest_folders_before_is_meant():
    files = {"p/a.py": "import util", "p/x/y/util.py": "", "q/util.py": "import x", "q/x.py": ""}
    assert ordered(files) == ["q/x.py", "q/util.py", "p/a.py", "p/x/y/util.py"]


def test_files_that_import_nothing_go_by_path_and_a_cycle_ends_with_its_first():
    assert ordered({"c.py": "", "a.py": "import sys", "b.py": "import nothing"}) == ["a.py", "b.py", "c.py"]
    assert ordered({"a.py": "import b", "b.py": "import c", "c.py": "import a, d", "d.py": "import d"}) == [
        "d.py",
        "c.py",
        "b.py",
        "a.py",
    ]


@given(st.lists(st.lists(st.integers(0, 7), max_size=4), min_size=8, max_size=8))
def test_only_cycles_break_the_order(graph: list[list[int]]):
    files = {f"m{i}.py": "\n".join(f"import m{j}" for j in needs) for i, needs in enumerate(graph)}
    place = {path: position for position, path in enumerate(ordered(files))}
    assert len(place) == 8
    reach = [{i} for i in range(8)]
    for _ in range(8):
        reach = [found.union(*(reach[j] for k in found for j in graph[k])) for found in reach]
    for i, needs in enumerate(graph):
        for j in needs:
            assert place[f"m{j}.py"] < place[f"m{i}.py"] or i in reach[j]


def test_a_long_chain_needs_no_recursion():
    files = {f"m{i:05d}.py": f"import m{i + 1:05d}" for i in range(5_000)}
    started = time.process_time()
    assert ordered(files) == sorted(files, reverse=True)
    assert time.process_time() - started < 10


PROJECT = {
    "app/main.py": "from app import tool\n\n\n\ntool.run()",
    "app/tool.py": "import app.zero\r\n\r\n\r\ndef run():\r\n    pass\r\n",
    "app/zero.py": "\ufeffZERO = 0\n",
    "big/a.py": "x = 1\n" * 1000,
    "big/b.py": "y = 1\n",
    "one/only.py": "z = 1\n",
    "two/a.py": "a = 1\n",
    "two/b.py": "b = 1\n",
}
JOINED = """# zero.py
ZERO = 0

# tool.py
import app.zero


def run():
    pass

# main.py
from app import tool



tool.run()
"""


def rows(**changes: Any) -> list[dict[str, Any]]:
    given = {"language": "python", "license": "MIT"} | changes
    return [{"text": text, "source": source} | given for source, text in PROJECT.items()]


def test_the_engine_joins_small_projects():
    curated = curate(Rows(rows()), JoinRepository(max_chars=1000), Keep("num_files", at_least=2))
    app, two = sorted(curated.dataset.to_list(), key=lambda row: row["source"])
    assert app["text"] == JOINED
    assert two["text"] == "# a.py\na = 1\n\n# b.py\nb = 1\n"
    assert (app["source"], app["language"], app["license"], app["num_files"]) == ("app", "python", "MIT", 3)
    ids = {row["source"]: row["id"] for row in curated.dropped.to_list()}
    assert app["parents"] == [ids["app/zero.py"], ids["app/tool.py"], ids["app/main.py"]]
    assert set(ids) == set(PROJECT)
    parse(app["text"])


def test_workers_shards_and_batches_change_nothing(tmp_path: Path):
    for path, text in PROJECT.items():
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(text.encode())
    recipe = (JoinRepository(max_chars=1000),)
    whole = run(recipe, Files(tmp_path / "in"), tmp_path / "whole", progress=False)
    cut = run(recipe, Files(tmp_path / "in", shard_bytes=1), tmp_path / "cut", Local(2), batch_size=1, progress=False)
    assert whole.table("data").equals(cut.table("data"))
    assert whole.table("data")["num_files"].to_pylist().count(1) == len(PROJECT)
    assert sorted(n for n in whole.table("data")["num_files"].to_pylist() if n > 1) == [2, 3]


def test_what_takes_no_part():
    def joined(**changes: Any) -> int:
        return len(curate(Rows(rows(**changes)), JoinRepository(), Keep("num_files", at_least=2)).dataset)

    assert joined() == 3
    assert joined(language=None) == 3
    assert joined(language="rust") == 0
    assert joined(parents=["another"]) == 0
    assert len(curate(Rows(rows()), JoinRepository(min_files=3), Keep("num_files", at_least=2)).dataset) == 1


def test_a_project_too_large_takes_no_memory_for_its_texts(tmp_path: Path):
    batch = {name: [row.get(name) for row in rows()] for name in ("text", "language", "source", "license", "parents")}
    batch["id"] = [str(i) for i in range(len(PROJECT))]
    step = JoinRepository(max_chars=1000)
    table = step.partial([batch])
    assert sum(len(text or "") for text in table["text"].to_pylist()) < 300
    parts = [step.partial([{name: [column[i]] for name, column in batch.items()}]) for i in range(len(PROJECT))]
    assert step.finish(parts, tmp_path / "parts") == step.finish([table], tmp_path / "whole")


def test_paths_cannot_break_out_of_their_line(tmp_path: Path):
    batch = {"id": ["a", "b"], "text": ["x", "y"], "source": ["p/\n1.py", "p/\ud8002.py"]}
    batch |= {name: [None, None] for name in ("language", "license", "parents")}
    step = JoinRepository()
    out = step.finish([step.partial([batch])], tmp_path)(batch)
    assert out["text"][2] == "# ?1.py\nx\n\n# \\ud8002.py\ny\n"


def test_installed_packages_are_ordered(tmp_path: Path):
    """A module of the standard library comes after those of its package that it imports."""
    folder = Path(json.__file__).parent
    files = {path.name: path.read_text() for path in folder.glob("*.py")}
    order = ordered({f"json/{name}": text for name, text in files.items()})
    assert order.index("json/scanner.py") < order.index("json/decoder.py") < order.index("json/__init__.py")


@pytest.mark.parametrize("step", [JoinRepository, AddRepositories])
def test_contract(step: type[JoinRepository] | type[AddRepositories]):
    check_step(*step.example())
    check_elsewhere([step.example()])
