"""Every way in which a call to Ollama goes wrong, translated once, where it enters.

Foreign exceptions are recognised by the names of their classes. So nothing is imported here, and an error of `httpx` or
`ollama` is found in a process that loaded them, whichever client raised it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from zeta_router.errors import (
    AnswerTruncated,
    CapabilityMissing,
    ConfigError,
    ContextTooLong,
    ModelCrashed,
    ModelMissing,
    OllamaError,
    ServerBusy,
    ServerTimeout,
    ServerUnreachable,
)
from zeta_router.ollama.addresses import plain_address
from zeta_router.ollama.statuses import error_for, not_ollama, refused_model_name, unreachable
from zeta_router.outcome import Fate

_FATES: dict[type[OllamaError], Fate] = {
    ServerBusy: Fate.rejected,
    ModelMissing: Fate.missing,
    ServerTimeout: Fate.timeout,
    AnswerTruncated: Fate.truncated,
    CapabilityMissing: Fate.invalid,
}

_ELSEWHERE = (
    CapabilityMissing,
    ModelMissing,
    ServerBusy,
    ModelCrashed,
    ServerUnreachable,
    ServerTimeout,
    AnswerTruncated,
)
"""What another model or another server may do better."""

_CLOSED_LOOP = ("event loop is closed", "bound to a different event loop", "attached to a different loop")

_EMPTY_STREAM = ("No data received from Ollama stream", "No generation chunks were returned")
"""How LangChain tells of a stream without an answer, as a bare ValueError."""


@contextmanager
def translated(host: str, model: str | None = None) -> Iterator[None]:
    """Raise what goes wrong inside as one of our errors, `from` the foreign one; let everything else through.

    Args:
        host: Address of the server; a password in it is not shown.
        model: Tag of the model that was asked.
    """
    try:
        yield
    except Exception as exc:
        error = translate(exc, host, model)
        if error is None or error is exc:
            raise
        raise error from exc


def translate(exc: BaseException, host: str = "", model: str | None = None) -> OllamaError | None:
    """Return our error for a foreign one, our own errors as they are, and None for what is none of Ollama's business.

    Cancellations, bugs and a closed event loop (`is_closed_loop`) are not translated.
    """
    if isinstance(exc, OllamaError):
        return exc
    host = _without_password(host)
    kinds = _kinds(exc)
    if "ollama.ResponseError" in kinds:
        status = getattr(exc, "status_code", -1)
        return error_for(status, _text_of(getattr(exc, "error", "")), host, model)
    if any(kind.startswith("httpx.") for kind in kinds):
        return _from_httpx(exc, kinds, host, model)
    if isinstance(exc, ConnectionError):
        return unreachable(host, model)
    if kinds & {"builtins.TimeoutError", "asyncio.TimeoutError"}:
        return ServerTimeout(f"{host or 'the server'} did not answer in time", host=host, model=model)
    if isinstance(exc, json.JSONDecodeError) and _passed_through_a_client(exc.__traceback__):
        return not_ollama(host, model)
    if isinstance(exc, AttributeError) and _raised_by_the_client(exc.__traceback__):
        # The client takes the body of an error for an object and asks it for "error"; a list or a string has none.
        return not_ollama(host, model)
    if "pydantic_core.ValidationError" in kinds:
        if _says_the_model_is_empty(exc):
            return refused_model_name(host)
        if str(getattr(exc, "title", "")).endswith("Response") and _raised_by_the_client(exc.__traceback__):
            return not_ollama(host, model)  # a duration that is text, NaN or beyond 64 bits
    if isinstance(exc, ValueError) and str(exc).startswith(_EMPTY_STREAM):
        return AnswerTruncated("the answer ended before it began", host=host, model=model)
    return None


def fate_of(exc: BaseException) -> Fate:
    """Return how an attempt ended that left with this exception, foreign or ours."""
    if isinstance(exc, GeneratorExit):
        return Fate.closed_early
    if isinstance(exc, KeyboardInterrupt | SystemExit) or _kinds(exc) & {
        "asyncio.CancelledError",
        "concurrent.CancelledError",
    }:
        return Fate.cancelled
    error = translate(exc)
    return Fate.error if error is None else _FATES.get(type(error), Fate.error)


def is_retryable(exc: BaseException, *, longer_context: bool = False) -> bool:
    """Return whether another attempt may bring an answer, on another model or another server.

    Args:
        exc: Foreign or ours.
        longer_context: The next model has more context than the one that failed: only then is `ContextTooLong` worth
            another attempt.
    """
    error = translate(exc)
    if isinstance(error, ContextTooLong):
        return longer_context
    return isinstance(error, _ELSEWHERE)


def is_closed_loop(exc: BaseException) -> bool:
    """Return whether a client was used in a second event loop: build a new one for this loop and ask again.

    An `ollama.AsyncClient` keeps connections of the loop that it was first used in, as LlamaIndex's `Ollama` does:
    https://github.com/ollama/ollama-python/issues/547
    """
    return isinstance(exc, RuntimeError) and any(words in str(exc).lower() for words in _CLOSED_LOOP)


def _from_httpx(exc: BaseException, kinds: frozenset[str], host: str, model: str | None) -> OllamaError | None:
    if kinds & {"httpx.ConnectError", "httpx.ConnectTimeout", "httpx.ProxyError"}:
        return unreachable(host, model)
    if "httpx.TimeoutException" in kinds:
        return ServerTimeout(f"{host or 'the server'} gave no sign of life in time", host=host, model=model)
    if "httpx.HTTPStatusError" in kinds:
        status = getattr(getattr(exc, "response", None), "status_code", -1)
        return error_for(status, "", host, model)
    if "httpx.TransportError" in kinds:
        # Ollama was stopped, or something between us and it cut the line.
        return ServerUnreachable(f"the connection to {host or 'the server'} broke", host=host, model=model)
    return OllamaError(f"the answer of {host or 'the server'} could not be read", host=host, model=model)


def _kinds(exc: BaseException) -> frozenset[str]:
    """Return the classes of an exception as `package.Name`, its bases included."""
    return frozenset(f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(exc).__mro__)


def _text_of(error: Any) -> str:
    """Return the text of `ResponseError.error`, which is a dict where a line of a stream was JSON within JSON."""
    return error if isinstance(error, str) else json.dumps(error, default=str)


def _modules(traceback: TracebackType | None) -> list[str]:
    names = []
    while traceback is not None:
        names.append(str(traceback.tb_frame.f_globals.get("__name__", "")))
        traceback = traceback.tb_next
    return names


def _passed_through_a_client(traceback: TracebackType | None) -> bool:
    return any(name.partition(".")[0] in ("ollama", "httpx") for name in _modules(traceback))


def _raised_by_the_client(traceback: TracebackType | None) -> bool:
    """Return whether the client's own code raised it, or its models, which pydantic makes."""
    packages = [package for name in _modules(traceback) if (package := name.partition(".")[0]) != "pydantic"]
    return bool(packages) and packages[-1] == "ollama"


def _says_the_model_is_empty(exc: BaseException) -> bool:
    title = str(getattr(exc, "title", ""))
    problems: Callable[..., list[dict[str, Any]]] | None = getattr(exc, "errors", None)
    if not title.endswith("Request") or problems is None:
        return False
    return any(problem["loc"] == ("model",) for problem in problems(include_input=False, include_url=False))


def _without_password(host: str) -> str:
    try:
        return plain_address(host) if host else ""
    except ConfigError:
        return ""
