"""The pick and what it was made from: `Candidate`, `Score`, `Choice`, `Decision`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from zeta_router.model import ModelCard
from zeta_router.outcome import Timings
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess
from zeta_router.words import Text, Words

Key = tuple[str, str]
"""Model and host: where speed is learned."""

Z90 = 1.2816
"""Standard deviations from the middle to the 90th percentile of a normal variable."""


class Flight(NamedTuple):
    """One attempt that is running now."""

    began_at: float
    """Seconds since the epoch."""
    service: float
    """Seconds it was expected to keep the model busy."""
    spread: float = 0.1
    """How uncertain that is: about the standard deviation over the mean."""

    @classmethod
    def of(cls, decision: Decision, began_at: float) -> Flight:
        """Return what a decision's attempt is expected to be while it runs."""
        load, prefill, decode = decision.picked[4:7]
        service = (load or 0.0) + (prefill or 0.0) + (decode or 0.0)
        sd = decision.decode_sd
        if sd is None or decode is None or service <= 0.0:
            return cls(began_at, service)
        width = 2.0 * decode * math.exp(-0.5 * sd * sd) * math.sinh(Z90 * sd)  # of `Decision.bounds`
        return cls(began_at, service, width / (2.0 * Z90 * service))


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
    def key(self) -> Key:
        """Model and host."""
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
    reason: str | Words
    """One line for a person."""
    propensity: float = 1.0
    """Probability of this pick given the same state, in (0, 1]."""
    explored: bool = False
    """Picked to learn, not because it looked best."""
    decode_sd: float | None = None
    """Standard deviation of the log of the seconds that the answer is written in; None: not known."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Which model answers one request, and why. Made before the model is called."""

    id: str
    model: str
    """Ollama tag, e.g. `qwen3:8b`."""
    host: str
    """Address of the server, without user and password."""
    key: Key = field(init=False, repr=False, compare=False)
    """Both."""
    task: str
    guess: TaskGuess | None = None
    """How sure the task is, and why; None where nobody asked."""
    propensity: float
    """Probability of this pick given the same state, in (0, 1]. Replay divides by it."""
    reason: Text = Text()  # noqa: RUF009 (a descriptor)
    """One line for a person, as `zeta explain` prints it."""
    explored: bool
    picked: Score
    """What is expected of the model that serves: times, quality, utility."""
    decode_sd: float | None = None
    """Standard deviation of the log of the seconds that the answer is written in; None: not known."""
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

    def __post_init__(self) -> None:
        """Put model and host together, once for all who ask."""
        object.__setattr__(self, "key", (self.model, self.host))

    @classmethod
    def of(
        cls,
        choice: Choice,
        request: Request,
        guess: TaskGuess,
        *,
        id: str,
        at: float,
        attempt: int = 1,
        request_id: str = "",
    ) -> Decision:
        """Return the decision that a choice leads to; `at` is in seconds since the epoch.

        It is filled at once, because the constructor of a frozen class sets field by field, which takes thrice as long.
        """
        picked, scores, reason, propensity, explored, decode_sd = choice
        card, host = picked.candidate[:2]
        decision = object.__new__(cls)
        vars(decision).update(
            id=id,
            model=card.name,
            host=host,
            key=(card.name, host),
            task=guess.task,
            guess=guess,
            propensity=propensity,
            reason=reason,
            explored=explored,
            picked=picked,
            decode_sd=decode_sd,
            candidates=scores,
            decided_at=at,
            prompt_tokens=request.tokens,
            attempt=attempt,
            request_id=request_id or id,
            card=card,
            session=request.session,
            tags=request.tags,
        )
        return decision

    @property
    def predicted(self) -> Timings:
        """Seconds, as expected."""
        return self.picked.timings

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Seconds in total, 10th and 90th percentile as expected: the spread is that of the answer's length."""
        sd, (wait, load, prefill, decode) = self.decode_sd, self.picked[3:7]
        if sd is None or prefill is None or decode is None:
            return None
        fixed = (wait or 0.0) + (load or 0.0) + prefill
        middle = decode * math.exp(-0.5 * sd * sd)  # the median of a log-normal, from its mean
        return fixed + middle * math.exp(-Z90 * sd), fixed + middle * math.exp(Z90 * sd)

    @property
    def quality(self) -> float | None:
        """Expected, in [0, 1]."""
        return self.picked.quality

    @property
    def utility(self) -> float:
        """Expected."""
        return self.picked.utility

    @property
    def served_otherwise(self) -> bool:
        """Whether another candidate was served than the one that looked best: the router is in shadow mode."""
        return bool(self.candidates) and self.candidates[0].candidate.key != self.key

    def __str__(self) -> str:
        return f"{self.model} on {self.host}: {self.reason}"
