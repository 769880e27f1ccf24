"""Verdicts kept in a file, so that no program is run twice: by the content of the program, its test and its limits.

One SQLite file, which several processes may use at once; each opens it for itself. Delete it to begin anew. Whoever can
write to the file decides what its verdicts are. Nothing is ever removed from it.

Kept: what would come out the same again. That is no `harness_error`, no `memory` (the machine's may have been short),
and a `timeout` only where CPU time decided and the wall limit was not near. A program whose verdict changes from run to
run keeps its first one: see `textbook.sandbox.repeats`.
"""

import hashlib
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from textbook.sandbox.program import STATUSES, Limits, Program, Strength, Verdict

BUSY_S: Final = 30.0
"""How long another process may hold the file locked."""
BATCH: Final = 256
"""Verdicts written at once; what is not written yet is lost with the process."""
_APPLICATION: Final = 0x7462_5652
_FORMAT: Final = 1
_TABLE: Final = "CREATE TABLE IF NOT EXISTS verdicts (key BLOB PRIMARY KEY, verdict TEXT NOT NULL)"


@cache
def sandbox_version() -> str:
    """A digest of the sandbox's own source: with any change to it, kept verdicts are no longer found."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".cjs")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def lasting(verdict: Verdict, limits: Limits) -> bool:
    """Whether another run would give the same verdict, so far as one run can tell."""
    if verdict.status == "timeout":
        return verdict.cpu_s > 0.9 * limits.cpu_s and verdict.wall_s < 0.8 * limits.wall_s
    return verdict.status not in ("harness_error", "memory")


class Results:
    """The verdicts in a file. Give it to `Sandbox`; close it, or use it in a `with`."""

    def __init__(self, path: str | Path) -> None:
        """Open the file, or make it.

        Raises:
            ValueError: it is damaged, or holds something else.
            OSError: it can't be read or written.
        """
        self.path = Path(path)
        self.num_found = 0
        """Programs that were not run, for their verdict was there."""
        self._process = os.getpid()
        self._new: dict[bytes, str] = {}
        with self._explained():
            self._db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, program: Program, conditions: str) -> Verdict | None:
        """The verdict that is kept for a program, if one is.

        Args:
            program: found by its code, test, entry point, examples and language; its `key` is handed back.
            conditions: what `conditions` gave for how it would be run.

        Raises:
            ValueError: the file is damaged.
            OSError: it can't be read.
            RuntimeError: this process is not the one that opened it.
        """
        self._check_process()
        key = _key(program, conditions)
        with self._explained():
            row = self._db.execute("SELECT verdict FROM verdicts WHERE key = ?", (key,)).fetchone()
        text = row[0] if row else self._new.get(key)
        if text is None:
            return None
        self.num_found += 1
        return self._verdict(text, program)

    def put(self, program: Program, conditions: str, limits: Limits, verdict: Verdict) -> None:
        """Keep a verdict, if it is one that lasts.

        Raises:
            OSError: the file can't be written.
            RuntimeError: this process is not the one that opened it.
        """
        self._check_process()
        if not lasting(verdict, limits):
            return
        kept = [verdict.status, verdict.strength, verdict.reason, verdict.cpu_s, verdict.wall_s, verdict.output]
        self._new[_key(program, conditions)] = json.dumps(kept)
        if len(self._new) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is not written yet.

        Raises:
            OSError: the file can't be written.
        """
        if not self._new:
            return
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT OR IGNORE INTO verdicts VALUES (?, ?)", self._new.items())
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        self._new.clear()

    def close(self) -> None:
        """Write what is not written yet, and close the file."""
        try:
            if os.getpid() == self._process:
                self.flush()
        finally:
            self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("BEGIN IMMEDIATE")
        application, version, tables = (
            self._db.execute(query).fetchone()[0]
            for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        if not (application or version or tables):
            self._db.execute(f"PRAGMA application_id={_APPLICATION}")
            self._db.execute(f"PRAGMA user_version={_FORMAT}")
            self._db.execute(_TABLE)
        elif (application, version) != (_APPLICATION, _FORMAT):
            raise ValueError(f"{self.path} is a database of something else, or of another version; name another file")
        self._db.execute("COMMIT")

    def _verdict(self, text: str, program: Program) -> Verdict:
        try:
            status, strength, reason, cpu_s, wall_s, output = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            raise self._damaged("a verdict that can't be read") from None
        if status not in STATUSES:
            raise self._damaged(f"the status {status!r:.40}")
        return Verdict(status, strength, reason, cpu_s, wall_s, output, program.key)

    def _damaged(self, what: str) -> ValueError:
        return ValueError(
            f"{self.path} is damaged, or holds no verdicts ({what}); delete it or name another file: its verdicts are "
            "found again by running the programs"
        )

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError(f"{self.path} was opened before this process was forked; open it again in each process")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise self._damaged(str(error)) from error
            remedy = "give a path in a folder of yours, on a local disk with room, that no other program holds locked"
            raise OSError(f"verdicts can't be kept in {self.path} ({error}); {remedy}") from error


def conditions(limits: Limits, strength: Strength, seed: int, unsafe: bool) -> str:
    """All that a verdict depends on but the program: how it is run, this sandbox, this Python, this kind of machine."""
    here = [sandbox_version(), sys.version, platform.machine()]
    return json.dumps([[*map(float, astuple(limits))], strength, seed, unsafe, *here])


def _key(program: Program, conditions: str) -> bytes:
    parts: list[Any] = [program.code, program.test, program.entry_point, program.language]
    parts += [astuple(example) for example in program.examples]
    return hashlib.sha256((conditions + json.dumps(parts)).encode()).digest()
