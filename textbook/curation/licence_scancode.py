"""What ScanCode says of licence files that `Licences` does not know: it knows thousands of licences, and takes seconds.

It is run as a command, because its packages can't be installed beside current ones (it needs pluggy < 1.6, and pytest
a later one). Names which licences a text holds, not whether they apply: texts that deny must not come here.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textbook.curation.licence_names import spdx

MIN_COVERAGE = 99.0
"""The share in percent of a known text that must be there: less is a licence with words changed."""

REMEDY = "pipx install scancode-toolkit && pipx inject scancode-toolkit 'pluggy<1.6'"


def scanned(texts: Sequence[str]) -> list[str | None]:
    """For each text the SPDX expression of all licences that it holds; None where one is not known in full.

    Raises:
        ValueError: there is no command `scancode`, or it gave no answer.
    """
    if not texts:
        return []
    command = shutil.which("scancode")
    if command is None:
        raise ValueError(f"Licences(scancode=True) needs the command scancode; {REMEDY}")
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            file = Path(folder) / "texts" / str(number) / "LICENSE"
            file.parent.mkdir(parents=True)
            file.write_text(text, "utf-8", "replace")
        answers = Path(folder) / "answers.json"
        arguments = ["--license", "--quiet", "--json", str(answers), str(Path(folder) / "texts")]
        done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
        if not answers.exists():
            raise ValueError(f"scancode gave no answer, but {done.stderr[-500:]!r}; {REMEDY}")
        files = [file for file in json.loads(answers.read_text())["files"] if file["type"] == "file"]
    found = {int(file["path"].split("/")[-2]): _expression(file) for file in files}
    return [found.get(number) for number in range(len(texts))]


def _expression(file: dict[str, Any]) -> str | None:
    matches = [match for detection in file["license_detections"] for match in detection["matches"]]
    complete = all(match["match_coverage"] >= MIN_COVERAGE for match in matches)
    return spdx(file["detected_license_expression_spdx"]) if matches and complete else None
