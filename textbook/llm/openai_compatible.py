"""Any endpoint that speaks OpenAI's protocol: OpenAI, Azure, vLLM, SGLang, Ollama, a gateway, or several of them.

Does not know the protocol's answers: see `textbook.llm.outcome`.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from textbook.llm.batch import Batches, Limits
from textbook.llm.batch_service import Service
from textbook.llm.budget import Budget
from textbook.llm.endpoints import Endpoint
from textbook.llm.engine import Engine
from textbook.llm.job import Dialect
from textbook.llm.journal import Journal
from textbook.llm.key import Scope
from textbook.llm.outcome import Patience
from textbook.llm.prices import BATCH_DISCOUNT, Price
from textbook.llm.progress import Summary, line
from textbook.llm.request import Completion, Request
from textbook.llm.transport import scrub, transport_for
from textbook.require import require

log = logging.getLogger("textbook.llm")
DEFAULT_URL = "https://api.openai.com/v1"
LOOPBACK = {"127.0.0.1", "localhost", "::1", "0.0.0.0"}
NO_KEY = "none"
"""What is sent as a key to an endpoint that asks for none."""


class OpenAICompatible(Engine):
    """An engine over one or several endpoints of OpenAI's protocol.

    Args:
        model: the model's name there.
        base_url: the endpoint's address, mostly ending in `/v1`; several as a list, or as a mapping to weights. None:
            the environment's `OPENAI_BASE_URL`, else OpenAI itself.
        api_key: None: the environment's `OPENAI_API_KEY`. It is in no repr, pickle, journal or message.
        concurrency: requests on their way at once, at most: the engine finds out how many the endpoint bears.
        budget: a hard cap, over all runs with the same journal.
        rpm, tpm: the endpoint's limits in requests and tokens a minute, if it has any.
        journal: a SQLite file, made if need be; None for none (then a killed run starts over).
        batch: whether to use the Batch API: half the price, and answers within a day.
        prices: of models, where the table that ships is not right or does not know them.
        namespace: tells endpoints apart in the journal; None: the address, `localhost` for servers on this machine, or
            `pool`. Give a name of your own where the address changes, so that answers are known again, or where two
            servers here call different models the same.
        timeout_s: for one answer, from connecting to its last byte.
        down_after_s: seconds without any sign of life from any endpoint after which the run ends.
        patience: how often requests are asked again.
        ask_again: outcomes that an earlier run has recorded and this one does not accept.
        keep_prompts: whether the journal keeps what was asked beside what was answered.
        batch_limits: of the endpoint's Batch API.
        client: makes the `openai` client, where the above does not do: `lambda: openai.AsyncAzureOpenAI(...)`; with
            `batch`, a synchronous one.
        progress: whether to show a line where someone is looking.

    Raises:
        ValueError: an argument makes no sense; no key is known; a budget in dollars without a known price.
    """

    def __init__(
        self,
        model: str,
        base_url: str | Sequence[str] | Mapping[str, float] | None = None,
        api_key: str | None = None,
        concurrency: int = 64,
        budget: Budget | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        journal: str | Path | None = "runs/llm.sqlite",
        batch: bool = False,
        *,
        prices: Mapping[str, Price] | None = None,
        namespace: str | None = None,
        timeout_s: float = 600.0,
        down_after_s: float = 300.0,
        patience: Patience | None = None,
        ask_again: Sequence[str] = ("error",),
        keep_prompts: bool = True,
        batch_limits: Limits | None = None,
        client: Callable[[], Any] | None = None,
        progress: bool = True,
    ) -> None:
        self._weights = weights_of(base_url)
        self._client = client
        self._api_key = api_key
        self.batch = batch
        self._batch_limits = batch_limits or Limits()
        if batch and (journal is None or len(self._weights) > 1):
            raise ValueError("batch=True needs a journal, so that no batch is paid for twice, and one endpoint")
        super().__init__(
            Scope(namespace or namespace_of(list(self._weights), client), model),
            concurrency=concurrency,
            budget=budget,
            prices=prices,
            rpm=rpm,
            tpm=tpm,
            journal=journal,
            timeout_s=timeout_s,
            down_after_s=down_after_s,
            patience=patience,
            ask_again=ask_again,
            keep_prompts=keep_prompts,
            progress=progress,
            discount=BATCH_DISCOUNT if batch else 1.0,
        )

    def __repr__(self) -> str:
        addresses = ", ".join(map(bare, self._weights))
        return f"{type(self).__name__}({self.scope.model!r}, {addresses!r}, concurrency={self.settings.concurrency})"

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_api_key": None}  # a pickle may lie around: the environment has the key

    def _key(self, url: str) -> str:
        key = (self._api_key or os.environ.get("OPENAI_API_KEY") or "").strip()  # files of keys end in a newline
        if key:
            return key
        if urlsplit(url).hostname in ("api.openai.com", None):
            raise ValueError("no API key: set OPENAI_API_KEY, or give api_key=...")
        return NO_KEY

    def _scrub(self, text: str) -> str:
        keys = (self._api_key, os.environ.get("OPENAI_API_KEY"))
        return scrub(text, frozenset(key.strip() for key in keys if key))

    def _endpoints(self) -> list[Endpoint]:
        openai = require("openai", "llm")
        dialect = Dialect.of(self.scope.model)
        make = partial(Endpoint, concurrency=self.settings.concurrency, dialect=dialect)
        if self._client is not None:
            client = self._client().copy(max_retries=0)
            return [make(bare(str(client.base_url)), transport_for(client), weight=1.0)]
        return [
            make(
                bare(url),
                transport_for(openai.AsyncOpenAI(api_key=self._key(url), base_url=url, max_retries=0)),
                weight=weight,
            )
            for url, weight in self._weights.items()
        ]

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """Answer `requests`: see `Engine.generate`. With `batch`, nothing comes before the first batch is done."""
        return self._by_batch(requests) if self.batch else super().generate(requests)

    def _by_batch(self, requests: Iterable[Request]) -> Iterator[Completion]:
        self.summary = summary = Summary(total=len(requests) if isinstance(requests, Sequence) else None)
        with (
            closing(Journal(self.journal)) as journal,
            closing(Service(self._batch_client(), self._scrub)) as service,
            line(summary, self._progress) as shown,
        ):
            self._remember(journal)
            limits = self._batch_limits
            batches = Batches(service, journal, self.scope, self.settings, limits, self._again, shown)
            try:
                yield from batches.run(requests)
            except KeyboardInterrupt:
                log.warning("interrupted: batches go on at the server; run again to collect them")
                raise
            summary.stopped = batches.stopped if summary.left else None
        if summary.left:
            log.warning("%s; `left(requests)` lists them", summary)

    def _batch_client(self) -> Any:
        if self._client is not None:
            return self._client().copy(max_retries=0)
        (url,) = self._weights
        return require("openai", "llm").OpenAI(api_key=self._key(url), base_url=url, max_retries=0)


def weights_of(base_url: str | Sequence[str] | Mapping[str, float] | None) -> dict[str, float]:
    """Addresses and their weights.

    Raises:
        ValueError: there is none, or a weight is not above 0.
    """
    if base_url is None:
        base_url = os.environ.get("OPENAI_BASE_URL") or DEFAULT_URL
    if isinstance(base_url, str):
        base_url = [base_url]
    weights = dict(base_url) if isinstance(base_url, Mapping) else dict.fromkeys(base_url, 1.0)
    if not weights:
        raise ValueError("base_url names no endpoint; give an address such as http://localhost:8000/v1")
    for url, weight in weights.items():
        if not re.match(r"https?://[^/]", url):
            raise ValueError(f"base_url is {bare(url)!r}; give an address such as http://localhost:8000/v1")
        if not weight > 0:
            raise ValueError(f"the weight of {bare(url)} is {weight}; give one above 0, or leave the endpoint out")
    return weights


def bare(url: str) -> str:
    """An address without user, password and query, which may hold keys."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


def namespace_of(urls: Sequence[str], client: Callable[[], Any] | None) -> str:
    """Who answers, in the identity of requests: the address; `pool` for several.

    Servers on this machine are one, whatever their port: it changes from start to start, and the model's name does not.
    """
    if client is not None:
        urls = [str(client().base_url)]
    names = {"localhost" if urlsplit(url).hostname in LOOPBACK else bare(url).partition("://")[2] for url in urls}
    return names.pop() if len(names) == 1 else "pool"
