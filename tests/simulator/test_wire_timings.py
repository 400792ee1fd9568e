"""The clocks that answers report (ollama-wire.md section 3), and what happens to long prompts (2.3)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from zeta_router.simulator import ServerSettings, SimulatedOllama, fixed_speed, model_from_tag

HOST = fixed_speed(decode_tokens_per_s=50, prefill_tokens_per_s=2000, load_bytes_per_s=1e9)
COUNTING = "one two three four five " * 200
WORDS = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": "one two three four five"}], "stream": False}

pytestmark = pytest.mark.simulated_ollama(
    models=["llama3.2:3b", model_from_tag("qwen3:8b", rendered=False), "qwen2.5:7b", "nomic-embed-text"],
    profile=HOST,
    responder="echo",
)


def seconds(answer: dict[str, Any], name: str) -> float:
    return float(answer.get(name, 0) / 1e9)


def residual(answer: dict[str, Any]) -> float:
    """Return the time that no field names."""
    named = sum(seconds(answer, name) for name in ("load_duration", "prompt_eval_duration", "eval_duration"))
    return seconds(answer, "total_duration") - named


def test_a_cold_model_reports_its_load_and_a_warm_one_does_not(client: httpx.Client) -> None:
    """The first answer holds the load, the second a few milliseconds; decode speed is the machine's in both."""
    cold, warm = (client.post("/api/chat", json=WORDS).json() for _ in range(2))

    assert seconds(cold, "load_duration") > 2
    assert 0.0005 < seconds(warm, "load_duration") < 0.01
    for answer in (cold, warm):
        assert (answer["eval_count"] - 1) / seconds(answer, "eval_duration") == pytest.approx(50, rel=1e-6)


def test_durations_are_whole_nanoseconds(client: httpx.Client) -> None:
    """No duration or count has a point."""
    answer = client.post("/api/chat", json=WORDS).json()

    assert all(type(value) is int for name, value in answer.items() if name.endswith(("duration", "count")))


def test_a_repeated_prompt_is_counted_but_not_computed(client: httpx.Client) -> None:
    """The count includes cached tokens, the duration does not: a naive rate is absurd."""
    body = WORDS | {"messages": [{"role": "user", "content": "word " * 3000}], "options": {"num_predict": 2}}
    new, cached = (client.post("/api/chat", json=body).json() for _ in range(2))

    assert new["prompt_eval_count"] == cached["prompt_eval_count"] > 3000
    assert seconds(new, "prompt_eval_duration") > 1.4
    assert seconds(cached, "prompt_eval_duration") < 0.01


def test_the_next_turn_of_a_conversation_finds_the_last_one_cached(client: httpx.Client) -> None:
    """With the answer put back into the conversation, only the new question is computed."""
    first = [{"role": "user", "content": COUNTING}]
    answer = client.post("/api/chat", json=WORDS | {"messages": first}).json()["message"]
    turn = [*first, answer, {"role": "user", "content": "And now?"}]
    second = client.post("/api/chat", json=WORDS | {"messages": turn}).json()

    assert second["prompt_eval_count"] > 2000
    assert seconds(second, "prompt_eval_duration") < 0.02


async def test_the_wait_for_a_slot_is_in_no_field(simulated_ollama: SimulatedOllama) -> None:
    """Two at once on one slot: the second reports the first one's time in the total alone."""
    async with httpx.AsyncClient(base_url=simulated_ollama.url, timeout=30) as client:
        await client.post("/api/generate", json={"model": "llama3.2:3b"})
        body = WORDS | {"messages": [{"role": "user", "content": COUNTING}]}
        answers = [r.json() for r in await asyncio.gather(*(client.post("/api/chat", json=body) for _ in range(2)))]

    waits = sorted(residual(answer) for answer in answers)
    assert waits[0] < 0.05
    assert waits[1] > 10  # 1001 tokens at 50 tokens/s, less what the second came later


@pytest.mark.simulated_ollama(settings=ServerSettings(num_parallel=4))
async def test_slots_run_side_by_side(simulated_ollama: SimulatedOllama) -> None:
    """With four slots nobody waits."""
    async with httpx.AsyncClient(base_url=simulated_ollama.url, timeout=30) as client:
        await client.post("/api/generate", json={"model": "llama3.2:3b"})
        answers = await asyncio.gather(*(client.post("/api/chat", json=WORDS) for _ in range(4)))

    assert max(residual(answer.json()) for answer in answers) < 0.05


@pytest.mark.simulated_ollama(responder="schema")
def test_two_runs_of_a_thinking_model_show_only_in_the_total() -> None:
    """With format and thinking, a rendered model runs twice: only the second run is counted."""
    with SimulatedOllama(["qwen3:8b"], profile=HOST, responder="schema", time_scale=100) as server:
        body = WORDS | {"model": "qwen3:8b", "format": "json", "think": True}
        with httpx.Client(base_url=server.url) as client:
            client.post("/api/generate", json={"model": "qwen3:8b"})
            whole = client.post("/api/chat", json=body).json()
            streamed = client.post("/api/chat", json=body | {"stream": True}).text.splitlines()

    assert whole["message"]["thinking"]
    assert residual(whole) > 0.1
    assert any(json.loads(line)["message"] == {"role": "assistant", "content": ""} for line in streamed[:-1])


def test_the_oldest_messages_are_dropped_silently(client: httpx.Client) -> None:
    """What does not fit goes, oldest first, but not the system message nor the last one."""
    history = [{"role": "user", "content": "word " * 900}] * 3
    messages = [{"role": "system", "content": "Be brief."}, *history, {"role": "user", "content": "Now?"}]
    answer = client.post("/api/chat", json=WORDS | {"messages": messages, "options": {"num_ctx": 2048}}).json()

    assert 1800 < answer["prompt_eval_count"] <= 2048


def test_a_message_too_long_is_cut_to_a_good_half_of_the_context(client: httpx.Client) -> None:
    """9000 tokens in 8192 become 4098: the first four and the newest."""
    options = {"num_ctx": 8192, "num_predict": 1}
    body = WORDS | {"messages": [{"role": "user", "content": "word " * 9000}], "options": options}

    assert client.post("/api/chat", json=body).json()["prompt_eval_count"] == 4098


@pytest.mark.parametrize("more", [{"model": "qwen3:8b"}, {"truncate": False}])
def test_native_models_and_strict_clients_get_an_error_instead(client: httpx.Client, more: dict[str, Any]) -> None:
    """The error's text is itself JSON and names both numbers."""
    body = WORDS | {"messages": [{"role": "user", "content": "word " * 9000}], "options": {"num_ctx": 4096}} | more
    response = client.post("/api/chat", json=body)
    inner = json.loads(response.json()["error"])["error"]

    assert response.status_code == 400
    assert inner["type"] == "exceed_context_size_error"
    assert inner["n_prompt_tokens"] > 9000
    assert inner["n_ctx"] == 4096


@pytest.mark.parametrize(("model", "count"), [("llama3.2:3b", 6), ("qwen3:8b", None)])
def test_num_predict_zero_is_unlimited_or_nothing(client: httpx.Client, model: str, count: int | None) -> None:
    """On rendered models 0 means no limit; native ones say nothing at all, and the count is absent."""
    body = WORDS | {"model": model, "think": False, "options": {"num_predict": 0}}

    assert client.post("/api/chat", json=body).json().get("eval_count") == count


@pytest.mark.parametrize(("model", "done"), [("llama3.2:3b", False), ("qwen3:8b", True)])
def test_a_model_that_repeats_itself_is_cut_off(client: httpx.Client, model: str, done: bool) -> None:
    """After more than 30 equal tokens in a row a rendered model's answer breaks off, a native one's goes on."""
    body = WORDS | {"model": model, "think": False, "messages": [{"role": "user", "content": "word " * 100}]}

    assert client.post("/api/chat", json=body).json()["done"] is done


def test_a_stop_string_ends_the_answer(client: httpx.Client) -> None:
    """The text ends before the stop string, and the reason is stop."""
    answer = client.post("/api/chat", json=WORDS | {"options": {"stop": ["three"]}}).json()

    assert (answer["message"]["content"], answer["done_reason"]) == ("one two ", "stop")


@pytest.mark.simulated_ollama(chunk_tokens=3)
def test_a_stream_can_be_made_of_larger_chunks(client: httpx.Client) -> None:
    """With three tokens a chunk, five words come in two chunks, and the counts stay."""
    lines = [json.loads(line) for line in client.post("/api/chat", json=WORDS | {"stream": True}).text.splitlines()]

    assert [line["message"]["content"] for line in lines] == ["one two three", " four five", ""]
    assert lines[-1]["eval_count"] == 6
