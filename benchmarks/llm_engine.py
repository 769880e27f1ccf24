"""The LLM engine beside what people use today: requests a second, CPU and memory, all on the same server.

    python benchmarks/llm_engine.py --peer-python curator=/path/to/python --peer-python datatrove=/path/to/python

Prompts of 1 kB, answers of 1 kB after 200 ms, 512 at once; the server is `tests/llm/server.py`, in another process.
Each client is a process of its own, too, in another interpreter where its packages do not go with ours. It answers one
request twice first: the imports, and what a run costs before its first request and after its last, are taken off, for
all. CPU is the client's alone. `limit` is concurrency / latency. The clients:

    textbook          OpenAICompatible with a journal and a budget
    openai            openai.AsyncOpenAI, a task for each request behind a semaphore
    curator           bespokelabs-curator 0.1.31, which writes each answer to a file
    datatrove         InferenceRunner 0.10.1 with checkpoints, on the raw path that it keeps for http://127.0.0.1
    datatrove-remote  the same, on the path to all other endpoints: openai.AsyncOpenAI

datatrove needs aiosqlite, aiofiles, orjson, xxhash<4, httpx and openai beside it.

Targets: at least 85% of the limit; at most 0.30 CPU-s per 1,000; at most 150 MB, the same for 20k and 200k requests; a
rerun of 100k sends nothing and takes less than 10 CPU-s; 8 times less CPU than openai, 5 times less than curator.
"""

import argparse
import asyncio
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
CONCURRENCY = 512
LATENCY_S = 0.2
SIZES = (20_000, 200_000)
PEER_REQUESTS = 5_000
ANSWER_CHARS = 1000
MAX_TOKENS = 400
MODEL = "gpt-4o-mini"  # a name that every client has a price for
KEY = "sk-benchmark"
TICKS = os.sysconf("SC_CLK_TCK")
FILLER = "Write an exercise on lists, with a docstring, a solution and three tests that can fail. " * 12


def prompt(item: int) -> str:
    """1,000 bytes."""
    return f"[item {item:07}] {FILLER}"[:1000]


# The clients: each answers `num` prompts and returns how many answers it has.


def run_textbook(base_url: str, num: int, folder: Path) -> int:
    from textbook.llm import Budget, OpenAICompatible, Request

    limits = {"concurrency": CONCURRENCY, "budget": Budget(usd=1_000)}
    engine = OpenAICompatible(MODEL, base_url, KEY, **limits, journal=folder / "journal.sqlite")
    requests = (Request.of(prompt(item), max_tokens=MAX_TOKENS) for item in range(num))
    return sum(completion.ok for completion in engine.generate(requests))


def run_openai(base_url: str, num: int, folder: Path) -> int:
    import openai

    async def ask_all() -> int:
        semaphore = asyncio.Semaphore(CONCURRENCY)
        async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, timeout=60) as client:

            async def ask(item: int) -> bool:
                messages = [{"role": "user", "content": prompt(item)}]
                asked = {"model": MODEL, "messages": messages, "max_tokens": MAX_TOKENS}
                async with semaphore:
                    try:
                        answer = await client.chat.completions.create(**asked)
                    except openai.APIError:
                        return False
                return bool(answer.choices[0].message.content)

            return sum(await asyncio.gather(*map(ask, range(num))))

    return asyncio.run(ask_all())


def run_curator(base_url: str, num: int, folder: Path) -> int:
    os.environ |= {"TELEMETRY_ENABLED": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": KEY}
    os.environ |= {"CURATOR_CACHE_DIR": str(folder), "CURATOR_DISABLE_RICH_DISPLAY": "1", "CURATOR_VIEWER": "0"}
    offline_encoding()
    from bespokelabs import curator

    class Exercises(curator.LLM):
        def prompt(self, row: dict[str, Any]) -> str:
            return row["prompt"]

        def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
            return {"prompt": row["prompt"], "response": response}

    limits = {"max_requests_per_minute": 10**8, "max_tokens_per_minute": 10**12, "max_concurrent_requests": CONCURRENCY}
    backend = {"base_url": base_url, "api_key": KEY, "require_all_responses": False, **limits}
    llm = Exercises(MODEL, backend="openai", backend_params=backend, generation_params={"max_tokens": MAX_TOKENS})
    answers = llm([{"prompt": prompt(item)} for item in range(num)], working_dir=str(folder))
    return len(answers.dataset)


def offline_encoding() -> None:
    """Gives tiktoken an encoding of single bytes where it cannot fetch the one that curator counts with."""
    import tiktoken

    try:
        tiktoken.get_encoding("cl100k_base")
    except OSError:  # requests' errors are
        ranks = {bytes([value]): value for value in range(256)}
        made = tiktoken.Encoding("cl100k_base", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={})
        tiktoken.get_encoding = lambda name: made


def run_datatrove(base_url: str, num: int, folder: Path) -> int:
    from datatrove.data import Document
    from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
    from datatrove.pipeline.writers import JsonlWriter

    async def rollout(document: Document, generate: Callable[..., Any]) -> Any:
        return await generate({"messages": [{"role": "user", "content": document.text}], "max_tokens": MAX_TOKENS})

    waits = {"max_concurrent_generations": CONCURRENCY, "server_ready_delay_sec": 0.1}
    config = InferenceConfig("endpoint", MODEL, endpoint_url=base_url, api_key=KEY, **waits)
    writer = JsonlWriter(str(folder / "out"), output_filename="${rank}_${chunk_index}.jsonl", compression=None)
    runner = InferenceRunner(rollout, config, writer, checkpoints_local_dir=str(folder / "checkpoints"))
    runner.run(Document(text=prompt(item), id=str(item)) for item in range(num))
    return sum(path.read_bytes().count(b"\n") for path in (folder / "out").glob("*.jsonl"))


CLIENTS: dict[str, Callable[[str, int, Path], int]] = {
    "textbook": run_textbook,
    "openai": run_openai,
    "curator": run_curator,
    "datatrove": lambda url, num, folder: run_datatrove(url.removesuffix("/v1"), num, folder),
    "datatrove-remote": lambda url, num, folder: run_datatrove(url.replace("127.0.0.1", "127.1"), num, folder),
}  # 127.1 is the same address, which datatrove does not know


def be_client(name: str, base_url: str) -> None:
    """Does the runs that stdin asks for, and says on stdout when each is done; what packages print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        num = CLIENTS[name](base_url, asked["num"], Path(asked["folder"]))
        answers.write(f"{num}\n")
        answers.flush()


# Measuring them, from outside.


class Run(NamedTuple):
    """What one run took."""

    answered: int | None  # None: it did not finish
    wall_s: float
    cpu_s: float
    peak_mb: float


class Client:
    """A client's process."""

    def __init__(self, name: str, python: str, base_url: str, folder: Path) -> None:
        self.folder = folder
        self._errors = (folder / f"{name}.log").open("w")
        command = [python, __file__, "--client", name, "--base-url", base_url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._errors}
        self.process = subprocess.Popen(command, **pipes, text=True, cwd=folder)

    def cpu_s(self) -> float:
        """Its own and its ended children's."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS

    def peak_mb(self) -> float:
        """The most memory it has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM" in status else float("nan")

    def run(self, num: int, limit_s: float, folder: Path | None = None) -> Run:
        """Has it answer so many prompts."""
        folder = folder or Path(tempfile.mkdtemp(dir=self.folder))
        folder.mkdir(exist_ok=True)
        assert self.process.stdin and self.process.stdout
        cpu_s, start_s = self.cpu_s(), time.perf_counter()
        self.process.stdin.write(json.dumps({"num": num, "folder": str(folder)}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], limit_s)
        wall_s = time.perf_counter() - start_s
        answer = self.process.stdout.readline() if ready else ""
        if ready and not answer:
            raise RuntimeError(f"it ended; see {self._errors.name}")
        return Run(int(answer) if answer else None, wall_s, self.cpu_s() - cpu_s, self.peak_mb())

    def close(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.wait()
        for stream in filter(None, (self.process.stdin, self.process.stdout, self._errors)):
            stream.close()


def measure(name: str, python: str, server: Any, folder: Path, sizes: list[int], limit_s: float) -> dict[int, float]:
    """Prints a line for each number of requests; CPU-seconds per 1,000 by number."""
    costs: dict[int, float] = {}
    client = Client(name, python, server.base_url, folder)
    try:
        _, one = client.run(1, limit_s), client.run(1, limit_s)
        if one.answered is None:
            raise RuntimeError(f"not one request in {limit_s:.0f} s")
        for size in sizes:
            server.reset()
            before = server.counters()["cpu_s"]
            run = client.run(size, limit_s, folder / f"{name}-{size}")
            counters = server.counters()
            num = size if run.answered is not None else counters["billed"]
            wall_s = run.wall_s - max(0.0, one.wall_s - LATENCY_S)
            costs[size] = 1000 * (run.cpu_s - one.cpu_s) / max(num, 1)
            rate, limit = num / wall_s, CONCURRENCY / LATENCY_S
            busy = (counters["cpu_s"] - before) / run.wall_s
            line = f"{name:17} {num:8,} {rate:8,.0f} {rate / limit:7.0%} {costs[size]:10.3f} {run.peak_mb:8.0f}"
            print(f"{line} {counters['span_s']:9.1f} {one.wall_s:8.1f} {busy:7.0%}", flush=True)
            if run.answered is None:
                print(f"{'':17} not done with {size:,} in {limit_s:.0f} s; the line is what it had by then")
                break
            if run.answered != size or counters["requests"] != size:
                print(f"{'':17} {run.answered:,} answers of {size:,}; {counters['requests']:,} requests sent")
    except (RuntimeError, OSError) as error:
        log = (folder / f"{name}.log").read_text().strip().splitlines()
        print(f"{name:17} failed: {error}\n{'':17} {log[-1] if log else ''}", flush=True)
    finally:
        client.close()
    return costs


def measure_rerun(server: Any, folder: Path, run_folder: Path, num: int) -> None:
    """Prints what it takes to be given answers that a run's journal already has."""
    client = Client("textbook", sys.executable, server.base_url, folder)
    try:
        client.run(1, 60)
        server.reset()
        run = client.run(num, 600, run_folder)
        sent = server.counters()["requests"]
        print(f"rerun of {run.answered}: {sent} sent, {run.cpu_s:.1f} CPU-s, {run.wall_s:.1f} s, {run.peak_mb:.0f} MB")
    finally:
        client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests")
    parser.add_argument("--only", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    parser.add_argument("--peer-python", action="append", default=[], metavar="CLIENT=PYTHON")
    parser.add_argument("--limit", type=float, default=120, help="seconds that a peer's run may take")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--base-url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        be_client(arguments.client, arguments.base_url)
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Runs all clients, one after the other."""
    sys.path.insert(0, str(ROOT))
    from tests.llm.server import running

    pythons = dict(pair.split("=", 1) for pair in arguments.peer_python)
    pythons |= {"textbook": sys.executable, "openai": pythons.get("openai", sys.executable)}
    if "datatrove" in pythons:
        pythons.setdefault("datatrove-remote", pythons["datatrove"])
    factor = 10 if arguments.quick else 1
    sizes = [size // factor for size in SIZES]
    print(f"limit {CONCURRENCY / LATENCY_S:,.0f} requests/s; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("client            requests      r/s of limit  CPU-s/1k  peak MB  sending s one run s  server")
    with tempfile.TemporaryDirectory() as made, running(latency_s=LATENCY_S, answer_chars=ANSWER_CHARS) as server:
        folder, costs = Path(made), {}
        for name in arguments.only:
            if name not in pythons:
                print(f"{name:17} not run: no --peer-python {name}=...")
                continue
            num, limit_s = (sizes, 600) if name == "textbook" else ([PEER_REQUESTS // factor], arguments.limit)
            costs[name] = measure(name, pythons[name], server, folder, num, limit_s)
        if ours_cost := costs.pop("textbook", {}).get(sizes[0]):
            for name, cost in ((name, cost) for name, by_size in costs.items() for cost in by_size.values()):
                print(f"{name} takes {cost / ours_cost:.1f} times the CPU of textbook")
            measure_rerun(server, folder, folder / f"textbook-{sizes[1]}", sizes[1] // 2)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
