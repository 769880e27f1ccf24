"""Bytes to an endpoint and back.

Two ways: `Direct` (see `textbook.llm.http_connection`) takes URL and headers from the `openai` client and moves the
bytes itself, at a small part of the client's cost; `ThroughClient` asks the client, whose credentials may change under
way (Azure AD), or which goes through a proxy.

Does not retry, and does not read what comes back: see `textbook.llm.outcome`.
"""

import json
import re
import urllib.request
from typing import Any, Protocol
from urllib.parse import urlencode

from textbook.llm.http_connection import CONNECT_TIMEOUT_S, Direct, Reply, SendError
from textbook.llm.key import ROUTE
from textbook.require import require


class Transport(Protocol):
    """A way to one endpoint. It belongs to the event loop in which it is opened."""

    async def open(self) -> None:
        """Get ready."""

    async def post(self, body: bytes, timeout_s: float) -> Reply:
        """Send one request.

        Raises:
            SendError: no reply came.
        """

    async def close(self) -> None:
        """Give everything back."""


class ThroughClient:
    """The `openai` client's own connection, one call a request."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def open(self) -> None:
        """Nothing: the client connects by itself."""

    async def post(self, body: bytes, timeout_s: float) -> Reply:
        """Send one request."""
        openai, httpx2 = require("openai", "llm"), require("httpx2", "llm")
        try:
            response = await self._client.post(
                f"/{ROUTE}",
                cast_to=httpx2.Response,
                body=json.loads(body),
                options={"timeout": httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)},
            )
        except openai.APIStatusError as error:
            response = error.response
        except openai.APIConnectionError as error:
            cause = error.__cause__
            reached = not isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout))
            raise SendError(f"{type(cause or error).__name__}: {cause or error}", reached) from None
        return Reply(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()


def transport_for(client: Any) -> Transport:
    """The cheapest way to the endpoint of an `openai.AsyncOpenAI`, through its public attributes only."""
    openai = require("openai", "llm")
    static = type(client) is openai.AsyncOpenAI and isinstance(client.api_key, str) and client.api_key
    query = urlencode({name: str(value) for name, value in client.default_query.items()})
    url = f"{str(client.base_url).rstrip('/')}/{ROUTE}{'?' if query else ''}{query}"
    if not static or client.custom_auth is not None or proxy_for(url) is not None:
        return ThroughClient(client)
    headers = {**client.auth_headers, **client.default_headers}
    return Direct(url, {name: value for name, value in headers.items() if isinstance(value, str)})


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for `url`."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2]
    if urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(scheme)


SHORTEST_SECRET = 6
"""A shorter one, as it is given to servers that want any key at all, would be found in every other word."""
_KEYS = re.compile(r"(?i)(bearer\s+|\bsk-|api[-_]?key[\"']?\s*[:=]\s*[\"']?)[\w.*~+/=-]{4,}")


def scrub(text: str, secrets: frozenset[str]) -> str:
    """`text` without `secrets` and without what looks like a key."""
    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            continue
        text = text.replace(secret, "***")
    return _KEYS.sub(r"\1***", text)
