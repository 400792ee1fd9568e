"""What a call through `ZetaLLM` costs over the same call to its child: medians of one run, in microseconds.

    python benchmarks/llamaindex_overhead.py

The child answers at once, with the clocks that Ollama would report (invented ones), as every real child does; four
models are to choose from. All ways to make a call take turns, and a difference is the median of the differences within
a round, so that a slow moment of the machine hits both sides. The bounds are those of the design.

Where nobody listens to LlamaIndex's events, a call of a `ZetaLLM` does not make them, and a child that is called
directly does: then `adapter_us` is negative. The rows with `listening` have a handler that does nothing: both sides
make all events.

`adapter_us` is what is left of `over_us` when the router is replaced by one that costs nothing; `router_us`, the rest,
is what deciding, counting, learning and looking at the answer take in the midst of all the other code.
`router_alone_us` is the same work in a loop of its own turn, without LlamaIndex and without the adapter.
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
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.llms import ChatMessage, ChatResponse, MockFunctionCallingLLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index_instrumentation import get_dispatcher

from zeta_llamaindex import ZetaLLM
from zeta_router import Decision, Outcome, Request, ZetaDynamicRouter
from zeta_router.ollama import outcome_of
from zeta_router.signals.answer import Answer

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

TEXT = "def merge(a, b): ..."
ANSWER = ChatMessage(role="assistant", content=TEXT)


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
            yield ChatResponse(message=ANSWER, delta=TEXT, raw=RAW)

        return parts()


def children(count: int = 4) -> list[Child]:
    """Return children that answer at once."""
    return [Child(is_chat_model=True) for _ in range(count)]


class Rounds:
    """Nanoseconds that several ways to do the same took, round by round."""

    def __init__(self, ways: int) -> None:
        self._seen: list[list[int]] = [[] for _ in range(ways)]

    def note(self, way: int, began: int) -> None:
        """Take the time since `began`."""
        self._seen[way].append(time.perf_counter_ns() - began)

    def median(self, way: int, over: int | None = None) -> float:
        """Return the median microseconds of a way, or of how much longer than another one it took."""
        seen = self._seen[way][WARM_UP:]
        if over is not None:
            seen = [mine - other for mine, other in zip(seen, self._seen[over][WARM_UP:], strict=True)]
        return round(median(seen) / 1e3, 1)


def measured(*calls: Callable[[], Any]) -> Rounds:
    """Make all calls in turn, round after round."""
    rounds = Rounds(len(calls))
    for _ in range(WARM_UP + ROUNDS):
        for way, call in enumerate(calls):
            began = time.perf_counter_ns()
            call()
            rounds.note(way, began)
    return rounds


async def ameasured(*calls: Callable[[], Awaitable[Any]]) -> Rounds:
    """Do what `measured` does, awaited."""
    rounds = Rounds(len(calls))
    for _ in range(WARM_UP + ROUNDS):
        for way, call in enumerate(calls):
            began = time.perf_counter_ns()
            await call()
            rounds.note(way, began)
    return rounds


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
    """Plan, begin, settle and look at one attempt: what the router itself does for each call."""
    for attempt in router.plan(request):
        with attempt:
            attempt.settle(outcome_of(RAW, elapsed=attempt.elapsed))
            attempt.observe(Answer(text=TEXT))


async def aroute(router: ZetaDynamicRouter, request: Request) -> None:
    """Do the same, where it is awaited."""
    route(router, request)


CHILD, FREE, ZETA, ROUTER = range(4)


class Listener(BaseEventHandler):
    """Hears every event, and does nothing."""

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Hear one."""


def compare(measures: dict[str, Callable[[], Rounds]], *, listening: bool) -> None:
    """Measure, and print one object per method."""
    for method, measure in measures.items():
        rounds = measure()
        over = rounds.median(ZETA, over=CHILD)
        row = {
            "method": method,
            "listening": listening,
            "child_us": rounds.median(CHILD),
            "over_us": over,
            "adapter_us": rounds.median(FREE, over=CHILD),
            "router_us": rounds.median(ZETA, over=FREE),
            "router_alone_us": rounds.median(ROUTER),
            "bound_us": BOUNDS[method],
            "kept": over <= BOUNDS[method],
        }
        sys.stdout.write(json.dumps(row) + "\n")


def main() -> None:
    """Measure every method where nobody listens, and where somebody does."""
    llms = children()
    child, free, zeta = llms[0], ZetaLLM(models=llms), ZetaLLM(models=llms)
    free.router = Free(free.router)
    router = ZetaDynamicRouter(zeta.router.cards)
    request = Request(text=MESSAGES[0].content or "")
    targets = (child, free, zeta)
    measures: dict[str, Callable[[], Rounds]] = {
        "chat": lambda: measured(
            *(lambda llm=llm: llm.chat(MESSAGES) for llm in targets), lambda: route(router, request)
        ),
        "stream_chat": lambda: measured(
            *(lambda llm=llm: list(llm.stream_chat(MESSAGES)) for llm in targets), lambda: route(router, request)
        ),
        "achat": lambda: asyncio.run(
            ameasured(*(lambda llm=llm: llm.achat(MESSAGES) for llm in targets), lambda: aroute(router, request))
        ),
    }
    compare(measures, listening=False)
    get_dispatcher().add_event_handler(Listener())
    compare(measures, listening=True)


if __name__ == "__main__":
    main()
