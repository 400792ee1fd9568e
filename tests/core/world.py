"""A world for the router in manual time: models that answer at given speeds, a clock that moves only when told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from zeta_router import Decision, Event, Fate, ModelCard, Outcome, Request, Timings, ZetaDynamicRouter

HOST = "http://127.0.0.1:11434"
CODER, REASONER, CHAT, EMBEDDER = "qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b", "nomic-embed-text"
SECONDS_PER_TOKEN = {CODER: 0.010, REASONER: 0.020, CHAT: 0.004}


@dataclass
class ManualTime:
    """Seconds since the epoch, moved by hand."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """One router, and models that answer as they are told to."""

    clock: ManualTime = field(default_factory=ManualTime)
    slow: dict[str, float] = field(default_factory=dict)
    failing: dict[str, Fate] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    served: list[Decision] = field(default_factory=list)
    router: ZetaDynamicRouter = field(init=False)

    def __post_init__(self) -> None:
        cards = [
            ModelCard(name=CODER, host=HOST, context_length=8192, capabilities=frozenset({"completion", "tools"})),
            ModelCard(name=REASONER, host=HOST, context_length=8192, capabilities=frozenset({"completion"})),
            ModelCard(name=CHAT, host=HOST, context_length=8192, capabilities=frozenset({"completion", "tools"})),
            ModelCard(name=EMBEDDER, host=HOST, context_length=2048, capabilities=frozenset({"embedding"})),
        ]
        self.router = ZetaDynamicRouter(cards, clock=self.clock, rng=7)
        self.router.subscribe(self.events.append)

    def outcome(self, decision: Decision, *, prompt: int = 200, output: int = 120) -> Outcome:
        """Return how a call on a model goes now."""
        fate = self.failing.get(decision.model, Fate.ok)
        if fate is not Fate.ok:
            return Outcome(fate=fate, timings=Timings(total=0.1), error="it failed")
        per_token = SECONDS_PER_TOKEN[decision.model] * self.slow.get(decision.model, 1.0)
        prefill, decode = prompt * per_token / 20, (output - 1) * per_token
        return Outcome(
            fate=Fate.ok,
            timings=Timings(wait=0.0, load=0.004, prefill=prefill, decode=decode, total=0.004 + prefill + decode),
            prompt_tokens=prompt,
            output_tokens=output,
            done_reason="stop",
        )

    def serve(self, request: Request, *, gap: float = 1.0) -> Decision:
        """Serve one request to its end, then let `gap` seconds pass; return the decision that answered it."""
        attempts = self.router.plan(request)
        for attempt in attempts:
            with attempt:
                outcome = self.outcome(attempt.decision)
                self.clock.now += outcome.timings.total or 0.0
                attempt.settle(outcome)
            if outcome.fate is Fate.ok:
                self.served.append(attempt.decision)
        self.clock.now += gap
        if not attempts.made or (attempts.failures and len(attempts.failures) == len(attempts.made)):
            raise attempts.error()
        return attempts.made[-1].decision

    def serve_code(self, times: int) -> list[str]:
        """Serve code requests, and return which model answered each."""
        return [self.serve(Request(text="def f(x): ...", task="code", prompt_tokens=200)).model for _ in range(times)]

    def seen(self, kind: Callable[..., Event] | type[Event]) -> list[Event]:
        """Return the events of one kind, in order."""
        return [event for event in self.events if type(event) is kind]
