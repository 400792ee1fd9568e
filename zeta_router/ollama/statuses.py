"""What an error that the server sent means: by its status, then by a piece of its text. It has no error codes."""

from __future__ import annotations

import json
import re

from zeta_router.errors import (
    CapabilityMissing,
    CloudModelRefused,
    ContextTooLong,
    ModelCrashed,
    ModelMissing,
    OllamaError,
    RequestRefused,
    ServerBusy,
    ServerTimeout,
    ServerUnreachable,
)
from zeta_router.ollama.cards import is_cloud

LONGEST_TEXT = 240
"""Characters of the server's words that an error repeats: a failed load carries its last log lines along."""

_TOO_LONG = (
    "exceed_context_size",
    "exceeds the available context",
    "longer than the context length",
    "exceeds the context length",
)

_REFUSED_AS_500 = ("invalid format", 'option "', "does not support embeddings", "unmarshal")
"""Mistakes of the request that Ollama answers with 500 or 501: it would make the same answer again."""


_CANNOT = re.compile(r"does not support (tools|thinking|chat|generate|insert|vision|images)\b")
"""What Ollama says of a model, by its name; other things are not supported by the server."""


def error_for(status: int, text: str, host: str, model: str | None) -> OllamaError:
    """Return the error that a server meant.

    Args:
        status: HTTP status, or -1 for an error line inside a stream.
        text: The body, or what its field `error` says: plain text, or JSON once or twice over.
        host: Address of the server, without password.
        model: Tag of the model that was asked.
    """
    said = " ".join(_innermost(text).split())[:LONGEST_TEXT]
    kind, message = _meaning(status, said.lower(), host or "the server", model or "the model")
    if said and kind is not ModelMissing:
        message = f"{message}: {said}"
    return kind(message, host=host, model=model, status=None if status < 0 else status)


def unreachable(host: str, model: str | None = None) -> ServerUnreachable:
    """Return the error for an address where nobody listens."""
    return ServerUnreachable(
        f"no Ollama answers at {host or 'this address'}; start one with `ollama serve`, or set OLLAMA_HOST",
        host=host,
        model=model,
    )


def not_ollama(host: str, model: str | None = None) -> ServerUnreachable:
    """Return the error for an address where something answers that does not speak Ollama's language."""
    return ServerUnreachable(
        f"{host or 'the server'} does not answer as an Ollama does; look whether the address is right",
        host=host,
        model=model,
    )


def refused_model_name(host: str) -> RequestRefused:
    """Return the error for an empty model name."""
    return RequestRefused("the model's name is empty; give an Ollama tag like 'llama3.2:3b'", host=host)


def _meaning(status: int, said: str, host: str, model: str) -> tuple[type[OllamaError], str]:
    if any(piece in said for piece in _TOO_LONG):
        return ContextTooLong, f"the prompt is too long for the context that {model} has on {host}"
    if status == 404 and "page not found" in said:
        return ServerUnreachable, f"{host} has no Ollama at this path; look whether the address is right"
    if status == 404:
        return ModelMissing, f"{model} is not installed on {host}; `ollama pull {model}` installs it"
    if status in (429, 503):
        return ServerBusy, f"{host} has too many loads waiting"
    if status in (408, 504):
        return ServerTimeout, f"{host} did not answer in time"
    if status in (401, 403) and ("cloud" in said or "ollama.com" in said or is_cloud(model)):
        return CloudModelRefused, f"{host} may not use its cloud for {model}"
    if status == 400 and _CANNOT.search(said):
        return CapabilityMissing, f"{model} on {host} cannot do what the request needs"
    if status == 401:
        return RequestRefused, f"{host} wants other credentials; give them as headers or in the URL"
    if status == 403:
        return RequestRefused, f"{host} refuses this caller; it answers to local host names unless OLLAMA_HOST is set"
    if status in (499, 502):
        # 499 is written to a client that has gone: only something between us and Ollama can have gone.
        return ServerUnreachable, f"something between here and {host} broke the connection"
    if 300 <= status < 400:
        return RequestRefused, f"{host} sends its callers elsewhere; use that address"
    if 400 <= status < 500 or any(piece in said for piece in _REFUSED_AS_500):
        return RequestRefused, f"{model} on {host} refuses the request"
    return ModelCrashed, f"{model} on {host} could not be loaded, or broke while it ran"


def _innermost(text: str) -> str:
    """Return the words inside `{"error": …}`; a native model's error is JSON within JSON."""
    for _ in range(4):
        try:
            found = json.loads(text)
        except ValueError:
            return text
        while isinstance(found, dict):
            inner = found.get("error", found.get("message"))
            if isinstance(found.get("type"), str) and isinstance(inner, str):
                return f"{inner} ({found['type']})"
            if inner is None:
                return text
            if isinstance(found.get("signin_url"), str):
                return f"{inner} (sign in to ollama.com)"
            found = inner
        if not isinstance(found, str):
            return text
        text = found
    return text
