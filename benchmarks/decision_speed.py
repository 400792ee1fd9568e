"""What a decision costs, with learned state: quiet, with attempts in flight, and while it learns between decisions.

    python benchmarks/decision_speed.py [--outcomes 1000000] [--against-litellm]

Prints the median and the 99th percentile of `Dispatcher.decide` (who can serve, what each would cost, the decision with
its reason) in microseconds of CPU time, and how that and the size of the learned state are after many outcomes of a
fleet whose models come and go.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from random import Random
from statistics import median, quantiles

from zeta_router import Fate, ModelCard, Outcome, Request, TaskGuess, Timings, ZetaDynamicRouter

ROUNDS = 5_000
TASKS = ("code", "chat", "reasoning", "extract")
HOST = "http://127.0.0.1:11434"


class Clock:
    """Virtual seconds since the epoch."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the present."""
        return self.now


def request_of(task: str, rng: Random) -> Request:
    """Return a request of the usual kind."""
    return Request(text="x", task=task, prompt_tokens=rng.randrange(50, 2_000), session=f"s{rng.randrange(5)}")


def serve(router: ZetaDynamicRouter, clock: Clock, rng: Random, *, model: str | None = None) -> str:
    """Serve one request to its end in virtual time; return the decision's id."""
    request = request_of(rng.choice(TASKS), rng)
    attempt = next(iter(router.plan(request, model=model)))
    with attempt:
        billions = 3 + sum(attempt.decision.model.encode()) % 12
        output = rng.randrange(10, 400)
        prefill, decode = request.tokens * billions / 2e4, output * billions / 400
        total = prefill + decode + 0.01
        clock.now += total
        timings = Timings(wait=0.0, load=0.005, prefill=prefill, decode=decode, total=total)
        attempt.settle(
            Outcome(fate=Fate.ok, timings=timings, prompt_tokens=request.tokens, output_tokens=output)
            if rng.random() > 0.01
            else Outcome(fate=Fate.error, timings=Timings(total=0.1))
        )
    clock.now += 1.0
    return attempt.decision.id


def learned_router(models: int, *, hosts: int = 1) -> tuple[ZetaDynamicRouter, Clock]:
    """Return a router whose every model has answered twenty times, some of them judged."""
    clock, rng = Clock(), Random(1)
    cards = [
        ModelCard(name=f"model-{i}:{3 + i % 12}b", host=f"http://h{i % hosts}:11434", context_length=8192)
        for i in range(models)
    ]
    router = ZetaDynamicRouter(cards, rng=1, clock=clock)
    for card in cards:
        for count in range(20):
            decision_id = serve(router, clock, rng, model=card.name)
            if count % 5 == 0:
                router.feedback(decision_id, float(rng.random() < 0.7))
    return router, clock


def measure(decide: Callable[[], object], between: Callable[[], object] = lambda: None) -> tuple[float, float]:
    """Return median and p99 of the microseconds that one decision takes."""
    times = []
    for _ in range(ROUNDS):
        between()
        began = time.thread_time_ns()
        decide()
        times.append((time.thread_time_ns() - began) / 1e3)
    return median(times), quantiles(times, n=100)[98]


def show(title: str, figures: tuple[float, float]) -> None:
    """Print one line."""
    print(f"{title:42} median {figures[0]:6.1f} µs   p99 {figures[1]:6.1f} µs")


def by_fleet() -> None:
    """Print what a decision costs by the number of candidates and by what goes on beside."""
    request, guess, rng = (
        Request(text="def f(x): ...", task="code", prompt_tokens=400),
        TaskGuess.told("code"),
        Random(2),
    )
    for models in (3, 8, 50):
        router, clock = learned_router(models)
        decide = partial(router._dispatcher.decide, request, guess)
        show(f"{models} candidates, quiet", measure(decide))
        show(f"{models} candidates, learning in between", measure(decide, partial(serve, router, clock, rng)))
        with ExitStack() as stack:
            for _ in range(12):
                stack.enter_context(next(iter(router.plan(request))))
            show(f"{models} candidates, 12 attempts in flight", measure(decide))


def size_of(thing: object, seen: set[int]) -> int:
    """Return the bytes of an object and of all it holds."""
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    total = sys.getsizeof(thing)
    if isinstance(thing, dict):
        total += sum(size_of(key, seen) + size_of(value, seen) for key, value in thing.items())
    elif isinstance(thing, (list, tuple, set, frozenset)) or type(thing).__name__ in ("deque", "OrderedDict"):
        total += sum(size_of(part, seen) for part in thing)  # type: ignore[attr-defined]
    else:
        names = [n for kind in type(thing).__mro__ for n in getattr(kind, "__slots__", ()) if isinstance(n, str)]
        parts = [getattr(thing, name) for name in names if hasattr(thing, name)]
        total += sum(size_of(part, seen) for part in (*parts, *getattr(thing, "__dict__", {}).values()))
    return total


def over_time(outcomes: int) -> None:
    """Print time and size of the learned state after a thousand outcomes and after many; models come and go."""
    router, clock = learned_router(8)
    dispatcher, rng = router._dispatcher, Random(3)
    request, guess = Request(text="def f(x): ...", task="code", prompt_tokens=400), TaskGuess.told("code")
    done = 0
    for goal in (1_000, outcomes):
        while done < goal:
            decision_id = serve(router, clock, rng)
            done += 1
            if done % 5 == 0:
                router.feedback(decision_id, float(rng.random() < 0.7))
            if done % 500 == 0:  # somebody pulls another model, and throws it away again
                router.join(ModelCard(name=f"visitor-{done}:7b", host=HOST, context_length=8192))
            if done % 500 == 250 and done > 500:
                router.leave(f"visitor-{done - 250}:7b")
        kilobytes = size_of(dispatcher.policy, set()) / 1024
        show(f"after {done} outcomes ({kilobytes:.0f} kB learned)", measure(lambda: dispatcher.decide(request, guess)))


def against_litellm() -> None:
    """Print what LiteLLM's latency-based strategy takes to pick one of 8 deployments, in this run."""
    try:
        from litellm.router import Router
    except ModuleNotFoundError:
        sys.exit("litellm is not installed: pip install litellm")
    deployment = {"model_name": "any", "litellm_params": {"model": "ollama/m", "api_base": HOST}}
    router = Router(
        model_list=[{**deployment, "model_info": {"id": str(i)}} for i in range(8)],
        routing_strategy="latency-based-routing",
    )
    messages = [{"role": "user", "content": "def f(x): ..."}]
    show("LiteLLM, latency-based, 8 deployments", measure(lambda: router.get_available_deployment("any", messages)))


def main() -> None:
    """Print all figures in one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=20_000, help="for the state that has seen much")
    parser.add_argument("--against-litellm", action="store_true", help="compare with litellm.Router")
    asked = parser.parse_args()
    by_fleet()
    over_time(asked.outcomes)
    if asked.against_litellm:
        against_litellm()


if __name__ == "__main__":
    main()
