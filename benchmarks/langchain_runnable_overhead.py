"""What `ZetaRunnable` adds to a call, beside LangChain's own `with_fallbacks` and `RunnableBranch`.

    python benchmarks/langchain_runnable_overhead.py [--json]

Medians over interleaved rounds of one process, in µs, over a runnable that answers at once. `learned` picks between two
branches by what it learned, `declared` by a condition; for each the task is told.
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

from langchain_core.runnables import Runnable, RunnableBranch, RunnableConfig

from zeta_langchain import ZetaRunnable

ROUNDS, CALLS = 60, 25
BESIDE = "RunnableBranch"
"""What `ZetaRunnable` must not cost more than: it decides and learns in the time that this takes to ask."""


class Instant(Runnable[str, str]):
    """Answers at once, in four parts where it is streamed."""

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> str:
        """Answer."""
        return "four"

    async def ainvoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> str:
        """Answer."""
        return "four"

    def stream(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Answer in parts."""
        yield from ("one ", "two ", "three ", "four")


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
    one, other = Instant(), Instant()
    never = lambda _: False  # noqa: E731 - as people write conditions
    targets: dict[str, Any] = {
        "alone": one,
        "learned": ZetaRunnable({"one": one, "other": other}, task="bench"),
        "declared": ZetaRunnable.from_branches((never, other), (never, other), one, task="bench"),
        "with_fallbacks": one.with_fallbacks([other]),
        "RunnableBranch": RunnableBranch((never, other), (never, other), one),
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
    """Measure, and print what each adds; exit with 1 where `ZetaRunnable` adds more than `RunnableBranch`."""
    medians = measured()
    if "--json" in sys.argv:
        print(json.dumps(medians))
        return
    slower = False
    for how in ("invoke", "ainvoke", "stream"):
        alone = medians[f"alone.{how}"]
        print(f"{how}: alone {alone:.1f} µs")
        for name in ("learned", "declared", "with_fallbacks", "RunnableBranch"):
            added = medians[f"{name}.{how}"] - alone
            ratio = added / (medians[f"{BESIDE}.{how}"] - alone)
            slower = slower or (name in ("learned", "declared") and ratio > 1)
            print(f"  {name:15} {added:+7.1f} µs   {ratio:4.2f} of {BESIDE}")
    sys.exit(slower)


if __name__ == "__main__":
    main()
