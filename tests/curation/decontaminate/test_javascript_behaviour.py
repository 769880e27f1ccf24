"""Functions in JavaScript against tests in JavaScript. What runs them is skipped where there is no node."""

import shutil

import pytest

from tests.curation.decontaminate.test_behaviour import clear
from textbook.benchmarks import References
from textbook.curation.decontaminate.behaviour import LeaksByBehaviour, is_weak
from textbook.curation.decontaminate.javascript import runnable
from textbook.curation.decontaminate.references import prepared
from textbook.curation.decontaminate.trials import MOST_TRIALS, suite_of, trials_of
from textbook.sandbox import Limits
from textbook.sandbox.commands import command_for

node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
LIMITS = Limits(cpu_s=0.5)

RUNS = {
    "id": "own/runs",
    "prompt": "const same = (a, b) => a === b\n/* Write each run of equal letters of a word as the letter and the"
    " length of the run. */\nconst runLengths = (word) => {\n",
    "solution": "  return (word.match(/(.)\\1*/g) ?? []).map((run) => run[0] + run.length).join('')\n}\n",
    "entry_point": "runLengths",
    "tests": "console.assert(same(runLengths('aab'), 'a2b1'))\nconsole.assert(same(runLengths('zzzyx'), 'z3y1x1'))\n"
    "console.assert(same(runLengths(''), ''))\n",
    "language": "javascript",
}
LARGEST = {
    "id": "own/largest",
    "prompt": "// Return the largest number of the given numbers.\nfunction largestNumber(numbers) {\n",
    "solution": "  return Math.max(...numbers)\n}\n",
    "entry_point": "largestNumber",
    "tests": ["console.assert(largestNumber([1, 5, 3]) === 5)", "console.assert(largestNumber([-2]) === -2)"],
    "language": "javascript",
}
REFERENCES = References.of([RUNS, LARGEST])

ABOUT = "// How often each letter of a word stands in a row: the letter and the length of each run of equal letters.\n"
BODY = """{
  let out = ''
  for (let i = 0, n = 1; i < text.length; i++, n++) {
    if (text[i] !== text[i + 1]) { out += text[i] + n; n = 0 }
  }
  return out
}
"""
SOLVES = f"{ABOUT}function squeeze(text) {BODY}"
FAILS = SOLVES.replace("n = 0", "n = 1")


def judged(texts, tmp_path, languages=None, **fields):
    step = LeaksByBehaviour(REFERENCES, LIMITS, **fields)
    (out,) = step.stream([clear(texts, languages or ["javascript"] * len(texts))], tmp_path)
    return out


@node
def test_a_function_that_passes_the_tests_is_a_leak(tmp_path):
    out = judged([SOLVES, FAILS], tmp_path)
    assert out["contamination_tier"] == ["contaminated", "clear"]
    (evidence,) = out["contaminated_by"][0]
    assert (evidence["reference"], evidence["detector"], evidence["score"]) == ("own/runs", "behaviour", 1.0)
    assert out["drop_reason"] == ["contaminated: own/runs by behaviour: squeeze passes its tests", None]


@node
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("arrow", f"{ABOUT}const squeeze = (text) => {BODY}"),
        ("arrow without parentheses", f"{ABOUT}let squeeze = text => {BODY}"),
        ("function expression", f"{ABOUT}var other = 1, squeeze = function (text) {BODY}"),
        ("export", f"{ABOUT}export {SOLVES.removeprefix(ABOUT)}"),
        ("export of an arrow", f"{ABOUT}export const squeeze = (text) => {BODY}"),
        ("nameless export", f"{ABOUT}export default function (text) {BODY}"),
        ("module.exports", f"{ABOUT}module.exports = (text) => {BODY}"),
        ("exports by name", f"{ABOUT}exports.squeeze = function (text) {BODY}"),
        ("object", f"{ABOUT}module.exports = {{ no: 1, squeeze (text) {BODY} }}"),
        ("static method", f"{ABOUT}class Text {{ constructor (a) {{ throw a }} static squeeze (text) {BODY} }}"),
        ("method", f"{ABOUT}export default class {{ squeeze (text) {BODY} }}"),
        ("helper", f"{SOLVES.replace('text[i] + n;', 'both(text[i], n);')}function both (a, n) {{ return a + n }}\n"),
        ("constant", "const NONE = ''\n" + SOLVES.replace("out = ''", "out = NONE")),
        ("default", SOLVES.replace("(text)", "(text, more = 1, ...rest)")),
        ("names of the tests", SOLVES.replace("squeeze", "same")),
        ("name of a built-in", SOLVES.replace("squeeze", "parseInt")),
        ("imports", f"import x, {{ y as z }} from 'nowhere'\nimport * as w from 'fs'\n{SOLVES}\nexport {{ z }}\n"),
        ("missing packages", f"const ask = require('prompt-sync')(), {{ a }} = require('b')\n{SOLVES}"),
        ("statements that run", f"#!/usr/bin/env node\n{SOLVES}while (true) {{}}\nprocess.exit(squeeze('a'))\n"),
        ("broken line", f"{SOLVES}\nconst x = = 1;\nvar f = (a => \n"),
        ("twice", f"const squeeze = 1\n{SOLVES.replace('function squeeze', 'const squeeze = function')}"),
        ("windows, and letters", SOLVES.replace("\n", "\r\n").replace("squeeze", "größe")),
    ],
)  # fmt: skip
def test_how_a_function_is_written_does_not_hide_it(kind, text, tmp_path):
    assert judged([text], tmp_path)["contamination_tier"] == ["contaminated"], kind


@node
@pytest.mark.parametrize("language", ["javascript", "markdown", None])
def test_answers_with_fenced_blocks(language, tmp_path):
    text = f"Here's what you (or I) asked for:\n\n```JavaScript\n{SOLVES}```\nUse it:\n```sh\nnode {{ x\n```\nBye!\n"
    assert judged([text], tmp_path, [language])["contamination_tier"] == ["contaminated"]


@node
def test_tests_that_a_trivial_function_passes_say_nothing(tmp_path):
    assert is_weak(suite_of(REFERENCES["own/largest"]), LIMITS)
    assert not is_weak(suite_of(REFERENCES["own/runs"]), LIMITS)
    loop = "let m = xs[0]\n  for (const x of xs) if (x > m) m = x\n  return m"
    out = judged([f"// The largest number of all given numbers.\nconst top = (xs) => {{\n  {loop}\n}}\n"], tmp_path)
    assert out["contamination_tier"] == ["clear"] and out["contaminated_by"] == [None]


@node
def test_tests_that_one_constant_passes_are_weak():
    constant = RUNS | {"tests": ["console.assert(runLengths('aab') === 'a2b1')"]}
    assert is_weak(suite_of(References.of([constant])["own/runs"]), LIMITS)


@node
def test_a_function_that_hangs_leaves_its_row_undecided(tmp_path):
    out = judged([SOLVES.replace("let out", "for (;;);\n  let out"), SOLVES], tmp_path)
    assert out["contamination_tier"] == ["undecided", "contaminated"]
    assert out["contamination_note"] == ["squeeze runs too long in the tests of own/runs", None]


@node
@pytest.mark.parametrize(
    "code", ["process.exit(0)", "throw 0", "require('fs').readFileSync('/etc/passwd')", "return squeeze(text)",
             "return new Proxy({}, { get: () => true })", "console.assert = () => {}; return ''"]
)  # fmt: skip
def test_hostile_functions_are_no_leaks_and_the_run_goes_on(code, tmp_path):
    out = judged([SOLVES.replace("let out", f"{code}\n  let out"), SOLVES], tmp_path)
    assert out["contamination_tier"][0] in ("clear", "undecided") and out["contamination_tier"][1] == "contaminated"


def test_without_node_rows_stay_undecided_and_say_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    command_for.cache_clear()
    try:
        out = judged([SOLVES, "const area = (w, h) => w * h\n"], tmp_path)
    finally:
        command_for.cache_clear()
    assert out["contamination_tier"] == ["undecided", "clear"]
    assert out["contamination_note"][0].startswith("not run: got no `node` on the PATH")
    assert "install Node.js" in out["contamination_note"][0] and out["contamination_note"][1] is None


def test_rows_of_other_languages_stay_as_they_are(tmp_path):
    batch = clear([SOLVES] * 3, ["python", "java", "typescript"])
    (out,) = LeaksByBehaviour(REFERENCES, LIMITS).stream([batch], tmp_path)
    assert out == batch | {"drop_reason": [None] * 3}


@pytest.mark.parametrize(
    ("header", "arity"),
    [
        ("function f(a, b)", (2, 2)), ("function f()", (0, 0)), ("const f = a =>", (1, 1)),
        ("function f({ a }, [b], c = 1)", (2, 3)), ("function f(a = 1, b)", (2, 2)),
        ("function f(a, /* more */ ...b)", (1, float("inf"))),
    ],
)  # fmt: skip
def test_how_many_arguments_a_function_takes(header, arity):
    (function,) = runnable(f"{header} {{ return 1 }}\n").functions
    assert (function.least, function.most, function.shown) == (*arity, "f")


def test_a_function_that_reads_its_arguments_takes_any_number():
    (function,) = runnable("function f() { return arguments.length }\n").functions
    assert function.most == float("inf")


@pytest.mark.parametrize(
    "text",
    ["", "\0", "const x = 1\n", "async function f(a) {}\nfunction * g(a) {}\n", "def f(x):\n    return x\n", "{" * 9999,
     "class A { constructor (a) {} b (c) {} get d () {} #e () {} async f () {} }", "const { f } = { f (a) {} }",
     "(function () { function f(a) {} })()", "```ts\nx\n```\n"],
)  # fmt: skip
def test_texts_without_functions_that_can_be_run(text):
    assert runnable(text) is None


def test_problems_that_can_not_be_tested():
    rows = [RUNS | {"language": "typescript"}, RUNS | {"tests": ""}, RUNS | {"entry_point": "other"}]
    assert [suite_of(problem) for row in rows for problem in References.of([row])] == [None] * 3


def test_a_row_is_run_so_often_at_most_and_what_is_near_first():
    many = "".join(f"function f{i}(x) {{ return {i} }}\n" for i in range(300))
    suites = [suite_of(problem) for problem in REFERENCES]
    batch = clear([many + "const unrelated = 1\n" * 200 + SOLVES], ["javascript"])
    trials = list(trials_of(batch, prepared((REFERENCES,), 0.8, True), suites))
    assert len(trials) <= MOST_TRIALS["javascript"]
    assert trials[0].function == "squeeze"
