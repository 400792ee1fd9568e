"""`Fold`: what a log adds up to. A restart, a second process, a replay and an audit all read the log and fold."""

from __future__ import annotations

import copy
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from zeta_router.decision import Decision, Key
from zeta_router.events import DriftFound, DriftOver
from zeta_router.learning.observed import REAL_LOAD_S
from zeta_router.metrics import Meter
from zeta_router.outcome import Fate, Outcome
from zeta_router.policies.base import Policy, tell_policy
from zeta_router.store.addresses import is_loopback
from zeta_router.store.lines import decode, encode
from zeta_router.store.records import (
    START,
    AttemptBegan,
    AttemptEnded,
    Entry,
    Feedback,
    Position,
    Record,
    Unreadable,
)

WINDOW_S = 2.0
"""Seconds that an entry waits for others before it is folded. Within them entries are put into the order of their
times, so that it does not matter in which order several processes came to write; what arrives later is folded when it
comes."""
OPEN_MOST = 4_096
"""Attempts that wait for their end. Those of a killed process never end: the oldest are given up first."""
TASKS_MOST = 1_000
WRITERS_MOST = 512
"""Writers whose last record is remembered, to fold none twice: those that wrote last."""

Waiting = tuple[float, str, int, Record]
"""Time, writer, number and record: the order of folding. Writer and number together are unique."""


class Fold:
    """A policy's learned state, what is in memory where, and what was measured, as a log has it so far.

    A pure function of the entries added: two programs that fold one log from equal policies have
    equal states. Clocks are not trusted: a writer's is set by the store's, nothing is later than the moment when it
    was stored, and time never goes back.

    Args:
        policy: Changed by folding. Give each fold its own.
        machine: This machine's name. What others say of `127.0.0.1` is about their own servers, and passed over.
    """

    def __init__(self, policy: Policy, *, machine: str = "") -> None:
        self.policy = policy
        self.machine = machine
        self.meters: dict[str, Meter] = {}
        self.resident: dict[Key, tuple[bool | None, float]] = {}
        """Model and host -> whether it is in memory, and when it was seen there last."""
        self.open: dict[tuple[str, str], Decision] = {}
        """Writer and decision id -> the decision of an attempt that has not ended."""
        self.tasks: dict[str, None] = {}
        """Tasks that were decided for, in the order in which they came."""
        self.position: Position = START
        self.count = 0
        """Entries folded or waiting."""
        self.now = 0.0
        self.is_local = False
        """Whether it holds for this machine only: there was something of a `127.0.0.1`, which is another everywhere."""
        self.problems: dict[str, int] = {}
        """What could not be folded, and how often."""
        self._newest = 0.0
        self._seen: dict[str, int] = {}
        self.waiting: list[Waiting] = []
        """What others may still come before: a heap."""

    # -- adding --------------------------------------------------------------------------------------------------

    def add(self, entry: Entry) -> Sequence[tuple[str, DriftFound | DriftOver]]:
        """Take an entry in, fold what has waited long enough; return what became noticeable, and by whose record."""
        self.position = entry.position
        last = self._seen.pop(entry.writer, 0)
        self._seen[entry.writer] = max(last, entry.seq)
        if entry.seq <= last:
            return ()  # stored twice: its writer could not know that it had been stored
        if len(self._seen) > WRITERS_MOST:
            del self._seen[next(iter(self._seen))]
        self.count += 1
        self._newest = max(self._newest, entry.stored_at)
        if isinstance(entry.record, Unreadable):
            self._note(f"{entry.record.kind or 'a record'} passed over: {entry.record.why}")
        elif not self._is_foreign(entry):
            skew = entry.stored_at - entry.sent_at
            at = entry.record.at + skew if abs(skew) > WINDOW_S else entry.record.at
            at = min(at, entry.stored_at)
            heapq.heappush(self.waiting, (at, entry.writer, entry.seq, entry.record))
        noticed: list[tuple[str, DriftFound | DriftOver]] = []
        while self.waiting and self.waiting[0][0] <= self._newest - WINDOW_S:
            at, writer, _, record = heapq.heappop(self.waiting)
            noticed.extend((writer, event) for event in self.apply(record, writer, at))
        return noticed

    def _is_foreign(self, entry: Entry) -> bool:
        """Whether an entry is about a server that only its writer's machine can reach."""
        if not self.machine:
            return False
        record = entry.record
        host = record.decision.host if isinstance(record, (AttemptBegan, Feedback)) else ""
        if not is_loopback(host):
            return False
        self.is_local = True
        if entry.machine == self.machine:
            return False
        self._note("another machine calls its own server 127.0.0.1: name hosts by their network address to share them")
        return True

    def apply(self, record: Record, writer: str, at: float) -> Sequence[DriftFound | DriftOver]:
        """Fold one record at once."""
        self.now = now = max(self.now, at)
        try:
            if isinstance(record, AttemptBegan):
                self._begin(record, writer, at)
            elif isinstance(record, AttemptEnded):
                return self._end(record, writer, now)
            elif isinstance(record, Feedback):
                tell_policy(self.policy, record.decision, record.score, record.weight, now)
        except Exception as error:  # a policy is a plug-in: what it cannot fold is left out
            self._note(f"{type(self.policy).__name__} raised {type(error).__name__} on a record; it is not learned")
        return ()

    def _begin(self, record: AttemptBegan, writer: str, at: float) -> None:
        decision = record.decision
        if at != record.at:  # the writer's clock was wrong
            decision = replace(decision, decided_at=decision.decided_at + at - record.at)
        self.open[(writer, decision.id)] = decision
        if len(self.open) > OPEN_MOST:
            del self.open[next(iter(self.open))]
        if len(self.tasks) < TASKS_MOST:
            self.tasks[decision.task] = None
        self.policy.begin(decision)

    def _end(self, record: AttemptEnded, writer: str, now: float) -> Sequence[DriftFound | DriftOver]:
        decision = self.open.pop((writer, record.decision_id), None)
        if decision is None:
            return ()
        self.meters.setdefault(decision.model, Meter()).add(record.outcome)
        self._note_residency(decision.key, record.outcome, now)
        return self.policy.learn(decision, record.outcome, now=now)

    def _note_residency(self, key: Key, outcome: Outcome, now: float) -> None:
        """Keep what is in memory where, as the dispatcher does; what a load may have evicted is not known any more."""
        before = self.resident.get(key, (None, 0.0))
        if outcome.fate is not Fate.ok:
            if outcome.fate in (Fate.error, Fate.missing):
                self.resident[key] = (None, before[1])
            return
        if (outcome.timings.load or 0.0) > REAL_LOAD_S:
            busy = {decision.key for decision in self.open.values()}
            for other, (loaded, seen_at) in tuple(self.resident.items()):
                if other[1] == key[1] and loaded and other not in busy:
                    self.resident[other] = (None, seen_at)
        self.resident[key] = (True, now)

    def _note(self, what: str) -> None:
        self.problems[what] = self.problems.get(what, 0) + 1

    # -- looking ahead -------------------------------------------------------------------------------------------

    def copy(self) -> Fold:
        """Return an independent copy.

        Raises:
            Exception: The policy holds something that cannot be copied, such as an open file.
        """
        twin = Fold(copy.deepcopy(self.policy), machine=self.machine)
        twin.meters = copy.deepcopy(self.meters)
        twin.resident = dict(self.resident)
        twin.open = dict(self.open)
        twin.tasks = dict(self.tasks)
        twin.position, twin.count, twin.now, twin.is_local = self.position, self.count, self.now, self.is_local
        twin.problems = dict(self.problems)
        twin._newest, twin._seen, twin.waiting = self._newest, dict(self._seen), list(self.waiting)
        return twin

    def settle(self) -> Fold:
        """Fold what is still waiting, in its order, and return this fold."""
        while self.waiting:
            at, writer, _, record = heapq.heappop(self.waiting)
            self.apply(record, writer, at)
        return self

    # -- snapshots -----------------------------------------------------------------------------------------------

    def parts(self) -> dict[str, Any]:
        """Return all of its state but the machine's name, for the codec."""
        parts = {name: value for name, value in vars(self).items() if name not in ("machine", "problems")}
        waiting = [(at, writer, encode(record, seq)) for at, writer, seq, record in sorted(self.waiting, key=_order)]
        return parts | {"waiting": [(at, writer, line.seq, line.text) for at, writer, line in waiting]}

    @classmethod
    def of_parts(cls, parts: dict[str, Any], *, machine: str = "") -> Fold:
        """Return the fold that `parts` came from."""
        fold = cls(parts["policy"], machine=machine)
        waiting = [(at, writer, seq, decode(text)) for at, writer, seq, text in parts["waiting"]]
        vars(fold).update(parts | {"waiting": waiting})  # what is sorted is a heap
        return fold


def _order(waiting: Waiting) -> tuple[float, str, int]:
    return waiting[:3]


def fold(policy: Policy, entries: Iterable[Entry], *, machine: str = "") -> Fold:
    """Return what a log adds up to: `policy` is changed by it, and is the result's `policy`."""
    whole = Fold(policy, machine=machine)
    for entry in entries:
        whole.add(entry)
    return whole.settle()
