"""The four ways to wait for a call: whole or in parts, blocking or awaited. The thinking is in `call.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import Any, Protocol

from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config

from zeta_langchain.call import Call
from zeta_langchain.kinds import Kind
from zeta_langchain.tracing import Trace
from zeta_langchain.turn import Turn
from zeta_router.ollama import is_closed_loop

GENERATORS = 10
"""Turns of the event loop in which dropped generators close: five stand between `ChatOllama` and its connection."""


END = object()
"""Comes after the last part."""


class Asked(Protocol):
    """Whoever makes a call out of what a caller asks."""

    rate_limiter: BaseRateLimiter | None
    """Asked before a model is picked, so that no model is blamed for the wait."""

    def call(self, asked: Any, config: RunnableConfig, kwargs: dict[str, Any], kind: Kind | None) -> Call:
        """Return the call that a caller's input, config and keywords make."""
        ...

    def get_name(self) -> str:
        """Return the name of the call in traces."""
        ...


def answer(
    llm: Asked, asked: Any, config: RunnableConfig | None, kwargs: dict[str, Any], kind: Kind | None = None
) -> Any:
    """Return the first answer that can be used.

    Args:
        llm: Makes the call.
        asked: The caller's input.
        config: The caller's; what it lacks comes from the surrounding run.
        kwargs: The caller's keywords.
        kind: How to ask; None for a message.
    """
    config = ensure_config(config)
    with Trace(llm, config, asked) as trace:
        if llm.rate_limiter is not None:
            llm.rate_limiter.acquire(blocking=True)
        call = llm.call(asked, config, kwargs, kind)
        for turn in call.turns(trace, whole=True):
            with turn:
                trace.output = turn.answered(turn.runnable.invoke(call.prompt, turn.config, **turn.kwargs))
                return trace.output
        trace.output = call.give_up()[-1]
        return trace.output


async def aanswer(
    llm: Asked, asked: Any, config: RunnableConfig | None, kwargs: dict[str, Any], kind: Kind | None = None
) -> Any:
    """Do what `answer` does, awaited."""
    config = ensure_config(config)
    async with Trace(llm, config, asked) as trace:
        if llm.rate_limiter is not None:
            await llm.rate_limiter.aacquire(blocking=True)
        call = llm.call(asked, config, kwargs, kind)
        for turn in call.turns(trace, whole=True):
            with turn:
                try:
                    whole = await _ask(call, turn)
                except Exception:
                    await let_close()
                    raise
                trace.output = turn.answered(whole)
                return trace.output
        trace.output = call.give_up()[-1]
        return trace.output


def parts(
    llm: Asked, asked: Any, config: RunnableConfig | None, kwargs: dict[str, Any], kind: Kind | None = None
) -> Generator[Any, None, None]:
    """Yield the parts of the first answer that shows something. Closing it closes the connection."""
    config = ensure_config(config)
    with Trace(llm, config, asked) as trace:
        if llm.rate_limiter is not None:
            llm.rate_limiter.acquire(blocking=True)
        call = llm.call(asked, config, kwargs, kind)
        for turn in call.turns(trace, whole=False):
            with turn:
                with closing(turn.parts()) as coming:
                    for part in coming:
                        yield from turn.passing(part)
                rest = turn.ended()
                trace.output = call.message
                yield from rest
                return
        yield from call.give_up()


async def aparts(
    llm: Asked, asked: Any, config: RunnableConfig | None, kwargs: dict[str, Any], kind: Kind | None = None
) -> AsyncGenerator[Any, None]:
    """Do what `parts` does, awaited. Cancelling it closes the connection, too."""
    config = ensure_config(config)
    async with Trace(llm, config, asked) as trace:
        if llm.rate_limiter is not None:
            await llm.rate_limiter.aacquire(blocking=True)
        call = llm.call(asked, config, kwargs, kind)
        for turn in call.turns(trace, whole=False):
            with turn:
                try:
                    async with aclosing(_parts_of(turn)) as coming:
                        async for part in coming:
                            for shown in turn.passing(part):
                                yield shown
                except (Exception, GeneratorExit):
                    await let_close()
                    raise
                rest = turn.ended()
                trace.output = call.message
                for shown in rest:
                    yield shown
                return
        for shown in call.give_up():
            yield shown


async def let_close() -> None:
    """Let what a child has dropped end.

    A generator that is dropped is closed by a task of its own, and what it had dropped by the next. Left to themselves,
    they may find the event loop ended, and the server would go on writing.
    """
    for _ in range(GENERATORS):
        await asyncio.sleep(0)


async def _ask(call: Call, turn: Turn) -> Any:
    with turn.alarm():
        try:
            return await turn.runnable.ainvoke(call.prompt, turn.config, **turn.kwargs)
        except RuntimeError as error:
            if not is_closed_loop(error):
                raise
            # A client of the user's kept a connection of an event loop that has ended. It has let go of it now.
            return await turn.runnable.ainvoke(call.prompt, turn.config, **turn.kwargs)


async def _parts_of(turn: Turn) -> AsyncGenerator[Any, None]:
    """Yield the parts of one child's answer, and ask it again as `_ask` does."""
    began = False
    try:
        async with aclosing(_in_time(turn)) as coming:
            async for part in coming:
                began = True
                yield part
        return
    except RuntimeError as error:
        if began or not is_closed_loop(error):
            raise
    async with aclosing(_in_time(turn)) as coming:
        async for part in coming:
            yield part


def _in_time(turn: Turn) -> AsyncGenerator[Any, None]:
    return _until_deadline(turn) if turn.has_deadline else turn.aparts()


async def _until_deadline(turn: Turn) -> AsyncGenerator[Any, None]:
    async with aclosing(turn.aparts()) as coming:
        while True:
            with turn.alarm():  # set anew for each part: the reader may read each one in another task
                part = await anext(coming, END)
            if part is END:
                return
            yield part
