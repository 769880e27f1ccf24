import codecs
import os
import socket
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.curation.sources.intake import HEAD_CHARS, take_bytes, take_file, take_value


def taken(data: bytes, language: str | None = "python") -> tuple[str, str | None]:
    return tuple(take_bytes(data, language, 1000))


@pytest.mark.parametrize(
    ("data", "language", "text"),
    [
        (b"", "python", ""),
        (b"x = 1\r\ny = 2\r", "python", "x = 1\r\ny = 2\r"),
        ("x = 'é漢'\n".encode(), "python", "x = 'é漢'\n"),
        (codecs.BOM_UTF8 + b"x = 1\n", "python", "x = 1\n"),
        (codecs.BOM_UTF8 + b"int x;\n", "c", "int x;\n"),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "python", "# coding: latin-1\nx = 'é'\n"),
        ("#!/usr/bin/python\n# -*- coding: euc-jp -*-\n# 日本\n".encode("euc-jp"), "python", None),
        ("# vim: set fileencoding=cp1252 :\n# €\n".encode("cp1252"), "python", None),
    ],
)
def test_text_is_taken_in_with_its_newlines_and_its_declared_encoding(data, language, text):
    found, reason = taken(data, language)
    assert reason is None
    if text is not None:
        assert found == text
    else:
        assert "日本" in found or "€" in found


@pytest.mark.parametrize(
    ("data", "language", "reason"),
    [
        (b"x = '\xff'\n", "python", "not UTF-8"),
        (b"x = 1\ny = 2\nz = '\xff'\n", "python", "not UTF-8"),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "c", "not UTF-8"),
        (b"\xed\xa0\x80", "c", "not UTF-8"),
        (b"\x7fELF\0\0\xff", "python", "NUL bytes: not a text file"),
        ("x = 1\n".encode("utf-16"), "python", "NUL bytes: not a text file"),
        (b"# coding: nonsense\n", "python", "unknown encoding declared"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "python", "unknown encoding declared"),
        (b"# coding: unicode_escape\nx = '\\d \\ud800'\n", "python", "unknown encoding declared"),
        (b"# coding: rot13\n", "python", "unknown encoding declared"),
        (b"# coding: hex\n", "python", "unknown encoding declared"),
        (b"# coding: utf-16\n", "python", "unknown encoding declared"),
        (b"# coding: ascii\n# \xe9\n", "python", "not in the encoding it declares"),
        (b"x" * 1001, "python", "larger than 1,000 bytes"),
        (b"# coding: latin-1\n# " + b"\xe9" * 600, "python", "larger than 1,000 bytes"),
    ],
)
def test_what_is_no_text_has_a_reason_and_a_readable_replacement(data, language, reason):
    text, found = taken(data, language)
    assert found == reason
    text.encode()
    assert "\0" not in text and len(text) <= HEAD_CHARS
    assert data[:5].isascii() is False or text[:1] == data[:1].decode()


def test_an_encoding_that_takes_for_ever_is_not_tried():
    started = time.process_time()
    data = b"# coding: idna\n" + b"a" * 900_000
    assert take_bytes(data, "python", 1_000_000).drop_reason == "unknown encoding declared"
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "text is missing"),
        (float("nan"), "text is missing"),
        (3, "text is of type int"),
        (b"bytes", "text is of type bytes"),
        (["a"], "text is of type list"),
        ("a\ud800b", "lone surrogates"),
        ("a\0b", "NUL characters"),
        ("é" * 501, "larger than 1,000 bytes"),
    ],
)
def test_values_of_a_text_column_that_are_no_text(value, reason):
    text, found = take_value(value, 1000)
    assert found == reason
    text.encode()
    assert "\0" not in text


@given(st.binary(max_size=300) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")), st.booleans())
def test_any_bytes_are_taken_in_or_replaced(data, is_python):
    text, reason = take_bytes(data, "python" if is_python else None, 200)
    text.encode()
    assert "\0" not in text
    if reason is None:
        assert len(text.encode()) <= 200


@given(st.text(st.characters() | st.characters(categories=["Cs"])), st.integers(1, 40))
def test_any_string_is_taken_in_as_it_is_or_replaced(value, max_bytes):
    text, reason = take_value(value, max_bytes)
    text.encode()
    assert "\0" not in text
    if reason is None:
        assert text == value and len(text.encode()) <= max_bytes


def test_a_pipe_a_socket_and_a_device_are_never_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.py")
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.py")
        for name in ("pipe.py", "socket.py"):
            assert take_file(tmp_path / name, -1, "python", 1000).drop_reason == "not a regular file"


def test_files_that_change_between_listing_and_reading(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    assert take_file(file, 6, "python", 1000) == ("x = 1\n", None)
    assert take_file(file, 5, "python", 1000) == ("x = 1\n", "changed since it was listed")
    file.unlink()
    assert take_file(file, 6, "python", 1000).drop_reason == "vanished since it was listed"
    file.mkdir()
    assert take_file(file, 6, "python", 1000).drop_reason == "unreadable folder"
    file.rmdir()
    file.symlink_to("/etc/hostname")
    assert take_file(file, 6, "python", 1000) == ("-> /etc/hostname", "symbolic link")


def test_a_file_without_permission(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    file.chmod(0)
    reason = take_file(file, 6, "python", 1000).drop_reason
    assert reason == (None if os.access(file, os.R_OK) else "unreadable: permission denied")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens but can't be read")
def test_a_file_that_opens_but_cannot_be_read():
    reason = take_file(Path("/proc/self/mem"), 0, "python", 1000).drop_reason
    assert reason == "unreadable: input/output error"


def test_of_a_large_file_only_the_head_is_read(tmp_path):
    file = tmp_path / "large.py"
    with file.open("wb") as sparse:
        sparse.write(b"# the head\n" + b"x" * 2_000_000)
        sparse.truncate(50_000_000)
    tracemalloc.start()
    text, reason = take_file(file, 50_000_000, "python", 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason == "larger than 1,000,000 bytes"
    assert text.startswith("# the head") and len(text) == HEAD_CHARS
    assert peak < 5_000_000
