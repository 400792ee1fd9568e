"""What comes back from a call: `Reply`, and the accumulator that makes one from the lines of a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zeta_router.errors import AnswerTruncated, ServerTimeout
from zeta_router.ollama.addresses import Connection
from zeta_router.ollama.clocks import outcome_of
from zeta_router.ollama.wire import Lines, object_in
from zeta_router.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer. Its repr shows how it went and nothing of what was said."""

    model: str
    outcome: Outcome
    content: str = field(default="", repr=False)
    """Text; empty in the answer to an embedding."""
    vectors: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    """One per text, shape (texts, dimensions), each of length 1."""
    thinking: str = field(default="", repr=False)
    """What a thinking model said to itself before."""
    tool_calls: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """As Ollama sends them: `id`, and `function` with `name` and `arguments` (an object)."""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The last line as it was sent, with the fields that are not read here."""


class Stopwatch:
    """Seconds since a call began, and how many of them its deadline leaves."""

    def __init__(self, clock: Callable[[], float], deadline: float | None) -> None:
        self._clock = clock
        self._began_at = clock()
        self._deadline = deadline

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return max(0.0, self._clock() - self._began_at)

    def at_most(self, seconds: float) -> float:
        """Return the seconds that something may take: as many as given, or as the deadline leaves."""
        if self._deadline is None:
            return seconds
        # httpx takes no time limit of 0; whoever is that late finds out at the next piece.
        return min(seconds, max(self._deadline - self.elapsed, 0.001))

    def check(self, connection: Connection, model: str) -> None:
        """Let a call go on that is in time.

        Raises:
            ServerTimeout: The deadline has passed.
        """
        if self._deadline is not None and self.elapsed > self._deadline:
            raise ServerTimeout(
                f"{model} on {connection.address} had not finished when the deadline of {self._deadline:g} s passed",
                host=connection.address,
                model=model,
            )


class ChatAnswer:
    """Puts the lines of a chat stream together. Opens and awaits nothing, so that sync and async calls share it."""

    def __init__(
        self,
        connection: Connection,
        model: str,
        watch: Stopwatch,
        *,
        formatted: bool,
        on_first_token: Callable[[], None] | None,
    ) -> None:
        self._connection = connection
        self._model = model
        self._watch = watch
        self._formatted = formatted
        self._on_first_token = on_first_token
        self._lines = Lines()
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._tool_calls: list[Mapping[str, Any]] = []
        self._first_token: float | None = None
        self._last: Mapping[str, Any] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            OllamaError: They are an error, no JSON, or late.
        """
        self._watch.check(self._connection, self._model)
        for line in self._lines.feed(data):
            self._take(line)

    def reply(self) -> Reply:
        """Return the answer, once the body has ended.

        Raises:
            AnswerTruncated: It ended without `done: true`.
        """
        for line in self._lines.close():
            self._take(line)
        if self._last.get("done") is not True:
            raise AnswerTruncated(
                f"the answer of {self._model} on {self._connection.address} ended without done: true",
                host=self._connection.address,
                model=self._model,
            )
        outcome = outcome_of(
            self._last,
            elapsed=self._watch.elapsed,
            first_token=self._first_token,
            two_pass=self._formatted and bool(self._thinking),
        )
        return Reply(
            model=self._model,
            outcome=outcome,
            content="".join(self._content),
            thinking="".join(self._thinking),
            tool_calls=tuple(self._tool_calls),
            body=self._last,
        )

    def _take(self, line: bytes) -> None:
        self._last = object_in(line, self._connection, self._model)
        message = self._last.get("message") or {}
        content, thinking, calls = (message.get(name) for name in ("content", "thinking", "tool_calls"))
        if not (content or thinking or calls):
            return
        if self._first_token is None:
            self._first_token = self._watch.elapsed
            if self._on_first_token is not None:
                self._on_first_token()
        self._content.append(content or "")
        if thinking:
            self._thinking.append(thinking)
        self._tool_calls.extend(calls or ())


def embed_reply(body: Mapping[str, Any], texts: int, connection: Connection, model: str, elapsed: float) -> Reply:
    """Return the answer to an embedding.

    Raises:
        AnswerTruncated: It has not one vector per text.
    """
    vectors = body.get("embeddings")
    if not isinstance(vectors, list) or len(vectors) != texts:
        came = len(vectors) if isinstance(vectors, list) else 0
        raise AnswerTruncated(
            f"{model} on {connection.address} answered {texts} texts with {came} vectors",
            host=connection.address,
            model=model,
        )
    return Reply(
        model=model,
        outcome=outcome_of(body, elapsed=elapsed),
        vectors=tuple(tuple(map(float, vector)) for vector in vectors),
        body={name: value for name, value in body.items() if name != "embeddings"},
    )
