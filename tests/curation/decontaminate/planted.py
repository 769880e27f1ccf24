"""Leaks made from a benchmark's own problems: disguised in the ways that a search by n-grams or by trees may miss.

Python problems only, but for `translated`. Each maker gives the text of a row, or None where it does not apply. What
is said in other words is not made here: that takes a writer.
"""

import ast
import builtins
import io
import keyword
import random
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from textbook.benchmarks import Problem

COMMENTS = ("set things up", "go through all of it", "keep what is needed", "done", "nothing else to do here")


class Leak(NamedTuple):
    kind: str
    problem: str
    text: str
    language: str = "python"


def verbatim(problem: Problem) -> str:
    return problem.prompt + problem.solution


def docstring_only(problem: Problem) -> str | None:
    """What is asked, as prose."""
    asked = problem.statement or ast.get_docstring(_entry(problem))
    return asked and f"Today's exercise.\n\n{textwrap.dedent(asked)}\n\nGood luck!\n"


def solution_only(problem: Problem) -> str:
    """The function without its docstring and types."""
    return ast.unparse(_bare(_entry(problem))) + "\n"


def renamed(problem: Problem) -> str:
    """Other names in the code; the docstring stays but for the function's name."""
    return _rename(verbatim(problem), _names(problem))


def solution_renamed(problem: Problem) -> str:
    return _rename(solution_only(problem), _names(problem))


def recommented(problem: Problem) -> str:
    """Another docstring, and comments between the lines."""
    function = _bare(_entry(problem))
    lines = ast.unparse(function).split("\n")
    rng = random.Random(problem.id)
    out = [lines[0], '    """A small helper; see the notes."""']
    for line in lines[1:]:
        if rng.random() < 0.5:
            out.append(" " * (len(line) - len(line.lstrip())) + f"# {rng.choice(COMMENTS)}")
        out.append(line)
    return "\n".join(out) + "\n"


def restyled(problem: Problem) -> str:
    """`x += y` spelt out, what is returned named first, other names, no docstring."""
    function = _Restyled().visit(_bare(_entry(problem)))
    return _rename(ast.unparse(ast.fix_missing_locations(function)) + "\n", _names(problem))


def comprehension(problem: Problem) -> str | None:
    """Loops that append, or that look for one case, as comprehensions; None where there are none."""
    function = _bare(_entry(problem))
    visitor = _Comprehensions()
    visitor.visit(function)
    return ast.unparse(ast.fix_missing_locations(function)) + "\n" if visitor.changed else None


def in_a_long_file(problem: Problem, file: str) -> str:
    """Verbatim, between the lines at top level of another file, which must parse."""
    lines = file.split("\n")
    tops = [node.lineno - 1 for node in ast.parse(file).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    tops = [top for top in tops if not lines[top - 1].startswith("@")]
    at = tops[len(tops) // 2] if tops else len(lines)
    return "\n".join([*lines[:at], verbatim(problem), *lines[at:]])


MAKERS: dict[str, Callable[[Problem], str | None]] = {
    "verbatim": verbatim,
    "renamed": renamed,
    "re-commented": recommented,
    "restyled": restyled,
    "loop to comprehension": comprehension,
    "docstring only": docstring_only,
    "solution only": solution_only,
    "solution renamed": solution_renamed,
}
"""Those that need nothing but the problem; `leaks` makes the others as well."""


def leaks(
    problems: Iterable[Problem], files: Iterable[str] = (), translations: Iterable[Problem] = ()
) -> Iterator[Leak]:
    """Every kind of leak of each problem.

    Args:
        problems: in Python, with a solution.
        files: Python files that parse, to hide leaks in, in turn.
        translations: the same problems in other languages, in the order of `problems` and over again.
    """
    problems, files = list(problems), list(files)
    for number, problem in enumerate(problems):
        for kind, make in MAKERS.items():
            text = make(problem)
            if text is not None:
                yield Leak(kind, problem.id, text)
        if files:
            yield Leak("in a long file", problem.id, in_a_long_file(problem, files[number % len(files)]))
    for number, translation in enumerate(translations):
        leaked = problems[number % len(problems)]
        yield Leak(f"translated to {translation.language}", leaked.id, verbatim(translation), translation.language)


def _entry(problem: Problem) -> ast.FunctionDef:
    tree = ast.parse(problem.program(problem.solution))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return next((node for node in functions if node.name == problem.entry_point), functions[-1])


def _bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """A function without docstring and types."""
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:] or [ast.Pass()]
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return function


def _names(problem: Problem) -> dict[str, str]:
    """New names for all that the entry point binds, in the order of the tree, itself first."""
    function = _entry(problem)
    bound = [function.name]
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            bound.append(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.append(node.id)
    bound = [name for name in dict.fromkeys(bound) if not hasattr(builtins, name) and not keyword.iskeyword(name)]
    return {name: f"{('alpha', 'beta', 'gamma', 'delta')[i % 4]}{i // 4 or ''}" for i, name in enumerate(bound)}


def _rename(code: str, names: dict[str, str]) -> str:
    """Other names in the code, and for the function within its docstring."""
    lines = code.splitlines(keepends=True)
    function = next(iter(names))
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(code).readline))):
        (row, column), (_, end) = token.start, token.end
        if token.type == tokenize.NAME and token.string in names:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + names[token.string] + line[end:]
    return "".join(lines).replace(f"{function}(", f"{names[function]}(")


class _Restyled(ast.NodeTransformer):
    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:  # noqa: N802
        left = ast.parse(ast.unparse(node.target), mode="eval").body
        return ast.Assign([node.target], ast.BinOp(left, node.op, node.value))

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:  # noqa: N802
        if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
            return node
        result = ast.Name("outcome", ast.Store())
        return [ast.Assign([result], node.value), ast.Return(ast.Name("outcome", ast.Load()))]


class _Comprehensions(ast.NodeTransformer):
    changed = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for i in range(len(body) - 1, -1, -1):
                made = _appended(body, i) or _searched(body, i)
                if made is not None:
                    first, statement = made
                    body[first : first + 2] = [statement]
                    self.changed = True
        return node


def _clauses(loop: ast.For) -> tuple[ast.stmt, ast.comprehension] | None:
    """The one statement that a loop comes to, under what clauses."""
    if loop.orelse or len(loop.body) != 1:
        return None
    inner, tests = loop.body[0], []
    while isinstance(inner, ast.If) and not inner.orelse and len(inner.body) == 1:
        tests.append(inner.test)
        inner = inner.body[0]
    return inner, ast.comprehension(loop.target, loop.iter, tests, 0)


def _appended(body: list[ast.stmt], i: int) -> tuple[int, ast.stmt] | None:
    """`x = []`, then a loop that appends to it."""
    loop, before = body[i], body[i - 1] if i else None
    if not isinstance(loop, ast.For) or not isinstance(before, ast.Assign) or ast.unparse(before.value) != "[]":
        return None
    found = _clauses(loop)
    name = ast.unparse(before.targets[0])
    if found is None or not isinstance(found[0], ast.Expr) or not isinstance(found[0].value, ast.Call):
        return None
    call = found[0].value
    if ast.unparse(call.func) != f"{name}.append":
        return None
    return i - 1, ast.Assign(before.targets, ast.ListComp(call.args[0], [found[1]]))


def _searched(body: list[ast.stmt], i: int) -> tuple[int, ast.stmt] | None:
    """A loop that returns True or False in one case, then the return of the other."""
    loop, after = body[i], body[i + 1] if i + 1 < len(body) else None
    found = _clauses(loop) if isinstance(loop, ast.For) else None
    if found is None or not found[1].ifs or not isinstance(found[0], ast.Return) or not isinstance(after, ast.Return):
        return None
    answers = [ast.unparse(each.value) if each.value else "" for each in (found[0], after)]
    if sorted(answers) != ["False", "True"]:
        return None
    clause = found[1]
    test = clause.ifs[0] if len(clause.ifs) == 1 else ast.BoolOp(ast.And(), list(clause.ifs))
    call = ast.Call(
        ast.Name("any", ast.Load()),
        [ast.GeneratorExp(test, [ast.comprehension(clause.target, clause.iter, [], 0)])],
        [],
    )
    return i, ast.Return(call if answers[0] == "True" else ast.UnaryOp(ast.Not(), call))
