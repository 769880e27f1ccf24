"""Optional packages: imported where they are needed, with an error that names the pip line."""

import importlib
from types import ModuleType


def require(module: str, extra: str) -> ModuleType:
    """Import `module`, which the extra `extra` installs.

    Raises:
        ModuleNotFoundError: it is not installed; the message is the remedy.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        remedy = f"this needs {module.partition('.')[0]}: pip install 'textbook-curation[{extra}]'"
        raise ModuleNotFoundError(remedy, name=error.name) from None
