"""The forms that an answer takes on the wire: keys, order, and what is absent when zero."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from zeta_router.simulator.jobs import Job
from zeta_router.simulator.server.bodies import JSON_TYPE
from zeta_router.simulator.server.go_json import encode
from zeta_router.simulator.server.logprobs import Logprobs
from zeta_router.simulator.server.plan import Delta
from zeta_router.simulator.server.timestamps import Calendar

_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_NATIVE_ID_CHARACTERS = _ID_CHARACTERS + _ID_CHARACTERS[:26].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What the last chunk reports; durations in nanoseconds."""

    done_reason: str
    total: int = 0
    load: int = 0
    prompt_count: int = 0
    cached: int | None = None
    """Prompt tokens that were in the cache; None on servers that do not tell."""
    prompt_eval: int = 0
    count: int = 0
    eval: int = 0
    context: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, jobs: list[Job], done_reason: str, *, context: tuple[int, ...] = (), tells_cached: bool = False
    ) -> Metrics:
        """Return the metrics of an answer: those of its last run, but the whole time (`ollama-wire.md` 1.4)."""
        last = jobs[-1]
        return cls(
            done_reason=done_reason,
            total=sum(job.total for job in jobs),
            load=jobs[0].load,
            prompt_count=last.work.prompt_tokens,
            cached=last.cached_tokens if tells_cached else None,
            prompt_eval=last.prompt_eval,
            count=last.work.output_tokens,
            eval=last.eval,
            context=context,
        )

    def fields(self) -> dict[str, int]:
        """Return durations and counts in the order of the wire; zeros are absent."""
        fields = {
            "total_duration": self.total,
            "load_duration": self.load,
            "prompt_eval_count": self.prompt_count,
            "prompt_eval_cached_count": self.cached,
            "prompt_eval_duration": self.prompt_eval,
            "eval_count": self.count,
            "eval_duration": self.eval,
        }
        return {name: value for name, value in fields.items() if value}


class Shape(Protocol):
    """Writes one answer in one form. `at` is engine seconds."""

    stream_type: str
    """Content type of a stream."""
    whole_type: str
    """Content type of an answer in one piece."""

    def chunk(self, delta: Delta, at: float) -> bytes:
        """Return a chunk that is not the last."""
        ...

    def last(self, delta: Delta, at: float, metrics: Metrics) -> bytes:
        """Return the last chunk, and what follows it."""
        ...

    def broken(self, message: str, at: float) -> bytes:
        """Return what a stream ends with when the runner fails in the middle."""
        ...

    def whole(self, delta: Delta, at: float, metrics: Metrics | None) -> bytes:
        """Return the answer in one piece; without metrics it was truncated."""
        ...


class ApiShape(ABC):
    """What `/api/chat` and `/api/generate` have in common: NDJSON, dates, metrics, errors."""

    stream_type = "application/x-ndjson"
    whole_type = JSON_TYPE

    def __init__(self, model: str, calendar: Calendar, *, logprobs: Logprobs | None, new_id: Callable[[], str]) -> None:
        self._model = model
        self._calendar = calendar
        self._logprobs = logprobs
        self._new_id = new_id

    @abstractmethod
    def _content(self, delta: Delta) -> dict[str, Any]:
        """Return the part of a line that differs between the two."""

    def chunk(self, delta: Delta, at: float) -> bytes:
        """Return a line with `done` false."""
        return encode(self._begin(delta, at) | {"done": False} | self._scores(delta)) + b"\n"

    def last(self, delta: Delta, at: float, metrics: Metrics) -> bytes:
        """Return the line with `done` true."""
        return self.whole(delta, at, metrics) + b"\n"

    def broken(self, message: str, at: float) -> bytes:
        """Return an error line."""
        return encode({"error": message}) + b"\n"

    def whole(self, delta: Delta, at: float, metrics: Metrics | None) -> bytes:
        """Return one object, `done` false when truncated."""
        body = self._begin(delta, at) | {"done": metrics is not None}
        if metrics is None:
            return encode(body)
        return encode(body | {"done_reason": metrics.done_reason} | self._scores(delta) | self._end(metrics))

    def _begin(self, delta: Delta, at: float) -> dict[str, Any]:
        return {"model": self._model, "created_at": self._calendar.text(at)} | self._content(delta)

    def _end(self, metrics: Metrics) -> dict[str, Any]:
        return metrics.fields()

    def _scores(self, delta: Delta) -> dict[str, Any]:
        if self._logprobs is None or not delta.tokens:
            return {}
        return {"logprobs": [self._logprobs.of(token) for token in delta.tokens]}

    def _calls(self, delta: Delta) -> list[dict[str, Any]]:
        return [
            {
                "id": self._new_id(),
                "function": {"index": each.index, "name": each.call.name, "arguments": dict(each.call.arguments)},
            }
            for each in delta.calls
        ]


class ChatShape(ApiShape):
    """`/api/chat`."""

    def _content(self, delta: Delta) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": delta.text}
        if delta.thinking:
            message["thinking"] = delta.thinking
        if delta.calls:
            message["tool_calls"] = self._calls(delta)
        return {"message": message}


class GenerateShape(ApiShape):
    """`/api/generate`."""

    def _content(self, delta: Delta) -> dict[str, Any]:
        return {"response": delta.text} | ({"thinking": delta.thinking} if delta.thinking else {})

    def _end(self, metrics: Metrics) -> dict[str, Any]:
        return ({"context": list(metrics.context)} if metrics.context else {}) | metrics.fields()


def call_id(rng: Random, *, rendered: bool) -> str:
    """Return an id for a tool call: Ollama's own, or for native models the runner's."""
    if rendered:
        return "call_" + "".join(rng.choices(_ID_CHARACTERS, k=8))
    return "".join(rng.choices(_NATIVE_ID_CHARACTERS, k=32))
