"""A local server that speaks the OpenAI protocol, misbehaves on request, and counts what it bills.

    python -m tests.llm.server --port 0 --set latency_s=0.2 --set 'faults={"rate_limit": 0.1}'

prints `{"port": ..., "control_port": ...}` and serves until it is ended. In a test:

    with running(latency_s=0.02, faults={"server_error": 0.1, "poison": [7]}) as server:
        client = OpenAI(base_url=server.base_url, api_key="any")
        ...
        assert server.counters()["billed"] == 100

`tests.llm.server_settings` lists the settings and the faults. An item is what a request names in its messages, as
`[item 123]`; faults and bills go by item. It answers chat completions (no streams), models, files and batches; not
embeddings, the Responses API, images or audio. It has no TLS. Control goes over a port of its own, which stays up
while the server is down.
"""

import argparse
import asyncio
import gc
import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.llm.server_batch import Shelf, serve_files
from tests.llm.server_chat import State, complete, error, send
from tests.llm.server_http import Connection, Request
from tests.llm.server_settings import Item, Settings

HOST = "127.0.0.1"
BACKLOG = 4096
ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 30


class Server:
    """The two ports and what is behind them."""

    def __init__(self, settings: Settings):
        self.state = State(settings)
        self.shelf = Shelf()
        self.connections: set[Connection] = set()
        self._controllers: set[Connection] = set()
        self.port = 0

    async def start(self, port: int) -> dict[str, int]:
        """Opens both ports; their numbers."""
        self.port = port
        await self._open()
        loop = asyncio.get_running_loop()
        control = await loop.create_server(lambda: Connection(self._control, self._controllers), HOST, 0)
        return {"port": self.port, "control_port": control.sockets[0].getsockname()[1]}

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connect, HOST, self.port, backlog=BACKLOG)
        self.port = self._listener.sockets[0].getsockname()[1]

    def _connect(self) -> Connection:
        self.state.ledger.connections += 1
        return Connection(self._serve, self.connections)

    def _serve(self, connection: Connection, request: Request) -> None:
        target = request.target
        if request.method == "POST" and "/chat/completions" in target:
            complete(self.state, connection, request)
        elif "/files" in target or "/batches" in target:
            serve_files(self.state, self.shelf, connection, request)
        elif request.method == "GET" and target.endswith("/models"):
            names = self.state.settings.models or ("any",)
            data = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in names]
            send(self.state, connection, 200, json.dumps({"object": "list", "data": data}).encode())
        else:
            send(self.state, connection, 404, error(404, f"no route {request.method} {request.path}"))

    def _control(self, connection: Connection, request: Request) -> None:
        """POST /set, /reset, /down; GET /counters, /items."""
        state, told = self.state, json.loads(request.body or b"{}")
        try:
            answer: dict[str, Any] = {}
            match request.path:
                case "/set":
                    state.apply(state.settings.changed(told))
                case "/reset":
                    state.reset()
                    self.shelf = Shelf()
                case "/down":
                    self._down(told["seconds"])
                case "/counters":
                    answer = state.ledger.counters(state.settings)
                case "/items":
                    counts = state.ledger
                    names = ("received", "billed", "batched")
                    answer = {name: list(getattr(counts, name).items()) for name in names}
                case path:
                    raise ValueError(f"no control {path}")
            connection.reply(200, json.dumps(answer).encode())
        except (ValueError, TypeError, KeyError) as wrong:
            connection.reply(400, json.dumps({"error": str(wrong)}).encode())

    def _down(self, seconds: float) -> None:
        """Cuts every connection and refuses new ones for so long."""
        self._listener.close()
        for connection in list(self.connections):
            connection.cut()
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: loop.create_task(self._open()))


class Items(NamedTuple):
    """How often each item was asked for and billed, and in how many batches each custom_id was put."""

    received: dict[Item, int]
    billed: dict[Item, int]
    batched: dict[str, int]


class Handle:
    """A server in another process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, control_port: int):
        self.port = port
        self.base_url = f"http://{HOST}:{port}/v1"
        self.pid = process.pid
        self._process = process
        self._control_port = control_port

    def _tell(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(HOST, self._control_port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(answer["error"])
        return answer

    def set(self, **settings: Any) -> None:
        """Changes some settings for the requests that come from now on; the counters go on."""
        self._tell("POST", "/set", settings)

    def reset(self) -> None:
        """Forgets every count, attempt, file and batch; keeps the settings and the log."""
        self._tell("POST", "/reset")

    def down(self, seconds: float) -> None:
        """Cuts all connections and refuses new ones for so long; returns at once."""
        self._tell("POST", "/down", {"seconds": seconds})

    def counters(self) -> dict[str, Any]:
        """All counts but those by item; see `Ledger.counters`."""
        return self._tell("GET", "/counters")

    def items(self) -> Items:
        """The counts by item. An item without a marker goes by a digest of its request."""
        told = self._tell("GET", "/items")
        return Items(*({key: count for key, count in told[name]} for name in Items._fields))

    def stop(self) -> None:
        """Ends the server; twice is once."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


@contextmanager
def running(port: int = 0, **settings: Any) -> Iterator[Handle]:
    """A server in a process of its own, which ends with the block, or with this process."""
    checked = Settings().changed(settings)  # a wrong name is an error here, not there
    told = json.dumps({name: getattr(checked, name) for name in settings}, default=list)
    command = [sys.executable, "-m", "tests.llm.server", "--port", str(port), "--settings", told, "--end-with-stdin"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        first = process.stdout.readline()
        if not first:
            raise RuntimeError(f"the server ended at once, with status {process.wait(START_TIMEOUT_S)}")
        handle = Handle(process, **json.loads(first))
        yield handle
    finally:
        Handle(process, 0, 0).stop()


class Billed(NamedTuple):
    """One line of the log. The digest is of the request, with its JSON written canonically."""

    item: str
    digest: str
    prompt_tokens: int
    completion_tokens: int
    route: str


def read_log(path: Path) -> list[Billed]:
    """What a server with `log=path` has billed, in order."""
    rows = (line.split("\t") for line in path.read_text().splitlines())
    return [
        Billed(item, digest, int(prompt), int(completion), route) for item, digest, prompt, completion, route in rows
    ]


def end_with_stdin() -> None:
    """Ends this process when whoever started it has gone."""
    sys.stdin.buffer.read()
    os._exit(0)


async def serve(settings: Settings, port: int) -> None:
    """Serves for ever."""
    server = Server(settings)
    sys.stdout.write(json.dumps(await server.start(port)) + "\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A local server that speaks the OpenAI protocol.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--settings", type=json.loads, default={}, help="a JSON object")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; VALUE is JSON")
    parser.add_argument("--end-with-stdin", action="store_true")
    arguments = parser.parse_args()
    changes = arguments.settings
    for name, _, value in (pair.partition("=") for pair in arguments.set):
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    if arguments.end_with_stdin:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    settings = Settings().changed(changes)
    try:
        import uvloop

        runner = partial(asyncio.Runner, loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner
    with runner() as run:
        run.run(serve(settings, arguments.port))


if __name__ == "__main__":
    main()
