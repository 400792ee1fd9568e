"""The errors of the wire: status and text as Ollama writes them (`ollama-wire.md` section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from zeta_router.simulator.jobs import JobError

BUSY = "server busy, please try again.  maximum pending requests exceeded"
CRASH = "an error was encountered while running the model: CUDA error: an illegal memory access was encountered"
NATIVE_CRASH = "llama-server chat error: map[code:500 message:Compute error. type:server_error]"


class WireError(Exception):
    """A request that is answered by an error body."""

    def __init__(
        self, status: int, message: str, *, charset: bool = True, more: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.charset = charset
        """Whether the content type names a charset; it does not where Ollama writes the body by hand."""
        self.more = dict(more or {})
        """Other keys of the body, beside `error`."""


def failed(error: JobError) -> WireError:
    """Return what the server says when the engine could not do the work."""
    # The runner's end before the first token is reported past the JSON writer, hence the bare content type.
    return WireError(error.status, error.message, charset=not error.message.startswith("model runner"))


def not_found(name: str) -> WireError:
    """Unknown model, as chat and generate say it."""
    return WireError(404, f"model '{name}' not found")


def not_found_for_embedding(name: str) -> WireError:
    """Unknown model, as embed says it."""
    return WireError(404, f'model "{name}" not found, try pulling it first')


def unsupported(quoted_name: str, what: str) -> WireError:
    """Return the error for a model that lacks a capability."""
    return WireError(400, f"{quoted_name} does not support {what}")


def context_exceeded(tokens: int, num_ctx: int) -> WireError:
    """The runner's own error for too long a prompt: JSON inside a string."""
    text = f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens), try increasing it"
    error = {
        "code": 400,
        "message": text,
        "type": "exceed_context_size_error",
        "n_prompt_tokens": tokens,
        "n_ctx": num_ctx,
    }
    return WireError(400, json.dumps({"error": error}, separators=(",", ":")))


def context_exceeded_without_shift() -> WireError:
    """Too long a prompt for a rendered model that must not slide its context."""
    return WireError(
        400,
        "the prompt is longer than the context length currently available to the model; shorten the prompt, "
        "adjust the context length in settings, or use a model with a longer context length",
    )


def embedding_too_long() -> WireError:
    """Too long an input, and `truncate` is false."""
    return WireError(400, "the input length exceeds the context length")
