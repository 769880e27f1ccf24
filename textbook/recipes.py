"""Recipes by name: a `file.py` or a `package.module` that has a function `recipe()` returning a tuple of steps.

Recipes are Python and the command line only selects one: there is no configuration language and no flag per field.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from textbook.lineage import RECIPES
from textbook.operator import Step

Recipe = tuple[Step, ...]


def load_recipe(spec: str) -> Recipe:
    """The steps that `spec`, the path of a Python file or the name of a module, describes.

    Raises:
        ValueError: there is no such file or module, it has no `recipe()`, or that returns something else than steps.
    """
    module = load_file(spec) if spec.endswith(".py") else _load_module(spec)
    function = getattr(module, "recipe", None)
    if not callable(function):
        raise ValueError(f"{spec} has no function recipe(); expected `def recipe() -> tuple[Step, ...]`")
    return checked(function())


def checked(steps: object) -> Recipe:
    """The same steps as a tuple.

    Raises:
        ValueError: something among them is no step.
    """
    if isinstance(steps, Step):
        steps = (steps,)
    if not isinstance(steps, (tuple, list)):
        raise ValueError(f"a recipe is a tuple of steps; got {type(steps).__name__}")
    for step in steps:
        if isinstance(step, type) and issubclass(step, Step):
            raise ValueError(f"a recipe holds instances; got the class {step.__name__}: write {step.__name__}()")
        if not isinstance(step, Step):
            raise ValueError(
                f"a recipe holds steps (Operator, Fittable, Stage); got {type(step).__name__} {step!r:.60}"
            )
    return tuple(steps)


def load_file(path: str) -> ModuleType:
    """Load a recipe file as a module, once a process, under a name that does not depend on its folder."""
    file = Path(path).resolve()
    name = f"{RECIPES}.{file.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(file):
        return loaded
    if not file.is_file():
        raise ValueError(f"there is no recipe file {path}; give a file.py or a package.module with a function recipe()")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _make_importable(file.parent)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def loaded_files() -> list[str]:
    """The recipe files loaded in this process: a worker loads the same ones."""
    return [str(module.__file__) for name, module in sys.modules.items() if name.startswith(f"{RECIPES}.")]


def _make_importable(folder: Path) -> None:
    """Let a recipe import what lies beside it; at the end of the path, where it hides nothing."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _load_module(name: str) -> ModuleType:
    _make_importable(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no recipe {name!r} ({error}); give a file.py or a package.module") from None
