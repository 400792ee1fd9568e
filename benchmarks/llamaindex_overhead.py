"""What a call through `ZetaLLM` costs over the same call to its child: medians of one run, in microseconds.

    python benchmarks/llamaindex_overhead.py

The child answers at once, with the clocks that Ollama would report (invented ones), as every real child does; four
models are to choose from. Calls take turns, so that a slow moment of the machine hits all of them. The bounds are those
of the design.

`adapter_us` is what is left of `over_us` when the router is replaced by one that costs nothing; `router_us`, the rest,
is what deciding, counting and learning take in the midst of all the other code. The router alone in a tight loop, where
all it needs is at hand, takes less; it is printed first.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from statistics import median
from typing import Any

from llama_index.core.base.llms.types import ChatResponseGen
from llama_index.core.llms import ChatMessage, ChatResponse, MockFunctionCallingLLM
from llama_index.core.llms.callbacks import llm_chat_callback

from zeta_llamaindex import ZetaLLM
from zeta_router import Decision, Outcome, Request, ZetaDynamicRouter
from zeta_router.ollama import outcome_of

BOUNDS = {"chat": 40.0, "stream_chat": 45.0, "achat": 45.0}
"""Microseconds over the child."""

ROUNDS = 3_000
WARM_UP = 300
MESSAGES = [ChatMessage(role="user", content="Write a function that merges two sorted lists.")]


RAW = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 900_000_000,
    "load_duration": 20_000_000,
    "prompt_eval_count": 40,
    "prompt_eval_duration": 80_000_000,
    "eval_count": 120,
    "eval_duration": 800_000_000,
}
"""What an Ollama says of 120 tokens; nanoseconds. Invented."""

ANSWER = ChatMessage(role="assistant", content="def merge(a, b): ...")


class Child(MockFunctionCallingLLM):
    """Answers at once."""

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer."""
        return ChatResponse(message=ANSWER, raw=RAW)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer, awaited."""
        return ChatResponse(message=ANSWER, raw=RAW)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answer in one part."""

        def parts() -> ChatResponseGen:
            yield ChatResponse(message=ANSWER, delta=ANSWER.content, raw=RAW)

        return parts()


def children(count: int = 4) -> list[Child]:
    """Return children that answer at once."""
    return [Child(is_chat_model=True) for _ in range(count)]


def measured(*calls: Callable[[], Any]) -> list[float]:
    """Return the median microseconds of several ways to do the same, taking turns."""
    times: list[list[int]] = [[] for _ in calls]
    for number in range(WARM_UP + ROUNDS):
        for call, seen in zip(calls, times, strict=True):
            start = time.perf_counter_ns()
            call()
            if number >= WARM_UP:
                seen.append(time.perf_counter_ns() - start)
    return [median(seen) / 1e3 for seen in times]


async def ameasured(*calls: Callable[[], Awaitable[Any]]) -> list[float]:
    """Do what `measured` does, awaited."""
    times: list[list[int]] = [[] for _ in calls]
    for number in range(WARM_UP + ROUNDS):
        for call, seen in zip(calls, times, strict=True):
            start = time.perf_counter_ns()
            await call()
            if number >= WARM_UP:
                seen.append(time.perf_counter_ns() - start)
    return [median(seen) / 1e3 for seen in times]


class Free:
    """Stands for a router, and costs nothing: it plans the same attempt for every request."""

    def __init__(self, router: ZetaDynamicRouter) -> None:
        self._decision = next(iter(router.plan(Request(text="x")))).decision

    def plan(self, request: Request, *, model: str | None = None) -> Iterator[Any]:
        """Return one attempt."""
        return iter((FreeAttempt(self._decision),))


class FreeAttempt:
    """An attempt that tells nobody."""

    first_token_after = None
    elapsed = 0.001

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.outcome: Outcome | None = None

    def __enter__(self) -> FreeAttempt:
        return self

    def __exit__(self, *error: object) -> None: ...

    def first_token(self) -> None:
        """Note nothing."""

    def observe(self, answer: Any) -> None:
        """Nobody looks at the answer."""

    def settle(self, outcome: Outcome) -> None:
        """Keep it, as an attempt does."""
        self.outcome = outcome


def route(router: ZetaDynamicRouter, request: Request) -> None:
    """Plan, begin and settle one attempt: what the router itself takes of each call."""
    for attempt in router.plan(request):
        with attempt:
            attempt.settle(outcome_of(RAW, elapsed=0.001))


def main() -> None:
    """Measure, and print one object per method."""
    llms = children()
    child, zeta, free = llms[0], ZetaLLM(models=llms), ZetaLLM(models=llms)
    free.router = Free(free.router)
    request = Request(text=MESSAGES[0].content or "", needs=frozenset({"completion"}))
    (alone,) = measured(lambda: route(zeta.router, request))
    sys.stdout.write(json.dumps({"router_alone_us": round(alone, 1)}) + "\n")
    ways: dict[str, Callable[[], list[float]]] = {
        "chat": lambda: measured(*(lambda llm=llm: llm.chat(MESSAGES) for llm in (child, free, zeta))),
        "stream_chat": lambda: measured(
            *(lambda llm=llm: list(llm.stream_chat(MESSAGES)) for llm in (child, free, zeta))
        ),
        "achat": lambda: asyncio.run(ameasured(*(lambda llm=llm: llm.achat(MESSAGES) for llm in (child, free, zeta)))),
    }
    for method, measure in ways.items():
        plain, adapted, routed = measure()
        row = {
            "method": method,
            "child_us": round(plain, 1),
            "over_us": round(routed - plain, 1),
            "adapter_us": round(adapted - plain, 1),
            "router_us": round(routed - adapted, 1),
            "bound_us": BOUNDS[method],
            "kept": routed - plain <= BOUNDS[method],
        }
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
