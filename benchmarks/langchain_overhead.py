"""What `ChatZeta` adds to a call, over a chat model that answers at once.

    python benchmarks/langchain_overhead.py [--json | --where]

Each round asks all of them, one after the other, some calls each. Told is the median, over the rounds, of what the
median call of each took more than the child's in its own round, in µs. `first` is the same of the first call of each
round: it finds the processor's caches full of what the others did, as a call that comes alone does. Beside `ChatZeta`
stand LangChain's own `with_fallbacks` and `RunnableBranch`, the router alone, which decides, counts and learns without
any chat model, and `ChatZeta` without a router. Nobody watches these calls. Then `ChatZeta` asks its child for less
than the child's own `invoke` does, and may add less than nothing; where it is watched, by a callback handler that does
nothing, it cannot. `--where` tells where the time of one `invoke` goes.

All is CPU time of this thread, what a call takes on an idle machine: nothing here waits. A busy machine still stretches
it, since caches are shared; the quartiles of the child tell by how much.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from statistics import median, quantiles
from typing import Any, NamedTuple, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableBranch
from langchain_core.runnables.config import ensure_config

from zeta_langchain import ChatZeta
from zeta_langchain.answers import judged, outcome_of
from zeta_langchain.call import Call
from zeta_langchain.kinds import PLAIN
from zeta_langchain.messages import request_of
from zeta_langchain.metadata import stamp_of
from zeta_langchain.tracing import Trace
from zeta_router import Fate, Outcome, Request, Timings, ZetaDynamicRouter

ROUNDS, CALLS = 60, 25
BOUNDS = {"invoke": 60.0, "ainvoke": 80.0, "stream": 70.0}
USAGE: Any = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


class Instant(BaseChatModel):
    """Answers at once, in four chunks where it is streamed."""

    model: str = "instant"

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("four", usage_metadata=USAGE))])

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return self._generate(messages)

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        for word in ("one ", "two ", "three ", "four"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


class Watcher(BaseCallbackHandler):
    """Hears of everything, and does nothing."""

    run_inline = True


class Streaming(Instant):
    """Streams inside its whole answers, as `ChatOllama` does: their first token is worth a callback handler."""

    streaming: bool = True


class Spent(NamedTuple):
    """The µs of some calls, one after the other."""

    first: float
    middle: float

    @classmethod
    def of(cls, took: list[float]) -> Spent:
        """Return what seconds of single calls come to."""
        return cls(took[0] * 1e6, median(took) * 1e6)


def timed(call: Callable[[], Any]) -> Spent:
    """Return what some calls took, each timed alone."""
    took = []
    for _ in range(CALLS):
        began = time.thread_time()
        call()
        took.append(time.thread_time() - began)
    return Spent.of(took)


async def atimed(call: Callable[[], Awaitable[Any]]) -> Spent:
    """Return what some awaited calls took, each timed alone."""
    took = []
    for _ in range(CALLS):
        began = time.thread_time()
        await call()
        took.append(time.thread_time() - began)
    return Spent.of(took)


class Decided:
    """In place of a router: one attempt that was decided once, and learns nothing. What is left is the adapter."""

    outcome = deadline_left = first_token_after = None
    elapsed = 0.0

    def __init__(self, router: ZetaDynamicRouter) -> None:
        self.cards = router.cards
        self.decision = next(iter(router.plan(Request(text="hello")))).decision
        self.made = (self,)

    def plan(self, request: Request, **keywords: Any) -> Decided:
        """Return the one attempt."""
        return self

    def __iter__(self) -> Iterator[Decided]:
        yield self

    def __enter__(self) -> Decided:
        return self

    def __exit__(self, *error: object) -> None: ...

    def first_token(self) -> None:
        """Do nothing."""

    def settle(self, outcome: Outcome) -> None:
        """Do nothing."""

    def observe(self, *args: Any, **keywords: Any) -> None:
        """Do nothing."""


def routed(router: ZetaDynamicRouter) -> None:
    """Decide, count in and out, and learn: what the router does for one call."""
    for attempt in router.plan(Request(text="hello", prompt_tokens=6)):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok, timings=Timings(total=attempt.elapsed), output_tokens=4))


def where() -> dict[str, float]:
    """Return the median µs of each piece of one `invoke`, in the order in which they come."""
    llm = ChatZeta([Instant(model="first:7b"), Instant(model="second:3b")])
    pieces: dict[str, list[float]] = {}
    began = 0.0

    def note(piece: str) -> None:
        nonlocal began
        pieces.setdefault(piece, []).append((time.thread_time() - began) * 1e6)
        began = time.thread_time()

    for _ in range(3000):
        began = time.thread_time()
        config = ensure_config(None)
        with Trace(llm, config, "hello") as trace:
            note("adapter: config, who watches")
            prompt = llm._convert_input("hello")
            messages = prompt.to_messages()
            request = request_of(messages, configurable=config["configurable"])
            note("adapter: request")
            attempts = llm.router.plan(request)
            note("router: task, who is able")
            call = Call(lambda made=attempts: made, llm._children_now().get, PLAIN, prompt, messages, config, {})
            note("adapter: call")
            ready = iter(attempts)
            attempt = next(ready)
            note("router: decide")
            call.attempts = cast(Any, [attempt])
            for turn in call.turns(trace, whole=True):
                note("adapter: turn")
                with turn:
                    note("router: begin")
                    message = turn.runnable.invoke(call.prompt, turn.config, **turn.kwargs)
                    note("(the child)")
                    outcome = judged(
                        outcome_of(message, attempt, from_ollama=False, two_pass=False), message, (), shown=False
                    )
                    note("adapter: judge")
                    attempt.settle(outcome)
                    note("router: learn")
                    PLAIN.stamped(message, stamp_of(attempts.made))
                    note("adapter: stamp")
    return {piece: round(median(values[500:]), 1) for piece, values in pieces.items()}


def measured() -> dict[str, list[Spent]]:
    """Return what was spent, in each round, by what was called."""
    first, second = Instant(model="first:7b"), Instant(model="second:3b")
    zeta = ChatZeta([first, second])
    watched: Any = {"callbacks": [Watcher()]}
    targets: dict[str, Any] = {
        "child": first,
        "child, streaming": Streaming(model="third:7b"),
        "child, watched": first.with_config(watched),
        "ChatZeta": zeta,
        "ChatZeta, no router": zeta.model_copy(update={"router": Decided(zeta.router)}),
        "ChatZeta, streaming": ChatZeta([Streaming(model="first:7b"), Streaming(model="second:3b")]),
        "ChatZeta, watched": zeta.with_config(watched),
        "with_fallbacks": first.with_fallbacks([second]),
        "with_fallbacks, watched": first.with_fallbacks([second]).with_config(watched),
        "RunnableBranch": RunnableBranch((lambda _: False, second), (lambda _: False, second), first),
    }
    times: dict[str, list[Spent]] = {}
    for target in targets.values():
        for _ in range(300):
            target.invoke("hello")
    gc.disable()
    for _ in range(ROUNDS):
        for name, target in targets.items():
            times.setdefault(f"{name}.invoke", []).append(timed(lambda t=target: t.invoke("hello")))  # type: ignore[misc]
            times.setdefault(f"{name}.stream", []).append(timed(lambda t=target: list(t.stream("hello"))))  # type: ignore[misc]
        times.setdefault("router", []).append(timed(lambda: routed(zeta.router)))

    async def awaited() -> None:
        for _ in range(ROUNDS):
            for name, target in targets.items():
                spent = await atimed(lambda t=target: t.ainvoke("hello"))  # type: ignore[misc]
                times.setdefault(f"{name}.ainvoke", []).append(spent)

    asyncio.run(awaited())
    gc.enable()
    return times


def added(times: Mapping[str, list[Spent]], name: str, how: str) -> Spent:
    """Return the median µs that a target took more than its child in the same round."""
    kind = name.partition(", ")[2]
    child = f"child, {kind}" if kind in ("streaming", "watched") else "child"
    pairs = list(zip(times[f"{name}.{how}"], times[f"{child}.{how}"], strict=True))
    return Spent(*(median(more[i] - base[i] for more, base in pairs) for i in range(2)))


def main() -> None:
    """Measure, and print what each adds."""
    if "--where" in sys.argv:
        for piece, spent in where().items():
            print(f"{piece:32} {spent:6.1f} µs")
        return
    times = measured()
    if "--json" in sys.argv:
        print(json.dumps({name: round(median(spent.middle for spent in rounds), 1) for name, rounds in times.items()}))
        return
    print(f"the router alone: {median(spent.middle for spent in times['router']):.0f} µs")
    names = [name.removesuffix(".invoke") for name in times if name.endswith(".invoke")]
    for how, bound in BOUNDS.items():
        low, middle, high = quantiles([spent.middle for spent in times[f"child.{how}"]], n=4)
        print(f"{how}: child {middle:.0f} µs ({low:.0f} to {high:.0f})")
        for name in names:
            if not name.startswith("child"):
                told = f"   (bound {bound:.0f})" if name == "ChatZeta" else ""
                first, middle = added(times, name, how)
                print(f"  {name:24} {middle:+7.1f} µs, first {first:+7.1f}{told}")


if __name__ == "__main__":
    main()
