"""Runs of the engine in processes that may be killed, forked from one that has imported everything."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import httptools  # noqa: F401 - imported here so that no child has to
import httpx2  # noqa: F401
import openai
import uvloop  # noqa: F401

from textbook.llm import Budget, Limits, OpenAICompatible, Price, Request
from textbook.llm.batch_service import Service
from textbook.llm.batch_store import Store

openai.AsyncOpenAI(api_key="any").chat.completions  # noqa: B018 - loads the rest of it
openai.OpenAI(api_key="any").batches  # noqa: B018
STEPS = ((Service, ("upload", "create", "look", "find")), (Store, ("want", "intend", "set", "settle")))


def processes():
    """Where such runs come from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.llm.runs"])
    return context


def online(url, journal, result, num_requests, concurrency, cap):
    """Ask `num_requests`; write the figures to `result`."""
    llm = OpenAICompatible(
        "any",
        url,
        api_key="any",
        journal=journal,
        concurrency=concurrency,
        prices={"any": Price(1.0, 4.0)},
        budget=Budget(usd=cap) if cap else None,
        progress=False,
    )
    for _ in llm.generate(Request.of(f"[item {i}] say something", max_tokens=400) for i in range(num_requests)):
        pass
    Path(result).write_text(json.dumps([llm.summary.done, llm.summary.left]))


def by_batch(url, journal, result, die_at):
    """Ask ten requests in batches of four; die by `kill -9` before or after the step `die_at`, 0 for never."""
    step = 0

    def die():
        nonlocal step
        step += 1
        if step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def deadly(function):
        def act(*args, **options):
            die()
            value = function(*args, **options)
            die()
            return value

        return act

    for cls, names in STEPS:
        for name in names:
            setattr(cls, name, deadly(getattr(cls, name)))
    limits = Limits(max_requests=4, poll_s=0.03, list_lag_s=0.3)
    llm = OpenAICompatible("any", url, api_key="any", journal=journal, batch=True, batch_limits=limits, progress=False)
    outcomes = [c.outcome for c in llm.generate([Request.of(f"[item {i}]", max_tokens=400) for i in range(10)])]
    Path(result).write_text(json.dumps([step, *outcomes]))
