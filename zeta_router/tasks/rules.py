"""The rules: what is seen, what it speaks for, and how strongly.

A weight is a change of log-odds: 1 makes a task e = 2.7 times as likely against all others. Weights were set by hand on
the labelled prompts of the developer data; `benchmarks/task_accuracy.py` says how well they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zeta_router.tasks.material import MATERIAL
from zeta_router.tasks.rule import Rule
from zeta_router.tasks.talk import TALK
from zeta_router.tasks.technical import TECHNICAL

PRIOR: Mapping[str, float] = MappingProxyType(
    {
        "code": 0.0,
        "reasoning": -0.3,
        "math": 0.0,
        "chat": 0.3,
        "qa": 0.2,
        "summarize": -0.5,
        "extract": -0.5,
        "translate": -0.5,
        "writing": -0.2,
        "tools": -1.5,
    }
)
"""Log-odds before anything is seen: a prompt that shows nothing is small talk or a question."""

RULES: tuple[Rule, ...] = (*TECHNICAL, *MATERIAL, *TALK)
