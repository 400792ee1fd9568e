"""A world whose every expectation is known: three models, two tasks, a router that explores, and the log it leaves."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from zeta_router import (
    DecisionMade,
    Event,
    Fate,
    FeedbackGiven,
    ModelCard,
    Objective,
    Outcome,
    OutcomeSeen,
    Policy,
    Request,
    Timings,
    ZetaDynamicRouter,
)
from zeta_router.replay.rewards import FAILURE_COST
from zeta_router.store import AttemptBegan, AttemptEnded, Entry, Feedback, Joined, Record
from zeta_router.testing import ManualClock

MODELS = ("qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b")
TASKS = ("code", "chat")
SECONDS = {"qwen2.5-coder:7b": 3.0, "phi4:14b": 8.0, "llama3.2:3b": 1.5}
"""Half of the answers take 0.6 times as long, the other half 1.4 times."""
FAILURES = {"qwen2.5-coder:7b": 0.05, "phi4:14b": 0.02, "llama3.2:3b": 0.15}
QUALITY = {
    ("code", "qwen2.5-coder:7b"): 0.85,
    ("code", "phi4:14b"): 0.80,
    ("code", "llama3.2:3b"): 0.30,
    ("chat", "qwen2.5-coder:7b"): 0.50,
    ("chat", "phi4:14b"): 0.80,
    ("chat", "llama3.2:3b"): 0.70,
}
OBJECTIVE = Objective()


def penalty(task: str, seconds: float) -> float:
    """What the time costs."""
    return OBJECTIVE.expected_penalty(seconds, (0.0, 0.0, 0.0), OBJECTIVE.seconds_for(task))


def true_utility(task: str, model: str) -> float:
    """Expected utility of one attempt."""
    answered = 1.0 - FAILURES[model]
    late = (penalty(task, 0.6 * SECONDS[model]) + penalty(task, 1.4 * SECONDS[model])) / 2
    return answered * QUALITY[(task, model)] - late - (1.0 - answered) * FAILURE_COST


class LogOfEvents:
    """Turns a router's events into the entries of a log."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, record: Record) -> None:
        number = len(self.entries) + 1
        self.entries.append(Entry((number, 0), "writer", number, "", record.at, record.at, record))

    def __call__(self, event: Event) -> None:
        if isinstance(event, DecisionMade):
            self.add(AttemptBegan(event.decision, event.decision.decided_at))
        elif isinstance(event, OutcomeSeen):
            self.add(AttemptEnded(event.decision.id, event.outcome, event.at))
        elif isinstance(event, FeedbackGiven):
            self.add(Feedback(event.decision, event.score, event.source, event.at))


def log_of(make: Callable[[Objective], Policy], *, seed: int, requests: int, opinions: float = 0.3) -> list[Entry]:
    """Return the log of a router that serves one request after the other."""
    rng, clock, log = Random(f"world {seed}"), ManualClock(1_000_000.0), LogOfEvents()
    cards = [ModelCard.from_name(name) for name in MODELS]
    router = ZetaDynamicRouter(cards, policy=make(OBJECTIVE), clock=clock, rng=seed)
    for card in cards:
        log.add(Joined(card, "http://127.0.0.1:11434", clock()))
    router.subscribe(log)
    for _ in range(requests):
        task = rng.choice(TASKS)
        for attempt in router.plan(Request(task=task, prompt_tokens=200)):
            with attempt:
                model = attempt.decision.model
                seconds = SECONDS[model] * rng.choice((0.6, 1.4))
                clock.advance(seconds)
                fails = rng.random() < FAILURES[model]
                attempt.settle(
                    Outcome(
                        fate=Fate.error if fails else Fate.ok,
                        timings=Timings(total=seconds) if fails else Timings(decode=seconds * 0.9, total=seconds),
                        output_tokens=None if fails else 100,
                    )
                )
            if not fails and rng.random() < opinions:
                router.feedback(attempt.decision.id, float(rng.random() < QUALITY[(task, model)]))
        clock.advance(5.0)
    return log.entries
