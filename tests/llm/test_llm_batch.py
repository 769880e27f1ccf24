"""The Batch API: made once whatever happens, split, expired, mixed with online runs."""

import json
import signal
import threading
import time

import pytest

from tests.llm.runs import by_batch, processes
from tests.llm.server import running
from textbook.llm import Budget, Limits, LLMError, OpenAICompatible, Request
from textbook.llm.journal_read import stats, verify

QUICK = Limits(poll_s=0.05, list_lag_s=0.5)
ROOM = {"max_tokens": 400}


def ask(items, **options):
    return [Request.of(f"[item {i}] say something", **{**ROOM, **options}) for i in items]


def test_a_batch_costs_half_and_shares_the_journal(engine, server):
    llm = engine(batch=True, batch_limits=QUICK)
    completions = list(llm.generate(ask(range(30))))
    assert all(c.ok and not c.from_cache for c in completions)
    counters = server.counters()
    assert (counters["batches"], counters["billed"], counters["batch_answers"]) == (1, 30, 30)
    assert abs(sum(c.cost for c in completions) - counters["usd"]) < 1e-9
    online = list(engine().generate(ask(range(31))))
    assert [c.text for c in online[:30]] == [c.text for c in completions]
    assert server.counters()["online_answers"] == 1
    assert [c.text for c in llm.generate(ask(range(31)))] == [c.text for c in online]
    assert server.counters()["batches"] == 1
    assert not verify(llm.journal)
    assert stats(llm.journal).batches == {"finished": 1}


def test_batches_are_split_by_the_limits(engine, server):
    server.set(batch_max_requests=10, batch_max_queued=25)
    llm = engine(batch=True, batch_limits=Limits(max_requests=10, poll_s=0.05))
    assert all(c.ok for c in llm.generate(ask(range(35))))
    counters = server.counters()
    assert counters["most_batched"] == 1 and counters["billed"] == 35
    llm = engine(batch=True, batch_limits=Limits(max_bytes=1500, poll_s=0.05))
    assert all(c.ok for c in llm.generate(ask(range(100, 120))))
    assert server.counters()["billed"] == 55 and server.counters()["batches"] >= 7


def test_expired_batches_are_resubmitted_without_what_is_done(engine, server):
    server.set(batch_done_share=0.6)
    llm = engine(batch=True, batch_limits=QUICK)
    assert all(c.ok for c in llm.generate(ask(range(16))))
    counters = server.counters()
    assert counters["billed"] == 16 and counters["billed_again"] == 0 and counters["batches"] > 2


def test_outcomes_are_those_of_online_requests(engine, server):
    faults = {"poison": [1], "truncate": {"items": [2], "attempts": 1}, "server_error": {"items": [3], "attempts": 2}}
    server.set(faults=faults | {"rate_limit": {"items": [4], "attempts": 1}, "refusal": [5]})
    llm = engine(batch=True, batch_limits=QUICK)
    completions = list(llm.generate(ask(range(7))))
    assert [c.outcome for c in completions] == ["ok", "rejected", "ok", "ok", "ok", "refused", "ok"]
    assert [c.attempts for c in completions] == [1, 1, 2, 3, 2, 1, 1]
    assert not verify(llm.journal)


def test_a_lost_answer_to_making_a_batch_makes_no_second_one(engine, server):
    server.set(drop_uploads=1, drop_creates=1)
    llm = engine(batch=True, batch_limits=QUICK)
    assert all(c.ok for c in llm.generate(ask(range(10))))
    assert server.counters()["most_batched"] == 1


def test_a_budget_holds_for_batches(engine, server):
    worst = 2.1e-3 / 2  # of one request, about: 400 answer tokens at 4, 100 prompt tokens at 1 a million
    llm = engine(batch=True, batch_limits=QUICK, budget=Budget(usd=10 * worst))
    completions = list(llm.generate(ask(range(60))))
    outcomes = [c.outcome for c in completions]
    assert outcomes.count("ok") > 10 and outcomes.count("left") > 5
    assert server.counters()["usd"] <= 10 * worst
    assert "budget" in llm.summary.stopped


def test_a_cancelled_batch_stops_the_run(engine, server):
    import openai

    server.set(batch_delay_s=1.0)
    llm = engine(batch=True, batch_limits=QUICK)
    completions = llm.generate(ask(range(4)))
    client = openai.OpenAI(base_url=server.base_url, api_key="any")

    def cancel():
        while not (batches := client.batches.list().data):
            time.sleep(0.05)
        client.batches.cancel(batches[0].id)

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(LLMError, match="cancelled"):
        list(completions)
    thread.join()
    client.close()
    server.set(batch_delay_s=0.1)
    assert all(c.ok for c in llm.generate(ask(range(4))))
    assert server.counters()["billed_again"] == 0


def test_batches_need_a_journal():
    with pytest.raises(ValueError, match="journal"):
        OpenAICompatible("any", "http://localhost:1/v1", batch=True, journal=None)


def test_a_server_without_batches_is_an_error(engine):
    llm = engine(batch=True, base_url="http://127.0.0.1:9/v1", batch_limits=QUICK)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(LLMError, match="can't be reached"):
        patch.setattr("textbook.llm.batch_service.MOST_TRIES", 1)
        list(llm.generate(ask([1])))


def run_batch(server, folder, die_at):
    """The exit code, and the outcomes with the number of steps before them, if it has ended by itself."""
    result = folder / "result"
    process = processes().Process(target=by_batch, args=(server.base_url, folder / "journal.sqlite", result, die_at))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    return code, json.loads(result.read_text()) if code == 0 else []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_kill_at_any_step_makes_no_second_batch(tmp_path):
    with running(batch_delay_s=0.1, batch_list_lag_s=0.1) as server:
        _, (num_steps, *_) = run_batch(server, tmp_path, 0)
        assert num_steps > 40
        for die_at in range(1, num_steps + 1):
            server.reset()
            folder = tmp_path / str(die_at)
            folder.mkdir()
            code, _ = run_batch(server, folder, die_at)
            assert code in (-signal.SIGKILL, 0), "the number of steps varies with the server's speed"
            code, (_, *outcomes) = run_batch(server, folder, 0)
            assert (code, outcomes) == (0, ["ok"] * 10), die_at
            counters = server.counters()
            assert (counters["most_batched"], counters["billed"]) == (1, 10), die_at
            assert not verify(folder / "journal.sqlite")
