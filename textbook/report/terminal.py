"""The funnel as a table of plain text."""

from typing import Any

from textbook.report.numbers import count, percent, seconds, short
from textbook.report.visible import visible_line

MAX_NAME_CHARS = 40
HEADINGS = ("step", "rows in", "made", "dropped", "rows out", "tokens out", "CPU", "rows/s")


def funnel(summary: dict[str, Any]) -> str:
    """One line a step, then the whole in one sentence."""
    table = [HEADINGS, *map(_cells, summary["steps"])]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in table
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", _sentence(summary)])


def _cells(step: dict[str, Any]) -> tuple[str, ...]:
    name = visible_line(step["name"])
    return (
        name if len(name) <= MAX_NAME_CHARS else f"{name[: MAX_NAME_CHARS - 1]}…",
        count(step["rows_in"]),
        count(step["rows_made"]),
        count(step["rows_dropped"]),
        count(step["rows_out"]),
        short(step["tokens_out"]),
        seconds(step["cpu_seconds"]),
        short(step["rows_per_second"]),
    )


def _sentence(summary: dict[str, Any]) -> str:
    rows, tokens = summary["rows"], summary["tokens"]
    made = f" and {rows['made']:,} made" if rows["made"] else ""
    share = percent(rows["kept"], rows["source"] + rows["made"])
    sentence = f"{rows['source']:,} rows in{made}: {rows['kept']:,} kept ({share}), {rows['dropped']:,} dropped"
    if tokens["kept"] is None:
        return sentence
    return f"{sentence}; {short(tokens['kept'])} of {short(tokens['counted'])} tokens kept"
