"""What commands say on a terminal beside their results: messages, and errors in one line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console


def say(message: str) -> None:
    """Print to standard error."""
    Console(stderr=True, soft_wrap=True).print(message, markup=False, highlight=False)


@contextmanager
def errors_in_one_line(ctx: typer.Context, output: Path | None = None) -> Iterator[None]:
    """Turn errors into one line and an exit code: 1 for an error, 130 for an interruption.

    Whoever reads the output may stop reading it: that is no error. `--traceback` shows where an error came from.
    """
    try:
        yield
    except KeyboardInterrupt:
        kept = f"; finished shards are in {output}: the same command goes on from there" if output else ""
        say(f"interrupted{kept}")
        raise typer.Exit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        if ctx.obj:
            raise
        say(f"textbook: {' '.join(str(error).split())}")
        raise typer.Exit(1) from None
