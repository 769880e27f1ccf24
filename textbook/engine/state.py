"""What a `Fittable` became, on disk: `state/<fingerprint>.json`, so that a resumed run never fits again.

The file names the operator's class and fields as JSON, never a pickle; files that the fields point to lie beside it,
named by their digest.
"""

import dataclasses
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from textbook.lineage import StateFile, write_atomic
from textbook.operator import Operator, Step


def save_fitted(operator: Operator, file: Path, cpu_seconds: float) -> None:
    """Write the operator's class and fields.

    Raises:
        TypeError: a field is neither a plain value nor a `StateFile`.
    """
    fields = {f.name: _encode(operator, f.name, getattr(operator, f.name)) for f in dataclasses.fields(operator)}
    name = f"{type(operator).__module__}:{type(operator).__qualname__}"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, json.dumps({"class": name, "fields": fields, "cpu_seconds": round(cpu_seconds, 3)}, indent=1))


def load_fitted(file: Path, fitted_by: Step) -> Operator:
    """The operator that `save_fitted` wrote.

    Raises:
        ValueError: the file names something else than an operator that lives where `fitted_by` does.
    """
    saved = json.loads(file.read_bytes())
    module_name, _, qualname = saved["class"].partition(":")
    homes = {type(fitted_by).__module__.partition(".")[0], "textbook"}
    if module_name.partition(".")[0] not in homes:
        raise ValueError(
            f"{file} names {saved['class']}, which is not from {' or '.join(sorted(homes))}; remove the folder"
        )
    found: Any = sys.modules.get(module_name) or importlib.import_module(module_name)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, Operator)):
        raise ValueError(f"{file} names {saved['class']}, which is no operator; remove the folder and run again")
    return found(**{name: _decode(value, file.parent) for name, value in saved["fields"].items()})


def _encode(operator: Operator, name: str, value: Any) -> Any:
    if isinstance(value, StateFile):
        return {"state_file": {"digest": value.digest, "name": value.name}}
    if isinstance(value, tuple):
        return {"tuple": [_encode(operator, name, item) for item in value]}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(
        f"{type(operator).__name__}.{name} is {type(value).__name__}; a fitted operator holds plain values, tuples of "
        "them, and StateFile"
    )


def _decode(value: Any, folder: Path) -> Any:
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(_decode(item, folder) for item in value["tuple"])
    return StateFile(**value["state_file"], folder=str(folder))
