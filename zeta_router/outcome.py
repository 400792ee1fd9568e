"""How an attempt went: `Fate`, `Timings`, `Outcome`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from zeta_router.errors import InvalidRequest
from zeta_router.frozen import filled_at_once

INFINITE = math.inf


class Fate(str, Enum):
    """How an attempt ended.

    `ok` and true errors train; what the user cut short is a lower bound of the time; a cache hit teaches nothing.
    """

    ok = "ok"
    error = "error"
    rejected = "rejected"
    """503: the server's queue is full."""
    missing = "missing"
    """404: the model is not installed there."""
    timeout = "timeout"
    cancelled = "cancelled"
    closed_early = "closed_early"
    """The reader of a stream went away."""
    truncated = "truncated"
    """The answer ended without `done: true`."""
    cache_hit = "cache_hit"
    """Answered from a cache: no model ran."""
    invalid = "invalid"
    """An answer that could not be parsed or did not follow its schema."""

    completed: bool
    """Whether a model answered to the end: what its answer took tells how fast it is."""
    answered: bool
    """Whether the caller has an answer."""
    abandoned: bool
    """Whether the caller went away: nobody waits for another attempt."""
    censored: bool
    """Whether the time seen is only a lower bound."""
    is_failure: bool
    """Whether it counts against the model's health."""

    def __init__(self, word: str) -> None:
        """Work out once per fate what every outcome is asked for."""
        self.completed = word == "ok"
        self.answered = word in ("ok", "cache_hit")
        self.abandoned = word in ("cancelled", "closed_early")
        self.censored = self.abandoned or word == "timeout"
        self.is_failure = not self.answered and not self.abandoned


@filled_at_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the time of one request goes, in seconds; None where it is not known."""

    wait: float | None = None
    """For a slot of a busy model."""
    load: float | None = None
    """Until a runner was ready: the model's own load and the loads queued before it."""
    prefill: float | None = None
    """Reading the prompt, less what the prompt cache held."""
    decode: float | None = None
    """Writing the answer, from its first token to its last."""
    first_token: float | None = None
    """From the start until the first token was there."""
    total: float | None = None
    """From the start until the end."""

    def __post_init__(self) -> None:
        """Refuse times that cannot be.

        Raises:
            InvalidRequest: A time is negative or not finite.
        """
        if (
            (self.wait is not None and not 0 <= self.wait < INFINITE)
            or (self.load is not None and not 0 <= self.load < INFINITE)
            or (self.prefill is not None and not 0 <= self.prefill < INFINITE)
            or (self.decode is not None and not 0 <= self.decode < INFINITE)
            or (self.first_token is not None and not 0 <= self.first_token < INFINITE)
            or (self.total is not None and not 0 <= self.total < INFINITE)
        ):
            times = ((name, getattr(self, name)) for name in self.__slots__)
            name, value = next((n, v) for n, v in times if v is not None and not 0 <= v < INFINITE)
            raise InvalidRequest(f"timings.{name} must be seconds, 0 or more, got {value!r}")


@filled_at_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt went. `error` is a short text without prompt, answer or secret."""

    fate: Fate
    timings: Timings = Timings()
    prompt_tokens: int | None = None
    """As the server counted them, cached ones included."""
    output_tokens: int | None = None
    """As the server counted them, thinking included."""
    done_reason: str | None = None
    """Ollama's: `stop`, `length`, `load`, `unload`."""
    error: str | None = None

    def __post_init__(self) -> None:
        """Refuse counts that cannot be.

        Raises:
            InvalidRequest: A count is negative.
        """
        if self.prompt_tokens is not None and self.prompt_tokens < 0:
            raise InvalidRequest(f"outcome.prompt_tokens must be tokens, 0 or more, got {self.prompt_tokens!r}")
        if self.output_tokens is not None and self.output_tokens < 0:
            raise InvalidRequest(f"outcome.output_tokens must be tokens, 0 or more, got {self.output_tokens!r}")
