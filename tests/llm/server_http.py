"""HTTP/1.1 for the local server: enough of it, by hand, so that the server is not what a benchmark measures.

Keep-alive, pipelining (one request at a time on a connection, answers in order), bodies by length or in chunks,
`Expect: 100-continue`, `Connection: close`. No TLS, no HTTP/2, no compression.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

PHRASES = {status.value: status.phrase for status in HTTPStatus}
MAX_HEAD = 65_536


@dataclass(slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    target: str
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool

    @property
    def path(self) -> str:
        """Without the query, unquoted."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The last value of each name."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def key(self) -> str:
        """What the Authorization (or Azure's api-key) header holds."""
        held = self.headers.get(b"authorization") or self.headers.get(b"api-key") or b""
        return held.decode("latin-1").removeprefix("Bearer ")


class Connection(asyncio.Protocol):
    """Cuts bytes into requests, hands each to `handler(connection, request)`, and sends what that replies."""

    def __init__(self, handler: Callable[["Connection", Request], None], connections: set["Connection"]):
        self.on_lost: Callable[[], None] | None = None
        self._handler = handler
        self._connections = connections
        self._buffer = bytearray()
        self._needed = 0  # bytes without which the buffer holds no whole request
        self._continued = False
        self._request: Request | None = None  # the one being answered
        self._in_loop = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self.on_lost:
            self.on_lost()

    @property
    def gone(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._request is None and len(self._buffer) >= self._needed:
            self._advance()

    def _advance(self) -> None:
        self._in_loop = True
        while self._request is None and self._buffer and not self.gone:
            try:
                request = self._take()
            except (ValueError, IndexError):
                self._request = Request("", "", {}, b"", keep_alive=False)
                self.reply(400, b'{"error": {"message": "not HTTP/1.1"}}')
                break
            if request is None:
                break
            self._request = request
            self._handler(self, request)
        self._in_loop = False

    def _take(self) -> Request | None:
        """The first whole request of the buffer, or None."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise ValueError("no end of the header")
            return None
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        method, target, version = first.split(b" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        start = end + 4
        if b"chunked" in headers.get(b"transfer-encoding", b""):
            body, stop = unchunk(self._buffer, start)
        else:
            stop = start + int(headers.get(b"content-length", 0))
            body = bytes(self._buffer[start:stop]) if len(self._buffer) >= stop else None
        if body is None:
            self._needed = max(stop, len(self._buffer) + 1)
            if headers.get(b"expect", b"").lower() == b"100-continue" and not self._continued:
                self._continued = True
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        del self._buffer[:stop]
        self._needed, self._continued = 0, False
        wish = headers.get(b"connection", b"").lower()
        keep_alive = wish != b"close" if version == b"HTTP/1.1" else wish == b"keep-alive"
        return Request(method.decode(), target.decode("latin-1"), headers, body, keep_alive)

    def reply(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        headers: str = "",
        pieces: int = 1,
        pause_s: float = 0.0,
        announce_close: bool | None = None,
        close: bool | None = None,
    ) -> bool:
        """Answers the request in hand; False if the peer has gone.

        `headers` are whole lines, each with its end. `announce_close` and `close` are what the peer asked for
        unless given: a server that says one thing and does the other sets them apart.
        """
        assert self._request is not None, "one answer for each request"
        keep_alive = self._request.keep_alive
        announce_close = not keep_alive if announce_close is None else announce_close
        close = not keep_alive if close is None else close
        closing_line = "connection: close\r\n" if announce_close else ""
        head = (
            f"HTTP/1.1 {status} {PHRASES.get(status, '')}\r\ncontent-type: {content_type}\r\n"
            f"{headers}{closing_line}content-length: {len(body)}\r\n\r\n"
        ).encode()
        if self.gone:
            return False
        if pieces > 1:
            self._trickle(head, body, max(1, len(body) // pieces), pause_s, close)
        else:
            self.transport.write(head + body)
            self._done(close)
        return True

    def _trickle(self, head: bytes, rest: bytes, size: int, pause_s: float, close: bool) -> None:
        if self.gone:
            return
        self.transport.write(head + rest[:size])
        if len(rest) > size:
            loop = asyncio.get_running_loop()
            loop.call_later(pause_s, self._trickle, b"", rest[size:], size, pause_s, close)
        else:
            self._done(close)

    def _done(self, close: bool) -> None:
        self._request = None
        self.on_lost = None
        if close:
            self.transport.close()
        elif self._buffer and not self._in_loop:
            self._advance()

    def cut(self, part: bytes = b"") -> None:
        """Ends the connection, after half an answer if `part` is given (its header promises all of it)."""
        if not part:
            self.transport.abort()
        elif not self.gone:
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(part)}\r\n\r\n".encode()
            self.transport.write(head + part[: len(part) // 2])
            self.transport.close()


def unchunk(buffer: bytearray, start: int) -> tuple[bytes | None, int]:
    """The body in chunks that starts there and where it ends, or None if it is not whole yet."""
    parts = []
    while (line_end := buffer.find(b"\r\n", start)) >= 0:
        size = int(bytes(buffer[start:line_end]).split(b";")[0], 16)
        stop = line_end + 2 + size + 2
        if len(buffer) < stop:
            return None, 0
        if size == 0:  # trailers are not read
            return b"".join(parts), stop
        parts.append(bytes(buffer[line_end + 2 : stop - 2]))
        start = stop
    return None, 0
