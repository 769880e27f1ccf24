"""Programming languages: what is known of each, and which one a file is in, by its name.

Does not look into files: a script without an extension has no language here.
"""

from typing import Final

from textbook.languages.language import Language, Runner

__all__ = ["JAVASCRIPT", "LANGUAGES", "PYTHON", "Language", "Runner", "language", "language_of"]

PYTHON: Final = Language("python", (".py", ".pyi", ".pyw"), line_comments=("#",), runner=Runner("python"))
JAVASCRIPT: Final = Language(
    "javascript",
    (".js", ".jsx", ".cjs", ".mjs"),
    line_comments=("//",),
    block_comments=(("/*", "*/"),),
    runner=Runner("node", "node", (18,), "install Node.js 18 or later, and see that `node` is on the PATH"),
)

_FILES = {
    "assembly": ".asm .s",
    "c": ".c .h",
    "clojure": ".clj .cljs .cljc",
    "cmake": ".cmake CMakeLists.txt",
    "cpp": ".cc .cpp .cxx .hh .hpp .hxx",
    "csharp": ".cs",
    "css": ".css",
    "dart": ".dart",
    "dockerfile": ".dockerfile Dockerfile",
    "elixir": ".ex .exs",
    "erlang": ".erl .hrl",
    "fortran": ".f .f90 .f95 .f03",
    "fsharp": ".fs .fsx",
    "go": ".go",
    "groovy": ".groovy .gradle",
    "haskell": ".hs",
    "html": ".html .htm",
    "java": ".java",
    "json": ".json",
    "julia": ".jl",
    "kotlin": ".kt .kts",
    "lisp": ".lisp .lsp",
    "lua": ".lua",
    "makefile": ".mk Makefile makefile GNUmakefile",
    "markdown": ".md .markdown",
    "matlab": ".m",
    "ocaml": ".ml .mli",
    "perl": ".pl .pm",
    "php": ".php",
    "powershell": ".ps1 .psm1",
    "r": ".r",
    "restructuredtext": ".rst",
    "ruby": ".rb Rakefile Gemfile",
    "rust": ".rs",
    "scala": ".scala .sc",
    "scheme": ".scm .ss",
    "shell": ".sh .bash .zsh .ksh",
    "sql": ".sql",
    "swift": ".swift",
    "toml": ".toml",
    "typescript": ".ts .tsx .mts .cts",
    "xml": ".xml",
    "yaml": ".yaml .yml",
    "zig": ".zig",
}

LANGUAGES: Final = {
    each.name: each
    for each in (PYTHON, JAVASCRIPT, *(Language(name, tuple(files.split())) for name, files in _FILES.items()))
}
"""All that are known, by name."""
_LANGUAGE = {name: each.name for each in LANGUAGES.values() for name in each.files}


def language(name: str) -> Language:
    """The language of a name.

    Raises:
        ValueError: none is known by it.
    """
    if name not in LANGUAGES:
        raise ValueError(f"got the language {name!r}; expected one of {', '.join(sorted(LANGUAGES))}")
    return LANGUAGES[name]


def language_of(path: str) -> str | None:
    """The language of a source file, in lower case, by its whole name or its extension; None if neither is known."""
    name = path.replace("\\", "/").rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    return _LANGUAGE.get(name) or _LANGUAGE.get(dot + extension.lower())
