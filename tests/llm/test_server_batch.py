"""Files and batches of the local server, by the openai package, which also reads its answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.llm.server import Handle
from tests.llm.server_calls import KEY, ask, question, until

openai = pytest.importorskip("openai")


def batch_file(items: range) -> bytes:
    lines = (
        {"custom_id": f"key-{item}", "method": "POST", "url": "/v1/chat/completions", "body": question(item)}
        for item in items
    )
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.fixture
def client(server: Handle) -> Iterator[Any]:
    with openai.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0, timeout=5) as made:
        yield made


def make_batch(client: Any, items: range, **metadata: str) -> Any:
    file = client.files.create(file=("batch.jsonl", batch_file(items)), purpose="batch")
    assert client.files.retrieve(file.id).bytes == len(batch_file(items))
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata=metadata
    )


def wait(client: Any, batch: Any) -> Any:
    until(lambda: client.batches.retrieve(batch.id).status not in ("validating", "in_progress", "cancelling"))
    return client.batches.retrieve(batch.id)


def rows_of(client: Any, file_id: str) -> dict[str, Any]:
    rows = [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
    return {row["custom_id"]: row for row in rows}


def test_openai_reads_answers_and_models(server: Handle, client: Any) -> None:
    answer = client.chat.completions.create(**question(1, max_tokens=50))
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 50
    assert [model.id for model in client.models.list()] == ["any"]


def test_a_batch_is_answered_as_online_and_costs_half(server: Handle, client: Any) -> None:
    server.set(faults={"poison": [3], "server_error": [4]})
    batch = make_batch(client, range(6), tag="abc")
    assert batch.status == "validating" and batch.metadata == {"tag": "abc"}
    batch = wait(client, batch)
    assert batch.status == "completed" and batch.request_counts.model_dump() == {
        "total": 6,
        "completed": 4,
        "failed": 2,
    }
    good, bad = rows_of(client, batch.output_file_id), rows_of(client, batch.error_file_id)
    assert good.keys() == {"key-0", "key-1", "key-2", "key-5"} and bad.keys() == {"key-3", "key-4"}
    assert bad["key-3"]["response"]["status_code"] == 400
    half = server.counters()["usd"]
    assert good["key-0"]["response"]["body"] == ask(server, 0)
    for item in (1, 2, 5):
        ask(server, item)
    assert server.counters()["usd"] == pytest.approx(3 * half)
    assert server.items().batched == {f"key-{item}": 1 for item in range(6)}


def test_a_batch_expires_is_cancelled_or_fails(server: Handle, client: Any) -> None:
    server.set(batch_done_share=0.5)
    expired = wait(client, make_batch(client, range(4)))
    assert expired.status == "expired" and rows_of(client, expired.output_file_id).keys() == {"key-0", "key-1"}
    late = rows_of(client, expired.error_file_id)
    assert {row["error"]["code"] for row in late.values()} == {"batch_expired"} and late.keys() == {"key-2", "key-3"}
    server.set(batch_delay_s=1)
    cancelled = client.batches.cancel(make_batch(client, range(4)).id)
    assert cancelled.status == "cancelling" and wait(client, cancelled).status == "cancelled"
    server.set(batch_delay_s=0.1)
    file = client.files.create(file=("batch.jsonl", batch_file(range(2)) * 2), purpose="batch")
    failed = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    assert wait(client, failed).errors.data[0].code == "duplicate_custom_id"
    assert client.files.delete(file.id).deleted


def test_batches_are_listed_in_pages_newest_first(server: Handle, client: Any) -> None:
    made = [make_batch(client, range(1), tag=str(number)).id for number in range(5)]
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]
    assert client.batches.list(limit=2).has_more


def test_a_batch_whose_answer_was_lost_is_found_in_the_list_after_a_while(server: Handle, client: Any) -> None:
    server.set(drop_creates=1, batch_list_lag_s=1, batch_max_queued=1)
    with pytest.raises(openai.APIConnectionError):
        make_batch(client, range(1), tag="lost")
    assert list(client.batches.list()) == []
    with pytest.raises(openai.RateLimitError):
        make_batch(client, range(1, 2))
    until(lambda: [batch.metadata["tag"] for batch in client.batches.list()] == ["lost"])
