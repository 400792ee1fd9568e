"""Every recorded example body comes out of the simulator: status, type, keys in order, kinds of values."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from zeta_router.simulator import ServerSettings, SimulatedOllama, model_from_tag
from zeta_router.simulator.responders import Answer, Prompt, ToolCall

SHARED = os.environ.get("ZETA_SHARED")
FOLDER = Path(SHARED or ".") / "ollama-wire-examples"
INDEX: dict[str, dict[str, Any]] = json.loads((FOLDER / "index.json").read_text()) if SHARED else {}
pytestmark = pytest.mark.skipif(not SHARED, reason="ZETA_SHARED names no folder with the recorded examples")

MODELS = ("qwen3:8b", "llama3.2:3b", "nomic-embed-text", "llama3.3:70b", "gemma2:2b")
NATIVE_QWEN = model_from_tag("qwen3:8b", rendered=False)
NATIVE_LLAMA = model_from_tag("llama3.2:3b", rendered=False)
LONG = "word " * 9000
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Setup:
    """How a server is brought into the state that an example shows."""

    server: dict[str, Any] = field(default_factory=dict)
    before: Callable[[SimulatedOllama, httpx.Client], Any] = lambda server, client: None
    request: dict[str, Any] = field(default_factory=dict)
    raw_body: bytes | None = None


def fault(kind: Any, at: int = 0) -> Setup:
    return Setup(before=lambda server, client: server.faults.add(kind, at=at))


def load(client: httpx.Client, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        client.post("/api/embed" if "embed" in body["model"] else "/api/generate", json=body).raise_for_status()


def load_three(server: SimulatedOllama, client: httpx.Client) -> None:
    load(client, {"model": "llama3.2:3b", "options": {"num_ctx": 8192}, "keep_alive": 60})
    load(client, {"model": "qwen3:8b", "options": {"num_ctx": 32768}}, {"model": "nomic-embed-text", "keep_alive": -1})


SETUPS: dict[str, Setup] = {
    "tags.json": Setup(server={"models": MODELS[:4]}),
    "tags-empty.json": Setup(server={"models": ()}),
    "ps.json": Setup(before=load_three),
    "ps-partial-offload.json": Setup(
        before=lambda server, client: load(client, {"model": "llama3.3:70b", "options": {"num_ctx": 8192}})
    ),
    "chat-tools-native-stream.ndjson": Setup(server={"models": [NATIVE_QWEN]}),
    "timing-prompt-cached-newer-server.json": Setup(
        server={"tells_cached": True},
        before=lambda server, client: client.post("/api/chat", json=INDEX["timing-prompt-cached.json"]["request"]),
        request={"messages": INDEX.get("timing-prompt-cached.json", {}).get("request", {}).get("messages")},
    ),
    "stream-error-crash.ndjson": fault("crash", at=3),
    "stream-error-native.ndjson": Setup(
        server={"models": [NATIVE_LLAMA]}, before=lambda server, client: server.faults.add("error_line", at=4)
    ),
    "stream-truncated.ndjson": fault("truncate", at=3),
    "nonstream-truncated.json": fault("truncate", at=3),
    "error-400-bad-json.json": Setup(raw_body=b"{bad"),
    "error-400-no-body.json": Setup(raw_body=b""),
    "error-400-context-native.json": Setup(
        server={"models": [NATIVE_QWEN]}, request={"messages": [{"role": "user", "content": LONG}]}
    ),
    "error-400-context-rendered-noshift.json": Setup(
        request={"messages": [{"role": "user", "content": LONG}], "options": {"num_ctx": 2048}}
    ),
    "error-400-embed-too-long.json": Setup(request={"input": LONG}),
    "error-403-cloud-off.json": Setup(server={"cloud_disabled": True}),
    "error-500-load-crash.json": fault("load_crash"),
    # It comes back with a smaller automatic context until there is none: the fault must stay.
    "error-500-load-oom.json": Setup(before=lambda server, client: server.faults.add("out_of_memory", times=None)),
    "error-500-load-stalled.json": Setup(
        server={"settings": ServerSettings(load_timeout=5.0)},
        before=lambda server, client: server.faults.add("load_stall"),
    ),
    "error-500-runner-stopped.json": fault("crash"),
    "error-500-runner-crash-nonstream.json": fault("crash", at=3),
    "error-503-busy.json": fault("refuse"),
    "pull-stream.ndjson": Setup(server={"models": ()}),
    "pull-nonstream.json": Setup(server={"models": ()}),
    "v1-chat-stream-crash.sse": fault("crash", at=2),
    "v1-models.json": Setup(server={"models": MODELS[:3]}),
}
UNSEEN = "error-499-canceled.json"  # written for a client that is gone: test_wire_disconnect reads it


OTHER_TEXT = {
    "error-500-runner-stopped.json",  # ends with the last words of another runner
    "chat-length.json",  # our tokens are cut elsewhere
    "error-400-context-native.json",  # names the number of tokens
    "pull-stream.ndjson",  # names the digest
}


@pytest.mark.parametrize("name", sorted(set(INDEX) - {UNSEEN}))
def test_the_simulator_answers_like_the_example(name: str) -> None:
    """Set up accordingly, the simulator gives the same status, content type, keys in order and kinds of values."""
    example, setup = INDEX[name], SETUPS.get(name, Setup())
    expected = (FOLDER / name).read_text(encoding="utf-8")
    options = {"models": MODELS, "responder": Always(answer_of(name, expected))} | setup.server

    with SimulatedOllama(time_scale=1000, **options) as server, httpx.Client(base_url=server.url) as client:
        setup.before(server, client)
        response = client.request(example["method"], example["path"], **body_of(example, setup))

    assert response.status_code == example["status"]
    assert response.headers["content-type"] == example["content_type"]
    assert outline(name, response.text) == outline(name, expected)
    if name not in OTHER_TEXT:
        assert said(name, response.text) == said(name, expected)


@dataclass(frozen=True)
class Always:
    """Says the same to everything."""

    said: Answer

    def answer(self, prompt: Prompt) -> Answer:
        return self.said


def body_of(example: dict[str, Any], setup: Setup) -> dict[str, Any]:
    """Return the request's body as an argument for httpx."""
    if setup.raw_body is not None:
        return {"content": setup.raw_body}
    return {} if example["request"] is None else {"json": example["request"] | setup.request}


def answer_of(name: str, text: str) -> Answer:
    """Return what the model said in an example, token by token where the example is a stream."""
    messages = [line.get("message", line) for line in objects(name, text) if isinstance(line, dict)]
    tokens = tuple(str(m.get("content") or m.get("response") or "") for m in messages)
    thinking = tuple(str(m.get("thinking", "")) for m in messages)
    calls = [call["function"] for message in messages for call in message.get("tool_calls", ())]
    return Answer(
        text=tuple(filter(None, tokens)),
        thinking=tuple(filter(None, thinking)),
        tool_calls=tuple(ToolCall(name=call["name"], arguments=call["arguments"]) for call in calls),
    )


def objects(name: str, text: str) -> list[Any]:
    """Return the JSON objects of a body, without the frame that /v1 puts around them."""
    if name.endswith(".sse"):
        events = [line.removeprefix("data: ") for line in text.split("\n") if line]
        values = [event if event == "[DONE]" else json.loads(event) for event in events]
        return [flat(value) for value in values]
    if name.endswith(".ndjson"):
        return [json.loads(line) for line in text.splitlines()]
    return [flat(json.loads(text))]


def flat(value: Any) -> Any:
    """Put the message of an OpenAI choice where `/api/chat` has it."""
    if isinstance(value, dict) and value.get("choices"):
        choice = value["choices"][0]
        return value | {"message": choice.get("delta", choice.get("message"))}
    return value


def outline(name: str, text: str) -> list[Any]:
    """Return keys in order and kinds of values, line by line, and how the body ends."""
    return [*(kinds(value) for value in objects(name, text)), text[-1:] == "\n"]


def kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, kinds(part)) for key, part in value.items()]
    if isinstance(value, list):
        # Numbers of a list are alike whether or not they have a point; lists of different lengths are alike.
        each = [kinds(part) for part in value]
        return ["list", *(kind for index, kind in enumerate(each) if kind not in each[:index])]
    if isinstance(value, str):
        return "time" if TIMESTAMP.fullmatch(value) else "string"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def said(name: str, text: str) -> list[Any]:
    """Return what stands in the places where the example's very words are expected."""
    lines = [line for line in objects(name, text) if isinstance(line, dict)]
    return [[line.get(key) for key in ("done", "done_reason", "error", "status", "version")] for line in lines] + [
        [(line.get("message") or line).get(key) for key in ("content", "thinking", "response", "role")]
        for line in lines
    ]
