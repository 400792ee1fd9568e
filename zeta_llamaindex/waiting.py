"""The four ways to wait for a call: `run`, `arun`, `stream`, `astream`. What they do meanwhile is in `delegation`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from itertools import chain
from typing import Any, TypeVar

from zeta_llamaindex.asking import ASKING
from zeta_llamaindex.delegation import Call, Turn

Answer = TypeVar("Answer")

END: Any = object()
"""What stands for the end of a stream."""

NEXT: Callable[..., Any] = next
ANEXT: Callable[..., Awaitable[Any]] = anext


def run(call: Call[Answer], ask: Callable[[Any], Answer]) -> Answer:
    """Return the first whole answer.

    Raises:
        EveryAttemptFailed: No model answered; its cause is what the last one raised.
    """
    if call.rate_limiter is not None:
        call.rate_limiter.acquire()
    for turn in call.turns():
        with turn:
            return turn.answered(ASKING.by(call.router, ask, turn.llm()))
    raise call.error()


async def arun(call: Call[Answer], ask: Callable[[Any], Awaitable[Answer]]) -> Answer:
    """Do what `run` does, awaited."""
    if call.rate_limiter is not None:
        await call.rate_limiter.async_acquire()
    for turn in call.turns(asyncio.get_running_loop()):
        with turn:
            if turn.asks:
                await _prepare(turn)
            return turn.answered(await ASKING.aby(call.router, ask, turn.llm()))
    raise call.error()


def stream(call: Call[Answer], ask: Callable[[Any], Iterator[Answer]]) -> Generator[Answer, None, None]:
    """Return the parts of the first answer that has any.

    The first child is asked at once, so that its start event and its span come where the caller expects them. Children
    send nothing before their first part is asked for, and nothing is in flight before that.

    Raises:
        EveryAttemptFailed: While iterating: no model had a part.
        AnswerTruncated: While iterating: the answer ended early; all its parts were passed on.
    """
    if call.rate_limiter is not None:
        call.rate_limiter.acquire()
    turns = call.turns()
    first = next(turns, None)
    if first is None:
        raise call.error()
    try:
        opened = ASKING.by(call.router, ask, first.llm())
    except Exception as error:
        opened = _broken(error)
    return _flow(call, ask, opened, first, turns)


def _flow(
    call: Call[Answer],
    ask: Callable[[Any], Iterator[Answer]],
    opened: Iterator[Answer],
    first: Turn[Answer],
    others: Iterator[Turn[Answer]],
) -> Generator[Answer, None, None]:
    for turn in chain((first,), others):
        with turn:
            parts = opened if turn is first else ASKING.by(call.router, ask, turn.llm())
            try:
                while (part := ASKING.by(call.router, NEXT, parts, END)) is not END:
                    yield from turn.passing(part)
            finally:
                if isinstance(parts, Generator):
                    parts.close()
            turn.ended()
            return
    raise call.error()


async def astream(
    call: Call[Answer], ask: Callable[[Any], Awaitable[AsyncIterator[Answer]]]
) -> AsyncGenerator[Answer, None]:
    """Do what `stream` does, awaited once for the generator and then for each part."""
    if call.rate_limiter is not None:
        await call.rate_limiter.async_acquire()
    turns = call.turns(asyncio.get_running_loop())
    first = next(turns, None)
    if first is None:
        raise call.error()
    try:
        if first.asks:
            await _prepare(first)
        opened = await ASKING.aby(call.router, ask, first.llm())
    except Exception as error:
        opened = _abroken(error)
    return _aflow(call, ask, opened, first, turns)


async def _aflow(
    call: Call[Answer],
    ask: Callable[[Any], Awaitable[AsyncIterator[Answer]]],
    opened: AsyncIterator[Answer],
    first: Turn[Answer],
    others: Iterator[Turn[Answer]],
) -> AsyncGenerator[Answer, None]:
    for turn in chain((first,), others):
        with turn:
            if turn.asks:
                await _prepare(turn)
            parts = opened if turn is first else await ASKING.aby(call.router, ask, turn.llm())
            try:
                while (part := await ASKING.aby(call.router, ANEXT, parts, END)) is not END:
                    for ready in turn.passing(part):
                        yield ready
            finally:
                if isinstance(parts, AsyncGenerator):
                    await parts.aclose()
            turn.ended()
            return
    raise call.error()


async def _prepare(turn: Turn[Any]) -> None:
    """Let an `Ollama` that was given no context window ask its server for one in a thread, not in the event loop."""
    await asyncio.to_thread(turn.child.get_context_window)  # type: ignore[attr-defined]


def _broken(error: Exception) -> Iterator[Any]:
    """Return the stream of a child that failed before it had one: it raises when it is read, and can be settled."""
    raise error
    yield


async def _abroken(error: Exception) -> AsyncIterator[Any]:
    raise error
    yield
