"""The command line: it selects sources and recipes, runs them, and shows what came of it.

It has no flag per field: a recipe is a Python file (see `textbook.recipes`).
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textbook.console import errors_in_one_line, say
from textbook.engine import run as run_recipe
from textbook.engine.plan import OtherRunError
from textbook.engine.workers import Local
from textbook.folder import DatasetFolder
from textbook.llm import commands as llm_commands
from textbook.operator import Source
from textbook.recipes import load_recipe
from textbook.report import Report
from textbook.report.summary import totals
from textbook.report.terminal import funnel

if TYPE_CHECKING:
    from textbook.benchmarks import References

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Curate textbook-quality training data, the way phi-1 did, and show that it teaches.",
)

Output = Annotated[Path, typer.Option(help="The dataset folder to write; the same command goes on where it stopped.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes. Their number does not change the rows.")]
SourceName = Annotated[
    str,
    typer.Option(
        help="A folder of code, a dataset folder, a `.parquet` or `.jsonl` file, `installed` (the Python files on this "
        "machine) or `hub:NAME` (a Hugging Face dataset)."
    ),
]
Finished = Annotated[Path, typer.Argument(help="A dataset folder that `textbook` has written.")]
NUM_CPUS = os.cpu_count() or 1


@app.callback()
def options(
    ctx: typer.Context,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error came from.")] = False,
) -> None:
    """Keep what holds for every command."""
    ctx.obj = traceback


@app.command()
def demo(
    ctx: typer.Context,
    output: Output = Path("demo-output"),
    workers: Workers = NUM_CPUS,
) -> None:
    """Curate the Python files installed on this machine, and report on it.

    **Example**: `textbook demo`, then open `demo-output/report.html`.
    """
    from textbook.curation.sources import InstalledPackages
    from textbook.demo import recipe, references

    with errors_in_one_line(ctx, output):
        try:
            folder = run_recipe(recipe(), InstalledPackages(), output, Local(workers))
        except OtherRunError:
            say("What is installed here has changed since the last demo: starting again.")
            shutil.rmtree(output)
            folder = run_recipe(recipe(), InstalledPackages(), output, Local(workers))
        show(folder)
        if (against := references()) is not None:
            show_evidence(folder, [against])


@app.command()
def run(
    ctx: typer.Context,
    recipe: Annotated[str, typer.Argument(help="A `file.py` or `package.module` with a function `recipe()`.")],
    source: SourceName,
    output: Output,
    workers: Workers = NUM_CPUS,
) -> None:
    """Run a recipe over a source.

    **Examples**

    `textbook run examples/python_textbook.py --source ~/code --output curated`

    `textbook run textbook.demo --source installed --output curated --workers 4`
    """
    with errors_in_one_line(ctx, output):
        show(run_recipe(load_recipe(recipe), opened(source), output, Local(workers)))


@app.command()
def score(
    ctx: typer.Context,
    data: Annotated[str, typer.Argument(help="What to score: like --source of `textbook run`.")],
    output: Output,
    scorer: Annotated[
        str, typer.Option(help="`python`, `python-fast`, or a folder that `textbook fit` has written.")
    ] = "python",
    workers: Workers = NUM_CPUS,
) -> None:
    """Add an educational value and how sure it is to every row; drop none.

    **Examples**

    `textbook score pool.parquet --scorer python --output scored`

    `textbook score pool.parquet --scorer my-scorer --output scored`
    """
    from textbook.curation.educational_value import PRETRAINED, EducationalValue

    with errors_in_one_line(ctx, output):
        is_shipped = scorer in PRETRAINED or not Path(scorer).exists()
        step = EducationalValue.pretrained(scorer) if is_shipped else EducationalValue.load(scorer)
        show(run_recipe((step,), opened(data), output, Local(workers)))


@app.command()
def fit(
    ctx: typer.Context,
    labels: Annotated[Path, typer.Argument(help="A .jsonl, .csv or .parquet file, as `textbook label` writes it.")],
    output: Annotated[Path, typer.Option(help="The folder of the scorer.")],
    preset: Annotated[str, typer.Option(help="best, fast, paper or fineweb_edu.")] = "best",
    encoder: Annotated[
        str | None,
        typer.Option(
            help="A model's folder, or NAME@COMMIT of the Hub: for paper a causal one, else a sentence encoder."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML file for the evaluation; takes a minute or two.")] = None,
) -> None:
    """Fit a scorer to labels, and say how well it foretells those of groups that it was not fitted on.

    **Example**: `textbook fit labels.jsonl --output my-scorer --report evaluation.html`
    """
    from textbook.curation.annotate import Labels
    from textbook.curation.educational_value import EducationalValue
    from textbook.curation.encoders import CausalLMEmbedding, SentenceEncoder

    with errors_in_one_line(ctx):
        given = Labels.load(labels)
        model, _, revision = (encoder or "").partition("@")
        encoder_of = CausalLMEmbedding if preset == "paper" else SentenceEncoder
        scorer = EducationalValue.fit(given, preset, encoder=encoder_of(model, revision or None) if model else None)
        scorer.save(output)
        about = scorer.model.about
        typer.echo(f"fitted on {about['labels']['rows']:,} labels of {about['labels']['groups']:,} groups")
        typer.echo(", ".join(f"{name} {value}" for name, value in about["held_out"].items()))
        if report is not None:
            scorer.report(given).save(report)
            typer.echo(f"report   {report}")
        typer.echo(f"\nscorer   {output}\nuse it   textbook score DATA --scorer {output} --output scored")


@app.command()
def label(
    ctx: typer.Context,
    data: Annotated[str, typer.Argument(help="What to label samples of: like --source of `textbook run`.")],
    model: Annotated[str, typer.Option(help="The model's name at the endpoint.")],
    output: Annotated[Path, typer.Option(help="A .jsonl, .csv or .parquet file; the journal lies beside it.")],
    num: Annotated[int, typer.Option(min=1, help="Samples, a fifth of them to measure on.")] = 1_000,
    strategy: Annotated[str, typer.Option(help="random, stratified, uncertainty or top.")] = "random",
    base_url: Annotated[str | None, typer.Option(help="An endpoint other than OpenAI's own.")] = None,
    usd: Annotated[float | None, typer.Option(help="The most it may cost, over all calls.")] = None,
) -> None:
    """Have a language model label samples by the rubric of educational value.

    The same command goes on where it stopped, and asks for nothing twice.

    **Example**: `textbook label ~/code --model gpt-4o-mini --usd 2 --output labels.jsonl`
    """
    from textbook.curation.annotate import label as labelled
    from textbook.llm import Budget, OpenAICompatible

    with errors_in_one_line(ctx):
        budget = None if usd is None else Budget(usd=usd)
        llm = OpenAICompatible(model, base_url, budget=budget, journal=output.with_suffix(".sqlite"))
        labels = labelled(data, llm, num, strategy)  # type: ignore[arg-type]
        labels.save(output)
        typer.echo(f"{labels}\n\nlabels   {output}\njournal  {llm.journal}")


@app.command()
def decontaminate(
    ctx: typer.Context,
    data: Annotated[str, typer.Argument(help="What to search: like --source of `textbook run`.")],
    against: Annotated[
        list[str],
        typer.Option(
            help="`humaneval`, `mbpp`, `mbpp-sanitized`, `humaneval-x:LANGUAGE`, or a .jsonl file of your own problems."
        ),
    ],
    output: Output,
    more: Annotated[list[str] | None, typer.Argument(metavar="[BENCHMARK]...", help="Further ones.")] = None,
    workers: Workers = NUM_CPUS,
) -> None:
    """Find rows that hold problems of benchmarks, or something close to them; drop those that surely do.

    **Example**: `textbook decontaminate pool.parquet --against humaneval mbpp --output clean`
    """
    from textbook.curation.decontaminate import Decontaminate

    with errors_in_one_line(ctx, output):
        references = named(against, more)
        folder = run_recipe((Decontaminate(references),), opened(data), output, Local(workers))
        show(folder)
        show_evidence(folder, references)


@app.command()
def contamination(
    ctx: typer.Context,
    folder: Finished,
    against: Annotated[list[str], typer.Option(help="The benchmarks that it was searched for.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[BENCHMARK]...", help="Further ones.")] = None,
) -> None:
    """Show what was found of benchmarks: each problem beside the rows nearest to it, scores and what chance does.

    Writes `contamination.html` and `contamination.json`, and, to be published without the benchmarks' text,
    `contamination-published.html` and `contamination-published.json`.

    **Example**: `textbook contamination clean --against humaneval mbpp`
    """
    from textbook.curation.decontaminate.report import contamination_report

    with errors_in_one_line(ctx):
        references = named(against, more)
        found = contamination_report(folder, references)
        typer.echo(str(found))
        for name, each in (("contamination", found), ("contamination-published", found.published())):
            each.save(folder / f"{name}.json")
            typer.echo(f"report   {each.save(folder / f'{name}.html')}")


@app.command()
def explain(
    ctx: typer.Context,
    folder: Finished,
    row: Annotated[str, typer.Argument(metavar="ID", help="A row's id, or its first six characters or more.")],
) -> None:
    """Tell a row's history: where it came from, what each step found, why it stayed or went.

    **Example**: `textbook explain demo-output 3fa94c`
    """
    from textbook.explain import explain as history

    with errors_in_one_line(ctx):
        typer.echo(str(history(folder, row)))


@app.command()
def report(ctx: typer.Context, folder: Finished) -> None:
    """Write `report.html` anew and print the funnel.

    **Example**: `textbook report demo-output`
    """
    with errors_in_one_line(ctx):
        opened_folder = DatasetFolder.open(folder)
        Report.of(opened_folder).save(folder / "report.html")
        show(opened_folder)


@app.command()
def duplicates(
    ctx: typer.Context,
    folder: Finished,
    row: Annotated[str | None, typer.Argument(metavar="ID", help="A row that went, or its first characters.")] = None,
) -> None:
    """Show duplicates side by side: which row stayed for which, and where they differ.

    Prints the text of it for one ID; for the whole folder it writes `duplicates.html`.

    **Example**: `textbook duplicates demo-output`
    """
    from textbook.report.duplicates import duplicate_report

    with errors_in_one_line(ctx):
        found = duplicate_report(folder, row)
        if row is not None:
            typer.echo(str(found))
            return
        typer.echo(f"{found.num_gone:,} rows went for {found.num_clusters:,} that stayed ({found.step})")
        typer.echo(f"report   {found.save(folder / 'duplicates.html')}")


app.add_typer(llm_commands.app, name="llm")
app.command()(llm_commands.serve)


def opened(spec: str) -> Source:
    """The source that the command line names."""
    from textbook.curation.sources import open_source

    return open_source(spec)


def show(folder: DatasetFolder) -> None:
    """Print what a run came to, and where to look."""
    typer.echo(funnel(totals(folder.manifest)))
    typer.echo(f"\nreport   {folder.path / 'report.html'}")
    typer.echo(f'dataset  datasets.load_dataset("{folder.path}")')
    rows = next(folder.batches("dropped", ["id"], 1), None) or next(folder.batches("data", ["id"], 1), None)
    if rows:
        typer.echo(f"one row  textbook explain {folder.path} {rows['id'][0][:12]}")


def named(against: list[str], more: list[str] | None) -> list["References"]:
    """The benchmarks of `--against`."""
    from textbook.benchmarks import References

    return [References.named(name) for name in (*against, *(more or ()))]


def show_evidence(folder: DatasetFolder, references: Sequence["References"]) -> None:
    """Write what was found of benchmarks as a page, and say where it is."""
    from textbook.curation.decontaminate.report import contamination_report

    typer.echo(f"evidence {contamination_report(folder, references).save(folder.path / 'contamination.html')}")


def main() -> None:
    """The entry point of the command `textbook`."""
    try:
        sys.exit(app())
    except KeyboardInterrupt:  # before a command has begun, or after it has ended
        sys.exit(130)
