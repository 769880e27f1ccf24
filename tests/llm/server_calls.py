"""Requests to the local server, by raw HTTP."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any

from tests.llm.server import Handle

KEY = "sk-secret-123"


def question(item: int, **more: Any) -> dict[str, Any]:
    """The body of a request for a completion."""
    return {"model": "any", "messages": [{"role": "user", "content": f"[item {item}] Why?"}], **more}


def post(server: Handle, body: Any, path: str = "/v1/chat/completions") -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own. Status 0: the connection was cut."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {KEY}"})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    except (http.client.HTTPException, ConnectionError):
        return 0, {}, b""
    finally:
        connection.close()


def ask(server: Handle, item: int, **more: Any) -> dict[str, Any]:
    """The answer to a request that goes well."""
    status, _, body = post(server, question(item, **more))
    assert status == 200, body
    return json.loads(body)


def until(true: Callable[[], bool], timeout_s: float = 10) -> None:
    """Waits for something to come true."""
    end_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end_s, "it did not come true in time"
        time.sleep(0.01)
