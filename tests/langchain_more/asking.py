"""Four ways to ask a runnable; what a stream brings is added up."""

from __future__ import annotations

import asyncio
from typing import Any

MODES = ["invoke", "ainvoke", "stream", "astream"]
TWO = ["sync", "async"]


def ask(runnable: Any, mode: str, asked: Any, config: Any = None) -> Any:
    """Ask in one of the four modes."""
    if mode == "invoke":
        return runnable.invoke(asked, config)
    if mode == "ainvoke":
        return asyncio.run(runnable.ainvoke(asked, config))
    parts = list(runnable.stream(asked, config)) if mode == "stream" else asyncio.run(_all(runnable, asked, config))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


async def _all(runnable: Any, asked: Any, config: Any) -> list[Any]:
    return [part async for part in runnable.astream(asked, config)]
