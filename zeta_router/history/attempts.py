"""`LoggedAttempt`: decision, outcome and opinions of one attempt, put together from the records of a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean

from zeta_router.decision import Decision
from zeta_router.outcome import Outcome
from zeta_router.store.records import AttemptBegan, AttemptEnded, Entry, Feedback


@dataclass(slots=True, kw_only=True)
class LoggedAttempt:
    """One attempt as a log has it."""

    decision: Decision
    writer: str
    """Random name of the router in its process."""
    began_at: float
    """Seconds since the epoch."""
    outcome: Outcome | None = None
    """None: it is running, or its process was killed."""
    ended_at: float | None = None
    opinions: list[Feedback] = field(default_factory=list)
    evidence: list[Feedback] = field(default_factory=list)
    """What signals saw in the answer: weaker than an opinion, and given to every answer."""

    @property
    def score(self) -> float | None:
        """Mean of the opinions in [0, 1]; of one source the newest counts. None where nobody had one."""
        newest = {opinion.source: opinion.score for opinion in self.opinions}
        return fmean(newest.values()) if newest else None

    @property
    def seconds(self) -> float | None:
        """How long it took; None where it has not ended."""
        if self.outcome is None:
            return None
        return self.outcome.timings.total


def logged_attempts(entries: Iterable[Entry]) -> list[LoggedAttempt]:
    """Return the attempts that began within `entries`, in the order of the log.

    Opinions on decisions that are older than the entries are left out, and so are entries that were stored twice.
    """
    attempts: dict[tuple[str, str], LoggedAttempt] = {}
    by_decision: dict[str, LoggedAttempt] = {}
    last: dict[str, int] = {}
    for entry in entries:
        if entry.seq <= last.get(entry.writer, 0):
            continue
        last[entry.writer] = entry.seq
        record = entry.record
        if isinstance(record, AttemptBegan):
            made = LoggedAttempt(decision=record.decision, writer=entry.writer, began_at=record.at)
            attempts[(entry.writer, record.decision.id)] = by_decision[record.decision.id] = made
        elif isinstance(record, AttemptEnded):
            ended = attempts.get((entry.writer, record.decision_id))
            if ended is not None:
                ended.outcome, ended.ended_at = record.outcome, record.at
        elif isinstance(record, Feedback):
            judged = by_decision.get(record.decision.id)
            if judged is not None:
                (judged.opinions if record.weight >= 1.0 else judged.evidence).append(record)
    return list(attempts.values())
