"""Executors: how the shards of a segment are spread. `Local` does them on this machine, in one process or several.

A worker is a fresh interpreter that is handed the job by dill, so classes defined in a notebook travel, nothing is
forked from a process with threads, and a script needs no `if __name__ == "__main__"`. A worker ends with its parent.
"""

import gc
import json
import os
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import dill

from textbook.engine.shards import Segment, Tick
from textbook.recipes import load_file, loaded_files

Shard = tuple[int, Any]
"""A shard's number and what its source says of it."""


class Executor(Protocol):
    """Does `segment.run_shard` for every shard given, anywhere and in any order; returns when all are done."""

    def __call__(self, segment: Segment, shards: Sequence[Shard], tick: Tick) -> None:
        """Do the shards."""


@dataclass(frozen=True)
class Local:
    """Shards on this machine, `workers` at a time. The rows do not depend on the number."""

    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse a number below one."""
        if self.workers < 1:
            raise ValueError(f"got workers={self.workers}; expected 1 or more")

    def __call__(self, segment: Segment, shards: Sequence[Shard], tick: Tick) -> None:
        """Do the shards in this process, or in workers where several are wanted and there is work for them."""
        num_workers = min(self.workers, len(shards))
        if num_workers > 1:
            run_in_workers(segment, shards, tick, num_workers)
            return
        for shard, spec in shards:
            segment.run_shard(shard, spec, tick)


def run_in_workers(segment: Segment, shards: Sequence[Shard], tick: Tick, num_workers: int) -> None:
    """Hand out shards one by one.

    Raises:
        RuntimeError, ValueError: what a worker raised, or that one died.
    """
    job = dill.dumps((loaded_files(), dill.dumps(segment)))
    messages: queue.SimpleQueue[tuple[Worker, dict[str, Any]]] = queue.SimpleQueue()
    workers = [Worker(job, messages) for _ in range(num_workers)]
    todo = list(reversed(shards))
    unfinished = len(todo)
    try:
        for worker in workers:
            worker.give(todo.pop())
        while unfinished:
            worker, message = messages.get()
            if "error" in message:
                raise error_of(message)
            tick(message["rows"])
            if "done" in message:
                unfinished -= 1
                if todo:
                    worker.give(todo.pop())
    finally:
        for worker in workers:
            worker.stop()


def error_of(message: dict[str, Any]) -> Exception:
    """What a worker raised, as its parent raises it, with the worker's traceback as a note."""
    if message["kind"] == "system":
        return OSError(message["errno"], message["error"])
    error = (ValueError if message["kind"] == "user" else RuntimeError)(message["error"])
    error.add_note(f"in a worker:\n{message['traceback']}")
    return error


class Worker:
    """A worker process, seen from its parent."""

    def __init__(self, job: bytes, messages: "queue.SimpleQueue[tuple[Worker, dict[str, Any]]]") -> None:
        self._messages = messages
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from textbook.engine.workers import work; work()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            start_new_session=True,
        )
        self._send(len(job).to_bytes(8) + job)
        threading.Thread(target=self._listen, daemon=True).start()

    def give(self, shard: Shard) -> None:
        """Ask for a shard."""
        self._send(json.dumps(shard).encode() + b"\n")

    def stop(self) -> None:
        """End the process at once: a shard half done leaves no marker."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # the listener reports how it ended

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._messages.put((self, json.loads(line)))
        except ValueError:
            return  # the pipe was closed by `stop`
        code = self._process.wait()
        cause = "was killed, perhaps for want of memory" if code == -9 else f"ended with code {code}"
        error = f"a worker {cause}; finished shards are kept: run again, with fewer workers if memory is short"
        self._messages.put((self, {"error": error, "kind": "crash", "traceback": "none: it is gone"}))


def work() -> None:
    """The life of a worker: a job on standard input, then shards; messages on what was standard output."""
    messages = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a step prints must not end up among the messages
    size = int.from_bytes(sys.stdin.buffer.read(8))
    job = sys.stdin.buffer.read(size)
    gc.set_threshold(100_000, 50, 50)  # rows and trees are many and hold no cycles: a tenth of the time of parsing
    shards: queue.SimpleQueue[Shard] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(shards,), daemon=True).start()

    def send(message: dict[str, Any]) -> None:
        messages.write(json.dumps(message) + "\n")
        messages.flush()

    try:
        segment = _unpack(job)
        while True:
            shard, spec = shards.get()
            segment.run_shard(shard, spec, lambda rows: send({"rows": rows}))
            send({"rows": 0, "done": shard})
    except OSError as error:
        send({"error": str(error), "kind": "system", "errno": error.errno})
    except ValueError as error:
        send({"error": str(error), "kind": "user", "traceback": traceback.format_exc()})
    except Exception as error:
        message = str(error) if isinstance(error, RuntimeError) else f"{type(error).__name__}: {error}"
        send({"error": message, "kind": "crash", "traceback": traceback.format_exc()})


def _unpack(job: bytes) -> Segment:
    files, pickled = dill.loads(job)
    for path in files:
        load_file(path)
    segment: Segment = dill.loads(pickled)
    return segment


def _receive(shards: "queue.SimpleQueue[Shard]") -> None:
    for line in sys.stdin.buffer:
        shards.put(tuple(json.loads(line)))
    os._exit(1)  # the parent is gone
