"""`Limits`: the bounds of a router, in one small group."""

from __future__ import annotations

from dataclasses import dataclass

from zeta_router.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep a router cheap and predictable."""

    attempts: int = 3
    """Models tried for one request before its errors are raised."""
    remembered: int = 1_000
    """Decisions kept for `feedback` and `explain`; the oldest are forgotten first."""
    context: int = 8_192
    """Tokens of context (`num_ctx`) that every model is loaded with, or its trained context where that is shorter.

    One number for all callers, because Ollama reloads a model whose `num_ctx` changes, and because Ollama's own default
    depends on the card (4,096 to 262,144) while a prompt that is longer is cut silently.
    """

    tasks: int = 64
    """Different tasks that are learned apart; further ones share what is learned of `other`."""

    def __post_init__(self) -> None:
        """Refuse bounds that would stop everything.

        Raises:
            ConfigError: A bound is below 1.
        """
        for name in ("attempts", "remembered", "context", "tasks"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"limits.{name} must be 1 or more, got {value!r}")
