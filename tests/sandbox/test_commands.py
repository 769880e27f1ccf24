"""Which command runs a language: found on the PATH, asked for its version, refused with the remedy."""

import pytest

from textbook.sandbox import Program, Unavailable, run
from textbook.sandbox.commands import Command, command_for


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Makes a `node` that does what a shell script says, the only one on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(script):
        path = tmp_path / "node"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        command_for.cache_clear()

    command_for.cache_clear()
    yield make
    command_for.cache_clear()


def test_python_needs_no_command():
    assert command_for("python") == Command()


def test_the_command_says_where_it_really_is(node, tmp_path):
    node(f"echo v22.1.0 2048 {tmp_path}/elsewhere/node")
    assert command_for("javascript") == Command(f"{tmp_path}/elsewhere/node", "22.1.0", 2 << 20)


def test_node_options_of_the_caller_are_not_used(node, tmp_path, monkeypatch):
    monkeypatch.setenv("NODE_OPTIONS", "--nonsense")
    node(f'test -z "$NODE_OPTIONS" && echo v18.0.0-pre 1 {tmp_path}/node')
    assert command_for("javascript").version == "18.0.0-pre"


@pytest.mark.parametrize(
    ("script", "got"),
    [
        ("echo v16.20.2 1 /usr/bin/node", "got 'v16.20.2"),
        ("echo something else", "got 'something else'"),
        ("exit 3", "exit status 3"),
        ("printf '\\377'", "invalid start byte"),
        ("", "got ''"),
    ],
)
def test_what_is_too_old_or_no_node_is_refused_with_the_remedy(node, script, got):
    node(script)
    with pytest.raises(Unavailable, match=f"{got}.*expected node 18 or later: install Node.js 18"):
        command_for("javascript")


def test_a_missing_node_is_refused_with_the_remedy_and_python_goes_on(node):
    with pytest.raises(Unavailable, match="got no `node` on the PATH; expected node 18 or later: install Node.js 18"):
        next(run([Program("", language="javascript")], workers=1))
    assert [v.status for v in run([Program("x = 1\n", "assert x")], workers=1)] == ["pass"]


@pytest.mark.parametrize("name", ["java", "rust"])
def test_languages_without_a_runner_say_which_have_one(name):
    with pytest.raises(ValueError, match=f"got language='{name}', which has no runner; .* javascript, python"):
        command_for(name)
    with pytest.raises(ValueError, match="got the language 'cobol'"):
        command_for("cobol")
