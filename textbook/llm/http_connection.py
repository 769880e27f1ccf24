"""HTTP/1.1 over one connection at a time: enough of a client to post JSON, and little enough to cost nothing.

The parser is llhttp, by way of httptools. Connections are kept for reuse, but not longer than servers are known to keep
them: a request on a connection that the server has just closed would be lost.

Does not do proxies, redirects, cookies or HTTP/2: see `textbook.llm.transport` for what goes another way.
"""

import asyncio
import ssl
import zlib
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from textbook.require import require

KEPT_IDLE_S = 4.0
"""uvicorn, behind which vLLM and many others run, closes idle connections after 5."""
RESOLVED_S = 30.0
CONNECT_TIMEOUT_S = 10.0
_LIMITS = [f"x-ratelimit-{what}-{of}" for what in ("remaining", "reset") for of in ("requests", "tokens")]
_OWN = ["content-length", "content-encoding", "transfer-encoding"]
READ = {name.encode(): name for name in ["retry-after", "retry-after-ms", *_LIMITS, *_OWN]}
"""The headers that are kept."""


class Reply(NamedTuple):
    """What an endpoint sent back. `headers` have lower-case names; those that nobody reads are missing."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SendError(Exception):
    """No reply came; `reached` says whether the endpoint may have got the request, and billed it."""

    def __init__(self, message: str, reached: bool) -> None:
        super().__init__(message)
        self.reached = reached


class Connection(asyncio.Protocol):
    """One connection, with at most one request on it."""

    def __init__(self, parser: type[Any]) -> None:
        self._new_parser = parser
        self._waiter: asyncio.Future[Reply] | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._ends_with_connection = False
        self.usable = True
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._parser = self._new_parser(self)

    def request(self, data: bytes, waiter: "asyncio.Future[Reply]") -> None:
        """Send `data`; `waiter` gets the reply, or a `SendError`."""
        self._waiter = waiter
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._waiter is None:  # nothing was asked
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except Exception as error:
            self._fail(f"the answer is not HTTP: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self.usable = False
        if error is None and self._ends_with_connection and self._waiter is not None:
            self.on_message_complete()
        self._fail(f"the connection broke{f': {error}' if error else ''}")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        known = READ.get(name.lower())
        if known is not None:
            self._headers[known] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._ends_with_connection = not {"content-length", "transfer-encoding"} & set(self._headers)

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        body, headers = b"".join(self._body), self._headers
        self._body, self._headers = [], {}
        if status < 200:
            return
        self.usable = self.usable and self._parser.should_keep_alive()
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        try:
            waiter.set_result(Reply(status, headers, decompressed(body, headers.get("content-encoding", ""))))
        except (ValueError, zlib.error) as error:
            waiter.set_exception(SendError(f"the answer can't be decompressed: {error}", reached=True))

    def _fail(self, message: str) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(SendError(message, reached=True))
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        self.usable = False
        self._transport.abort()


def decompressed(body: bytes, encoding: str) -> bytes:
    """`body` without its content encoding, which was not asked for."""
    if encoding in ("", "identity"):
        return body
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompress(body, wbits=zlib.MAX_WBITS | 32)
    raise ValueError(f"unknown encoding {encoding}")


class Direct:
    """A transport over connections of its own, for clients whose key does not change."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._host = parts.hostname
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        given = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        target = f"{parts.path}{'?' if parts.query else ''}{parts.query}"
        place = parts.netloc.rpartition("@")[2]
        self._head = (
            f"POST {target} HTTP/1.1\r\nhost: {place}\r\n{given}accept-encoding: identity\r\ncontent-length: "
        ).encode("latin-1")

    async def open(self) -> None:
        """Get ready, in the running loop."""
        self._parser = require("httptools", "llm").HttpResponseParser
        self._context: ssl.SSLContext | None = require("httpx2", "llm").create_ssl_context() if self._secure else None
        self._idle: deque[Connection] = deque()
        self._all: set[Connection] = set()
        self._addresses: list[Any] = []
        self._resolved_at = 0.0
        self._loop = asyncio.get_running_loop()

    async def post(self, body: bytes, timeout_s: float) -> Reply:
        """Send one request.

        Raises:
            SendError: no reply came.
        """
        connection = self._reusable() or await self._connect(min(CONNECT_TIMEOUT_S, timeout_s))
        waiter: asyncio.Future[Reply] = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, self._time_out, waiter, timeout_s)
        try:
            connection.request(b"%s%d\r\n\r\n%s" % (self._head, len(body), body), waiter)
            reply = await waiter
        except BaseException:
            connection.close()
            self._all.discard(connection)
            raise
        finally:
            timer.cancel()
        if connection.usable:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
        else:
            connection.close()
            self._all.discard(connection)
        return reply

    @staticmethod
    def _time_out(waiter: "asyncio.Future[Reply]", timeout_s: float) -> None:
        if not waiter.done():
            waiter.set_exception(SendError(f"no answer in {timeout_s:g} s", reached=True))

    def _reusable(self) -> Connection | None:
        """The connection that was used last, if it is still good; older ones are closed."""
        oldest = self._loop.time() - KEPT_IDLE_S
        while self._idle and (self._idle[0].idle_since < oldest or not self._idle[0].usable):
            stale = self._idle.popleft()
            stale.close()
            self._all.discard(stale)
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            self._all.discard(connection)
        return None

    async def _connect(self, timeout_s: float) -> Connection:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._connect_to_any()
        except TimeoutError:
            raise SendError(f"{self._host}:{self._port} could not be connected to in {timeout_s:g} s", False) from None
        except OSError as error:
            said = " ".join(str(error).split())
            raise SendError(f"{self._host}:{self._port} could not be connected to: {said}", False) from None

    async def _connect_to_any(self) -> Connection:
        now = self._loop.time()
        if not self._addresses or now - self._resolved_at > RESOLVED_S:
            found = await self._loop.getaddrinfo(self._host, self._port, type=1)  # SOCK_STREAM
            self._addresses, self._resolved_at = [info[4][0] for info in found], now
        last: OSError | None = None
        for address in self._addresses:
            try:
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._parser), address, self._port, ssl=self._context,
                    server_hostname=self._host if self._secure else None,
                )  # fmt: skip
            except OSError as error:
                last = error
            else:
                self._all.add(connection)
                return connection
        self._addresses = []
        raise last or OSError("the name resolves to no address")

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._idle.clear()
        await asyncio.sleep(0)
