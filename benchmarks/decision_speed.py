"""Microseconds per decision: `python benchmarks/decision_speed.py`. Prints median and 99th percentile, in one run."""

from __future__ import annotations

import time
from statistics import median, quantiles

from zeta_router import Fate, ModelCard, Outcome, Request, TaskGuess, Timings, ZetaDynamicRouter

ROUNDS = 5_000


def learned_router(models: int) -> ZetaDynamicRouter:
    """Return a router whose every model has answered twenty times."""
    cards = [
        ModelCard(name=f"model-{i}:{3 + i % 12}b", host="http://127.0.0.1:11434", context_length=8192)
        for i in range(models)
    ]
    router = ZetaDynamicRouter(cards, rng=1)
    outcome = Outcome(
        fate=Fate.ok,
        timings=Timings(load=0.005, prefill=0.2, decode=2.0, total=2.3),
        prompt_tokens=400,
        output_tokens=120,
    )
    dispatcher = router._dispatcher
    for card in cards:
        for _ in range(20):
            decision = router.explain(Request(text="x", task="code", prompt_tokens=400))
            picked = next(s.candidate for s in decision.candidates if s.model == card.name)
            made = dispatcher.decide(
                Request(text="x", task="code", prompt_tokens=400),
                TaskGuess.told("code"),
                tried=[s.candidate.key for s in decision.candidates if s.candidate.key != picked.key],
            )
            assert made is not None
            number, _ = dispatcher.begin(made)
            dispatcher.end(made, number, outcome)
    return router


def measure(models: int) -> tuple[float, float]:
    """Return median and p99 of the seconds that one decision takes."""
    router = learned_router(models)
    request = Request(text="def f(x): ...", task="code", prompt_tokens=400)
    decide = router._dispatcher.decide
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        decide(request, TaskGuess.told("code"))
        times.append(time.perf_counter() - began)
    return median(times), quantiles(times, n=100)[98]


if __name__ == "__main__":
    for count in (3, 8, 50):
        middle, late = measure(count)
        print(f"{count:3d} candidates: median {middle * 1e6:6.1f} µs, p99 {late * 1e6:6.1f} µs")
