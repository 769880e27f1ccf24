"""Serving a model: the process's life with a stand-in, and `transformers serve` with a small random model."""

import importlib.util
import os
import socket
import sys
import time

import pytest
from typer.testing import CliRunner

from textbook.llm import Budget, OpenAICompatible, Request
from textbook.llm import serve as serving
from textbook.llm.serve import serve

STAND_IN = """
import http.server, subprocess, sys, time
child = subprocess.Popen(["sleep", "1000"])
print("child", child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "2"); self.end_headers(); self.wfile.write(b"{}")
time.sleep(0.3)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def stand_in(monkeypatch, script):
    monkeypatch.setattr(serving, "command_for", lambda model, port: [sys.executable, "-c", script, str(port)])


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_server_lives_as_long_as_its_block(monkeypatch, model):
    stand_in(monkeypatch, STAND_IN)
    with serve(model) as server:
        assert server.base_url.startswith("http://127.0.0.1:") and server.model == str(model)
        group = os.getpgid(server.pid)
        assert serving.group_lives(group)
    deadline = time.monotonic() + 5
    while serving.group_lives(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not serving.group_lives(group), "its children have ended too"


def test_a_server_that_ends_at_once_says_why(monkeypatch, model):
    stand_in(monkeypatch, "import sys; sys.exit('no memory for this model')")
    with pytest.raises(RuntimeError, match="no memory for this model"), serve(model):
        pass


def test_a_server_that_is_never_ready(monkeypatch, model):
    stand_in(monkeypatch, "import time; print('loading', flush=True); time.sleep(100)")
    with pytest.raises(RuntimeError, match="not ready in 0.5 s.*\n*loading"), serve(model, timeout_s=0.5):
        pass


def test_what_can_not_be_served(tmp_path, model, monkeypatch):
    with pytest.raises(ValueError, match=r"config\.json"), serve(tmp_path.parent):
        pass
    with pytest.raises(ValueError, match="no folder"), serve(tmp_path / "missing"):
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ValueError, match="another one"), serve(model, taken.getsockname()[1]):
            pass
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install"), serve(model):
        pass


def make_model(folder):
    """A Llama of one layer, with random weights and a tokenizer of bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    bare.train_from_iterator(["def f(x): return x"], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(tokenizer), max_position_embeddings=512, bos_token_id=0, eos_token_id=1, **sizes
    )
    LlamaForCausalLM(config).save_pretrained(folder)


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None or importlib.util.find_spec("fastapi") is None,
    reason="needs pip install '.[serve]'",
)
def test_transformers_serve(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    make_model(tmp_path / "model")
    requests = [Request.of(f"hello {i}", max_tokens=8, temperature=0.5) for i in range(4)]
    with serve(tmp_path / "model", timeout_s=250) as server:
        llm = OpenAICompatible(
            server.model, server.base_url, journal=tmp_path / "journal.sqlite", budget=Budget(tokens=10_000)
        )
        completions = list(llm.generate(requests))
    assert {c.outcome for c in completions} <= {"ok", "truncated"} and all(
        c.usage.prompt_tokens > 5 for c in completions
    )
    assert [c.text for c in llm.generate(requests)] == [c.text for c in completions], "the server is no longer needed"


def test_the_command_says_where_it_serves(monkeypatch, model):
    import typer

    from textbook.llm.commands import serve as command

    stand_in(monkeypatch, STAND_IN.replace("serve_forever()", "handle_request()"))
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [str(model)])
    assert result.exit_code == 0 and "/v1; Ctrl-C ends it" in result.output
