"""What holds for the package as a whole: cheap to import, layered, and described truly by its README."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "textbook"

LAYERS = [
    {"__main__"},
    {"cli"},
    {"demo"},
    {"curation"},
    {"engine"},
    {"recipes", "report", "explain", "benchmarks", "llm", "sandbox"},
    {"folder"},
    {"languages", "tokens", "keep", "lineage"},
    {"console", "operator", "require"},
]
"""Each may import what stands below it, and what stands beside it in the same set only if it says so here."""
BESIDE = {("tokens", "lineage"), ("keep", "lineage"), ("explain", "report")}
LATE = {("engine", "curation")}
"""Imported inside a function alone: `curate` turns rows in hand into a source."""


def layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


def imports_of(path: Path) -> set[tuple[str, bool]]:
    """The parts of the package that a file imports, and whether it does so when it is imported itself."""
    tree = ast.parse(path.read_text())
    top = set(ast.walk(ast.Module([n for n in tree.body if not isinstance(n, (ast.FunctionDef, ast.ClassDef))], [])))
    found = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"textbook.{a.name}" for a in node.names] if node.module == "textbook" else [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {(name.split(".")[1], node in top) for name in names if name.startswith("textbook.")}
    return found


def test_imports_go_down():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if own == "__init__":
            continue
        for other, _ in imports_of(path):
            allowed = other == own or layer(own) < layer(other) or (own, other) in BESIDE | LATE
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)} imports textbook.{other}")
    assert not wrong


def test_late_imports_are_late():
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        assert not {(own, other) for other, at_import in imports_of(path) if at_import} & LATE


def cpu_seconds(statement: str) -> float:
    script = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True) for _ in range(5)
    ]
    return min(float(run.stdout) for run in runs)


def test_import_is_fast_and_light():
    assert cpu_seconds("import textbook") < 0.15
    script = (
        "import sys, textbook; print(sorted({'torch', 'datasets', 'sklearn', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_every_public_name_is_there():
    import textbook

    for name in textbook.__all__:
        assert getattr(textbook, name)
    assert set(textbook.__all__) <= set(dir(textbook))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = textbook.nonsense


def test_the_version_is_one():
    import textbook

    assert f'version = "{textbook.__version__}"' in (ROOT / "pyproject.toml").read_text()


def tree_of(readme: str) -> set[str]:
    """The paths in the README's file tree."""
    block = re.search(r"```text\n(textbook/\n.*?)```", readme, re.DOTALL)
    assert block, "the README has no file tree"
    paths, stack = set(), []
    for line in block[1].splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        stack = [*stack[:depth], name.rstrip("/")]
        paths.add("/".join(stack))
    return paths


def test_the_readme_shows_the_tree_as_it_is():
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if "__pycache__" not in path.parts and (path.suffix == ".py" or path.is_dir())
    }
    modules = {path for path in tracked if not path.endswith("__init__.py")}
    shown = {path for path in tree_of((ROOT / "README.md").read_text()) if path.startswith("textbook/")}
    assert shown == modules


def test_nothing_names_a_machine():
    private = re.compile(r"/(?:root|home|work|tmp)/\w|\bhttps?://(?:10|192\.168)\.")
    files = [
        p for p in ROOT.rglob("*") if p.suffix in {".py", ".md", ".toml", ".txt", ".j2"} and ".venv" not in p.parts
    ]
    wrong = [str(path) for path in files if path != Path(__file__) and private.search(path.read_text())]
    assert not wrong


OFFLINE = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"a network call: {event} {arguments}")
sys.addaudithook(refuse)
import json, tempfile
from pathlib import Path
from textbook import Files, run
from textbook.demo import recipe
folder = run(recipe(), Files(Path(json.__file__).parent), tempfile.mkdtemp() + "/out")
print(folder.manifest["steps"][0]["rows_in"])
"""


def test_no_network_call_unasked():
    ran = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True)
    assert ran.stdout.strip().isdigit(), ran.stderr
