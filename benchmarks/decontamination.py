"""Decontamination: its speed on many functions, beside others, and which planted leaks each detector finds.

    python benchmarks/decontamination.py [--functions 50000] [--workers 1] [FOLDER ...]

The functions are cut from the Python files of the folders (by default the installed packages); where there are not as
many, copies with other names and numbers make up the rest. Speed is that of phi-1's rule at tau 0.8, whose scores hold
those at 0.85, 0.9 and 0.95: parsing, comparing with each of HumanEval's problems, judging. The floor is `ast.parse`
alone, on the same texts, batch by batch in turn. Needs HumanEval and HumanEval-X (see `textbook.benchmarks`).
apted, zss and python-Levenshtein are timed where they are installed.
"""

import argparse
import ast
import importlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import islice, product
from pathlib import Path
from typing import Any

from pool import files, installed
from rapidfuzz.distance import Levenshtein
from usage import peak_mb

sys.path.append(str(Path(__file__).parents[1]))

from tests.curation.decontaminate.planted import leaks
from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate
from textbook.curation.decontaminate.evidence import DETECTORS
from textbook.curation.decontaminate.functions import functions_of
from textbook.curation.decontaminate.linearise import linearise
from textbook.curation.decontaminate.match_rate import MatchRates
from textbook.languages.python import ParseError, parse

BATCH = 1000
TAUS = ("0.95", "0.9", "0.85", "0.8")
PHI1 = 879_500
"""Functions of phi-1's CodeExercises (arXiv 2306.11644, section 5)."""
LANGUAGES = ("javascript", "java", "cpp", "go", "rust")
NUMBER = re.compile(r"\b\d+\b")


def functions(folders: Iterable[Path], count: int) -> Iterator[str]:
    """So many functions that parse: those of the folders in random order, then copies of them."""
    paths = files(folders)
    random.Random(0).shuffle(paths)
    found: list[str] = []
    for path in paths:
        text = path.read_text("utf-8", "ignore")
        for each in functions_of(text, "python").found:
            function = textwrap.dedent(text[each.start : each.end])
            if is_function(function):
                found.append(function)
                yield function
                if len(found) == count:
                    return
    for copy in range(count - len(found)):
        original = found[copy % len(found)]
        changed = NUMBER.sub(str(copy), original.replace("self", f"it{copy}"))
        yield changed if is_function(changed) else original


def is_function(text: str) -> bool:
    try:
        return [type(node) in (ast.FunctionDef, ast.AsyncFunctionDef) for node in parse(text).body] == [True]
    except ParseError:
        return False


def measure(file: Path) -> dict[str, Any]:
    """What one process does: CPU seconds of the step and of its floor, the rows that match, peak memory."""
    step = Decontaminate.phi1(References.humaneval(), tau=float(TAUS[-1]))
    step(step.example()[1])
    step_s, floor_s, rows, matched = 0.0, 0.0, 0, dict.fromkeys(TAUS, 0)
    with file.open() as lines:
        while texts := [json.loads(line) for line in islice(lines, BATCH)]:
            started = time.process_time()
            for text in texts:
                ast.parse(text)
            parsed = time.process_time()
            batch = {"id": list(map(str, range(len(texts)))), "text": texts, "language": ["python"] * len(texts)}
            scores = step(batch)["contamination"]
            step_s += time.process_time() - parsed
            floor_s += parsed - started
            rows += len(texts)
            for tau in TAUS:
                matched[tau] += sum(score >= float(tau) for score in scores)
    return {"rows": rows, "step": step_s, "floor": floor_s, "peak": peak_mb(), **matched}


def speed(folders: list[Path], count: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shards = [Path(folder) / f"{worker}.jsonl" for worker in range(workers)]
        sinks = [shard.open("w") for shard in shards]
        chars = 0
        for number, text in enumerate(functions(folders, count)):
            sinks[number // BATCH % workers].write(json.dumps(text) + "\n")
            chars += len(text)
        for sink in sinks:
            sink.close()
        command = [sys.executable, "-W", "ignore", __file__, "--measure"]
        running = [subprocess.Popen([*command, shard], stdout=subprocess.PIPE) for shard in shards]
        results = [json.loads(process.communicate()[0]) for process in running]
    rows, step, floor = (sum(result[name] for result in results) for name in ("rows", "step", "floor"))
    print(f"{rows:,} functions of {chars / rows:.0f} characters on average x 164 problems, {workers} processes")
    print(f"  {step:.1f} CPU-s, {step / floor:.2f} times ast.parse alone ({floor:.1f} CPU-s)")
    print(f"  {PHI1:,} at this rate: {step / rows * PHI1:.0f} CPU-s; peak {max(r['peak'] for r in results):.0f} MB")
    for tau in TAUS:
        print(f"  tau {tau}: {sum(result[tau] for result in results):,} functions match")


def solutions() -> list[ast.FunctionDef]:
    """HumanEval's entry points."""
    trees = {problem.entry_point: parse(problem.program(problem.solution)) for problem in References.humaneval()}
    return [next(n for n in tree.body if getattr(n, "name", "") == name) for name, tree in trees.items()]


def labels_of(function: ast.AST) -> str:
    return linearise(ast.Module([function], []))[-1].labels


def exactness(texts: list[str]) -> None:
    """The pairs found at each tau beside those of comparing all, with fractions."""
    references = [labels_of(function) for function in solutions()]
    mine = [labels_of(parse(text).body[0]) for text in texts]
    pairs = [
        (i, j, Fraction(longer - Levenshtein.distance(a, b), longer))
        for (i, a), (j, b) in product(enumerate(mine), enumerate(references))
        if (longer := max(len(a), len(b)))
    ]
    for tau in TAUS:
        want = {(i, j) for i, j, rate in pairs if rate >= Fraction(tau)}
        ties = sum(rate == Fraction(tau) for _, _, rate in pairs)
        found = {(match.sequence, match.reference) for match in MatchRates(references, float(tau)).matches(mine)}
        same = "equal to" if found == want else "OTHER THAN"
        print(f"  tau {tau}: {len(found):,} pairs, {same} brute force over {len(pairs):,}; {ties} of them exactly tau")


def peers(texts: list[str]) -> None:
    """Pairs per CPU second of other ways to compare, on pairs of these functions and HumanEval's."""
    trees = [parse(text).body[0] for text in texts]
    left, right = [labels_of(tree) for tree in trees], [labels_of(tree) for tree in solutions()]
    ours = MatchRates(right, float(TAUS[-1]))
    timed("MatchRates at 0.8, exact", len(left) * len(right), lambda: ours.matches(left))
    some = random.Random(0).sample(list(product(range(len(left)), range(len(right)))), 20_000)
    strings = [(left[i], right[j]) for i, j in some]
    timed("rapidfuzz, one pair at a time", 20_000, lambda: [Levenshtein.distance(*pair) for pair in strings])
    levenshtein = optional("Levenshtein")
    if levenshtein:
        timed("python-Levenshtein", 20_000, lambda: [levenshtein.distance(*pair) for pair in strings])
    timed("difflib's ratio", 500, lambda: [SequenceMatcher(None, *pair, False).ratio() for pair in strings[:500]])
    few = [(trees[i], solutions()[j]) for i, j in some[:20]]
    apted, zss = optional("apted"), optional("zss")
    if apted:
        helpers = importlib.import_module("apted.helpers")
        braces = [tuple(helpers.Tree.from_text(in_braces(tree)) for tree in pair) for pair in few]
        timed("apted (trees)", 20, lambda: [apted.APTED(*pair).compute_edit_distance() for pair in braces])
    if zss:
        nodes = [tuple(zss_tree(zss, tree) for tree in pair) for pair in few]
        timed("zss (trees)", 20, lambda: [zss.simple_distance(*pair) for pair in nodes])


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        print(f"  {name}: not installed")
        return None


def timed(name: str, count: int, work: Callable[[], object]) -> None:
    started = time.process_time()
    work()
    rate = count / (time.process_time() - started)
    hours = PHI1 * 164 / rate / 3600
    print(f"  {name}: {rate:,.0f} pairs per CPU second, {hours:,.2f} hours for {PHI1:,} functions")


def children(node: ast.AST) -> Iterator[ast.AST]:
    return (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context))


def in_braces(node: ast.AST) -> str:
    return f"{{{type(node).__name__}{''.join(map(in_braces, children(node)))}}}"


def zss_tree(zss: Any, node: ast.AST) -> Any:
    return zss.Node(type(node).__name__, [zss_tree(zss, child) for child in children(node)])


def planted_leaks(folders: list[Path]) -> None:
    """Which share of each kind of leak is found, by each detector alone and by all."""
    references = References.humaneval()
    translations = [problem for language in LANGUAGES for problem in References.humaneval_x(language)]
    hosts = [text for file in files(folders, 200)[:200] if len(text := file.read_text()) > 4000]
    made = list(leaks(references, hosts, translations))
    batch = {"id": [str(i) for i in range(len(made))], "text": [leak.text for leak in made]}
    batch["language"] = [leak.language for leak in made]
    detectors = tuple(name for name in DETECTORS if name != "embedding")
    names = [*detectors, "all", "contaminated"]
    found = defaultdict(lambda: dict.fromkeys(names, 0))
    for name in names[:-1]:
        out = Decontaminate(references, detectors=detectors if name == "all" else (name,))(batch)
        for leak, evidence, tier in zip(made, out["contaminated_by"], out["contamination_tier"], strict=True):
            found[leak.kind][name] += any(each["reference"] == leak.problem for each in evidence or [])
            found[leak.kind]["contaminated"] += name == "all" and tier == "contaminated"
    print(f"planted leaks of {len(references)} problems: the share in which the problem itself is named")
    print(f"  {'kind':24} {'rows':>5} " + " ".join(f"{name:>12}" for name in names))
    for kind, counts in found.items():
        rows = sum(leak.kind == kind for leak in made)
        print(f"  {kind:24} {rows:5} " + " ".join(f"{counts[name] / rows:12.2f}" for name in names))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--functions", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("folders", type=Path, nargs="*", default=installed())
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    folder = os.environ.setdefault("TEXTBOOK_BENCHMARKS", str(Path(__file__).parents[2] / "shared" / "data"))
    if not Path(folder).is_dir():
        print("no folder of benchmarks: set TEXTBOOK_BENCHMARKS (see textbook.benchmarks)")
        return
    planted_leaks(arguments.folders)
    speed(arguments.folders, arguments.functions, arguments.workers)
    sample = list(functions(arguments.folders, 2000))
    exactness(sample)
    peers(sample)


if __name__ == "__main__":
    main()
