"""Routers that share a store, in manual time."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from zeta_router import Decision, Fate, ModelCard, Outcome, PhaseTimes, Policy, Request, Timings, ZetaDynamicRouter
from zeta_router.store import AttemptBegan, AttemptEnded, Entry, Feedback, Record, Store
from zeta_router.testing import ManualClock

HOST = "http://gpu-box:11434"
CODER, REASONER, CHAT = "qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"
SECONDS_PER_TOKEN = {CODER: 0.010, REASONER: 0.020, CHAT: 0.004}
EPOCH = 1_700_000_000.0

_seeds = count(1)


def cards(host: str = HOST) -> list[ModelCard]:
    """Return the fleet."""
    return [
        ModelCard(name=name, host=host, context_length=8192, capabilities=frozenset({"completion", "tools"}))
        for name in SECONDS_PER_TOKEN
    ]


def router_on(
    store: Store | str | Path | None, clock: ManualClock, *, policy: Policy | None = None, host: str = HOST
) -> ZetaDynamicRouter:
    """Return a router with a seed of its own, as another process would have."""
    return ZetaDynamicRouter(cards(host), store=store, clock=clock, rng=next(_seeds), policy=policy)


def outcome_of(decision: Decision, *, slow: float = 1.0, tokens: int = 120, fate: Fate = Fate.ok) -> Outcome:
    """Return how a call goes."""
    if fate is not Fate.ok:
        return Outcome(fate=fate, timings=Timings(total=0.1), error="it failed")
    per_token = SECONDS_PER_TOKEN[decision.model] * slow
    prefill, decode = 200 * per_token / 20, (tokens - 1) * per_token
    return Outcome(
        fate=Fate.ok,
        timings=Timings(wait=0.0, load=0.004, prefill=prefill, decode=decode, total=0.004 + prefill + decode),
        prompt_tokens=200,
        output_tokens=tokens,
        done_reason="stop",
    )


def serve(
    router: ZetaDynamicRouter,
    clock: ManualClock,
    times: int = 1,
    *,
    task: str = "code",
    slow: float = 1.0,
    fate: Fate = Fate.ok,
) -> list[Decision]:
    """Serve requests to their ends, a second apart; return the decisions."""
    made = []
    for _ in range(times):
        for attempt in router.plan(Request(text="def f(x): ...", task=task, prompt_tokens=200)):
            with attempt:
                outcome = outcome_of(attempt.decision, slow=slow, fate=fate)
                clock.advance(outcome.timings.total or 0.0)
                attempt.settle(outcome)
            made.append(attempt.decision)
        clock.advance(1.0)
    return made


def damaged(path: Path) -> bytes:
    """Destroy all of a log but its header, and return what the file holds now."""
    broken = path.read_bytes()[:100] + b"\xff" * 5_000
    path.write_bytes(broken)
    return broken


def records_of(times: int, *, seed: int = 0, start: float = EPOCH, task: str = "code") -> list[Record]:
    """Return what one router that nobody disturbs would log."""
    clock = ManualClock(start)
    router = ZetaDynamicRouter(cards(), clock=clock, rng=seed, policy=PhaseTimes())
    kept: list[Record] = []
    for number in range(times):
        session = ("ann", "bob", None)[number % 3]
        for attempt in router.plan(Request(text="hello", task=task, prompt_tokens=200, session=session)):
            with attempt:
                kept.append(AttemptBegan(attempt.decision, clock()))
                outcome = outcome_of(attempt.decision, slow=1.0 + number % 3, tokens=50 + 10 * (number % 7))
                clock.advance(0.3)
                attempt.settle(outcome)
                kept.append(AttemptEnded(attempt.decision.id, outcome, clock()))
        if number % 4 == 0:
            kept.append(Feedback(attempt.decision, (number % 5) / 4, "user", clock()))
        clock.advance(0.1)
    return kept


def entries_of(records: list[Record], *, writer: str = "a", machine: str = "", first: int = 1) -> list[Entry]:
    """Return the entries that a store would make of one writer's records."""
    return [
        Entry((first + place, 0), writer, place + 1, machine, record.at, record.at, record)
        for place, record in enumerate(records)
    ]
