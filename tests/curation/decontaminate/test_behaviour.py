import textwrap

import pytest

from textbook.benchmarks import References
from textbook.curation.decontaminate.behaviour import LeaksByBehaviour, is_weak
from textbook.curation.decontaminate.references import prepared
from textbook.curation.decontaminate.runnable import runnable, suite_of
from textbook.curation.decontaminate.trials import MOST_TRIALS, trials_of
from textbook.sandbox import Limits

SHORT = Limits(cpu_s=0.3)

SHIFT = {
    "id": "own/shift",
    "prompt": 'def encode(text):\n    """Shift letters by five."""\n'
    "    return ''.join(chr((ord(c) - 97 + 5) % 26 + 97) for c in text)\n\n\n"
    'def decode(text):\n    """Takes a string that was encoded by shifting letters. Returns the decoded string."""\n',
    "solution": "    return ''.join(chr((ord(c) - 97 - 5) % 26 + 97) for c in text)\n",
    "entry_point": "decode",
    "tests": "def check(candidate):\n    for text in ('hello', 'xyz', 'abcdefz'):\n"
    "        assert candidate(encode(text)) == text\n",
}
LENGTH = {
    "id": "own/length",
    "prompt": 'def size_of(sentence):\n    """Return the number of characters of the given sentence."""\n',
    "solution": "    return len(sentence)\n",
    "entry_point": "size_of",
    "tests": ["assert size_of('') == 0", "assert size_of('abc') == 3"],
}
REFERENCES = References.of([SHIFT, LENGTH])

SOLVES = '''def unshift(message):
    """Gets a text whose letters were moved ahead in the alphabet when it was encoded; gives back what it was."""
    result = ''
    for letter in message:
        moved = ord(letter) - ord('a') - 5
        result += chr(moved % 26 + ord('a'))
    return result
'''
FAILS = SOLVES.replace("- 5", "- 3")
COUNTS = '''def measure(phrase):
    """Counts the characters that a given sentence has."""
    return len(phrase)
'''


def in_class(function, parameters, decorator):
    """A function as a method of a class."""
    indented = textwrap.indent(function.replace("(message)", f"({parameters})"), "    ")
    return f"class Solution:\n    {decorator}\n{indented}"


def clear(texts, languages=None):
    """A batch as `Decontaminate` leaves one in which it finds nothing."""
    batch = {"id": list(map(str, range(len(texts)))), "text": texts, "language": languages or ["python"] * len(texts)}
    batch |= {"contamination": [0.25] * len(texts), "contamination_tier": ["clear"] * len(texts)}
    return batch | {name: [None] * len(texts) for name in ("contaminated_by", "contamination_note")}


def judged(texts, tmp_path, languages=None, **fields):
    (out,) = LeaksByBehaviour(REFERENCES, SHORT, **fields).stream([clear(texts, languages)], tmp_path)
    return out


def test_a_function_that_passes_the_tests_is_a_leak(tmp_path):
    out = judged([SOLVES, FAILS], tmp_path)
    assert out["contamination_tier"] == ["contaminated", "clear"]
    assert out["contamination"][0] == 0.95 > out["contamination"][1]
    (evidence,) = out["contaminated_by"][0]
    assert (evidence["reference"], evidence["detector"], evidence["score"]) == ("own/shift", "behaviour", 1.0)
    assert SOLVES[evidence["start"] : evidence["end"]] == SOLVES
    assert out["drop_reason"] == ["contaminated: own/shift by behaviour: unshift passes its tests", None]


def test_leaks_stay_if_asked(tmp_path):
    out = judged([SOLVES], tmp_path, drop=False)
    assert out["contamination_tier"] == ["contaminated"] and out["drop_reason"] == [None]


def test_tests_that_a_trivial_function_passes_say_nothing(tmp_path):
    assert is_weak(suite_of(REFERENCES["own/length"]), SHORT)
    assert not is_weak(suite_of(REFERENCES["own/shift"]), SHORT)
    out = judged([COUNTS], tmp_path)
    assert out["contamination_tier"] == ["clear"] and out["contaminated_by"] == [None]


@pytest.mark.parametrize(
    ("kind", "text", "note"),
    [
        ("hangs", SOLVES.replace("result = ''", "while True: pass"), "unshift runs too long in the tests of own/shift"),
        ("asks for much", SOLVES.replace("result = ''", "result = 'x' * 2**40"), "unshift takes too much memory in"),
    ],
)
def test_a_function_that_can_not_be_judged_leaves_its_row_undecided(kind, text, note, tmp_path):
    out = judged([text, SOLVES], tmp_path)
    assert out["contamination_tier"] == ["undecided", "contaminated"], kind
    assert out["contamination_note"][0].startswith(note) and out["contamination_note"][1] is None
    assert out["drop_reason"][0] is None


@pytest.mark.parametrize(
    "code",
    ["import os; os._exit(0)", "raise SystemExit(0)", "import os; os.fork()", "open('/etc/passwd').read()",
     "return type('Any', (), {'__eq__': lambda *_: True})()",
     "import sys; sys.setrecursionlimit(10**9); unshift(message)"],
)  # fmt: skip
def test_hostile_functions_are_no_leaks_and_the_run_goes_on(code, tmp_path):
    out = judged([SOLVES.replace("result = ''", code), SOLVES], tmp_path)
    assert out["contamination_tier"][0] in ("clear", "undecided") and out["contamination_tier"][1] == "contaminated"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("statements that run", f"while True:\n    pass\n{SOLVES}\nprint(unshift('a'))\ninput()\n"),
        ("main", f"{SOLVES}\nif __name__ == '__main__':\n    raise SystemExit\n"),
        ("missing imports", f"from nowhere import (\n    this,\n)\nimport that.other\n{SOLVES}"),
        ("unknown types", SOLVES.replace("(message)", "(message: Unknown[str]) -> Any")),
        ("prose", f"Sure! Here is what you asked for:\n\n{SOLVES}\nIt's simple, isn't it?\n"),
        ("a default", SOLVES.replace("(message)", "(message, shift=5)")),
        ("a helper", f"{SOLVES.replace('moved % 26', '_wrapped(moved)')}\ndef _wrapped(n):\n    return n % 26\n"),
        ("a constant", f"STEP = 5\n{SOLVES.replace('- 5', '- STEP')}"),
        ("the name of a built-in", SOLVES.replace("unshift", "sum")),
        ("a method", in_class(SOLVES, "self, message", "")),
        ("a static method", in_class(SOLVES, "message", "@staticmethod")),
        ("a class method", in_class(SOLVES, "cls, message", "@classmethod")),
        (
            "a method of its own",
            in_class(SOLVES, "self, message", "").replace("moved %", "self.same(moved) %")
            + "\n    def same(self, x):\n        return x\n",
        ),
        ("a fenced class", f"Sure:\n\n```python\nSTEP = 1\n{in_class(SOLVES, 'self, message', '')}```\nIt's easy.\n"),
        ("prose, with one inside", f"Here:\n\n{SOLVES}\nIt's a loop.\n\n    def inner(x):\n        return x\n"),
        ("windows", SOLVES.replace("\n", "\r\n")),
    ],
)
def test_what_stands_around_a_function_does_not_hide_it(kind, text, tmp_path):
    language = None if kind == "prose" else "python"
    assert judged([text], tmp_path, languages=[language])["contamination_tier"] == ["contaminated"], kind


@pytest.mark.parametrize(
    "header", ["unshift(message, other)", "unshift()", "unshift(message, *, step)", "unshift(a, b, c=1, *d)"]
)
def test_functions_that_take_another_number_of_arguments_are_not_run(header):
    (function,) = runnable(SOLVES.replace("unshift(message)", header)).functions
    assert not suite_of(REFERENCES["own/shift"]).fits(function)


@pytest.mark.parametrize(
    "text",
    ["", "x = 1\n", "\0", "def f(:\n", "async def f(): 1\n", "class A:\n    def __len__(self): return 1\n",
     "class A:\n    def __init__(self, a): pass\n    def f(self): pass\n", "class A:\n    def f(): pass\n",
     "class A:\n    @property\n    def f(self): pass\n    async def g(self): pass\n"],
)  # fmt: skip
def test_texts_without_functions_that_can_be_run(text):
    assert runnable(text) is None


def test_problems_that_can_not_be_tested():
    rows = [SHIFT | {"language": "go"}, SHIFT | {"tests": ""}, SHIFT | {"entry_point": "other"}]
    assert [suite_of(problem) for row in rows for problem in References.of([row])] == [None] * 3


def test_batches_come_back_in_order_and_verdicts_are_kept(tmp_path):
    batches = [clear(texts) for texts in ([COUNTS], [], [SOLVES, FAILS], ["x = 1\n"])]
    step = LeaksByBehaviour(REFERENCES, SHORT)
    outs = list(step.stream(batches, tmp_path))
    assert [out["id"] for out in outs] == [batch["id"] for batch in batches]
    assert outs[2]["contamination_tier"] == ["contaminated", "clear"]
    assert list(step.stream(iter(batches), tmp_path)) == outs and (tmp_path / "verdicts.sqlite").exists()


def test_contaminated_rows_and_other_languages_are_left_alone(tmp_path):
    batch = clear([SOLVES, SOLVES], ["python", "java"]) | {"contamination_tier": ["contaminated", "clear"]}
    (out,) = LeaksByBehaviour(REFERENCES, SHORT).stream([batch], tmp_path)
    assert out == batch | {"drop_reason": [None, None]}


def test_in_a_long_file_what_stands_near_the_problems_words_is_run_first():
    many = "".join(f"def f{i}(x):\n    return {i}\n\n\n" for i in range(300))
    suites = [suite_of(problem) for problem in REFERENCES]
    trials = list(trials_of(clear([many + SOLVES]), prepared((REFERENCES,), 0.8, True), suites))
    assert 0 < len(trials) <= MOST_TRIALS["python"] and trials[0].function == "unshift"


def test_what_made_a_row_a_suspect_is_tried_without_a_word_in_common(tmp_path):
    bare = "def f(x):\n    y = 'vwxyzabcdefghijklmnopqrstu'\n    return ''.join(y[int(z, 36) - 10] for z in x)\n"
    evidence = {"reference": "own/shift", "detector": "ast", "score": 0.8, "chance": None, "start": 0, "end": len(bare)}
    batch = clear([bare, bare]) | {"contaminated_by": [[evidence], None], "contamination_tier": ["suspect", "clear"]}
    (out,) = LeaksByBehaviour(REFERENCES, SHORT).stream([batch], tmp_path)
    assert out["contamination_tier"] == ["contaminated", "clear"]
    assert [each["detector"] for each in out["contaminated_by"][0]] == ["behaviour", "ast"]
