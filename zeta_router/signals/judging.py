"""`judge`: one verdict from all signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zeta_router.signals.answer import Answer, Verdict
from zeta_router.signals.code import CodeParses
from zeta_router.signals.shape import CutOff, Empty, Refusal, Repetition
from zeta_router.signals.structure import SchemaHolds, ToolCallsValid

FAULTLESS = 0.8
"""Score of an answer that nothing speaks against, which makes it likely good and no more."""
FAULTLESS_WEIGHT = 0.05
"""Its weight: twenty of them count as much as one user's opinion."""
PRAISE = 0.3
"""Share of a signal's weight where it finds no fault: code that parses may still be wrong."""
FAULT = 0.5
"""Scores below it are faults."""


class Signal(Protocol):
    """A small plug-in that looks at one side of an answer."""

    @property
    def name(self) -> str:
        """As it stands in the verdict."""
        ...

    @property
    def weight(self) -> float:
        """In (0, 1]: how much a fault that it finds is worth, beside a user's opinion."""
        ...

    def look(self, answer: Answer) -> float | None:
        """Return a score in [0, 1], or None where this side of the answer says nothing."""
        ...


SIGNALS: tuple[Signal, ...] = (
    Empty(),
    CutOff(),
    Refusal(),
    Repetition(),
    ToolCallsValid(),
    SchemaHolds(),
    CodeParses(),
)
"""All that need nothing but the answer itself."""


def judge(
    answer: Answer,
    signals: Sequence[Signal] = SIGNALS,
    *,
    failed: Callable[[Signal, Exception], None] = lambda signal, error: None,
) -> Verdict:
    """Return the verdict of all signals: the heaviest fault, else praise where some was found, else `FAULTLESS`.

    Faults are not added up: an answer that loops is often cut off as well, and that is one fault. A signal that raises
    has nothing to say, and `failed` is told.
    """
    fault: Verdict | None = None
    praise: list[tuple[float, float, str]] = []
    for signal in signals:
        try:
            score = signal.look(answer)
        except Exception as error:  # a signal is a plug-in, and the answer is out already
            failed(signal, error)
            continue
        if score is None:
            continue
        if score >= FAULT:
            praise.append((score, signal.weight * PRAISE, signal.name))
        elif fault is None or signal.weight > fault.weight:
            fault = Verdict(score, signal.weight, signal.name)
    if fault is not None:
        return fault
    if praise:
        weight = max(weight for _, weight, _ in praise)
        return Verdict(min(score for score, _, _ in praise), weight, ", ".join(name for _, _, name in praise))
    return Verdict(FAULTLESS, FAULTLESS_WEIGHT, "no fault")
