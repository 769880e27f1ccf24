"""Labelling by hand: keys, going back, stopping and going on, a terminal and none."""

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from textbook.curation.annotate import Labels, Rubric, label_by_hand
from textbook.curation.annotate.by_hand import ask_key

ROWS = [{"id": name, "text": f"x = '{name}'\n" * 3, "source": f"p{name}==1:x.py"} for name in "abcd"]


def keys(answers: str | list[str]) -> tuple[Callable[[str], str], list[str]]:
    asked: list[str] = []
    given: Iterator[str] = iter(answers)

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return next(given)

    return ask, asked


def silent(_: str) -> None:
    return None


def test_labels_skips_and_the_way_back(tmp_path: Path):
    ask, asked = keys("5sb30q")  # a: 5, b: skipped, then b again: 3, c: 0, stop at d
    labels = label_by_hand(ROWS, path=tmp_path / "l.jsonl", ask=ask, show=silent)
    assert [(row.id, row.label) for row in labels.rows] == [("a", 5), ("b", 3), ("c", 0)]
    assert asked[0] == "0 to 5: label, s: skip, b: back to the one before, q: save and quit> "
    assert Labels.load(tmp_path / "l.jsonl") == labels
    assert {row.model for row in labels.rows} == {"by hand"}
    assert labels.train and labels.evaluation


def test_back_shows_the_label_so_far_and_the_first_row_stays_the_first(tmp_path: Path):
    ask, asked = keys("b4b2q")
    labels = label_by_hand(ROWS, path=tmp_path / "l.jsonl", ask=ask, show=silent)
    assert [row.label for row in labels.rows] == [2]
    assert "(so far 4)" in asked[3]


def test_a_session_goes_on_where_it_was_stopped(tmp_path: Path):
    path = tmp_path / "l.jsonl"

    def killed(prompt: str) -> str:
        if path.exists() and len(Labels.load(path)) == 2:
            raise KeyboardInterrupt
        return "1"

    with pytest.raises(KeyboardInterrupt):
        label_by_hand(ROWS, path=path, ask=killed, show=silent)
    ask, asked = keys("s5")
    labels = label_by_hand(ROWS, path=path, ask=ask, show=silent)
    assert [row.label for row in labels.rows] == [1, 1, None, 5]
    assert labels.missing[0].error == "skipped"
    assert len(asked) == 2
    again, _ = keys("")
    assert label_by_hand(ROWS, path=path, ask=again, show=silent) == labels


def test_what_is_no_answer_is_asked_again(tmp_path: Path):
    shown: list[str] = []
    ask, _ = keys(["7", "2.5", "\x1b[2J", "nan", "3", "q"])
    labels = label_by_hand(ROWS, path=tmp_path / "l.jsonl", ask=ask, show=shown.append)
    assert [row.label for row in labels.rows] == [3]
    assert sum("is none of these" in text for text in shown) == 4
    assert not any("\x1b" in text for text in shown)


def test_samples_can_not_steer_the_terminal(tmp_path: Path):
    shown: list[str] = []
    text = "a = '\x1b[2J\u202e\x07'\n" + "y" * 500 + "\n" * 100
    ask, _ = keys("q")
    label_by_hand([{"text": text, "source": "p\x1b]0;x/y"}], path=tmp_path / "l.jsonl", ask=ask, show=shown.append)
    assert not set("".join(shown)) & set("\x1b\u202e\x07")
    assert "␛[2J⟦U+202E⟧" in "".join(shown)
    assert "lines more" in "".join(shown)


def test_other_rubrics_and_files_are_refused(tmp_path: Path):
    ask, _ = keys("1q")
    label_by_hand(ROWS, path=tmp_path / "l.jsonl", ask=ask, show=silent)
    with pytest.raises(ValueError, match="by the rubric 'educational value', expected 'other'"):
        label_by_hand(ROWS, Rubric("other", "t"), tmp_path / "l.jsonl", ask=ask, show=silent)
    with pytest.raises(ValueError, match=r"expected \.jsonl"):
        label_by_hand(ROWS, path=tmp_path / "l.csv", ask=ask, show=silent)


def test_a_notebook_or_a_pipe_is_asked_by_lines(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("4\n 2 \n"))  # then it ends, which means to quit
    labels = label_by_hand(ROWS, path=tmp_path / "l.jsonl")
    assert [row.label for row in labels.rows] == [4, 2]
    assert "--- 3 of 4: pc==1:x.py" in capsys.readouterr().out


def test_wide_scales_are_asked_by_lines(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "75")
    labels = label_by_hand(ROWS, Rubric("percent", "t", 0, 100), tmp_path / "l.jsonl", show=silent)
    assert {row.label for row in labels.rows} == {75}


SCRIPT = """
import sys
from textbook.curation.annotate import label_by_hand
rows = [{"id": name, "text": "x", "source": f"p{name}==1:x.py"} for name in "abc"]
label_by_hand(rows, path=sys.argv[1])
"""


def test_in_a_terminal_a_key_is_enough(tmp_path: Path):
    main, terminal = pty.openpty()
    path = tmp_path / "l.jsonl"
    command = [sys.executable, "-c", SCRIPT, str(path)]
    with subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        for key in (b"4", b"2", b"q"):  # no line ends
            shown = b""
            while not shown.endswith(b"quit> "):
                shown += process.stdout.read1()
            os.write(main, key)
        errors = process.stderr.read()
        process.stdout.read()
    os.close(main)
    os.close(terminal)
    assert (process.returncode, errors) == (0, b"")
    assert [row.label for row in Labels.load(path).rows] == [4, 2]


def test_the_end_of_input_means_to_quit(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert ask_key("?") == "q"
