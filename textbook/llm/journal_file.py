"""The journal as a file: its tables, its lock, and where it may not lie.

Does not say what is written when: see `textbook.llm.journal`.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = 1
BUSY_S = 10.0
"""How long another program may hold the file locked."""

ANSWER_COLUMNS = (
    "key, name, outcome, error, model, text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost, "
    "attempts, max_tokens, details, at, request"
)
_ANSWERS = """
CREATE TABLE IF NOT EXISTS {table} (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,   -- 32 hex digits, see textbook.llm.key
    name TEXT,                  -- Request.key
    outcome TEXT NOT NULL,
    error TEXT,
    model TEXT,                 -- the model that answered
    text TEXT,
    finish_reason TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cached_tokens INTEGER,
    cost REAL,                  -- US dollars, all attempts; NULL: no price known
    attempts INTEGER,
    max_tokens INTEGER,         -- the most room it was given
    details TEXT,               -- JSON: logprobs and the like
    at REAL,                    -- seconds since 1970
    request TEXT                -- JSON: messages, params
);
"""
TABLES = f"""
{_ANSWERS.format(table="done")}
{_ANSWERS.format(table="failed")}
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    endpoint TEXT,
    usd REAL NOT NULL,          -- the worst case while outcome is NULL, then what it is charged
    tokens INTEGER NOT NULL,
    outcome TEXT,               -- NULL: on its way
    status INTEGER,             -- of HTTP
    seconds REAL,
    batch TEXT                  -- the tag of its batch
);
CREATE TABLE IF NOT EXISTS batches (
    tag TEXT PRIMARY KEY,
    state TEXT NOT NULL,        -- intent, uploaded, created, finished, abandoned
    scope TEXT NOT NULL,
    file_id TEXT,
    batch_id TEXT,
    status TEXT,                -- the server's word
    num_requests INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS batch_requests (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    tag TEXT NOT NULL,          -- empty: it waits
    attempt INTEGER NOT NULL,   -- attempts.id
    job TEXT NOT NULL,          -- JSON: what is needed to judge the answer and to ask again
    wanted INTEGER NOT NULL     -- whether the last run asked for it
);
CREATE INDEX IF NOT EXISTS batch_tags ON batch_requests (tag);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "lustre", "ceph", "gpfs", "beegfs", "ocfs2", "gfs2"}


def filesystem_of(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that `path` lies on, by the kernel's list of mounts; empty where there is none."""
    if not mounts.exists():
        return ""
    best, kind = "", ""
    resolved = str(path.resolve())
    for line in mounts.read_text(errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        inside = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def check_place(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Refuse a place where SQLite's locks do not hold.

    Raises:
        ValueError: `path` lies on a network file system.
    """
    kind = filesystem_of(path.parent, mounts)
    if kind in NETWORK or kind.startswith("fuse.sshfs") or kind.startswith("fuse.gluster"):
        raise ValueError(
            f"the journal {path} lies on a network file system ({kind}), where a write-ahead log can be corrupted; "
            "give a path on a local disk, and copy the file once the run has ended"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The journal, for this engine alone.

    Raises:
        ValueError: another engine, in this process or another one, writes to it.
    """
    with open(path.with_name(path.name + ".lock"), "w") as file:  # noqa: PTH123
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another run is writing to the journal {path}; wait for it, or give this one a journal of its own "
                "(each process needs its own)"
            ) from None
        yield


def connect(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection that writes, with the tables in place. Any thread may use it, one at a time.

    Raises:
        ValueError: the file is no journal, or is damaged.
        OSError: it can't be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with explained(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(f"PRAGMA synchronous={synchronous}")
            db.execute("PRAGMA wal_autocheckpoint=4000")
            db.execute("PRAGMA cache_size=-16000")  # kB: the index of a million keys does not fit the usual two
            db.executescript(TABLES)
            db.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?)", (str(VERSION),))
            check_version(db, path)
        except BaseException:
            db.close()
            raise
    return db


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that never writes.

    Raises:
        ValueError: there is no such file, it is no journal, or it is damaged.
    """
    if not path.is_file():
        raise ValueError(f"there is no journal {path}")
    with explained(path):
        # A finished journal on a disk that can't be written to has no log to read along with it.
        fixed = "" if os.access(path.parent, os.W_OK) else "&immutable=1"
        uri = f"{path.resolve().as_uri()}?mode=ro{fixed}"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        try:
            check_version(db, path)
        except BaseException:
            db.close()
            raise
    return db


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file of another kind, or from a later version."""
    try:
        found = db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        found = None
    if found is None or found[0] != str(VERSION):
        what = "is no journal" if found is None else f"is of version {found[0]}, and this textbook reads {VERSION}"
        raise ValueError(f"{path} {what}")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ones that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise explanation(error, path) from error


def explanation(error: sqlite3.Error, path: Path) -> Exception:
    """The error for people."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        remedy = "free some space and run again: everything committed is kept, nothing is half-written"
        return OSError(errno.ENOSPC, f"the disk is full: {remedy}", str(path))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ValueError(f"another program holds the journal {path} locked; close it (a database viewer?), run again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return ValueError(
            f"the journal {path} is damaged or no SQLite file ({error}); `textbook llm verify {path}` says where, "
            f"`sqlite3 {path} .recover` saves what can be read; or give a new path and keep this one"
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return OSError(
            errno.EACCES, f"the journal can't be written to ({error}); give a path in a folder of yours", str(path)
        )
    if code == sqlite3.SQLITE_IOERR:
        return OSError(
            errno.EIO, f"the disk failed ({error}); run again on a sound one: what is committed is kept", str(path)
        )
    return OSError(errno.EIO, f"the journal failed: {error}", str(path))
