"""Leaks by behaviour in JavaScript, and in methods of Python: how many are found, false alarms, CPU time a row.

    TEXTBOOK_BENCHMARKS=DATA python benchmarks/leaks_by_behaviour.py [FOLDER] [--functions 600]

Rows are HumanEval-X's solutions in JavaScript that pass their own tests, without comments, with all names of their own
replaced by v0, v1, ...; all other problems that such a row is run against are counted too, since whoever passes these
is a false alarm or solves two problems. DATA/rephrased/dev_js.jsonl holds translations by a language model, in other
algorithms, as written and without comments and names. HumanEval's solutions in Python are put into a class. Unrelated
rows are functions of the files called *.js in FOLDER.
"""

import argparse
import json
import os
import re
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_javascript
from usage import cpu_s

from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate
from textbook.curation.decontaminate.behaviour import LeaksByBehaviour
from textbook.curation.decontaminate.runnable import fenced
from textbook.languages import trees
from textbook.operator import Batch

DO_NOT_PASS = ("JavaScript/112", "JavaScript/155", "JavaScript/162")
BINDS = {
    "variable_declarator": "name", "arrow_function": "parameter", "assignment_pattern": "left",
    "function_declaration": "name", "formal_parameters": "", "rest_pattern": "", "array_pattern": "",
}  # fmt: skip
"""Kind of a node -> the field of it in which an identifier is a new name; "" for any."""


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node.children:
        yield from nodes(child)


def bare(code: str) -> str:
    """A text in JavaScript without comments and with other names."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))
    data = code.encode()
    found = list(nodes(parser.parse(data).root_node))
    names: dict[bytes, bytes] = {}
    for node in found:
        field = BINDS.get(node.parent.type) if node.type == "identifier" else None
        if field == "" or (field and node.parent.child_by_field_name(field) == node):
            names.setdefault(node.text, b"v%d" % len(names))
    edits = [(node.start_byte, node.end_byte, b"") for node in found if node.type == "comment"]
    edits += [
        (node.start_byte, node.end_byte, names[node.text])
        for node in found
        if node.type == "identifier" and node.text in names
    ]
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text + data[end:]
    return re.sub(r"\n\s*\n+", "\n", data.decode()).strip() + "\n"


def undecided(texts: Sequence[str], language: str) -> Batch:
    """Rows of which nothing is known yet."""
    rows: Batch = {"id": list(map(str, range(len(texts)))), "text": list(texts), "language": [language] * len(texts)}
    rows |= {"contamination": [0.0] * len(texts), "contamination_tier": ["clear"] * len(texts)}
    return rows | {name: [None] * len(texts) for name in ("contaminated_by", "contamination_note")}


def report(name: str, batch: Batch, references: References, own: Sequence[str] | None = None) -> Batch:
    """One line on what the step finds in a batch, given the problems that the rows solve."""
    before = cpu_s()
    with tempfile.TemporaryDirectory() as folder:
        (out,) = LeaksByBehaviour(references, drop=False).stream([batch], Path(folder))
    spent = (cpu_s() - before) / len(batch["id"])
    named: list[set[str]] = [{each["reference"] for each in evidence or ()} for evidence in out["contaminated_by"]]
    hits = sum(own is not None and own[row] in names for row, names in enumerate(named))
    tiers = {tier: out["contamination_tier"].count(tier) for tier in sorted(set(out["contamination_tier"]))}
    print(f"{name}: {len(named)} rows, own problem named in {hits}, {tiers}, {spent:.3f} CPU s a row", flush=True)
    for row, evidence in enumerate(out["contaminated_by"]):
        passed = {each["reference"] for each in evidence or () if each["detector"] == "behaviour"}
        for name in sorted(passed - {own[row] if own else None}):
            print(f"    {own[row] if own else row} passes {name}: {batch['text'][row][:100]!r}")
    return out


def translations(references: References, data: Path) -> None:
    rows = [json.loads(line) for line in (data / "rephrased" / "dev_js.jsonl").read_text().splitlines()]
    own = [f"JavaScript/{row['humaneval'].partition('/')[2]}" for row in rows]
    written = [row["text"] for row in rows]
    code = ["\n".join(fenced(text, ("", "javascript", "js"))) or text for text in written]
    for name, texts in (("as written", written), ("bare", [bare(text) for text in code])):
        batch = undecided(texts, "javascript")
        found = Decontaminate(references, drop=False)(batch)
        tiers = found["contamination_tier"]
        print(f"translated, {name}: Decontaminate contaminates {tiers.count('contaminated')} of {len(tiers)}")
        report("  then by behaviour", found, references, own)
        report("  by behaviour alone", batch, references, own)


def in_class(prompt: str, solution: str) -> str:
    body = re.sub(r"^def (\w+)\(", r"def \1(self, ", prompt + solution, flags=re.MULTILINE)
    return "class Solution:\n" + textwrap.indent(body, "    ")


def unrelated(folder: Path, number: int) -> list[str]:
    """Functions of many files, a few of each."""
    found: dict[str, None] = {}
    files = sorted(folder.rglob("*.js"), key=lambda path: sha256(path.name.encode()).digest())
    for path in filter(Path.is_file, files):
        text = path.read_text(errors="replace")
        try:
            functions = trees.functions(text, "javascript")
        except trees.TreeError:
            continue
        parts = [text[each.start : each.end] for each in functions[:6]]
        found |= dict.fromkeys(part for part in parts if 60 < len(part) < 3000)
        if len(found) >= number:
            break
    return list(found)[:number]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--functions", type=int, default=600)
    options = parser.parse_args()
    data = Path(os.environ["TEXTBOOK_BENCHMARKS"])
    references = References.humaneval_x("javascript", data)
    passing = [problem for problem in references if problem.id not in DO_NOT_PASS]
    texts = [bare(problem.program(problem.solution)) for problem in passing]
    own = [problem.id for problem in passing]
    batch = undecided(texts, "javascript")
    report("HumanEval-X, bare, by behaviour alone", batch, references, own)
    report("HumanEval-X, bare, after Decontaminate", Decontaminate(references, drop=False)(batch), references, own)
    report(
        "HumanEval-X, whole, by behaviour alone",
        undecided([problem.program(problem.solution) for problem in passing], "javascript"),
        references,
        own,
    )
    translations(references, data)
    python = References.humaneval(data)
    methods = [in_class(problem.prompt, problem.solution) for problem in python]
    report("HumanEval in a class", undecided(methods, "python"), python, [problem.id for problem in python])
    if options.folder is not None:
        found = unrelated(options.folder, options.functions)
        report("unrelated functions", undecided(found, "javascript"), references)


if __name__ == "__main__":
    main()
