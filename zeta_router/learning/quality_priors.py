"""What is believed of a model's answers before anybody said how good they are."""

from __future__ import annotations

import math

from zeta_router.model import ModelCard

_CODER_TASKS = frozenset({"code", "extract"})
_REASONER_NAMES = ("reason", "-r1", "phi4", "qwq", "think", "o1")


def quality(card: ModelCard, task: str) -> float:
    """Return the expected quality in [0.15, 0.9]: by size, shifted by what the name says the model is for.

    A card's own `quality` wins. Source: the Zeta learning study, section 4.
    """
    told = card.quality.get(task)
    if told is not None:
        return told
    name = card.name.lower()
    value = 0.42 + 0.13 * math.log(max(card.billions, 0.1))
    if "coder" in name or "code" in name:
        value += 0.10 if task in _CODER_TASKS else -0.08
    if task in ("reasoning", "math") and any(piece in name for piece in _REASONER_NAMES):
        value += 0.08
    if card.billions < 4.5:
        value += 0.05 if task == "chat" else -0.05
    return min(max(value, 0.15), 0.9)
