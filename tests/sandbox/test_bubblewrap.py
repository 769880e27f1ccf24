"""Where the kernel has neither Landlock nor namespaces for this user: bwrap if it confines, or a refusal."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from textbook.sandbox.bubblewrap import find

OLD_KERNEL = """
import ctypes, errno, struct
# Landlock, and unshare, by which the sandbox makes namespaces and bwrap does not.
numbers = {"x86_64": (444, 272), "aarch64": (444, 97)}[__import__("platform").machine()]
lines = [(0x20, 0, 0, 0), *((0x15, len(numbers) - i, 0, number) for i, number in enumerate(numbers))]
lines += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | errno.ENOSYS)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
program = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(lines), ctypes.addressof(code)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
"""
"""What a script begins with that is to find a kernel as of before 2021."""
needs_bwrap = pytest.mark.skipif(find() is None, reason="no bwrap that confines")


def on_an_old_kernel(script, **more):
    ran = subprocess.run(
        [sys.executable, "-c", OLD_KERNEL + script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        **more,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout.splitlines()


RUN = """
from textbook.sandbox import Limits, Program, Sandbox, Unavailable
with Sandbox(Limits(cpu_s=1, wall_s=5), workers=1) as sandbox:
    programs = [Program(code, test, language=language) for language, code, test in {programs!r}]
    try:
        for verdict in sandbox.run(programs):
            print(verdict.status, verdict.reason, verdict.output)
        print(sandbox._workers[0].features)
    except Unavailable as error:
        print(error)
"""


def test_without_bwrap_it_is_refused_with_the_remedies(tmp_path):
    programs = [("python", "x = 1\n", "assert x == 1")]
    (line,) = on_an_old_kernel(RUN.format(programs=programs), env={"PATH": str(tmp_path)})
    assert "landlock" in line and "install bubblewrap" in line and "unsafe=True" in line


def test_a_bwrap_that_does_not_confine_is_not_taken(tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    fake.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    (line,) = on_an_old_kernel(RUN.format(programs=[("python", "", "")]), env={"PATH": path})
    assert "landlock" in line


@needs_bwrap
def test_programs_are_confined_by_bwrap():
    programs = [
        ("python", "f = lambda x: x * 2\n", "assert f(2) == 4"),
        ("python", "import os\nos.fork()\n", ""),
        ("python", "open('/x', 'w')\n", ""),
        ("python", "import os\nassert not os.path.exists('/proc') and not os.path.exists('/etc/passwd')\n", ""),
        ("python", "import os\nprint(os.listdir('..'))\n", ""),
        ("python", "for i in range(64): open(str(i), 'wb').write(b'x' * 2**20)\n", ""),
        ("python", "import os\nassert os.listdir() == []\n", ""),
    ]
    *verdicts, features = on_an_old_kernel(RUN.format(programs=programs))
    expected = ["pass", "denied", "error OSError: Read-only", "pass", "denied", "error OSError: No space", "pass"]
    assert [line.startswith(want) for line, want in zip(verdicts, expected, strict=True)] == [True] * 7, verdicts
    assert features == "['bubblewrap', 'seccomp']"


@needs_bwrap
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_is_too():
    programs = [
        ("javascript", "const f = (x) => x * 2", "console.assert(f(2) === 4)"),
        ("javascript", "require('fs').readFileSync('/etc/passwd')", ""),
    ]
    first, second, _ = on_an_old_kernel(RUN.format(programs=programs))
    assert first.startswith("pass") and "ENOENT" in second


@needs_bwrap
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("corpus", ["hostile", "hostile_javascript"])
def test_the_hostile_programs_do_no_harm_in_bwrap(corpus):
    module = {"hostile": "test_escapes", "hostile_javascript": "test_javascript"}[corpus]
    script = (
        f"import pytest\nfrom tests.sandbox.{corpus} import programs\n"
        f"from tests.sandbox.{module} import AFTER\nfrom tests.sandbox.test_escapes import fight\n"
        # Files are bounded by their bytes alone here.
        "fight([h for h in programs() if h.name != 'many_files'], pytest.MonkeyPatch(), AFTER, 7)\nprint('done')\n"
    )
    assert on_an_old_kernel(script) == ["done"]
