"""One request on the wire each: `run_chat`, `run_embed`, and the same for an event loop.

A chat is always streamed: it gives the time of the first token, a sign of life, and an early end where the caller
leaves. Leaving, by an exception or a cancellation, closes the connection, and Ollama frees the slot. Clients are made
per call and closed with it, so that none is ever used in a second event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zeta_router.errors import ConfigError, InvalidRequest
from zeta_router.ollama.addresses import Connection
from zeta_router.ollama.errors import translated
from zeta_router.ollama.replies import ChatAnswer, Reply, Stopwatch, embed_reply
from zeta_router.ollama.wire import aclient_for, body_of, bound_gaps, client_for, raise_for, timeout_for

Clock = Callable[[], float]


def run_chat(
    connection: Connection,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    options: Mapping[str, Any] | None = None,
    keep_alive: float | str | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    format: str | Mapping[str, Any] | None = None,
    think: bool | str | None = None,
    deadline: float | None = None,
    on_first_token: Callable[[], None] | None = None,
    clock: Clock = time.perf_counter,
) -> Reply:
    """Chat with a model, once.

    Args:
        connection: The server.
        model: Ollama tag.
        messages: As `/api/chat` takes them. An empty list loads the model.
        options: E.g. `{"num_ctx": num_ctx_for(card)}`. The same `num_ctx` every time, or Ollama reloads the model.
        keep_alive: How long the model stays in memory afterwards, for everybody: seconds, or `"10m"`. Leave it out, but
            to load a model: https://github.com/ollama/ollama/issues/17408
        tools: Functions the model may call, as `/api/chat` takes them.
        format: `"json"` or a JSON schema that the answer must follow.
        think: Whether to think, or how hard. None: wherever the model can.
        deadline: Seconds after which the answer is worth nothing, looked at with each piece that comes. None waits for
            the first one as long as it takes.
        on_first_token: Called when the first token is there.
        clock: Seconds, never going backwards.

    Raises:
        InvalidRequest: The model's name is empty or `deadline` is no time.
        ConfigError: `keep_alive` is no duration.
        OllamaError: The server could not be reached, refused, broke, was late, or did not finish its answer.
    """
    watch, body = _prepare(clock, deadline, model, keep_alive, options)
    body |= _given(messages=list(messages), stream=True, tools=tools, format=format, think=think)
    answer = ChatAnswer(connection, model, watch, formatted=format is not None, on_first_token=on_first_token)
    timeout = timeout_for(connection, read=deadline)
    with (
        translated(connection.address, model),
        client_for(connection) as client,
        client.stream("POST", "/api/chat", json=body, timeout=timeout) as response,
    ):
        bound_gaps(response, watch.at_most(connection.timeouts.between_chunks))
        if response.status_code != 200:
            response.read()
            raise_for(response, connection, model)
        for data in response.iter_bytes():
            answer.feed(data)
    return answer.reply()


async def arun_chat(
    connection: Connection,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    options: Mapping[str, Any] | None = None,
    keep_alive: float | str | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    format: str | Mapping[str, Any] | None = None,
    think: bool | str | None = None,
    deadline: float | None = None,
    on_first_token: Callable[[], None] | None = None,
    clock: Clock = time.perf_counter,
) -> Reply:
    """Do what `run_chat` does, without blocking the event loop. Cancelling it closes the connection."""
    watch, body = _prepare(clock, deadline, model, keep_alive, options)
    body |= _given(messages=list(messages), stream=True, tools=tools, format=format, think=think)
    answer = ChatAnswer(connection, model, watch, formatted=format is not None, on_first_token=on_first_token)
    timeout = timeout_for(connection, read=deadline)
    with translated(connection.address, model):
        async with (
            aclient_for(connection) as client,
            client.stream("POST", "/api/chat", json=body, timeout=timeout) as response,
        ):
            bound_gaps(response, watch.at_most(connection.timeouts.between_chunks))
            if response.status_code != 200:
                await response.aread()
                raise_for(response, connection, model)
            async for data in response.aiter_bytes():
                answer.feed(data)
    return answer.reply()


def run_embed(
    connection: Connection,
    model: str,
    texts: Sequence[str],
    *,
    options: Mapping[str, Any] | None = None,
    keep_alive: float | str | None = None,
    deadline: float | None = None,
    clock: Clock = time.perf_counter,
) -> Reply:
    """Turn texts into vectors, all in one request. Arguments and errors as in `run_chat`; `texts` must not be empty."""
    watch, body = _prepare(clock, deadline, model, keep_alive, options)
    body |= {"input": _checked_texts(texts)}
    timeout = timeout_for(connection, read=deadline)
    with translated(connection.address, model), client_for(connection) as client:
        found = body_of(client.post("/api/embed", json=body, timeout=timeout), connection, model)
    return embed_reply(found, len(texts), connection, model, watch.elapsed)


async def arun_embed(
    connection: Connection,
    model: str,
    texts: Sequence[str],
    *,
    options: Mapping[str, Any] | None = None,
    keep_alive: float | str | None = None,
    deadline: float | None = None,
    clock: Clock = time.perf_counter,
) -> Reply:
    """Do what `run_embed` does, without blocking the event loop."""
    watch, body = _prepare(clock, deadline, model, keep_alive, options)
    body |= {"input": _checked_texts(texts)}
    timeout = timeout_for(connection, read=deadline)
    with translated(connection.address, model):
        async with aclient_for(connection) as client:
            found = body_of(await client.post("/api/embed", json=body, timeout=timeout), connection, model)
    return embed_reply(found, len(texts), connection, model, watch.elapsed)


def _prepare(
    clock: Clock,
    deadline: float | None,
    model: str,
    keep_alive: float | str | None,
    options: Mapping[str, Any] | None,
) -> tuple[Stopwatch, dict[str, Any]]:
    """Return a running stopwatch, and the fields that all requests share."""
    if not isinstance(model, str) or not model.strip():
        raise InvalidRequest(f"model must be an Ollama tag like 'llama3.2:3b', got {model!r}")
    if deadline is not None and not deadline > 0:
        raise InvalidRequest(f"deadline must be seconds from now, above 0, got {deadline!r}; None means none")
    body = _given(model=model, keep_alive=_duration(keep_alive), options=None if options is None else dict(options))
    return Stopwatch(clock, deadline), body


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _duration(keep_alive: float | str | None) -> float | str | None:
    """Return a keep_alive that Ollama takes: it refuses `"300"`, which is what a config file makes of 300."""
    if isinstance(keep_alive, bool):
        raise ConfigError(f"keep_alive must be seconds or a duration like '10m', got {keep_alive!r}")
    if not isinstance(keep_alive, str):
        return keep_alive
    try:
        return float(keep_alive)
    except ValueError:
        return keep_alive


def _checked_texts(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str) or not texts:
        raise InvalidRequest("texts must be a list with at least one string")
    return list(texts)
