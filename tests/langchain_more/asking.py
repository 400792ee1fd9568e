"""Four ways to ask a runnable; what a stream brings is added up."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

MODES = ["invoke", "ainvoke", "stream", "astream"]
TWO = ["sync", "async"]

needs_context = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="LangGraph hands no config to awaited nodes before Python 3.11"
)
TWO_IN_CONTEXT = ["sync", pytest.param("async", marks=needs_context)]
"""For agents whose steps must know the config of their run: callbacks, `configurable`, interrupts."""


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
