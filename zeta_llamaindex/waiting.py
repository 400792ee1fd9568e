"""The four ways to wait for a call: `run`, `arun`, `stream`, `astream`. What they do meanwhile is in `delegation`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from functools import partial
from itertools import chain
from typing import Any, NoReturn, TypeVar

from zeta_llamaindex.delegation import ASKED_BY, Call, Turn

Answer = TypeVar("Answer")

END: Any = object()
"""What stands for the end of a stream."""


def run(call: Call[Answer], ask: Callable[[Any], Answer]) -> Answer:
    """Return the first whole answer.

    Raises:
        EveryAttemptFailed: No model answered; its cause is what the last one raised.
    """
    if call.rate_limiter is not None:
        call.rate_limiter.acquire()
    for turn in call.turns():
        with turn:
            ours = ASKED_BY.set(call.router)
            try:
                answer = ask(turn.llm())
            finally:
                ASKED_BY.reset(ours)
            return turn.answered(answer)
    raise call.error()


async def arun(call: Call[Answer], ask: Callable[[Any], Awaitable[Answer]]) -> Answer:
    """Do what `run` does, awaited."""
    if call.rate_limiter is not None:
        await call.rate_limiter.async_acquire()
    for turn in call.turns(asyncio.get_running_loop()):
        with turn:
            if turn.asks:
                await _prepare(turn.child)
            ours = ASKED_BY.set(call.router)
            try:
                answer = await ask(turn.llm())
            finally:
                ASKED_BY.reset(ours)
            return turn.answered(answer)
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
    return _flow(call, ask, first, _open(call, ask, first), turns)


def _flow(
    call: Call[Answer],
    ask: Callable[[Any], Iterator[Answer]],
    first: Turn[Answer],
    opened: Callable[[], Iterator[Answer]],
    others: Iterator[Turn[Answer]],
) -> Generator[Answer, None, None]:
    for turn in chain((first,), others):
        with turn:
            parts = (opened if turn is first else _open(call, ask, turn))()
            try:
                while (part := _next(call, parts)) is not END:
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
    return _aflow(call, ask, first, await _aopen(call, ask, first), turns)


async def _aflow(
    call: Call[Answer],
    ask: Callable[[Any], Awaitable[AsyncIterator[Answer]]],
    first: Turn[Answer],
    opened: Callable[[], AsyncIterator[Answer]],
    others: Iterator[Turn[Answer]],
) -> AsyncGenerator[Answer, None]:
    for turn in chain((first,), others):
        with turn:
            parts = opened() if turn is first else (await _aopen(call, ask, turn))()
            try:
                while (part := await _anext(call, parts)) is not END:
                    for ready in turn.passing(part):
                        yield ready
            finally:
                if isinstance(parts, AsyncGenerator):
                    await parts.aclose()
            turn.ended()
            return
    raise call.error()


def _open(
    call: Call[Answer], ask: Callable[[Any], Iterator[Answer]], turn: Turn[Answer]
) -> Callable[[], Iterator[Answer]]:
    """Ask now, and return what gives the parts, or raises what asking raised, later: when it can be settled."""
    ours = ASKED_BY.set(call.router)
    try:
        parts = ask(turn.llm())
    except Exception as error:
        return partial(_raise, error)
    finally:
        ASKED_BY.reset(ours)
    return lambda: parts


async def _aopen(
    call: Call[Answer], ask: Callable[[Any], Awaitable[AsyncIterator[Answer]]], turn: Turn[Answer]
) -> Callable[[], AsyncIterator[Answer]]:
    ours = ASKED_BY.set(call.router)
    try:
        if turn.asks:
            await _prepare(turn.child)
        parts = await ask(turn.llm())
    except Exception as error:
        return partial(_raise, error)
    finally:
        ASKED_BY.reset(ours)
    return lambda: parts


def _next(call: Call[Answer], parts: Iterator[Answer]) -> Answer | Any:
    """Return the next part, or `END`; some children ask a further LLM only when the first part is wanted."""
    ours = ASKED_BY.set(call.router)
    try:
        return next(parts, END)
    finally:
        ASKED_BY.reset(ours)


async def _anext(call: Call[Answer], parts: AsyncIterator[Answer]) -> Answer | Any:
    ours = ASKED_BY.set(call.router)
    try:
        return await anext(parts, END)
    finally:
        ASKED_BY.reset(ours)


def _raise(error: Exception) -> NoReturn:
    raise error


async def _prepare(llm: Any) -> None:
    """Let an `Ollama` that was given no context window ask its server for one in a thread, not in the event loop."""
    await asyncio.to_thread(llm.get_context_window)
