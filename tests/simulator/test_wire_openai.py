"""The OpenAI-compatible side of the simulated server (ollama-wire.md 1.10)."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import httpx
import pytest

from zeta_router.simulator import SimulatedOllama

pytestmark = pytest.mark.simulated_ollama(models=["llama3.2:3b", "qwen3:8b", "nomic-embed-text"], responder="schema")

HELLO = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": "Hello!"}]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def events(response: httpx.Response) -> list[Any]:
    """Return the events of a stream, the end mark as it is."""
    data = [line.removeprefix("data: ") for line in response.text.splitlines() if line]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def test_a_chat_completion_has_usage_and_no_timings(client: httpx.Client) -> None:
    """The answer counts tokens; durations are nowhere."""
    body = client.post("/v1/chat/completions", json=HELLO).json()

    assert body["choices"][0]["message"] == {"role": "assistant", "content": "This is a simulated answer."}
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    assert "duration" not in json.dumps(body)


def test_a_stream_ends_with_reason_usage_and_mark(client: httpx.Client) -> None:
    """The role comes first, then text, the finish reason, usage if asked for, and [DONE]."""
    request = HELLO | {"stream": True, "stream_options": {"include_usage": True}}
    first, *middle, reason, usage, mark = events(client.post("/v1/chat/completions", json=request))

    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "This"}
    assert all(list(event["choices"][0]["delta"]) == ["content"] for event in middle)
    assert reason["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert (usage["choices"], mark) == ([], "[DONE]")


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_have_their_arguments_as_text(client: httpx.Client, stream: bool) -> None:
    """Arguments are a string of JSON, and the reason is tool_calls."""
    request = HELLO | {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Weather in 'Paris'?"}]}],
        "tools": [WEATHER],
        "stream": stream,
    }
    response = client.post("/v1/chat/completions", json=request)
    if stream:
        call, reason, _ = events(response)
        message, finish = call["choices"][0]["delta"], reason["choices"][0]["finish_reason"]
    else:
        choice = response.json()["choices"][0]
        message, finish = choice["message"], choice["finish_reason"]

    assert message["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    assert finish == "tool_calls"


def test_a_whole_conversation_with_tools_is_understood(client: httpx.Client) -> None:
    """Calls given back as text and the tool's result lead to an answer in words."""
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "user", "content": "Weather in 'Paris'?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees"},
    ]
    body = client.post("/v1/chat/completions", json=HELLO | {"messages": messages, "tools": [WEATHER]}).json()

    assert body["choices"][0]["message"]["content"] == "The result is 18 degrees."


@pytest.mark.parametrize(
    ("response_format", "content"),
    [
        ({"type": "json_object"}, '{"answer": "simulated answer"}'),
        (
            {"type": "json_schema", "json_schema": {"schema": {"properties": {"ok": {"type": "boolean"}}}}},
            '{"ok": true}',
        ),
    ],
)
def test_response_formats_are_obeyed(client: httpx.Client, response_format: Any, content: str) -> None:
    """Any JSON, or JSON by a schema."""
    body = client.post("/v1/chat/completions", json=HELLO | {"response_format": response_format}).json()

    assert body["choices"][0]["message"]["content"] == content


@pytest.mark.parametrize(("effort", "reasons"), [("none", False), ("low", True), (None, True)])
def test_reasoning_effort_switches_thinking(client: httpx.Client, effort: str | None, reasons: bool) -> None:
    """Thinking is in `reasoning`, and `none` switches it off."""
    body = client.post("/v1/chat/completions", json=HELLO | {"model": "qwen3:8b", "reasoning_effort": effort}).json()

    assert ("reasoning" in body["choices"][0]["message"]) is reasons


def test_max_tokens_cuts_the_answer(client: httpx.Client) -> None:
    """The reason is then length."""
    body = client.post("/v1/completions", json={"model": "llama3.2:3b", "prompt": "Hello!", "max_tokens": 2}).json()

    assert body["object"] == "text_completion"
    assert body["choices"] == [{"text": "This is", "index": 0, "finish_reason": "length"}]


def test_embeddings_come_as_numbers_or_packed(client: httpx.Client) -> None:
    """The two encodings hold the same vector."""
    request = {"model": "nomic-embed-text", "input": ["red apple"]}
    numbers = client.post("/v1/embeddings", json=request).json()["data"][0]["embedding"]
    packed = client.post("/v1/embeddings", json=request | {"encoding_format": "base64"}).json()["data"][0]["embedding"]

    assert struct.unpack(f"<{len(numbers)}f", base64.b64decode(packed)) == pytest.approx(numbers, abs=1e-6)


def test_one_model_can_be_looked_up(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """By any spelling; an unknown one is a 404 in OpenAI's form."""
    assert client.get("/v1/models/Nomic-Embed-Text").json()["id"] == "nomic-embed-text:latest"
    missing = client.get("/v1/models/nope")

    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")
