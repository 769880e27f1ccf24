"""Hostile programs: none passes, none leaves anything, and the honest program after each passes."""

import socket
import threading
from pathlib import Path

import pytest

from tests.sandbox.hostile import CANARY, honest_programs, programs
from tests.sandbox.processes import family
from textbook.sandbox import Limits, Program, Sandbox

AFTER = Program("def f(n):\n    return n * n + 1\n", "def check(f):\n    assert f(3) == 10\n", "f", key="after")
LIMITS = Limits(cpu_s=1, wall_s=3)


@pytest.fixture
def listener():
    """Counts connections to a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        seen, stop = [], threading.Event()

        def accept():
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                    seen.append(1)
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield seen, server.getsockname()[1]
        stop.set()
        thread.join()


def fight(hostile, monkeypatch, after=AFTER, per_worker=5):
    monkeypatch.setenv(CANARY, "canary")
    folders = {Path.home(), Path("/tmp"), Path("/dev/shm"), Path("/var/tmp")}
    before = {folder: set(folder.iterdir()) for folder in folders}
    others = family()
    with Sandbox(LIMITS, workers=2) as sandbox:
        mixed = [
            each for h in hostile for each in (Program(h.code, h.test, "f", language=after.language, key=h), after)
        ]
        verdicts = list(sandbox.run(mixed))
        assert sandbox.num_replaced == 0
        at_work = family() - others
    assert {v.status for v in verdicts[1::2]} == {"pass"}
    assert [v.key.name for v in verdicts[::2] if v.passed] == []
    wrong = [(v.key.name, v.status, v.reason) for v in verdicts[::2] if v.status not in v.key.honest]
    assert wrong == []
    assert len(at_work) <= 2 * per_worker
    assert family() <= others
    own = {"pytest", "textbook-"}
    for folder in folders:
        new = {each for each in set(folder.iterdir()) - before[folder] if not any(part in each.name for part in own)}
        assert not {each for each in new if "hostile" in each.name or CANARY.lower() in each.name.lower()}


def test_a_tenth_of_the_hostile_programs(monkeypatch):
    fight(list(programs())[::10], monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_hostile_programs(monkeypatch):
    hostile = list(programs())
    assert len(hostile) >= 150 and len({h.kind for h in hostile}) >= 15
    fight(hostile, monkeypatch)


def test_honest_programs_pass():
    with Sandbox(Limits()) as sandbox:
        verdicts = sandbox.run(Program(h.code, h.test, "f", key=h.name) for h in honest_programs())
        assert [(v.key, v.status, v.reason) for v in verdicts if not v.passed] == []


def test_no_connection_gets_out(listener):
    seen, port = listener
    code = (
        "import ctypes, socket\nn = 0\n"
        "for attempt in (lambda: socket.create_connection(('127.0.0.1', {0}), 1),"
        " lambda: socket.socketpair()[0].sendto("
        "b'x', ('127.0.0.1', {0})), lambda: ctypes.CDLL(None).socket(2, 1, 0) + 1 or 1 / 0):\n"
        "    try:\n        attempt()\n        n += 1\n    except Exception: pass\n"
    )
    with Sandbox(LIMITS, workers=1) as sandbox:
        (verdict,) = sandbox.run([Program(code.format(port), "assert n == 0")])
    assert (verdict.status, verdict.reason, seen) == ("pass", "", [])
