"""One Go file from several texts: Go allows one package clause, and takes an unused import for an error.

Does not parse Go: packages are found by how they are written.
"""

import re
from collections.abc import Iterable

_PACKAGE = re.compile(r"^package[ \t]+\w+[ \t]*\n?", re.MULTILINE)
_IMPORT = re.compile(r'^import[ \t]*(?:\(([^)]*)\)|((?:\w+[ \t]+)?"[^"\n]+"))[ \t]*\n?', re.MULTILINE)
_ONE = re.compile(r'(?:(\w+|\.)[ \t]+)?"([^"\n]+)"')

USUAL = (
    *("bytes", "container/heap", "container/list", "crypto/md5", "encoding/hex", "errors", "fmt", "math", "math/big"),
    *("math/bits", "math/rand", "regexp", "sort", "strconv", "strings", "time", "unicode", "unicode/utf8"),
)
"""Packages imported where they are used without an import: a completion stands below the imports and can't add any."""


def go_file(texts: Iterable[str]) -> str:
    """The texts as one file of package main, with the imports that are used."""
    bodies: list[str] = []
    lines: dict[str, str] = {}
    for text in texts:
        for found in _IMPORT.finditer(text):
            for name, path in _ONE.findall(found[1] or found[2]):
                lines.setdefault(name or path.rpartition("/")[2], f'{name} "{path}"'.strip())
        bodies.append(_PACKAGE.sub("", _IMPORT.sub("", text)))
    body = "\n".join(part.strip("\n") for part in bodies if part.strip()) + "\n"
    for path in USUAL:
        lines.setdefault(path.rpartition("/")[2], f'"{path}"')
    used = [line for name, line in lines.items() if name in "._" or re.search(rf"(?<![\w.\"]){name}\.\w", body)]
    imports = "import (\n" + "".join(f"    {line}\n" for line in used) + ")\n\n" if used else ""
    return f"package main\n\n{imports}{body}"
