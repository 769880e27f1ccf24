"""The journal: what a damaged, locked, full or misplaced one says; what others can read in it."""

import errno
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from textbook.llm import Price, Recorded, Request, Said, Scripted
from textbook.llm.commands import app
from textbook.llm.journal import Attempt, Entry, Journal
from textbook.llm.journal_file import check_place, filesystem_of
from textbook.llm.journal_read import export, stats, verify

REQUESTS = [Request.of(f"question {i}", max_tokens=50, key=f"row-{i}") for i in range(20)]


def scripted(journal, **options):
    def script(request):
        if request.messages[-1]["content"] == "question 3":
            return Said("no", status=400)
        return request.messages[-1]["content"].upper()

    return Scripted(script, "test", journal=journal, prices={"scripted": Price(1, 2)}, concurrency=4, **options)


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "journal.sqlite"
    list(scripted(path).generate(REQUESTS))
    return path


def test_any_client_reads_it(journal):
    db = sqlite3.connect(journal)
    rows = db.execute("SELECT name, text, cost, request FROM done ORDER BY name").fetchall()
    assert [name for name, *_ in rows] == sorted(f"row-{i}" for i in range(20) if i != 3)
    name, text, cost, request = rows[0]
    assert text == "QUESTION 0" and cost > 0
    assert json.loads(request)["messages"] == [{"role": "user", "content": "question 0"}]
    assert db.execute("SELECT outcome, error FROM failed").fetchall() == [("rejected", "HTTP 400: no")]
    assert db.execute("SELECT count(*), min(usd) FROM attempts WHERE outcome = 'ok'").fetchone()[0] == 19
    db.close()


def test_stats_export_verify(journal, tmp_path):
    found = stats(journal)
    assert found.outcomes == {"ok": 19, "rejected": 1} and found.models == {"scripted": 19}
    assert found.usd > 0 and "19" in str(found)
    rows = list(export(journal))
    assert len(rows) == 20 and rows[0]["request"]["messages"] and rows[-1]["outcome"] == "rejected"
    runner = CliRunner()
    assert "rejected" in runner.invoke(app, ["stats", str(journal)]).output
    assert len(runner.invoke(app, ["export", str(journal)]).output.splitlines()) == 20
    assert runner.invoke(app, ["export", str(journal), "--output", str(tmp_path / "out.jsonl")]).exit_code == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 20
    assert "sound" in runner.invoke(app, ["verify", str(journal)]).output


def test_verify_finds_what_is_wrong(journal):
    db = sqlite3.connect(journal)
    db.execute("UPDATE done SET cost = cost * 10 WHERE name = 'row-5'")
    db.execute("DELETE FROM attempts WHERE key = (SELECT key FROM done WHERE name = 'row-6')")
    db.commit()
    db.close()
    assert verify(journal) == ["1 answers have no attempt", "1 answers cost more than their attempts"]
    assert CliRunner().invoke(app, ["verify", str(journal)]).exit_code == 1
    missing = CliRunner().invoke(app, ["stats", str(journal.with_name("missing"))])
    assert missing.exit_code == 1 and missing.stderr.startswith("textbook: there is no journal")


def test_damage_is_said(journal):
    data = bytearray(journal.read_bytes())
    data[4096 : len(data)] = os.urandom(len(data) - 4096)
    journal.write_bytes(data)
    assert "damaged" in " ".join(verify(journal)) or verify(journal)
    with pytest.raises(ValueError, match="textbook llm verify"):
        list(scripted(journal).generate(REQUESTS))


def test_what_is_no_journal(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("hello " * 1000)
    with pytest.raises(ValueError, match="no SQLite file"):
        list(scripted(text).generate(REQUESTS))
    assert text.read_text().startswith("hello"), "it is left as it was"
    other = tmp_path / "other.sqlite"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE meta (name TEXT, value TEXT)")
    db.execute("INSERT INTO meta VALUES ('version', '99')")
    db.commit()
    db.close()
    with pytest.raises(ValueError, match="version 99"):
        list(scripted(other).generate(REQUESTS))
    for look in (stats, verify, lambda path: list(export(path)), Recorded):
        with pytest.raises(ValueError, match="no journal"):
            look(tmp_path / "missing.sqlite")


def test_one_writer(journal):
    first = scripted(journal).generate(iter(REQUESTS))
    next(first)
    with pytest.raises(ValueError, match="another run is writing"):
        list(scripted(journal).generate(REQUESTS))
    assert stats(journal).outcomes, "reading is allowed"
    first.close()
    assert len(list(scripted(journal).generate(REQUESTS))) == 20


def test_a_locked_database(journal, monkeypatch):
    other = sqlite3.connect(journal, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("textbook.llm.journal_file.BUSY_S", 0.1)
    with pytest.raises(ValueError, match="locked"):
        list(scripted(journal).generate(REQUESTS))
    other.execute("ROLLBACK")
    other.close()


def test_network_file_systems_are_refused(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 8:1 / / rw - ext4 /dev/sda rw\n30 22 0:50 / {tmp_path} rw shared:1 - nfs4 server:/export rw\n"
    )
    assert filesystem_of(tmp_path / "a", mounts) == "nfs4"
    assert filesystem_of(Path("/usr"), mounts) == "ext4"
    with pytest.raises(ValueError, match="local disk"):
        check_place(tmp_path / "journal.sqlite", mounts)


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc/mounts").exists(), reason="mounting takes root")
def test_a_full_disk(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        path = small / "journal.sqlite"
        llm = Scripted(lambda request: "x" * 2000, "test", journal=path, concurrency=4)
        with pytest.raises(OSError, match="disk is full") as caught:
            list(llm.generate([Request.of(f"question {i}") for i in range(1000)]))
        assert caught.value.errno == errno.ENOSPC
        assert not verify(path)
        kept = stats(path).outcomes["ok"]
        assert 10 < kept < 1000
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_journal_that_can_not_be_written(tmp_path):
    if os.geteuid() == 0:
        with pytest.raises(OSError):
            list(scripted(Path("/proc/journal.sqlite")).generate(REQUESTS))
    else:
        tmp_path.chmod(0o500)
        with pytest.raises(OSError):
            list(scripted(tmp_path / "journal.sqlite").generate(REQUESTS))


def test_what_was_on_its_way_stays_charged(tmp_path):
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.write(Entry(Attempt(1, "a" * 32, 0.0, "x", 0.5, 100), None, None))
    journal.close()
    journal = Journal(path)
    assert (journal.spent().usd, journal.spent().tokens) == (0.5, 100)
    journal.close()
    assert stats(path).attempts == {"unknown": 1}


def test_recorded_repeats_and_refuses(journal):
    fresh = list(scripted(journal).generate(REQUESTS))
    llm = Recorded(journal)
    assert list(llm.generate(REQUESTS)) == fresh
    assert llm.identity == scripted(journal).identity
    with pytest.raises(ValueError, match="no answer for"):
        list(llm.generate([Request.of("another")]))
    list(Scripted(["x"], "other", journal=journal).generate(REQUESTS[:1]))
    with pytest.raises(ValueError, match="namespace='other'"):
        Recorded(journal)
    assert list(Recorded(journal, namespace="test").generate(REQUESTS)) == fresh


def child(llm, queue):
    queue.put([c.outcome for c in llm.generate(REQUESTS[:3])])


def test_a_forked_process_has_an_engine_of_its_own(tmp_path):
    llm = Scripted(lambda request: "x", "test", concurrency=2)
    parents = llm.generate(iter(REQUESTS))
    next(parents)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(llm, queue))
    process.start()
    assert queue.get(timeout=20) == ["ok"] * 3
    process.join()
    assert len(list(parents)) == 19


def test_importing_is_light():
    heavy = "{'openai', 'httpx2', 'httptools', 'uvloop', 'pydantic', 'jsonschema'}"
    script = f"import sys, textbook.llm; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[]\n"
