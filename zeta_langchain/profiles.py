"""One profile for many models: what all of them can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zeta_router.model import ModelCard


def meet(profiles: Iterable[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """Return what every profile allows: what all can do, the smallest of each limit. None where one is not known."""
    known = list(profiles)
    if not known or any(profile is None for profile in known):
        return None
    first, *others = [profile for profile in known if profile is not None]
    shared = [name for name in first if all(name in other for other in others)]
    met: dict[str, Any] = {}
    for name in shared:
        values = [profile[name] for profile in (first, *others)]
        if all(isinstance(value, bool) for value in values):
            met[name] = all(values)
        elif all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            met[name] = min(values)
        elif all(value == values[0] for value in values):
            met[name] = values[0]
    return met


def profile_of(card: ModelCard) -> dict[str, Any] | None:
    """Return the profile of a model that Ollama serves; None where its capabilities are not known.

    It claims no `structured_output`: Ollama's `format` keeps a model from calling tools, and agents bind both at once:
    https://github.com/ollama/ollama/issues/8095
    """
    if card.capabilities is None:
        return None
    profile: dict[str, Any] = {
        "text_inputs": True,
        "text_outputs": True,
        "image_inputs": card.can("vision"),
        "tool_calling": card.can("tools"),
        "reasoning_output": card.can("thinking"),
    }
    if card.context_length is not None:
        profile["max_input_tokens"] = card.context_length
    return profile
