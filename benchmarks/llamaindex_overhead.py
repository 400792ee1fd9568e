"""What a call through `ZetaLLM` costs over the same call to its child: medians of one run, in microseconds.

    python benchmarks/llamaindex_overhead.py

The child is a `MockFunctionCallingLLM`, which answers at once; four models are to choose from. Calls of both kinds take
turns, so that a slow moment of the machine hits both. The bounds are those of the design.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from llama_index.core.llms import ChatMessage, MockFunctionCallingLLM

from zeta_llamaindex import ZetaLLM
from zeta_router import Fate, Outcome, Request, Timings, ZetaDynamicRouter

BOUNDS = {"chat": 40.0, "stream_chat": 45.0, "achat": 45.0}
"""Microseconds over the child."""

ROUNDS = 3_000
WARM_UP = 300
MESSAGES = [ChatMessage(role="user", content="Write a function that merges two sorted lists.")]


def children(count: int = 4) -> list[MockFunctionCallingLLM]:
    """Return mocks that answer at once."""
    return [MockFunctionCallingLLM(is_chat_model=True) for _ in range(count)]


def measured(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float]:
    """Return the median microseconds of two ways to do the same, taking turns."""
    times: tuple[list[int], list[int]] = ([], [])
    for number in range(WARM_UP + ROUNDS):
        for call, seen in zip((one, other), times, strict=True):
            start = time.perf_counter_ns()
            call()
            if number >= WARM_UP:
                seen.append(time.perf_counter_ns() - start)
    return median(times[0]) / 1e3, median(times[1]) / 1e3


async def ameasured(one: Callable[[], Awaitable[Any]], other: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Do what `measured` does, awaited."""
    times: tuple[list[int], list[int]] = ([], [])
    for number in range(WARM_UP + ROUNDS):
        for call, seen in zip((one, other), times, strict=True):
            start = time.perf_counter_ns()
            await call()
            if number >= WARM_UP:
                seen.append(time.perf_counter_ns() - start)
    return median(times[0]) / 1e3, median(times[1]) / 1e3


def route(router: ZetaDynamicRouter, request: Request) -> None:
    """Plan, begin and settle one attempt: what the router itself takes of each call."""
    for attempt in router.plan(request):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok, timings=Timings(total=0.001)))


def main() -> None:
    """Measure, and print one object per method; `router_us` is the part of `over_us` that the router itself takes."""
    llms = children()
    child, zeta = llms[0], ZetaLLM(models=llms)
    request = Request(text=MESSAGES[0].content or "", needs=frozenset({"completion"}))
    gc.disable()
    _, router = measured(lambda: None, lambda: route(zeta.router, request))
    results = {
        "chat": measured(lambda: child.chat(MESSAGES), lambda: zeta.chat(MESSAGES)),
        "stream_chat": measured(lambda: list(child.stream_chat(MESSAGES)), lambda: list(zeta.stream_chat(MESSAGES))),
        "achat": asyncio.run(ameasured(lambda: child.achat(MESSAGES), lambda: zeta.achat(MESSAGES))),
    }
    for method, (alone, routed) in results.items():
        over = routed - alone
        row = {
            "method": method,
            "child_us": round(alone, 1),
            "zeta_us": round(routed, 1),
            "over_us": round(over, 1),
            "router_us": round(router, 1),
            "bound_us": BOUNDS[method],
            "kept": over <= BOUNDS[method],
        }
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
