"""`Observer`: turns what answers show into evidence for the policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zeta_router.errors import ZetaError
from zeta_router.signals.answer import Answer, Verdict
from zeta_router.signals.judging import FAULTLESS_WEIGHT, SIGNALS, Signal, judge
from zeta_router.signals.turns import Turns

FAULTLESS_EVERY = 8
"""Of so many answers without a fault one is told of, with the weight of them all: it keeps logs short."""
SOURCE = "signal: "
"""What the source of such feedback begins with."""


class Tell(Protocol):
    """Hands on evidence."""

    def __call__(self, decision_id: str, score: float, source: str, weight: float) -> None:
        """Fold in how good an answer seems."""
        ...


class Observer:
    """Looks at answers once they are out, never raises, and keeps nothing of them but hashes."""

    def __init__(self, tell: Tell, clock: Callable[[], float], trouble: Callable[[str, str], None]) -> None:
        self.signals: Sequence[Signal] = SIGNALS
        self._tell = tell
        self._clock = clock
        self._trouble = trouble
        self._turns = Turns()
        self._faultless = 0

    def __repr__(self) -> str:
        return f"<Observer with {len(self.signals)} signals>"

    def observe(self, decision_id: str, answer: Answer, prompt: str, session: str | None) -> Verdict | None:
        """Look at an answer, tell what it shows, and return the verdict; None where signals are switched off."""
        if not self.signals:
            return None
        try:
            if not isinstance(answer, Answer):
                raise TypeError  # once, not once per signal
            verdict = judge(answer, self.signals, failed=self._failed)
            if session:
                verdict = self._in_session(decision_id, answer, prompt, session, verdict)
            if verdict.weight <= FAULTLESS_WEIGHT:  # no signal spoke
                self._faultless += 1
                if self._faultless % FAULTLESS_EVERY:
                    return verdict
                self._say(decision_id, verdict._replace(weight=FAULTLESS_WEIGHT * FAULTLESS_EVERY))
            else:
                self._say(decision_id, verdict)
        except Exception as error:  # the router's own trouble never breaks a request; its text may quote an answer
            self._trouble("signals", f"looking at an answer raised {type(error).__name__}; it teaches nothing")
            return None
        return verdict

    def _failed(self, signal: Signal, error: Exception) -> None:
        name = getattr(signal, "name", type(signal).__name__)
        self._trouble("signals", f"the signal {name!r} raised {type(error).__name__}; the others go on")

    def _in_session(self, decision_id: str, answer: Answer, prompt: str, session: str, verdict: Verdict) -> Verdict:
        if prompt:
            again = self._turns.asked(session, prompt, decision_id, now=self._clock())
            if again is not None:
                self._say(*again)
        circling = self._turns.called(session, answer.tool_calls)
        return (
            circling if circling is not None and circling.weight > verdict.weight * (verdict.score < 0.5) else verdict
        )

    def _say(self, decision_id: str, verdict: Verdict) -> None:
        try:
            self._tell(decision_id, verdict.score, SOURCE + verdict.why, verdict.weight)
        except ZetaError:
            return  # the decision is no longer remembered: then its answer teaches nothing
