"""`Request`: what must be answered, as far as a router may know it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from zeta_router.errors import InvalidRequest
from zeta_router.frozen import filled_at_once

CHARACTERS_PER_TOKEN = 4.0
"""A fair default over tokenizers for English and code; measured 3.8 to 5.1."""

DEFAULT_OUTPUT_TOKENS = 512
"""Room kept for the answer when the request does not say how long it may get."""

CAPABILITIES = frozenset({"completion", "tools", "vision", "thinking", "embedding", "insert", "audio", "image"})
"""Capabilities that Ollama knows, as `/api/show` names them."""

NO_NEEDS: frozenset[str] = frozenset()


@filled_at_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What must be answered. The text is used for features only: it is never stored, and in no repr."""

    text: str = field(default="", repr=False)
    """The prompt, or the last user message of a chat."""
    task: str | None = None
    """Declared task, e.g. `code`; None: found from the text."""
    prompt_tokens: int | None = None
    """Tokens of the whole prompt, history included; None: estimated from the text."""
    max_output_tokens: int | None = None
    """Bound that the caller set on the answer."""
    needs: frozenset[str] = NO_NEEDS
    """Capabilities the model must have; `completion` is meant when none of completion and embedding is named."""
    session: str | None = None
    """Conversation this belongs to, "" or None for none: the model that has its prompt cache is worth seconds."""
    deadline: float | None = None
    """Seconds from now after which the answer is worth nothing."""
    tags: tuple[str, ...] = ()
    """The caller's own labels, kept with the decision."""

    def __post_init__(self) -> None:
        """Refuse what no model could answer.

        Raises:
            InvalidRequest: A field is out of range, or there is nothing to answer.
        """
        if not isinstance(self.text, str):
            raise InvalidRequest(f"text must be a string, got {type(self.text).__name__}")
        if self.prompt_tokens is None and not self.text.strip():
            raise InvalidRequest("text is empty: give the prompt, or prompt_tokens where the prompt is not text")
        if self.task is not None and (not isinstance(self.task, str) or not self.task.strip()):
            raise InvalidRequest(
                f"task must be a word like 'code', or None to find it from the text, got {self.task!r}"
            )
        if self.session is not None and not isinstance(self.session, str):
            raise InvalidRequest(f"session must be a string, or None outside of conversations, got {self.session!r}")
        if self.prompt_tokens is not None:
            _check_count("prompt_tokens", self.prompt_tokens)
        if self.max_output_tokens is not None:
            _check_count("max_output_tokens", self.max_output_tokens)
        if self.deadline is not None and not _is_span(self.deadline):
            raise InvalidRequest(f"deadline must be seconds from now, above 0, got {self.deadline!r}; None means none")
        if self.needs is not NO_NEEDS:
            self._check_needs()

    def _check_needs(self) -> None:
        if isinstance(self.needs, str):
            raise InvalidRequest(f"needs must be a set of capabilities, got {self.needs!r} alone; put it into a set")
        if not isinstance(self.needs, frozenset):
            object.__setattr__(self, "needs", frozenset(self.needs))
        if not self.needs <= CAPABILITIES:
            unknown = self.needs - CAPABILITIES
            known = ", ".join(sorted(CAPABILITIES))
            raise InvalidRequest(f"needs names {', '.join(sorted(unknown))}, which no model can have; known: {known}")

    @property
    def tokens(self) -> int:
        """Tokens of the prompt: told, else characters over `CHARACTERS_PER_TOKEN`."""
        if self.prompt_tokens is not None:
            return self.prompt_tokens
        return math.ceil(len(self.text) / CHARACTERS_PER_TOKEN)

    @property
    def context_needed(self) -> int:
        """Tokens that prompt and answer need together."""
        answer = DEFAULT_OUTPUT_TOKENS if self.max_output_tokens is None else self.max_output_tokens
        return self.tokens + (0 if "embedding" in self.needs else answer)


def _check_count(name: str, count: object) -> None:
    if not isinstance(count, int) or count < 0:
        raise InvalidRequest(f"{name} must be a whole number of tokens, 0 or more, got {count!r}")


def _is_span(seconds: object) -> bool:
    return isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds > 0
