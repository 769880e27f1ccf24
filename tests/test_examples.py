"""Every example runs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from textbook.curation.sources import Files
from textbook.engine import run
from textbook.recipes import load_recipe

ROOT = Path(__file__).parent.parent
RECIPES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.name)
def test_recipe(file, tmp_path):
    library = Path(os.__file__).parent
    folder = run(load_recipe(str(file)), Files(library / "json"), tmp_path / "out")
    assert folder.manifest["rows"] >= 1


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_notebook(file, tmp_path):
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any("text/html" in output.get("data", {}) for output in outputs), "the report shows itself"


def test_there_are_examples():
    assert RECIPES
    assert NOTEBOOKS
