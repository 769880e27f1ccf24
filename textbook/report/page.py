"""The report as one HTML page.

The template escapes everything it is given; the only markup passed through is our own style sheet and what Pygments
made of a text, which it escapes itself.
"""

import json
from functools import cache
from typing import Any

import jinja2
import pygments
from markupsafe import Markup
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from textbook.report import numbers
from textbook.report.reproduce import recipe
from textbook.report.visible import cut, visible

CONFIG_LINES, LINE_CHARS = 200, 1000
"""How much of a step's configuration is shown."""


def page(summary: dict[str, Any]) -> str:
    """The page for a summary made by `textbook.report.summary.summarise`."""
    most_rows = max(step["rows_out"] + step["rows_dropped"] for step in summary["steps"])
    return template("report.html").render(s=summary, recipe=recipe(summary["manifest"]), most_rows=max(most_rows, 1))


@cache
def template(name: str) -> jinja2.Template:
    """A template by its file name, with the filters and the style that all pages share."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("textbook.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": numbers.count,
        "short": numbers.short,
        "seconds": numbers.seconds,
        "number": numbers.number,
        "highlight": highlight,
        "as_json": lambda value: cut(json.dumps(value, ensure_ascii=False, indent=1), CONFIG_LINES, LINE_CHARS),
    }
    assert environment.loader is not None
    style, _, _ = environment.loader.get_source(environment, "report.css")
    environment.globals |= {"percent": numbers.percent, "style": Markup(style)}
    return environment.get_template(name)


def _shown(value: Any) -> Any:
    """Whatever the template prints has its hidden characters made visible."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def highlight(text: str, language: str | None) -> Markup:
    """`text` as HTML with the classes of Pygments, plain where it does not know the language."""
    options = {"stripnl": False, "ensurenl": False}
    try:
        lexer = get_lexer_by_name(language or "text", **options)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", **options)
    return Markup(pygments.highlight(visible(text), lexer, HtmlFormatter(nowrap=True)))  # noqa: S704
