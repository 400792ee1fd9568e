"""How well the quality signals do: precision and recall on the cases of the tests, their time, and what they are for.

Run: `python -m benchmarks.quality_signals`. The race at the end is simulated: two models that are equally fast, the
worse one believed to be better at first, and nobody who says how good an answer is.
"""

from __future__ import annotations

from random import Random
from statistics import median
from time import perf_counter_ns

from tests.signals.cases import CASES
from zeta_router import Fate, ModelCard, Outcome, Request, Timings, ZetaDynamicRouter
from zeta_router.signals import SIGNALS, Answer, judge

FAULTY = {"worse:7b": 0.25, "better:7b": 0.05}
"""Share of a model's answers that show a fault."""
CALLS = 1_000
SEEDS = 20


def cases() -> None:
    """Print precision and recall per signal."""
    for signal in SIGNALS:
        found = {c.name for c in CASES if (score := signal.look(c.answer)) is not None and score < 0.5}
        true = {c.name for c in CASES if signal.name in c.faults}
        right = len(found & true)
        print(
            f"{signal.name:11} {len(CASES)} cases, {len(true):2} faults: precision {right}/{len(found)} "
            f"= {right / len(found):.2f}, recall {right}/{len(true)} = {right / len(true):.2f}"
        )


def times() -> None:
    """Print what looking at an answer costs."""
    code = "Here:\n\n```python\n" + "def f(x):\n    return x + 1\n\n" * 20 + "```\n"
    for name, answer in {
        "a sentence": Answer(text="The capital of Australia is Canberra."),
        "2,000 characters": Answer(text="Every word of this sentence is different from others. " * 2 + "x y z " * 310),
        "code, 600 characters": Answer(text=code),
        "a tool call": Answer(tool_calls=[{"name": "f", "args": {"x": 1}}], tools={"f": {"type": "object"}}),
    }.items():
        took = []
        for _ in range(300):
            began = perf_counter_ns()
            judge(answer)
            took.append(perf_counter_ns() - began)
        print(f"judging {name:22} {median(took) / 1000:7.1f} µs")


def race(seed: int) -> tuple[int | None, float]:
    """Return after how many calls nine in ten go to the better model (over 20), and its share of the last hundred."""
    rng, now = Random(seed), [0.0]
    quality = {"worse:7b": 0.72, "better:7b": 0.66}
    cards = [
        ModelCard(name=n, parameter_count=7_000_000_000, quality=dict.fromkeys(("qa",), q)) for n, q in quality.items()
    ]
    router = ZetaDynamicRouter(cards, clock=lambda: now[0], rng=seed)
    picked: list[bool] = []
    for _ in range(CALLS):
        now[0] += 10.0
        for attempt in router.plan(Request(text="Who wrote Faust?", task="qa", prompt_tokens=50)):
            with attempt:
                now[0] += 2.0
                attempt.settle(Outcome(fate=Fate.ok, timings=Timings(total=2.0), output_tokens=100))
            model = attempt.decision.model
            text = "I cannot answer that." if rng.random() < FAULTY[model] else "Johann Wolfgang von Goethe wrote it."
            router.observe_answer(attempt.decision.id, Answer(text=text))
            picked.append(model == "better:7b")
    found = next((i for i in range(CALLS - 20) if sum(picked[i : i + 20]) >= 18), None)
    return found, sum(picked[-100:]) / 100


if __name__ == "__main__":
    cases()
    times()
    runs = [race(seed) for seed in range(SEEDS)]
    found = sorted(calls if calls is not None else CALLS for calls, _ in runs)
    print(
        f"signals only (simulated; faults {FAULTY}): the better model has nine in ten calls after {found[SEEDS // 2]} "
        f"(median of {SEEDS} seeds; 90th percentile {found[int(0.9 * SEEDS)]}), and of the last hundred "
        f"{sum(share for _, share in runs) / SEEDS:.0%}"
    )
