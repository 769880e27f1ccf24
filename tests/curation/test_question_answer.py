"""Questions and answers as one text: what HTML comes to, which answer is taken, what is dropped."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract import check_step
from tests.golden import check_elsewhere
from textbook.curation.sources import Rows
from textbook.curation.units.html_text import html_to_text
from textbook.curation.units.question_answer import QuestionAnswer
from textbook.engine import curate

HTML = {
    "<p>One\n two</p><p>Three<br>four</p>": "One two\n\nThree\nfour",
    "<p>Use <code>a  &lt; b</code>, not <code>`x`</code>.</p>": "Use `a < b`, not `` `x` ``.",
    "<pre><code>def f():\n    return 1 &lt; 2\n\n\n\nx\n</code></pre>": (
        "```\ndef f():\n    return 1 < 2\n\n\n\nx\n```"
    ),
    '<pre class="lang-py prettyprint"><code>x</code></pre>after': "```py\nx\n```\n\nafter",
    '<pre><code class="language-c++">x</code></pre>': "```c++\nx\n```",
    "<pre>a ``` b</pre>": "````\na ``` b\n````",
    "before<pre>  <b>x</b>\r\n  y</pre>": "before\n\n```\n  x\n  y\n```",
    '<a href="http://x">a link</a> <img src="y">and <em>more</em>': "a link and more",
    "<ul>\n<li>one</li>\n<li>two</li>\n</ul>": "- one\n- two",
    "a<script>if (a < b) { '</p>' }</script>b<style>p {}</STYLE>c": "abc",
    "a<script>never closed <p>b</p>": "a",
    "a<!-- <p>not this</p> -->b<!-- kept": "ab<!-- kept",
    "1 < 2 && 3 > 2 &amp;amp; &eacute;&#x41;&nosuch;": "1 < 2 && 3 > 2 &amp; éA&nosuch;",
    "&#99999999999999999999;&#xD800;&#0;": "\ufffd\ufffd\ufffd",
    "<code>unclosed": "`unclosed`",
    "<pre>unclosed": "```\nunclosed\n```",
    "<pre></pre><code> </code>": "",
    "\ud800<p>": "\ud800",
    "": "",
}


@pytest.mark.parametrize("source", HTML)
def test_html(source: str):
    assert html_to_text(source) == HTML[source]


HOSTILE = [
    "<",
    "<p>",
    "</p>",
    "<div",
    "<!--",
    "<!",
    "<pre>",
    "<code>",
    "`",
    "&",
    "&#",
    "&#9",
    "<a href='",
    " ",
    "\n",
    "<li>",
]


@pytest.mark.parametrize("unit", [*HOSTILE, "<script>", "<code>`", "<pre>x</pre>", "9", "--><!--"])
@pytest.mark.parametrize("before", ["", "&#", "<code>", "<a "])
def test_any_html_takes_linear_time(before: str, unit: str):
    """A quadratic step would take minutes; each takes 0.3 s at most."""
    source = before + unit * (400_000 // len(unit))
    started = time.process_time()
    html_to_text(source)
    assert time.process_time() - started < 5


@given(st.lists(st.sampled_from([*HOSTILE, "x", "</pre>", "</code>", "</script>", ">", "\ud800"]), max_size=20))
def test_any_html_gives_text(parts: list[str]):
    text = html_to_text("".join(parts))
    assert text == text.strip("\n ")


def texts(step: QuestionAnswer, **columns: list) -> list[str]:
    size = len(next(iter(columns.values())))
    batch = {"id": [str(i) for i in range(size)], "text": ["kept"] * size} | columns
    out = step(batch)
    return [reason or text for text, reason in zip(out["text"], out["drop_reason"], strict=True)]


def test_what_is_missing():
    found = texts(
        QuestionAnswer(),
        title=["T", None, None, " \n", "T\n2"],
        question=["<p>Q</p>", "Q", None, "<p> </p>", float("nan")],
        answer=[None, "A", "A", "A", "A"],
    )
    assert found == [
        "no answer",
        "# Question\n\nQ\n\n## Answer\n\nA\n",
        "no question",
        "no question",
        "# T 2\n\n## Answer\n\nA\n",
    ]


def test_a_dropped_row_keeps_its_text():
    step, batch = QuestionAnswer.example()
    assert step(batch)["text"][2] == "unanswered"


def test_markdown_is_left_as_it_is():
    body = "Use `<b>` &amp;\n\n```python\n  x\n```"
    step = QuestionAnswer(question="body", answer="reply", title=None, html=False)
    assert step.reads == ("id", "text", "body", "reply")
    assert texts(step, body=[body], reply=[body]) == [f"# Question\n\n{body}\n\n## Answer\n\n{body}\n"]


@pytest.mark.parametrize(
    ("scores", "accepted", "best"),
    [
        ([1, 3, 2], None, "b"),
        ([1, 3, 2], [False, False, True], "c"),
        ([1, None, 2], [None, None], "c"),
        ([2, 2], None, "a"),
        (None, None, "a"),
        ([0, 0, 0, 9], [0, 0, 0, 1], "a"),
    ],
)
def test_of_several_answers_the_best(scores, accepted, best):
    step = QuestionAnswer(title=None, score="scores", accepted="accepted")
    answers = ["a", "b", "c", " "]
    found = texts(step, question=["Q"], answer=[answers], scores=[scores], accepted=[accepted])
    assert found == [f"# Question\n\nQ\n\n## Answer\n\n{best}\n"]


def test_no_answers_at_all():
    assert texts(QuestionAnswer(title=None), question=["Q"], answer=[[]]) == ["no answer"]


def test_in_the_engine():
    step, batch = QuestionAnswer.example()
    rows = [{name: batch[name][i] for name in ("text", "title", "question", "answer")} for i in range(3)]
    curated = curate(Rows(rows), step)
    assert curated.dataset[0]["text"].endswith("```python\nx[::-1]  # a <copy>\n```\n\nDone.\n")
    assert curated.dropped["drop_reason"][:] == ["no answer"]


def test_contract():
    check_step(*QuestionAnswer.example())
    check_elsewhere([QuestionAnswer.example()])
