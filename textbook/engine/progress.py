"""Progress of long work: a bar on a terminal or in a notebook, nothing elsewhere.

Does not count anything itself: the engine says what has been done.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm.std import tqdm


@contextmanager
def bar(title: str, total: int | None, done: int, enabled: bool) -> Iterator[Callable[[int], object]]:
    """A bar for one pass over `total` rows (None: unknown), of which `done` were finished by an earlier run.

    Yields a function to call with a number of rows as they are done.
    """
    on_terminal = sys.stderr.isatty()
    shown = enabled and (on_terminal or "ipykernel" in sys.modules)
    # The plain text bar, in notebooks too: the other one asks for a package that many do not have.
    options = {"leave": on_terminal, "mininterval": 0.5, "delay": 0.5, "disable": not shown}
    with tqdm(total=total, initial=done, desc=title, unit=" rows", **options) as shown_bar:
        yield shown_bar.update
