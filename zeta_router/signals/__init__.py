"""What an answer tells of its own quality, without asking anybody: small signals, each with a weight."""

from zeta_router.signals.answer import Answer, Verdict
from zeta_router.signals.code import CodeParses
from zeta_router.signals.judging import SIGNALS, Signal, judge
from zeta_router.signals.shape import CutOff, Empty, Refusal, Repetition
from zeta_router.signals.structure import SchemaHolds, ToolCallsValid
from zeta_router.signals.turns import Turns

__all__ = [
    "SIGNALS",
    "Answer",
    "CodeParses",
    "CutOff",
    "Empty",
    "Refusal",
    "Repetition",
    "SchemaHolds",
    "Signal",
    "ToolCallsValid",
    "Turns",
    "Verdict",
    "judge",
]
