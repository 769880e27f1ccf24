"""The commands of `textbook llm` and `textbook serve`: they look at journals, and start a local server.

Does not run requests: that is for recipes and notebooks.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from textbook.console import errors_in_one_line
from textbook.llm.journal_read import export as exported
from textbook.llm.journal_read import stats as added_up
from textbook.llm.journal_read import verify as problems_of

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at the journal of an LLM run.")

JournalFile = Annotated[Path, typer.Argument(metavar="JOURNAL", help="The SQLite file that a run has written.")]


@app.command()
def stats(ctx: typer.Context, journal: JournalFile) -> None:
    """Add a journal up: outcomes, attempts, tokens and dollars. A run may be at work in it.

    **Example**: `textbook llm stats runs/llm.sqlite`
    """
    with errors_in_one_line(ctx):
        typer.echo(str(added_up(journal)))


@app.command()
def export(
    ctx: typer.Context,
    journal: JournalFile,
    output: Annotated[Path | None, typer.Option(help="A file to write; standard output by default.")] = None,
) -> None:
    """Write every answer as a line of JSON: key, outcome, text, tokens, cost, and what was asked.

    **Example**: `textbook llm export runs/llm.sqlite --output answers.jsonl`
    """
    with errors_in_one_line(ctx), nullcontext(sys.stdout) if output is None else output.open("w") as file:
        for row in exported(journal):
            file.write(json.dumps(row) + "\n")


@app.command()
def verify(ctx: typer.Context, journal: JournalFile) -> None:
    """Check a journal: SQLite's own check, then that its sums fit. The exit code is 1 if something is wrong.

    **Example**: `textbook llm verify runs/llm.sqlite`
    """
    with errors_in_one_line(ctx):
        problems = problems_of(journal)
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo("the journal is sound")


def serve(
    ctx: typer.Context,
    model_dir: Annotated[str, typer.Argument(metavar="MODEL_DIR", help="A Hugging Face model folder, or its name.")],
    port: Annotated[int | None, typer.Option(help="A free one by default.")] = None,
) -> None:
    """Serve a model on this machine in OpenAI's protocol: vLLM where there is a GPU, else `transformers serve`.

    **Example**: `textbook serve ./my-model --port 8000`
    """
    from textbook.llm.serve import serve as served

    with errors_in_one_line(ctx), served(model_dir, port) as server:
        typer.echo(f"serving {server.model} at {server.base_url}; Ctrl-C ends it")
        server.wait()
