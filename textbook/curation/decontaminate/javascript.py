"""What `runnable` has for Python, for JavaScript: what of a row can be run against a problem's tests, and weak tests.

Seen are functions at the top of a text, by name or as what it exports, and those in objects and classes there. Code is
run as CommonJS: what is imported is required and may be missing, what is exported is defined. Read by tree-sitter, so
needs `textbook-curation[languages]`.

Does not see functions within functions (a file in one closure), async functions, generators, TypeScript, and code with
JSX or a top-level `await`. Does not run anything: see `behaviour`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import inf
from typing import Any, Final

from textbook.benchmarks import Problem
from textbook.curation.decontaminate.functions import functions_of
from textbook.curation.decontaminate.runnable import MOST_FUNCTIONS, Runnable, Signature, Suite, fenced
from textbook.languages import trees
from textbook.require import require
from textbook.sandbox import Program

JAVASCRIPT: Final = "javascript"

TRIVIAL: Final = (
    "undefined", "null", "true", "false", "0", "1", "''", "[]", "({})", "a", "b", "a.length", "Math.max(...a)",
    "Math.min(...a)", "a.reduce((x, y) => x + y)", "[...a].sort()", "[...a].sort((x, y) => x - y)", "[...new Set(a)]",
    "[...new Set(a)].sort()", "[...new Set(a)].sort((x, y) => x - y)", "new Set(a).size", "`${a}`", "Number(a)",
    "parseInt(a)", "Math.abs(a)", "Math.floor(a)", "Math.round(a)", "-a", "!a", "a + 1", "a * 2", "a * a", "a % 1",
    "a % 2 === 0", "a.toString(2)", "a[0]", "a[a.length - 1]", "[...a].reverse()", "[...a].reverse().join('')",
    "a.toLowerCase()", "a.toUpperCase()", "a.split('')", "a.split(' ')", "a.join('')", "a.join(' ')", "a + b", "a - b",
    "a * b", "a / b", "Math.floor(a / b)", "a % b", "a ** b", "Math.max(a, b)", "Math.min(a, b)", "a === b", "a < b",
    "a > b", "a.includes(b)", "b.includes(a)", "a.concat(b)", "a.filter((x) => b.includes(x))",
)  # fmt: skip
"""What everybody writes, of the first argument and the second, and values that need neither."""

MOST_LITERALS: Final = 6
"""So many literals of a test are tried beside these, those that it has most."""

_TAGS: Final = ("", "javascript", "js", "jsx", "mjs", "cjs", "node", "nodejs")
_DECLARATIONS = ("lexical_declaration", "variable_declaration")
_NAMED = ("class_declaration", "function_declaration", "generator_function_declaration")
_FUNCTIONS = ("arrow_function", "function_declaration", "function_expression", "method_definition")
_CLASSES = ("class", "class_declaration")
_NOT_CALLED = ("async", "get", "set", "*")
_NAME = re.compile(r"[\w$.]++")

_FORGIVING = """require = ((get) => (name) => {
  try { return get(name) } catch { return () => ({}) }
})(require)"""
"""A package that is not there must not keep functions from being tried that do without."""

_TRY_ALL = """console.assert = (holds) => {{ if (!holds) throw new Error() }}
const textbook_attempt = ({entry}) => {{
{suite}
;if (typeof check === 'function') check({entry})
}}
let textbook_passed = false
for (const each of [{functions}]) {{
  try {{ textbook_attempt(each); textbook_passed = true }} catch {{}}
}}
if (!textbook_passed) throw new Error('no trivial function passes')
"""


def runnable(text: str) -> Runnable | None:
    """What can be run of a text, which may be prose with fenced blocks; None for nothing.

    Statements that do something when they are run, such as calls and loops, are left out.
    """
    definitions = _Definitions("\n".join(fenced(text, _TAGS)) or text)
    if not definitions.functions:
        return None
    functions = list(definitions.functions.values())[:MOST_FUNCTIONS]
    code = [_FORGIVING, *(code for _, code in definitions.pieces)]
    signatures = []
    for number, (call, signature) in enumerate(functions):
        name = f"textbook_function_{number}"
        code.append(f"var {name} = (...all) => {call}(...all)")
        signatures.append(signature._replace(name=name, shown=signature.name))
    return Runnable(";\n".join(code), tuple(signatures))


def suite_of(problem: Problem) -> Suite | None:
    """A problem's tests; None if it has none, or they are not of a function in JavaScript."""
    if problem.language != JAVASCRIPT or not problem.tests:
        return None
    definitions = _Definitions(problem.program(problem.solution))
    if problem.entry_point not in definitions.functions:
        return None
    _, entry = definitions.functions[problem.entry_point]
    setup = ";\n".join(code for names, code in definitions.pieces if problem.entry_point not in names)
    return Suite(entry, setup, problem.suite, JAVASCRIPT)


def trivial(suite: Suite) -> Program:
    """A program that passes if a trivial function passes the tests: one process for all of them, since all are ours."""
    functions = ", ".join(f"(a, b) => {value}" for value in (*TRIVIAL, *_literals(suite.suite)))
    test = _TRY_ALL.format(entry=suite.entry.name, suite=f"{suite.setup}\n{suite.suite}", functions=functions)
    return Program("", test, language=JAVASCRIPT)


def _literals(test: str) -> list[str]:
    """The literals that a test has most."""
    try:
        found = trees.read(test, JAVASCRIPT).literals
    except trees.TreeError:
        return []
    return [text for text, _ in Counter(test[start:end] for start, end in found).most_common(MOST_LITERALS)]


@cache
def _language() -> Any:
    grammar = require("tree_sitter_javascript", extra="languages").language()
    return require("tree_sitter", extra="languages").Language(grammar)


def _statements(source: str) -> list[Any]:
    """The nodes at the top of a source that are whole; none if there is no function in it."""
    # What takes too long to be parsed has no functions here, so the tree is had in bounded time.
    if not functions_of(source, JAVASCRIPT, (JAVASCRIPT,)).found:
        return []
    parser = require("tree_sitter", extra="languages").Parser(_language())
    tree = parser.parse(source.replace("\0", " ").encode("utf-8", "surrogatepass"))
    return [node for node in tree.root_node.named_children if not node.has_error]


class _Definitions:
    """What a source defines at its top."""

    def __init__(self, source: str) -> None:
        self.pieces: list[tuple[set[str], str]] = []
        """Statements, each with the names that it defines."""
        self.functions: dict[str, tuple[str, Signature]] = {}
        """By name, each with what calls it. The last one of a name counts."""
        for node in _statements(source):
            self._take(node)

    def _take(self, node: Any) -> None:
        declared, value = (node.child_by_field_name(field) for field in ("declaration", "value"))
        if node.type == "export_statement" and declared is not None:
            self._take(declared)
        elif node.type == "export_statement" and value is not None:
            self.pieces.append((set(), f"var textbook_default = {_text(value)}"))
            self._value("default", "textbook_default", value)
        elif node.type == "import_statement":
            self.pieces += [(set(), code) for code in _required(node)]
        elif node.type in _NAMED:
            name = _field(node, "name")
            # Declared twice, as in an answer that shows its code twice, a class or a constant would be an error.
            self.pieces.append(({name}, f"var {name} = {_text(node)}" if node.type in _CLASSES else _text(node)))
            self._value(name, name, node)
        elif node.type in _DECLARATIONS:
            keyword = node.children[0]
            names = {_field(each, "name") for each in node.named_children}
            self.pieces.append((names, "var" + _text(node)[len(_text(keyword)) :]))
            for each in node.named_children:
                self._value(_field(each, "name"), _field(each, "name"), each.child_by_field_name("value"))
        elif node.type == "expression_statement" and node.named_children[0].type == "assignment_expression":
            target = _field(node.named_children[0], "left")
            self.pieces.append(({target}, _text(node)))
            self._value(target, target, node.named_children[0].child_by_field_name("right"))

    def _value(self, shown: str, call: str, node: Any) -> None:
        """Take in what a name stands for: a function, or an object or a class with functions in it."""
        if node is None or not _NAME.fullmatch(shown):
            return
        if node.type in _FUNCTIONS:
            self._function(shown, call, node)
        elif node.type == "object":
            for name, value, _ in _functions_in(node):
                self._function(f"{shown}.{name}", f"{call}.{name}", value)
        elif node.type in _CLASSES:
            members = list(_functions_in(node.child_by_field_name("body")))
            can_be_made = all(_arity(value)[0] == 0 for name, value, _ in members if name == "constructor")
            for name, value, is_static in members:
                if name != "constructor" and (is_static or can_be_made):
                    owner = call if is_static else f"new {call}()"
                    self._function(f"{shown}.{name}", f"{owner}.{name}", value)

    def _function(self, shown: str, call: str, node: Any) -> None:
        if not any(child.type in _NOT_CALLED for child in node.children):
            self.functions[shown] = call, Signature(shown, *_arity(node))


def _functions_in(node: Any) -> Iterator[tuple[str, Any, bool]]:
    """The functions of an object or a class that have a plain name, and whether they are static."""
    for child in node.named_children:
        name = next(filter(None, map(child.child_by_field_name, ("name", "key", "property"))), None)
        value = child if child.type == "method_definition" else child.child_by_field_name("value")
        if name is not None and name.type == "property_identifier" and value is not None and value.type in _FUNCTIONS:
            yield _text(name), value, "static" in (part.type for part in child.children)


def _required(node: Any) -> Iterator[str]:
    """What an import does, as CommonJS has it."""
    source = _field(node, "source")
    for clause in (child for child in node.named_children if child.type == "import_clause"):
        for part in clause.named_children:
            if part.type == "identifier":
                yield f"var {_text(part)} = require({source})"
            elif part.type == "namespace_import":
                yield f"var {_text(part.named_children[0])} = require({source})"
            else:
                pairs = [(_field(each, "name"), _field(each, "alias")) for each in part.named_children]
                names = ", ".join(f"{name}: {alias or name}" for name, alias in pairs if name)
                yield f"var {{ {names} }} = require({source})"


def _arity(node: Any) -> tuple[float, float]:
    """How many arguments a function must and can be given by position."""
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return 1, 1
    kinds = [child.type for child in parameters.named_children if child.type != "comment"]
    least = max((i for i, kind in enumerate(kinds, 1) if kind not in ("assignment_pattern", "rest_pattern")), default=0)
    takes_any = "rest_pattern" in kinds or re.search(r"\barguments\b", _field(node, "body")) is not None
    return least, inf if takes_any else len(kinds)


def _field(node: Any, name: str) -> str:
    child = node.child_by_field_name(name)
    return "" if child is None else _text(child)


def _text(node: Any) -> str:
    text: str = node.text.decode("utf-8", "surrogatepass")
    return text
