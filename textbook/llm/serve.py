"""A server for a model on this machine, for users without an endpoint: vLLM where there is a GPU, else transformers'.

Does not load models itself, and does not stay: the server ends with the block that started it.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"
END_S = 10.0
"""How long a server has to end by itself."""


class Server:
    """A server that is ready."""

    def __init__(self, process: "subprocess.Popen[bytes]", base_url: str, model: str) -> None:
        self._process = process
        self.base_url = base_url
        """What `OpenAICompatible` takes."""
        self.model = model
        """The model's name there."""

    @property
    def pid(self) -> int:
        """The process, which leads a group of its own."""
        return self._process.pid

    def wait(self) -> int:
        """Block until the server ends; its exit status."""
        return self._process.wait()


@contextmanager
def serve(model_dir: str | Path, port: int | None = None, timeout_s: float = 600.0) -> Iterator[Server]:
    """Start a server for the model in `model_dir`, wait until it is ready, and end it with the block.

    Args:
        model_dir: a Hugging Face model folder, or the name of a model that is on this machine.
        port: a free one if None.
        timeout_s: how long the model may take to load.

    Raises:
        ValueError: the folder is no model, or the port is taken.
        ModuleNotFoundError: neither vLLM nor transformers is installed; the message is the remedy.
        RuntimeError: the server ended, or was not ready in time; the message holds its last words.
    """
    model = check_model(model_dir)
    port = free_port() if port is None else check_free(port)
    command = command_for(model, port)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            wait_until_ready(process, port, timeout_s, output)
            yield Server(process, f"http://{HOST}:{port}/v1", model)
        finally:
            end(process)


def check_model(model_dir: str | Path) -> str:
    """The model's name for a server.

    Raises:
        ValueError: it looks like a path, and there is no model.
    """
    path = Path(model_dir).expanduser()
    if path.is_dir():
        if not (path / "config.json").exists():
            raise ValueError(f"{path} holds no config.json; give the folder that save_pretrained has written")
        return str(path.resolve())
    if path.is_absolute() or str(model_dir).startswith((".", "~")):
        raise ValueError(f"there is no folder {path}; give a Hugging Face model folder, or a model's name")
    return str(model_dir)


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_free(port: int) -> int:
    """`port`, if nobody listens there.

    Raises:
        ValueError: somebody does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ValueError(f"port {port} can't be used ({error.strerror}); give another one, or none") from None
    return port


def has_gpu() -> bool:
    """Whether NVIDIA's or AMD's driver lists a GPU."""
    for tool, argument in (("nvidia-smi", "-L"), ("rocm-smi", "--showid")):
        if shutil.which(tool) and subprocess.run([tool, argument], capture_output=True).stdout.strip():
            return True
    return False


def command_for(model: str, port: int) -> Sequence[str]:
    """How to start a server.

    Raises:
        ModuleNotFoundError: none is installed.
    """
    if has_gpu() and importlib.util.find_spec("vllm") is not None:
        module = "vllm.entrypoints.openai.api_server"
        return [sys.executable, "-m", module, "--model", model, "--host", HOST, "--port", str(port)]
    if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None:
        what = "pip install vllm" if has_gpu() else "pip install 'textbook-curation[serve]'"
        raise ModuleNotFoundError(f"serving a model needs a server: {what}", name="transformers")
    program = Path(sys.executable).with_name("transformers")
    return [str(program), "serve", model, "--host", HOST, "--port", str(port)]


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, timeout_s: float, output: IO[bytes]) -> None:
    """Return once the server lists its models.

    Raises:
        RuntimeError: it has ended, or the time is up.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}; its last words:\n{last(output)}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://{HOST}:{port}/v1/models", timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError(
        f"the server was not ready in {timeout_s:g} s; give timeout_s= more, or a smaller model. Its last words:\n"
        f"{last(output)}"
    )


def last(output: IO[bytes], num_lines: int = 15) -> str:
    """The last lines of what a server has written."""
    output.seek(0)
    return "\n".join(output.read().decode("utf-8", "replace").splitlines()[-num_lines:])


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a server and all processes that it has started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
            if sign == signal.SIGKILL or not group_lives(process.pid):
                return


def group_lives(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
