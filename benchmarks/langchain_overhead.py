"""What `ChatZeta` adds to a call, over a chat model that answers at once.

    python benchmarks/langchain_overhead.py [--json]

Medians over interleaved rounds of one process, in µs; beside LangChain's own `with_fallbacks` and `RunnableBranch`.
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

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableBranch

from zeta_langchain import ChatZeta

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


def timed(call: Callable[[], Any]) -> float:
    """Return the µs of one call, as the mean of some."""
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) / CALLS * 1e6


async def atimed(call: Callable[[], Awaitable[Any]]) -> float:
    """Return the µs of one awaited call, as the mean of some."""
    began = time.perf_counter()
    for _ in range(CALLS):
        await call()
    return (time.perf_counter() - began) / CALLS * 1e6


def measured() -> dict[str, float]:
    """Return median µs by what was called."""
    first, second = Instant(model="first:7b"), Instant(model="second:3b")
    targets: dict[str, Any] = {
        "child": first,
        "ChatZeta": ChatZeta([first, second]),
        "with_fallbacks": first.with_fallbacks([second]),
        "RunnableBranch": RunnableBranch((lambda _: False, second), (lambda _: False, second), first),
    }
    times: dict[str, list[float]] = {}
    for target in targets.values():
        for _ in range(300):
            target.invoke("hello")
    gc.disable()
    for _ in range(ROUNDS):
        for name, target in targets.items():
            times.setdefault(f"{name}.invoke", []).append(timed(lambda t=target: t.invoke("hello")))  # type: ignore[misc]
            times.setdefault(f"{name}.stream", []).append(timed(lambda t=target: list(t.stream("hello"))))  # type: ignore[misc]

    async def awaited() -> None:
        for _ in range(ROUNDS):
            for name, target in targets.items():
                spent = await atimed(lambda t=target: t.ainvoke("hello"))  # type: ignore[misc]
                times.setdefault(f"{name}.ainvoke", []).append(spent)

    asyncio.run(awaited())
    gc.enable()
    return {name: round(median(values), 1) for name, values in times.items()}


def main() -> None:
    """Measure, and print what each adds."""
    medians = measured()
    if "--json" in sys.argv:
        print(json.dumps(medians))
        return
    for how, bound in BOUNDS.items():
        base = medians[f"child.{how}"]
        print(f"{how}: child {base:.0f} µs")
        for name in ("ChatZeta", "with_fallbacks", "RunnableBranch"):
            added = medians[f"{name}.{how}"] - base
            print(f"  {name:15} {added:+7.1f} µs" + (f"   (bound {bound:.0f})" if name == "ChatZeta" else ""))


if __name__ == "__main__":
    main()
