"""Answers in OpenAI's form: `/v1/chat/completions` and `/v1/completions`."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import Any

from zeta_router.simulator.server.bodies import OPENAI_TYPE
from zeta_router.simulator.server.go_json import encode
from zeta_router.simulator.server.plan import Delta
from zeta_router.simulator.server.shapes import Metrics

_IDS = 999  # Ollama draws below this, so ids are not unique


class OpenAIShape(ABC):
    """What chat and text completions have in common: server-sent events, usage, and no timings."""

    stream_type = "text/event-stream"
    whole_type = OPENAI_TYPE
    prefix = ""
    whole_object = ""
    chunk_object = ""

    def __init__(
        self,
        model: str,
        *,
        created: int,
        rng: Random,
        include_usage: bool = False,
        new_id: Callable[[], str] = str,
    ) -> None:
        self._model = model
        self._created = created
        self._id = f"{self.prefix}-{rng.randrange(_IDS)}"
        self._include_usage = include_usage
        self._new_id = new_id
        self._begun = False
        self._called = False

    @abstractmethod
    def _choice(self, delta: Delta) -> dict[str, Any]:
        """Return what a streamed choice carries, in front of its finish reason."""

    @abstractmethod
    def _answer(self, delta: Delta) -> dict[str, Any]:
        """Return what the choice of a whole answer carries."""

    @abstractmethod
    def _end(self) -> dict[str, Any]:
        """Return what the choice with the finish reason carries."""

    def chunk(self, delta: Delta, at: float) -> bytes:
        """Return one event."""
        self._called = self._called or bool(delta.calls)
        event = self._event([self._choice(delta) | {"finish_reason": None}])
        self._begun = True
        return event

    def last(self, delta: Delta, at: float, metrics: Metrics) -> bytes:
        """Return the event with the finish reason, usage if asked for, and the end mark."""
        calls = self.chunk(delta, at) if delta.calls else b""
        end = self._event([self._end() | {"finish_reason": self._reason(metrics)}])
        usage = self._event([], {"usage": _usage(metrics)}) if self._include_usage else b""
        return calls + end + usage + b"data: [DONE]\n\n"

    def broken(self, message: str, at: float) -> bytes:
        """Return an event that shows nothing of the error, as Ollama's does."""
        return self._event([self._choice(Delta()) | {"finish_reason": None}], model="")

    def whole(self, delta: Delta, at: float, metrics: Metrics | None) -> bytes:
        """Return one object; a truncated answer has no finish reason and counts nothing."""
        self._called = bool(delta.calls)
        reason = None if metrics is None else self._reason(metrics)
        choice = self._answer(delta) | {"finish_reason": reason}
        return encode(self._head(self.whole_object) | {"choices": [choice], "usage": _usage(metrics)})

    def _reason(self, metrics: Metrics) -> str:
        return "tool_calls" if self._called else metrics.done_reason

    def _event(self, choices: list[Any], more: dict[str, Any] | None = None, *, model: str | None = None) -> bytes:
        body = self._head(self.chunk_object, model) | {"choices": choices} | (more or {})
        return b"data: " + encode(body) + b"\n\n"

    def _head(self, kind: str, model: str | None = None) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model if model is None else model,
            "system_fingerprint": "fp_ollama",
        }


class ChatCompletion(OpenAIShape):
    """`/v1/chat/completions`."""

    prefix = "chatcmpl"
    whole_object = "chat.completion"
    chunk_object = "chat.completion.chunk"

    def _choice(self, delta: Delta) -> dict[str, Any]:
        role = {} if self._begun else {"role": "assistant"}
        return {"index": 0, "delta": role | self._message(delta)}

    def _answer(self, delta: Delta) -> dict[str, Any]:
        return {"index": 0, "message": {"role": "assistant"} | self._message(delta)}

    def _end(self) -> dict[str, Any]:
        return {"index": 0, "delta": {}}

    def _message(self, delta: Delta) -> dict[str, Any]:
        message: dict[str, Any] = {"content": delta.text}
        if delta.thinking:
            message["reasoning"] = delta.thinking
        if delta.calls:
            message["tool_calls"] = [
                {
                    "id": self._new_id(),
                    "index": each.index,
                    "type": "function",
                    "function": {"name": each.call.name, "arguments": _compact(each.call.arguments)},
                }
                for each in delta.calls
            ]
        return message


class TextCompletion(OpenAIShape):
    """`/v1/completions`."""

    prefix = "cmpl"
    whole_object = "text_completion"
    chunk_object = "text_completion"

    def _choice(self, delta: Delta) -> dict[str, Any]:
        return {"text": delta.text, "index": 0}

    def _answer(self, delta: Delta) -> dict[str, Any]:
        return {"text": delta.text, "index": 0}

    def _end(self) -> dict[str, Any]:
        return {"text": "", "index": 0}


def _usage(metrics: Metrics | None) -> dict[str, int]:
    prompt, made = (0, 0) if metrics is None else (metrics.prompt_count, metrics.count)
    return {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}


def _compact(arguments: Any) -> str:
    return json.dumps(dict(arguments), ensure_ascii=False, separators=(",", ":"))
