"""Progress of long work: a bar on a terminal or in a notebook, nothing elsewhere.

Does not count anything itself: the engine says what has been done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class RowsPerSecond(ProgressColumn):
    """The speed of a bar."""

    def render(self, task: Task) -> Text:
        """So many rows a second, once something is known."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} rows/s", style="progress.data.speed")


@contextmanager
def bar(name: str, total: int | None, done: int, enabled: bool) -> Iterator[Callable[[int], None]]:
    """A bar for one pass over `total` rows (None: unknown), of which `done` were finished by an earlier run."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} rows"),
        RowsPerSecond(),
        TimeRemainingColumn(),
    )
    shown = enabled and (console.is_terminal or console.is_jupyter)
    with Progress(*columns, console=console, disable=not shown) as progress:
        task = progress.add_task(name, total=total, completed=done)
        yield lambda rows: progress.advance(task, rows)
