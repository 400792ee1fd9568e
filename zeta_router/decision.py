"""The pick and what it was made from: `Candidate`, `Score`, `Choice`, `Decision`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from zeta_router.model import ModelCard
from zeta_router.outcome import Timings
from zeta_router.tasks.task_guess import TaskGuess


class Flight(NamedTuple):
    """One attempt that is running now."""

    began_at: float
    """Seconds since the epoch."""
    service: float
    """Seconds it was expected to keep the model busy."""
    spread: float = 0.1
    """How uncertain that is: about the standard deviation over the mean."""


class Candidate(NamedTuple):
    """A model on a host that may serve a request, with what is known of it now.

    Made when the fleet changes, not when a decision is made: deciding only reads it.
    """

    card: ModelCard
    host: str
    loaded: bool | None = None
    """In memory now; None: not known."""
    flights: tuple[Flight, ...] = ()
    """Attempts that run on it now, oldest first."""
    host_flights: int = 0
    """Attempts that run on its host now, its own included."""
    loaded_at: float = 0.0
    """When it was last seen in memory, seconds since the epoch: an idle model is let go after a while."""

    @property
    def model(self) -> str:
        """Ollama tag."""
        return self.card.name

    @property
    def key(self) -> tuple[str, str]:
        """Model and host: where speed is learned."""
        return (self.card.name, self.host)

    @property
    def in_flight(self) -> int:
        """Attempts that run on it now."""
        return len(self.flights)


class Score(NamedTuple):
    """What a policy thinks of one candidate for one request. Times in seconds, quality and utility without unit."""

    candidate: Candidate
    utility: float
    quality: float | None = None
    wait: float | None = None
    load: float | None = None
    prefill: float | None = None
    decode: float | None = None
    note: str = ""
    """Why it is scored unusually, e.g. `4.8x slower than expected`."""
    price: float = 0.0
    """Utility charged for what serving it there costs other requests: a busy GPU, a load. Part of `utility`."""
    bonus: float = 0.0
    """Utility credited for what its answer would teach. Part of `utility`."""

    @property
    def model(self) -> str:
        """Ollama tag."""
        return self.candidate.card.name

    @property
    def host(self) -> str:
        """Address of its server."""
        return self.candidate.host

    @property
    def seconds(self) -> float | None:
        """Predicted total, or None where the policy predicts no times."""
        if self.prefill is None or self.decode is None:
            return None
        return (self.wait or 0.0) + (self.load or 0.0) + self.prefill + self.decode

    @property
    def timings(self) -> Timings:
        """The predicted phases."""
        wait, load, prefill, decode = self[3:7]
        if prefill is None or decode is None:
            return Timings()
        first = (wait or 0.0) + (load or 0.0) + prefill
        return Timings(wait=wait, load=load, prefill=prefill, decode=decode, first_token=first, total=first + decode)


class Choice(NamedTuple):
    """What a policy answers: its pick, how sure it was to pick it, and why."""

    picked: Score
    scores: Sequence[Score]
    """Every candidate that was offered, best first."""
    reason: str
    """One line for a person."""
    propensity: float = 1.0
    """Probability of this pick given the same state, in (0, 1]."""
    explored: bool = False
    """Picked to learn, not because it looked best."""
    bounds: tuple[float, float] | None = None
    """Seconds in total, 10th and 90th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Which model answers one request, and why. Made before the model is called."""

    id: str
    model: str
    """Ollama tag, e.g. `qwen3:8b`."""
    host: str
    """Address of the server, without user and password."""
    task: str
    guess: TaskGuess | None = None
    """How sure the task is, and why; None where nobody asked."""
    propensity: float
    """Probability of this pick given the same state, in (0, 1]. Replay divides by it."""
    reason: str
    """One line for a person, as `zeta explain` prints it."""
    explored: bool
    predicted: Timings
    """Seconds, as expected."""
    bounds: tuple[float, float] | None
    """Seconds in total, 10th and 90th percentile as expected."""
    quality: float | None
    """Expected, in [0, 1]."""
    utility: float
    candidates: Sequence[Score]
    """Every candidate with its score, best first."""
    decided_at: float
    """Seconds since the Unix epoch."""
    prompt_tokens: int
    attempt: int = 1
    """1 for the first pick of a request, 2 for the next after it failed, and so on."""
    request_id: str = ""
    """Shared by all decisions of one request: the id of the first."""
    card: ModelCard | None = None
    session: str | None = None
    """Conversation that the request belongs to."""
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Model and host: where speed is learned."""
        return (self.model, self.host)

    @property
    def served_otherwise(self) -> bool:
        """Whether another candidate was served than the one that looked best: the router is in shadow mode."""
        return bool(self.candidates) and self.candidates[0].candidate.key != self.key

    def __str__(self) -> str:
        return f"{self.model} on {self.host}: {self.reason}"
