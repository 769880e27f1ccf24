"""Headless Chromium for tests: the page as a browser sees it. Tests that ask for it are skipped where there is none."""

import html
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
TIMEOUT_S = 60


def chromium() -> str:
    """The path of a Chromium, or skip."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here; install one (apt-get install chromium) to test the page in a browser")
    return found


def dump_dom(page: Path, dark: bool = False) -> str:
    """The document at `page` as HTML after its scripts, if it has any, have run; in either colour scheme."""
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        flags = [*FLAGS, f"--user-data-dir={profile}", scheme, "--dump-dom", "--virtual-time-budget=3000"]
        command = [chromium(), *flags, page.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return done.stdout


def framed(page: str, width: int, height: int, script: str = "") -> str:
    """A page that shows `page` in a frame of any width (Chromium's window is 500 wide at least).

    `script` runs in the outer page once the frame has loaded; it finds the inner document as `inner`.
    """
    return (
        "<!doctype html><body style='margin:0'>"
        f"<iframe style='border:0;width:{width}px;height:{height}px' srcdoc=\"{html.escape(page)}\"></iframe>"
        "<script>document.querySelector('iframe').onload = event => {"
        f"const inner = event.target.contentDocument; {script} }}</script>"
    )
