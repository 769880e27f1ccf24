"""Fit the educational-value scorers that the package ships to the labelled texts.

    python scripts/resolve_annotations.py labelled.jsonl
    python scripts/fit_educational_value.py labelled.jsonl textbook/assets

What they are made of is in `textbook.curation.educational_value.presets`. All labels are fitted on; the metrics on each
card come from whole packages held out, on the texts that were drawn at random.

The same labels give the same scores on one machine; elsewhere the solver may round differently in the last digits.
"""

import argparse
import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from textbook.curation.annotate import Label, Labels, Rubric
from textbook.curation.educational_value import EducationalValue
from textbook.curation.educational_value.artefact import save

PRESETS = {"python": "best", "python-fast": "fast"}


def labels_of(rows: list[dict[str, Any]]) -> Labels:
    """What `resolve_annotations.py` wrote, all of it to fit on: a package is a group."""
    labels = [
        Label(
            row["id"],
            row["text"],
            row["score"],
            group=row["package"],
            chosen_by="random" if row["selection"] == "stratified" else "top",
        )
        for row in rows
    ]
    return Labels(tuple(labels), Rubric.educational_value())


def labels_digest(labels: list[dict[str, Any]]) -> str:
    """A digest of what was labelled and how: the same for labels with and without their text."""
    lines = sorted(f"{label['id']} {label['sha256']} {label['score']}\n" for label in labels)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path, help="jsonl of labels with their text, from resolve_annotations.py")
    parser.add_argument("folder", type=Path, help="where the scorers go")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.labelled.read_text(encoding="utf-8").splitlines()]
    labels = labels_of(rows)
    for name, preset in PRESETS.items():
        model = EducationalValue.fit(labels, preset).model
        model = replace(model, about={**model.about, "annotations": labels_digest(rows)})
        save(model, arguments.folder, f"educational-value-{name}")
        print(name, model.identity, json.dumps(model.about["held_out"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
