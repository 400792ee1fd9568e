"""`Others`: what other processes have in flight, counted in this router's fleet on leases that expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zeta_router.decision import Decision
from zeta_router.store.records import AttemptBegan, AttemptEnded, Record

if TYPE_CHECKING:
    from zeta_router.dispatcher import Dispatcher

LEASE_FACTOR = 2.0
LEASE_S = 30.0
"""An attempt counts until it ends, or for `2 * predicted + 30 s`: what a killed process had in flight is not for ever.
Source: the Zeta learning study, section 9."""


class Lease(NamedTuple):
    """One attempt of another process."""

    decision: Decision
    number: int
    """In this router's fleet."""
    expires_at: float


class Others:
    """The attempts of other processes, as the log tells them. Called under the dispatcher's lock."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._leases: dict[tuple[str, str], Lease] = {}

    def begin(self, writer: str, decision: Decision, began_at: float, *, now: float) -> None:
        """Count an attempt in, unless its lease is over already."""
        expires_at = began_at + LEASE_FACTOR * (decision.picked.seconds or 0.0) + LEASE_S
        if expires_at > now and (writer, decision.id) not in self._leases:
            number = self._dispatcher.fleet.begin(decision.key, (decision, began_at))
            self._leases[(writer, decision.id)] = Lease(decision, number, expires_at)

    def note(self, writer: str, record: Record, at: float, *, now: float) -> None:
        """Take over what a record says about attempts, and about what is in memory."""
        if isinstance(record, AttemptBegan):
            self.begin(writer, record.decision, at, now=now)
        elif isinstance(record, AttemptEnded):
            lease = self._end((writer, record.decision_id))
            if lease is not None:
                self._dispatcher.fleet.saw_outcome(lease.decision.key, record.outcome, at=now)

    def expire(self, now: float) -> None:
        """Count out what should have ended long ago."""
        for key in [key for key, lease in self._leases.items() if lease.expires_at <= now]:
            self._end(key)

    def clear(self) -> None:
        """Count out everything."""
        for key in tuple(self._leases):
            self._end(key)

    def _end(self, key: tuple[str, str]) -> Lease | None:
        lease = self._leases.pop(key, None)
        if lease is not None:
            self._dispatcher.fleet.end(lease.decision.key, lease.number)
        return lease
