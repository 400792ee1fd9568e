"""What is believed of a model's speed before it has answered anything; `quality_priors` has the rest.

Source of the numbers: the Zeta learning study, section 2 (`log(size / 200 GB/s)` and so on).
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


def log_decode_rate(card: ModelCard) -> float:
    """Return log seconds per output token."""
    return math.log(card.gigabytes / DECODE_GB_PER_S)


def log_prefill_rate(card: ModelCard) -> float:
    """Return log seconds per prompt token."""
    return math.log(card.billions / PREFILL_BILLION_TOKENS_PER_S)


def log_load(card: ModelCard) -> float:
    """Return log seconds to bring the model into memory."""
    return math.log(LOAD_START_S + card.gigabytes / LOAD_GB_PER_S)
