"""Files and the Batch API of the local server. All of it lives in memory and outlives any client.

A batch goes validating -> in_progress -> completed (or expired, failed, cancelled) by the clock. Its lines meet the
same faults as requests do: those that cut a connection are a 500 here, those of the transport do nothing.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from tests.llm.server_chat import State, authorised, error, generate, item_of, refusal, send
from tests.llm.server_http import Connection, Request

UNFINISHED = ("validating", "in_progress", "cancelling")
TURNED_AWAY = {"rate_limit": 429, "drop_before": 500, "hang": 500, "html_page": 500, "html_error": 500}
MAX_PAGE = 100


@dataclass
class Shelf:
    """What is kept, by id; newest last."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of unfinished batches
    made_s: dict[str, float] = field(default_factory=dict)
    num_made: int = 0

    def store(self, content: bytes, purpose: str, name: str) -> str:
        """Keeps a file; its id."""
        self.num_made += 1
        file_id = f"file-{self.num_made:06}"
        self.contents[file_id] = content
        about = {"id": file_id, "object": "file", "bytes": len(content), "created_at": int(time.time())}
        self.files[file_id] = about | {"filename": name, "purpose": purpose, "status": "processed"}
        return file_id


def serve_files(state: State, shelf: Shelf, connection: Connection, request: Request) -> None:
    """Everything under /v1/files and /v1/batches."""
    if not authorised(state, connection, request):
        return
    kind, *rest = request.path.split("/v1/", 1)[-1].strip("/").split("/")
    serve = make if request.method == "POST" and not rest else look
    try:
        serve(state, shelf, connection, request, kind, *rest)
    except KeyError as missing:
        send(state, connection, 404, error(404, f"No such object: {missing}", "not_found"))
    except BlockingIOError as busy:
        send(state, connection, 429, error(429, str(busy), "token_limit_exceeded"))
    except (ValueError, TypeError) as wrong:
        send(state, connection, 400, error(400, str(wrong)))


def make(state: State, shelf: Shelf, connection: Connection, request: Request, kind: str) -> None:
    """A new file or batch; the first ones are made without a word to the client if the settings say so."""
    ledger, settings = state.ledger, state.settings
    if kind == "files":
        made = upload(shelf, request)
        ledger.files += 1
        dropped = ledger.files <= settings.drop_uploads
    else:
        made = create(state, shelf, json.loads(request.body))
        ledger.batches += 1
        dropped = ledger.batches <= settings.drop_creates
    if dropped:
        connection.cut()
    else:
        answer(state, connection, made)


def look(state: State, shelf: Shelf, connection: Connection, request: Request, kind: str, *rest: str) -> None:
    """Lists, retrieves, reads, deletes, cancels."""
    held = shelf.files if kind == "files" else shelf.batches
    match request.method, kind, rest:
        case "GET", _, ():
            lag_s = state.settings.batch_list_lag_s if kind == "batches" else 0.0
            seen = [one for id_, one in held.items() if time.monotonic() - shelf.made_s.get(id_, 0) >= lag_s]
            answer(state, connection, page(seen, request.query))
        case "GET", _, (id_,):
            answer(state, connection, held[id_])
        case "GET", "files", (id_, "content"):
            send(state, connection, 200, shelf.contents[id_], content_type="application/octet-stream")
        case "DELETE", "files", (id_,):
            del shelf.files[id_], shelf.contents[id_]
            answer(state, connection, {"id": id_, "object": "file", "deleted": True})
        case "POST", "batches", (id_, "cancel"):
            answer(state, connection, cancel(state, shelf, shelf.batches[id_]))
        case _:
            send(state, connection, 404, error(404, f"no route {request.method} {request.path}"))


def answer(state: State, connection: Connection, payload: dict[str, Any]) -> None:
    """200 with a JSON object."""
    send(state, connection, 200, json.dumps(payload).encode())


def page(held: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    """A page of a list, newest first, after the id in the query."""
    newest = held[::-1]
    if "purpose" in query:
        newest = [one for one in newest if one.get("purpose") == query["purpose"]]
    if "after" in query:
        newest = newest[[one["id"] for one in newest].index(query["after"]) + 1 :]
    limit = min(int(query.get("limit", 20)), MAX_PAGE)
    data = newest[:limit]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"object": "list", "data": data, **ends, "has_more": len(newest) > limit}


def upload(shelf: Shelf, request: Request) -> dict[str, Any]:
    """Keeps the file of a multipart form."""
    boundary = re.search(rb'boundary="?([^";]+)', request.headers.get(b"content-type", b""))
    if boundary is None:
        raise ValueError("expected multipart/form-data")
    content, name, purpose = None, "file", ""
    for part in request.body.split(b"--" + boundary[1])[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        if b'name="purpose"' in head:
            purpose = value.decode()
        elif b'name="file"' in head:
            content = value
            if named := re.search(rb'filename="([^"]*)"', head):
                name = named[1].decode()
    if content is None or not purpose:
        raise ValueError("'file' and 'purpose' are both required")
    return shelf.files[shelf.store(content, purpose, name)]


def create(state: State, shelf: Shelf, asked: dict[str, Any]) -> dict[str, Any]:
    """A new batch; what is wrong with its file is said by its status, later."""
    settings = state.settings
    if asked["completion_window"] != "24h" or asked["input_file_id"] not in shelf.files:
        raise ValueError("expected a completion_window of 24h and the id of a file")
    queued = sum(b["request_counts"]["total"] for b in shelf.batches.values() if b["status"] in UNFINISHED)
    lines, problems = read_lines(shelf.contents[asked["input_file_id"]], asked["endpoint"], state)
    if settings.batch_max_queued is not None and queued + len(lines) > settings.batch_max_queued:
        raise BlockingIOError("Enqueued limit reached. Please try again once some in_progress batches are done.")
    shelf.num_made += 1
    now = int(time.time())
    batch = {
        "id": f"batch_{shelf.num_made:06}",
        "object": "batch",
        **{name: asked.get(name) for name in ("endpoint", "input_file_id", "completion_window", "metadata")},
        "status": "validating",
        "errors": None,
        "output_file_id": None,
        "error_file_id": None,
        "created_at": now,
        "expires_at": now + 86_400,
        "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
    }
    shelf.batches[batch["id"]] = batch
    shelf.made_s[batch["id"]] = time.monotonic()
    shelf.lines[batch["id"]] = lines
    loop = asyncio.get_running_loop()
    if problems:
        loop.call_later(settings.batch_delay_s / 2, fail, batch, problems)
        return batch
    state.ledger.batched.update(line["custom_id"] for line in lines)
    loop.call_later(settings.batch_delay_s / 2, start, batch)
    loop.call_later(settings.batch_delay_s, end, state, shelf, batch, settings.batch_done_share)
    return batch


def read_lines(content: bytes, endpoint: str, state: State) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests of a file, and what is wrong with them."""
    settings = state.settings
    lines: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, raw in enumerate(content.splitlines(), 1):
        try:
            line = json.loads(raw)
            custom_id, _ = line["custom_id"], line["body"]["messages"]
            if custom_id in seen:
                return lines, [problem("duplicate_custom_id", f"The custom_id {custom_id!r} comes twice.", number)]
            if line["method"] != "POST" or line["url"] != endpoint:
                return lines, [problem("mismatched_endpoint", f"Expected POST {endpoint}.", number)]
        except (ValueError, LookupError, TypeError):
            return lines, [problem("invalid_json_line", "Expected custom_id, method, url and body.", number)]
        seen.add(custom_id)
        lines.append(line)
    if not lines:
        return lines, [problem("empty_file", "The file has no requests.", None)]
    if len(lines) > settings.batch_max_requests or len(content) > settings.batch_max_bytes:
        return lines, [problem("too_large", "More requests or bytes than a batch may have.", None)]
    return lines, []


def problem(code: str, message: str, line: int | None) -> dict[str, Any]:
    """One entry of a batch's errors."""
    return {"code": code, "message": message, "line": line, "param": None}


def start(batch: dict[str, Any]) -> None:
    """validating -> in_progress."""
    if batch["status"] == "validating":
        batch |= {"status": "in_progress", "in_progress_at": int(time.time())}


def fail(batch: dict[str, Any], problems: list[dict[str, Any]]) -> None:
    """validating -> failed."""
    batch |= {"status": "failed", "failed_at": int(time.time()), "errors": {"object": "list", "data": problems}}


def cancel(state: State, shelf: Shelf, batch: dict[str, Any]) -> dict[str, Any]:
    """-> cancelling, and soon cancelled: half of a running batch is done by then, nothing of one not yet running."""
    if batch["status"] not in ("validating", "in_progress"):
        raise ValueError(f"Cannot cancel a batch with status '{batch['status']}'.")
    share = 0.5 if batch["status"] == "in_progress" else 0.0
    batch |= {"status": "cancelling", "cancelling_at": int(time.time())}
    delay_s = state.settings.batch_delay_s / 2
    asyncio.get_running_loop().call_later(delay_s, end, state, shelf, batch, share, "batch_cancelled")
    return batch


def end(state: State, shelf: Shelf, batch: dict[str, Any], share: float, why: str = "batch_expired") -> None:
    """Answers the first share of a batch, writes its two files, and says how it ended. Order is not kept."""
    if batch["status"] not in (("in_progress",) if why == "batch_expired" else ("cancelling",)):
        return
    lines = shelf.lines.pop(batch["id"])
    num_done = round(share * len(lines))
    good: list[bytes] = []
    bad: list[bytes] = []
    for line in reversed(lines[:num_done]):
        status, body = answer_line(state, line)
        response = {"status_code": status, "request_id": f"req_{line['custom_id']}", "body": json.loads(body)}
        (good if status == 200 else bad).append(output_line(line, response, None))
    for line in lines[num_done:]:
        bad.append(output_line(line, None, {"code": why, "message": "This request was not executed in time."}))
    batch["request_counts"] = {"total": len(lines), "completed": len(good), "failed": len(bad)}
    for name, rows in (("output", good), ("error", bad)):
        if rows:
            batch[f"{name}_file_id"] = shelf.store(b"".join(rows), "batch_output", f"{batch['id']}_{name}.jsonl")
    status = "cancelled" if why == "batch_cancelled" else "completed" if num_done == len(lines) else "expired"
    batch |= {"status": status, f"{status}_at": int(time.time())}


def answer_line(state: State, line: dict[str, Any]) -> tuple[int, bytes]:
    """Status and body of one request of a batch."""
    body = line["body"]
    raw = json.dumps(body).encode()
    item = item_of(raw)
    attempt = state.ledger.attempt(item)
    fault = state.choose(item, attempt)
    if fault:
        state.ledger.faults[fault] += 1
    if fault in TURNED_AWAY:
        status = TURNED_AWAY[fault]
        return status, error(status, "The request could not be answered.")
    refused = refusal(state.settings, raw, "", fault, (item, attempt))
    return refused or (200, generate(state.settings, state.ledger, item, body, fault, "batch"))


def output_line(line: dict[str, Any], response: dict[str, Any] | None, failure: dict[str, str] | None) -> bytes:
    """One line of an output or error file."""
    about = {"id": f"batch_req_{line['custom_id']}", "custom_id": line["custom_id"]}
    return json.dumps(about | {"response": response, "error": failure}).encode() + b"\n"
