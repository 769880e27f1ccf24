"""Programming languages: which one a file is in, by its name.

Does not look into files: a script without an extension has no language here.
"""

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
    "javascript": ".js .jsx .cjs .mjs",
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
    "python": ".py .pyi .pyw",
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
_LANGUAGE = {name: language for language, names in _FILES.items() for name in names.split()}


def language_of(path: str) -> str | None:
    """The language of a source file, in lower case, by its whole name or its extension; None if neither is known."""
    name = path.replace("\\", "/").rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    return _LANGUAGE.get(name) or _LANGUAGE.get(dot + extension.lower())
