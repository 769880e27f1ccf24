"""`textbook label` against a server whose answers do not carry the sample's mark: nothing is believed, all is kept."""

import json
import os
import subprocess
import sys

from textbook.curation.annotate import Labels


def test_label(server, tmp_path):
    for number in range(6):
        (tmp_path / "pool" / f"package{number}").mkdir(parents=True)
        (tmp_path / "pool" / f"package{number}" / "a.py").write_text(f"def f{number}(x):\n    return x + {number}\n")
    command = [sys.executable, "-m", "textbook", "label", str(tmp_path / "pool"), "--model", "any", "--num", "5"]
    command += ["--base-url", server.base_url, "--output", str(tmp_path / "labels.jsonl")]
    environment = os.environ | {"OPENAI_API_KEY": "sk-not-to-be-seen"}
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "5 rows by the rubric 'educational value': no label; 5 without" in done.stdout
        assert "return x" not in done.stdout
    labels = Labels.load(tmp_path / "labels.jsonl")
    assert {row.error for row in labels.rows} == {"invalid: the answer does not carry the sample's mark"}
    rows = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert len(rows) == 5
    assert "sk-not" not in (tmp_path / "labels.jsonl").read_text() + done.stdout + done.stderr
