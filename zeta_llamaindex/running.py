"""A choice at work: in flight until its answer is there, streams included, and the next one after it if it fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse

from zeta_llamaindex.answers import described, fate_of
from zeta_llamaindex.choosing import Tries
from zeta_router.attempts import Attempt
from zeta_router.outcome import Fate, Outcome, Timings

Answer = TypeVar("Answer")

NOTHING_FOUND = (None, "", "Empty Response")
"""What LlamaIndex's synthesizers say where no node was found."""


class Running:
    """One choice at work, inside its `with` block; a stream that it has opened goes on after it.

    What a choice raises stays inside the block, so that the next one can be tried; cancellations leave it.
    """

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.useful = False
        """Whether its answer is worth having."""
        self.error: Exception | None = None
        self._streams = False

    def __enter__(self) -> Running:
        self.attempt.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._streams and error is None:
            return False
        if isinstance(error, Exception):
            self._failed(error)
        self.attempt.__exit__(kind, error, trace)
        return isinstance(error, Exception)

    def raised(self) -> Exception:
        """Return what the block has kept inside, for callers that have no other choice to try."""
        assert self.error is not None
        return self.error

    def ended(self, *, useful: bool) -> None:
        """Settle with an answer; one that is not useful counts as invalid, and the next choice is tried."""
        self.useful = useful
        fate, error = (Fate.ok, None) if useful else (Fate.invalid, "nothing of use in the answer")
        self.attempt.settle(Outcome(fate=fate, timings=self._timings, error=error))

    def opened(self, parts: Iterable[Any]) -> Iterator[Any]:
        """Return a stream that settles when it ends. Its first part is awaited here: then nobody else takes over."""
        told = self._told(parts)
        for first in told:
            self.useful = self._streams = True
            return _again(first, told)
        return iter(())

    async def aopened(self, parts: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Do what `opened` does, awaited."""
        told = self._atold(parts)
        async for first in told:
            self.useful = self._streams = True
            return _aagain(first, told)
        return _anothing()

    def _told(self, parts: Iterable[Any]) -> Iterator[Any]:
        said = False
        try:
            for part in parts:
                said = said or bool(part)
                self.attempt.first_token()
                yield part
        except BaseException as error:
            self._left(error)
            raise
        finally:
            if isinstance(parts, Generator):
                parts.close()
        self.ended(useful=said)
        self.attempt.__exit__(None, None, None)

    async def _atold(self, parts: AsyncIterator[Any]) -> AsyncIterator[Any]:
        said = False
        try:
            async for part in parts:
                said = said or bool(part)
                self.attempt.first_token()
                yield part
        except BaseException as error:
            self._left(error)
            raise
        finally:
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()
        self.ended(useful=said)
        self.attempt.__exit__(None, None, None)

    def _left(self, error: BaseException) -> None:
        if isinstance(error, Exception):
            self._failed(error)
        self.attempt.__exit__(type(error), error, None)

    def _failed(self, error: Exception) -> None:
        self.error = error
        if self.attempt.outcome is None:
            fate = fate_of(error, structured=False) or Fate.error
            self.attempt.settle(Outcome(fate=fate, timings=self._timings, error=described(error)))

    @property
    def _timings(self) -> Timings:
        return Timings(first_token=self.attempt.first_token_after, total=self.attempt.elapsed)


def run(tries: Tries, ask: Callable[[int], Answer]) -> tuple[Answer, Attempt]:
    """Return the first useful answer and its attempt; the first one of all where none is useful.

    Raises:
        EveryAttemptFailed: No choice has answered; its cause is what the last one raised.
    """
    spare: tuple[Answer, Attempt] | None = None
    last: Exception | None = None
    for attempt, number in tries:
        with Running(attempt) as running:
            answer = ask(number)
            if isinstance(answer, StreamingResponse) and answer.response_txt is None:
                answer.response_gen = running.opened(answer.response_gen)  # type: ignore[assignment]
            else:
                running.ended(useful=is_useful(answer))
            if running.useful:
                return answer, attempt
            spare = spare or (answer, attempt)
        last = running.error or last
    if spare is not None:
        return spare
    raise tries.error() from last


async def arun(tries: Tries, ask: Callable[[int], Awaitable[Answer]]) -> tuple[Answer, Attempt]:
    """Do what `run` does, awaited."""
    spare: tuple[Answer, Attempt] | None = None
    last: Exception | None = None
    for attempt, number in tries:
        with Running(attempt) as running:
            answer = await ask(number)
            if isinstance(answer, AsyncStreamingResponse) and answer.response_txt is None:
                answer.response_gen = await running.aopened(answer.response_gen)  # type: ignore[assignment]
            elif isinstance(answer, StreamingResponse) and answer.response_txt is None:
                answer.response_gen = running.opened(answer.response_gen)  # type: ignore[assignment]
            else:
                running.ended(useful=is_useful(answer))
            if running.useful:
                return answer, attempt
            spare = spare or (answer, attempt)
        last = running.error or last
    if spare is not None:
        return spare
    raise tries.error() from last


def is_useful(answer: object) -> bool:
    """Return whether there is anything in an answer: text of a response, nodes of a retriever."""
    if isinstance(answer, Response):
        return answer.response not in NOTHING_FOUND
    return bool(answer) if isinstance(answer, list) else answer is not None


def _again(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


async def _aagain(first: Any, others: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for part in others:
        yield part


async def _anothing() -> AsyncIterator[Any]:
    return
    yield
