"""Code with one thing taken away or put on: what the worse side of a pair is made of.

Nothing here is run. What is renamed or shuffled still parses; whether it still computes the same is said at each.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

from textbook.curation.annotate.groups import key
from textbook.curation.educational_value.bare_code import (
    Code,
    Edit,
    bare,
    code_of,
    comments,
    edited,
    is_string,
    walked,
)
from textbook.languages.python import STRING_OR_COMMENT

MAX_COMMENTS = 12
"""Put between the lines of a configuration."""

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*+")
_FIELD = re.compile(r"\{[^{}]*+\}")
_PREFIX = re.compile(r"(?<!\w)(?:[rbuf]|[bf]r|r[bf])$", re.IGNORECASE)


def opening(code: Code, node: Any) -> int | None:
    """Where the body of a function starts, if it has lines of its own: where a docstring goes."""
    first = node.body[0]
    start = code.span(first)[0]
    line = code.line_start(first.lineno)
    alone = first.lineno > node.lineno and not code.text[line:start].strip() and not hasattr(first, "decorator_list")
    return line if alone else None


def _indent(code: Code, node: Any) -> str:
    start = code.line_start(node.body[0].lineno)
    return code.text[start : code.span(node.body[0])[0]]


def _plain(words: str) -> str:
    """Words as they may stand between triple quotes; escapes may have brought in what source can't hold."""
    stored = words.replace("\0", " ").encode("utf-8", "replace").decode()
    return stored.replace("\\", "/").replace('"""', "'''").rstrip('"')


def _quoted(words: str, indent: str) -> str:
    return f'{indent}"""{_plain(words)}\n{indent}"""\n'


def _start(code: Code, node: Any) -> int:
    """Where a statement starts, with its decorators."""
    decorators = getattr(node, "decorator_list", ())
    return code.text.rindex("@", 0, code.span(decorators[0])[0]) if decorators else code.span(node)[0]


def _docstring_of(code: Code) -> str:
    """The docstring of the function that has the longest; without margins."""
    found = [ast.get_docstring(node) or "" for node in code.functions]
    return max(found, key=len, default="")


def hollow(code: Code) -> str:
    """Signatures and docstrings, and no code under them."""
    edits = []
    for node in code.functions:
        rest = node.body[1:] if is_string(node.body[0]) else node.body
        if not rest:
            continue
        edits.append(Edit(_start(code, rest[0]), code.span(rest[-1])[1], "raise NotImplementedError"))
    return edited(code.text, edits)


def with_docstrings_of(own: Code, other: Code) -> str:
    """The same code with the docstrings of another text, which has some."""
    foreign = [node.value.value for node in other.docstrings]
    edits = []
    for i, node in enumerate(own.docstrings):
        start, end = own.span(node)
        edits.append(Edit(start, end, f'"""{_plain(foreign[i % len(foreign)])}"""'))
    return edited(own.text, edits)


def with_borrowed_docstring(glue: Code, algorithm: Code) -> str:
    """Glue whose first function has the docstring of an algorithm."""
    bare_glue = code_of(bare(glue.text)) or glue
    node = next((each for each in bare_glue.functions if opening(bare_glue, each) is not None), None)
    if node is None:
        return bare_glue.text
    indent = _indent(bare_glue, node)
    at = opening(bare_glue, node) or 0
    words = _docstring_of(algorithm).replace("\n", f"\n{indent}").replace(f"\n{indent}\n", "\n\n")
    return edited(bare_glue.text, [Edit(at, at, _quoted(words, indent))])


def documented(code: Code) -> str:
    """The same code with a docstring for every function, and a comment before every statement, said in its names."""
    plain = code_of(bare(code.text)) or code
    edits = []
    for node in plain.nodes:
        if not isinstance(node, ast.stmt) or isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
            continue
        line = plain.line_start(node.lineno)
        start = plain.span(node)[0]
        indent = plain.text[line:start]
        if indent.strip():
            continue
        said = _said(node)
        if said:
            edits.append(Edit(line, line, f"{indent}# {said}\n"))
        starts = opening(plain, node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
        if starts is not None:
            edits.append(Edit(starts, starts, _quoted(_summary(node, _indent(plain, node)), _indent(plain, node))))
    return edited(plain.text, _one_a_place(edits))


def _one_a_place(edits: list[Edit]) -> list[Edit]:
    """A docstring and a comment that go to one place, as one edit: the docstring first."""
    joined: dict[int, Edit] = {}
    for edit in sorted(edits, key=lambda edit: (edit.start, '"""' not in edit.text)):
        there = joined.get(edit.start)
        joined[edit.start] = edit if there is None else there._replace(text=there.text + edit.text)
    return list(joined.values())


def _words(name: str) -> str:
    return re.sub(r"[_\W]+|(?<=[a-z])(?=[A-Z])", " ", name).strip().lower()


def _said(node: Any) -> str:
    names = list(dict.fromkeys(_words(name) for name in _names(node)))[:4]
    listed = ", ".join(name for name in names if name)
    if not listed:
        return ""
    if isinstance(node, ast.Return):
        return f"Return the {listed}, so that the caller can use what we computed above."
    if isinstance(node, ast.If | ast.While):
        return f"First check the {listed}, because only then the next step makes sense."
    if isinstance(node, ast.For | ast.AsyncFor):
        return f"Go through the {listed}, one after another, and handle each of them in turn."
    return f"This step sets up the {listed}, which means that it is ready for the steps that follow."


def _names(node: Any) -> Iterator[str]:
    for inner in walked(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _summary(node: Any, indent: str) -> str:
    given = (parameter.arg for parameter in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
    parameters = [name for name in given if name not in ("self", "cls")]
    lines = [f"{_words(node.name).capitalize()}: explained step by step."]
    lines += ["", "Args:"] if parameters else []
    lines += [f"    {name}: the {_words(name)} that this function works with." for name in parameters]
    lines += ["", "Returns:", f"    What comes of the {_words(node.name)}."]
    lines += ["", "Example:", f"    >>> {node.name}({', '.join(parameters)})"]
    return f"\n{indent}".join(lines).replace(f"\n{indent}\n", "\n\n")


def with_borrowed_comments(config: Code, algorithm: Code) -> str:
    """Settings with the comments and the docstrings of an algorithm strewn between them."""
    plain = code_of(bare(config.text)) or config
    text = algorithm.text
    said = [text[edit.start : edit.end].strip() for edit in comments(text)]
    said += [f"# {line.strip()}" for line in _docstring_of(algorithm).split("\n") if line.strip()]
    said = said[:MAX_COMMENTS]
    statements = [node for node in plain.tree.body if not plain.text[plain.line_start(node.lineno) :][:1].isspace()]
    places = [plain.line_start(node.lineno) for node in statements]
    edits: dict[int, list[str]] = {}
    for i, line in enumerate(said):
        edits.setdefault(places[i % len(places)], []).append(line)
    return edited(plain.text, [Edit(at, at, "\n".join(lines) + "\n") for at, lines in edits.items()])


def without_names(code: Code) -> str:
    """Every name that the text gives, in turn for v1, v2, ...: what is computed stays the same.

    Names that may be looked up from elsewhere stay: attributes, methods, parameters of foreign functions.
    """
    fresh = {name: f"v{i}" for i, name in enumerate(_given_names(code), start=1)}

    def renamed(piece: str) -> str:
        return _NAME.sub(lambda match: fresh.get(match[0], match[0]), piece)

    pieces = STRING_OR_COMMENT.split(code.text)
    for i in range(0, len(pieces), 2):
        prefix = _PREFIX.search(pieces[i]) if i + 1 < len(pieces) else None  # of the string that follows: no name
        end = prefix.start() if prefix else len(pieces[i])
        if prefix and "f" in prefix[0].lower():
            pieces[i + 1] = _FIELD.sub(lambda match: renamed(match[0]), pieces[i + 1])
        pieces[i] = renamed(pieces[i][:end]) + pieces[i][end:]
    return "".join(pieces)


def _given_names(code: Code) -> list[str]:
    """The names that a text gives and may change: those that are not looked up by attribute, nor by a foreign call."""
    given: dict[str, None] = {}
    defined, fixed = set(), {"self", "cls"}
    for node in code.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            given[node.id] = None
        elif isinstance(node, ast.arg):
            given[node.arg] = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            given[node.name] = None
            defined.add(node.name)
        elif isinstance(node, ast.Attribute):
            fixed.add(node.attr)
    for node in code.nodes:
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in defined):
            fixed.update(keyword.arg for keyword in node.keywords if keyword.arg)
        elif isinstance(node, ast.ClassDef):
            fixed.update(getattr(each, "name", "") for each in node.body)
    return [name for name in given if name not in fixed and not name.startswith("__")]


def shuffled(code: Code, seed: int) -> str:
    """The statements of each function in another order, where each has lines of its own; it computes something else."""
    edits = []
    for node in code.functions:
        body = node.body
        starts = [code.text.rfind("\n", 0, _start(code, each)) + 1 for each in body]
        apart = all(code.span(before)[1] <= start for before, start in zip(body, starts[1:], strict=False))
        if len(body) < 3 or not apart or opening(code, node) is None:
            continue
        end = code.text.find("\n", code.span(body[-1])[1])
        end = len(code.text) if end < 0 else end
        parts = [code.text[start:until] for start, until in zip(starts, [*starts[1:], end], strict=True)]
        parts[-1] += "\n"
        order = sorted(range(len(parts)), key=lambda i: key(seed, "shuffle", i, parts[i]))
        if order == list(range(len(parts))):
            order = order[1:] + order[:1]
        edits.append(Edit(starts[0], end, "".join(parts[i] for i in order).removesuffix("\n")))
    return edited(code.text, edits)
