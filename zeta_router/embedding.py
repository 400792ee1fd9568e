"""Texts to vectors on the best of several replicas: checked, batched, timed per token, and failed over."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import InvalidRequest, OllamaError, VectorsDoNotMix
from zeta_router.learning.observed import REAL_LOAD_S
from zeta_router.ollama import (
    Connection,
    Reply,
    adiscover,
    arun_embed,
    discover,
    fate_of,
    is_retryable,
    num_ctx_for,
    run_embed,
)
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.replicas import Replicas
from zeta_router.request import CHARACTERS_PER_TOKEN, Request

Vectors = list[list[float]]

BATCH = 64
"""Texts per request. Ollama embeds them one after another, so that larger ones gain nothing, and lose more when one
fails."""


def embed(
    replicas: Replicas, texts: Sequence[str], *, batch_size: int = BATCH, deadline: float | None = None
) -> Vectors:
    """Return one vector per text, in order.

    Batches run at the same time on as many hosts as there are replicas; each goes where it will be served first.

    Args:
        replicas: Where the model is.
        texts: May be empty.
        batch_size: Texts per request at most; fewer where they would not fit the model's context together.
        deadline: Seconds for each request.

    Raises:
        VectorsDoNotMix: A host has another version of the model.
        InvalidRequest: A text is no string.
        EveryAttemptFailed: No replica answered.
        OllamaError: The same, where there was one to ask; or it refuses what every other would refuse.
    """
    if not checked(texts):
        return []
    verify(replicas)
    batches = list(batched(texts, batch_size, replicas))
    workers = min(len(replicas.hosts), len(batches))
    if workers <= 1:
        return [vector for batch in batches for vector in _embed(replicas, batch, deadline)]
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_embed, replicas, batch, deadline) for batch in batches]
        try:
            return [vector for job in jobs for vector in job.result()]
        except BaseException:
            for job in jobs:
                job.cancel()
            raise


async def aembed(
    replicas: Replicas, texts: Sequence[str], *, batch_size: int = BATCH, deadline: float | None = None
) -> Vectors:
    """Do what `embed` does, without blocking the event loop. Cancelling it closes the connections."""
    if not checked(texts):
        return []
    await averify(replicas)
    at_once = asyncio.Semaphore(len(replicas.hosts))

    async def one(batch: list[str]) -> Vectors:
        async with at_once:
            return await _aembed(replicas, batch, deadline)

    jobs = [asyncio.ensure_future(one(batch)) for batch in batched(texts, batch_size, replicas)]
    try:
        return [vector for made in await asyncio.gather(*jobs) for vector in made]
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


def verify(replicas: Replicas) -> None:
    """Ask the hosts that are due which version of the model they have. Raises what `Replicas.seen` says."""
    due = replicas.due()
    if due:
        replicas.seen([(host, _shown(replicas.router.connections[host], replicas.model)) for host in due])


async def averify(replicas: Replicas) -> None:
    """Do what `verify` does, awaited, all hosts at once."""
    due = replicas.due()
    if due:
        connections = replicas.router.connections
        shown = await asyncio.gather(*(_ashown(connections[host], replicas.model) for host in due))
        replicas.seen(list(zip(due, shown, strict=True)))


def _shown(connection: Connection, model: str) -> Any:
    try:
        return discover(connection, only=model)
    except OllamaError as error:
        return error


async def _ashown(connection: Connection, model: str) -> Any:
    try:
        return await adiscover(connection, only=model)
    except OllamaError as error:
        return error


def checked(texts: Sequence[str]) -> Sequence[str]:
    """Return texts that can be embedded.

    Raises:
        InvalidRequest: They are one string, or one of them is none.
    """
    if isinstance(texts, str):
        raise InvalidRequest("texts must be a list of strings, got one string; put it into a list")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidRequest(f"text {place} must be a string, got {type(text).__name__}")
    return texts


def batched(texts: Sequence[str], size: int, replicas: Replicas) -> Iterator[list[str]]:
    """Yield the texts in batches of at most `size`, whose tokens fit the model's context together as far as known."""
    batch: list[str] = []
    tokens = 0
    most = replicas.context or math.inf
    for text in texts:
        more = tokens_in(text)
        if batch and (len(batch) >= size or tokens + more > most):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += more
    if batch:
        yield batch


def tokens_in(text: str) -> int:
    """Return about how many tokens a text makes."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def _embed(replicas: Replicas, texts: list[str], deadline: float | None) -> Vectors:
    errors: list[Exception] = []
    attempts = _plan(replicas, texts, deadline)
    for attempt in attempts:
        with attempt:
            connection, settings = _how(replicas, attempt)
            try:
                reply = run_embed(connection, replicas.model, texts, **settings)
                if _was_loaded(replicas, reply, connection):
                    verify(replicas)
                return _taken(replicas, attempt, reply)
            except (OllamaError, VectorsDoNotMix) as error:
                _failed(attempt, error)
                errors.append(error)
    raise _last(errors, attempts)


async def _aembed(replicas: Replicas, texts: list[str], deadline: float | None) -> Vectors:
    errors: list[Exception] = []
    attempts = _plan(replicas, texts, deadline)
    for attempt in attempts:
        with attempt:
            connection, settings = _how(replicas, attempt)
            try:
                reply = await arun_embed(connection, replicas.model, texts, **settings)
                if _was_loaded(replicas, reply, connection):
                    await averify(replicas)
                return _taken(replicas, attempt, reply)
            except (OllamaError, VectorsDoNotMix) as error:
                _failed(attempt, error)
                errors.append(error)
    raise _last(errors, attempts)


def _plan(replicas: Replicas, texts: list[str], deadline: float | None) -> Attempts:
    tokens = sum(map(tokens_in, texts))
    request = Request(
        task="embedding",
        needs=frozenset({"embedding"}),
        # Ollama cuts a text that is too long: no reason to ask nobody.
        prompt_tokens=min(tokens, replicas.context or tokens),
        deadline=deadline,
    )
    return replicas.router.plan(request, model=replicas.model)


def _how(replicas: Replicas, attempt: Attempt) -> tuple[Connection, dict[str, Any]]:
    router, card = replicas.router, attempt.decision.card
    settings: dict[str, Any] = {"deadline": attempt.deadline_left, "clock": router.clock}
    if card is not None:
        settings["options"] = {"num_ctx": num_ctx_for(card, at_most=router.limits.context)}
    return router.connections[attempt.decision.host], settings


def _was_loaded(replicas: Replicas, reply: Reply, connection: Connection) -> bool:
    """Return whether the model was just loaded: then somebody may have pulled another version of it."""
    loaded = (reply.outcome.timings.load or 0.0) > REAL_LOAD_S
    if loaded:
        replicas.recheck(connection.address)
    return loaded


def _taken(replicas: Replicas, attempt: Attempt, reply: Reply) -> Vectors:
    host = attempt.decision.host
    if host not in replicas.hosts:
        raise VectorsDoNotMix(f"{replicas.model} on {host} is not the version any more that the index was made with")
    replicas.take(reply.vectors, host)
    attempt.settle(reply.outcome)
    return [list(vector) for vector in reply.vectors]


def _failed(attempt: Attempt, error: OllamaError | VectorsDoNotMix) -> None:
    """Settle a failed attempt. A refusal that every replica would repeat is raised, and held against none."""
    if isinstance(error, OllamaError) and not is_retryable(error):
        raise error
    fate = Fate.invalid if isinstance(error, VectorsDoNotMix) else fate_of(error)
    attempt.settle(Outcome(fate=fate, timings=Timings(total=attempt.elapsed), error=str(error)))


def _last(errors: list[Exception], attempts: Attempts) -> Exception:
    """Return what to raise when no replica has answered."""
    if len(errors) == 1 or any(isinstance(error, VectorsDoNotMix) for error in errors):
        return next((error for error in errors if isinstance(error, VectorsDoNotMix)), errors[0])
    return attempts.error()
