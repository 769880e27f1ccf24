"""The Batch API of a server: files up, batches made once, files down.

Making a batch is the one step that must not happen twice: the tag in its metadata says whether it has happened.

Does not know of the journal: see `textbook.llm.batch`.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from textbook.llm.http_connection import Reply
from textbook.llm.outcome import LLMError, backoff_s, error_of
from textbook.require import require

TAG = "textbook_tag"
ENDPOINT = "/v1/chat/completions"
DONE = ("completed", "failed", "expired", "cancelled")
MOST_TRIES = 8
T = TypeVar("T")


class QueueFullError(Exception):
    """The server has as many requests in its queue as it takes."""


class Line(NamedTuple):
    """One result of a batch."""

    key: str
    reply: Reply | None
    """None: the server did not come to it."""
    error: str


class Service:
    """The Batch API by way of a synchronous `openai` client, which retries nothing by itself."""

    def __init__(self, client: Any, scrub: Callable[[str], str]) -> None:
        self._client = client
        self._scrub = scrub
        self._openai = require("openai", "llm")

    def upload(self, path: Path) -> str:
        """Upload a file of requests; its id. A second upload after a lost answer costs nothing."""

        def act() -> str:
            with path.open("rb") as file:
                return str(self._client.files.create(file=(path.name, file), purpose="batch").id)

        return self._persistently(act)

    def create(self, file_id: str, tag: str) -> str | None:
        """Make a batch; its id, or None if it is not known whether there is one now.

        Raises:
            QueueFullError: there is none, because too many requests are queued.
            LLMError: the server refuses.
        """
        try:
            batch = self._client.batches.create(
                input_file_id=file_id, endpoint=ENDPOINT, completion_window="24h", metadata={TAG: tag}
            )
        except self._openai.RateLimitError as error:
            raise QueueFullError(self._scrub(str(error))) from None
        except self._openai.APIStatusError as error:
            if error.status_code >= 500:
                return None
            raise self._refusal(error) from None
        except self._openai.APIConnectionError:
            return None
        return str(batch.id)

    def find(self, tag: str) -> str | None:
        """The id of the batch with this tag, if the server lists one."""

        def act() -> str | None:
            for batch in self._client.batches.list(limit=100):
                if (batch.metadata or {}).get(TAG) == tag:
                    return str(batch.id)
            return None

        return self._persistently(act)

    def look(self, batch_id: str) -> Any:
        """How a batch is doing."""
        return self._persistently(lambda: self._client.batches.retrieve(batch_id))

    def results(self, batch: Any) -> Iterator[Line]:
        """The lines of a batch's output and error files, in no order."""
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id is not None:
                content = self._persistently(lambda wanted=file_id: self._client.files.content(wanted))  # type: ignore[misc]
                for text in content.text.split("\n"):
                    if text.strip():
                        yield read_line(json.loads(text))

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _persistently(self, act: Callable[[], T]) -> T:
        """Do what can be done twice, until it is done."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                return act()
            except self._openai.APIStatusError as error:
                if error.status_code < 500 and error.status_code not in (408, 409, 429) or tries == MOST_TRIES:
                    raise self._refusal(error) from None
            except self._openai.APIConnectionError as error:
                if tries == MOST_TRIES:
                    raise LLMError(f"the Batch API can't be reached: {self._scrub(repr(error.__cause__))}") from None
            time.sleep(backoff_s(tries))
        raise AssertionError("the last try returns or raises")

    def _refusal(self, error: Any) -> LLMError:
        message, code = error_of(error.response.content)
        said = self._scrub(f"HTTP {error.status_code} {code}: {message}")
        return LLMError(f"the Batch API said {said}; check that the endpoint has one, and the key may use it")


def read_line(content: dict[str, Any]) -> Line:
    """One line of an output or error file."""
    response, error = content.get("response"), content.get("error")
    said = str((error or {}).get("code") or "")
    if response is None:
        return Line(str(content["custom_id"]), None, said or "no response")
    body = json.dumps(response.get("body")).encode()
    return Line(str(content["custom_id"]), Reply(int(response["status_code"]), {}, body), said)
