"""`Savings`: what shadow mode would have saved, as far as expectations go."""

from __future__ import annotations

from dataclasses import dataclass

from zeta_router.decision import Decision
from zeta_router.events import Event, OutcomeSeen
from zeta_router.outcome import Outcome


@dataclass(slots=True, kw_only=True)
class Savings:
    """Sums over the first attempts that ended, of a router in shadow mode.

    What served was measured. What Zeta would have picked did not run: its figures are expectations, made at the moment
    of the decision. `zeta replay` estimates from what was measured alone, where the log allows it.
    """

    requests: int = 0
    otherwise: int = 0
    """Requests for which Zeta would have picked another model; the sums below are over these."""
    served_s: float = 0.0
    """Seconds that they took."""
    expected_s: float = 0.0
    """Seconds that Zeta's picks were expected to take."""
    failed: int = 0
    """Attempts that failed."""
    gain: float = 0.0
    """Expected utility of Zeta's picks less that of what served."""

    def __call__(self, event: Event) -> None:
        """Listen to a router."""
        if isinstance(event, OutcomeSeen):
            self.add(event.decision, event.outcome)

    def add(self, decision: Decision, outcome: Outcome) -> None:
        """Count one attempt in; later attempts at a request, and those that were given up, are passed over."""
        if decision.attempt != 1 or outcome.fate.abandoned:
            return
        self.requests += 1
        if not decision.served_otherwise:
            return
        wanted = decision.candidates[0]
        self.otherwise += 1
        self.failed += outcome.fate.is_failure
        self.gain += wanted.utility - decision.utility
        if outcome.timings.total is not None and wanted.seconds is not None:
            self.served_s += outcome.timings.total
            self.expected_s += wanted.seconds

    def __str__(self) -> str:
        if not self.requests:
            return "shadow: no request has ended yet"
        share = self.otherwise / self.requests
        text = f"shadow: Zeta would have picked another model for {share:.0%} of {self.requests} requests"
        if not self.otherwise:
            return text
        saved = (self.served_s - self.expected_s) / self.otherwise
        word = "saving" if saved >= 0 else "taking longer by"
        gain = self.gain / self.otherwise
        return f"{text}, expected {word} {abs(saved):.1f} s each, utility {gain:+.2f}; {self.failed} of them failed"
