"""Bars are for those who look: on a terminal they say how fast it goes and how long it takes."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

SCRIPT = """
import sys, tempfile
from tests.toys import Slow, Texts
from textbook.engine import run
run((Slow(0.2),), Texts(400), tempfile.mkdtemp() + "/out")
"""
ENV = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}


def test_a_bar_on_a_terminal():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    subprocess.run([sys.executable, "-c", SCRIPT], stderr=theirs, env=ENV, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "1/1 to Slow" in shown
    assert " rows/s" in shown
    assert "400/400" in shown


def test_silence_in_a_log():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, env=ENV, check=True)
    assert ran.stderr == b""
