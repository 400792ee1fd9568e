"""What is believed of a model before it has answered anything.

Source of the numbers: the Zeta learning study, sections 2 and 4 (`log(size / 200 GB/s)` and so on).
"""

from __future__ import annotations

import math

from zeta_router.model import ModelCard

DECODE_GB_PER_S = 200.0
"""Weights read per second: each output token reads all of them once. A mid-range card; hosts differ."""

PREFILL_BILLION_TOKENS_PER_S = 10_000.0
"""Prompt tokens per second of a model with one billion parameters."""

LOAD_START_S = 1.0
LOAD_GB_PER_S = 1.2

PREFILL_BASE_S = 0.03
"""Template, tokenising and the first step, whatever the prompt's length."""

OUTPUT_TOKENS = 150.0
OUTPUT_LOG_VARIANCE = 0.8

_CODER_TASKS = frozenset({"code", "extract"})
_REASONER_NAMES = ("reason", "-r1", "phi4", "qwq", "think", "o1")


def log_decode_rate(card: ModelCard) -> float:
    """Return log seconds per output token."""
    return math.log(card.gigabytes / DECODE_GB_PER_S)


def log_prefill_rate(card: ModelCard) -> float:
    """Return log seconds per prompt token."""
    return math.log(card.billions / PREFILL_BILLION_TOKENS_PER_S)


def log_load(card: ModelCard) -> float:
    """Return log seconds to bring the model into memory."""
    return math.log(LOAD_START_S + card.gigabytes / LOAD_GB_PER_S)


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
