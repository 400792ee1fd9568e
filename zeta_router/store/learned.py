"""`Learned`: one router's learned state in step with a log that others write to as well."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from zeta_router.events import Event
from zeta_router.policies.base import Policy
from zeta_router.policies.static_rule import StaticRule
from zeta_router.store.base import Store
from zeta_router.store.fold import Fold
from zeta_router.store.others import Others
from zeta_router.store.records import START, AttemptBegan, AttemptEnded, Feedback, Position, Record, Unreadable
from zeta_router.store.snapshots import StoredSnapshot, key_of, local_key, newest_fold, to_text
from zeta_router.store.state import Unstorable, transplant

if TYPE_CHECKING:
    from zeta_router.dispatcher import Dispatcher

FUTURE_S = 86_400.0
FUTURE = "it is from the future: a clock was wrong by more than a day"
"""Such an entry would put off for years what waits for a time."""
AT_ONCE = 10**9
"""Entries since the last snapshot that make the next one due."""
MEANWHILE = 50
"""Entries folded in a row: some milliseconds."""
LESSONS = (AttemptBegan, AttemptEnded, Feedback)


class Learned:
    """A fold of the log, kept beside the router's policy.

    The policy learns at once from its own requests. The fold learns from the log, in the log's order, which is the same
    for everybody. When the log has something of others, the policy takes over the fold's state, and on top of it the
    own records that the log did not have yet: as a branch is rebased. So all processes agree on what they have read.

    Args:
        dispatcher: Its policy has learned nothing yet.
        store: Where the log is.
        says: Told of troubles.
    """

    def __init__(self, dispatcher: Dispatcher, store: Store, says: Callable[[str], None]) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._says = says
        self._pristine: Policy | None = None
        self._key: str | None = None
        try:
            self._pristine = copy.deepcopy(dispatcher.policy)
            self._key = key_of(dispatcher.policy)
        except Unstorable as error:
            says(f"{self._policy_name} has no snapshots ({error}): a start reads the whole log")
        except Exception as error:  # a policy is a plug-in: what it holds may not be copied
            says(f"{self._policy_name} cannot be copied ({type(error).__name__}): it learns from its own requests only")
        self._others = Others(dispatcher)
        self._writer = ""
        self._caught_up = False
        self.fold: Fold | None = None
        self.is_ahead = False
        """Whether the fold has learned something that the router's policy has not."""
        self.kept_at = 0
        """`fold.count` when the last snapshot was kept."""

    @property
    def _policy_name(self) -> str:
        return type(self._dispatcher.policy).__name__

    # -- reading -------------------------------------------------------------------------------------------------

    def read(
        self, writer: str, read_back: Callable[[int, Position], None], meanwhile: Callable[[], object] | None = None
    ) -> None:
        """Fold what the log has new.

        Args:
            writer: This router's name in the log.
            read_back: Called with number and position of every own entry.
            meanwhile: Called now and then: a long log must not keep this process from writing.
        """
        self._writer = writer
        fold = self.fold if self.fold is not None else self._open()
        now = self._dispatcher.clock()
        events: list[Event] = []
        for number, entry in enumerate(self._store.read(after=fold.position), 1):
            if meanwhile is not None and number % MEANWHILE == 0:
                meanwhile()
            if entry.stored_at > now + FUTURE_S:
                entry = entry._replace(stored_at=now, sent_at=now, record=Unreadable("an entry", FUTURE, now))
            noticed = fold.add(entry)
            if entry.writer == writer:
                read_back(entry.seq, entry.position)
            elif isinstance(entry.record, LESSONS):
                self.is_ahead = True
                with self._dispatcher.lock:
                    self._others.note(entry.writer, entry.record, min(entry.record.at, entry.stored_at), now=now)
            if self._caught_up:
                events.extend(event for who, event in noticed if who != writer)
        self._caught_up = True
        with self._dispatcher.lock:
            self._others.expire(now)
        for problem in tuple(fold.problems):
            self._says(problem)
        if events:
            self._dispatcher.listeners.tell(*events)

    def _open(self) -> Fold:
        """Return the fold to go on from: of the newest snapshot, or of nothing."""
        fold = self._newest_snapshot()
        if fold is None:
            fold = Fold(copy.deepcopy(self._pristine or StaticRule()), machine=self._store.machine)
        self._take(fold)
        return fold

    def _take(self, fold: Fold) -> None:
        self.fold = fold
        self.kept_at = fold.count
        self.is_ahead = self.is_ahead or fold.count > 0
        now = self._dispatcher.clock()
        with self._dispatcher.lock:
            for (who, _), decision in fold.open.items():
                if who != self._writer:
                    self._others.begin(who, decision, decision.decided_at, now=now)
            for at, who, _, record in sorted(fold.waiting, key=lambda waiting: waiting[:3]):
                if who != self._writer:
                    self._others.note(who, record, at, now=now)

    def _newest_snapshot(self) -> Fold | None:
        if self._key is None:
            return None
        try:
            return newest_fold(self._store, self._key, self._dispatcher.policy)
        except (Unstorable, ValueError) as error:
            self._says(f"a snapshot of {self._store.name} is not used ({error}): the log is folded instead")
            return None

    def mend(self) -> Position | None:
        """Follow a log that was trimmed before it was read, or that has lost its end.

        Returns:
            Where the log ends now, if it has lost entries that were read; else None.
        """
        if self.fold is None or self.fold.position == START:
            return None
        first, last = self._store.bounds()
        if self.fold.position < first:
            newer = self._newest_snapshot()
            if newer is not None and newer.position > self.fold.position:
                self._take(newer)
            self._insist(newer)
        elif last < self.fold.position:
            self.fold.position = last
            self._insist(self._newest_snapshot())
            return last
        return None

    def _insist(self, found: Fold | None) -> None:
        """See to it that a store which has forgotten everything gets a snapshot soon."""
        if found is None:
            self.kept_at = -AT_ONCE

    # -- handing over --------------------------------------------------------------------------------------------

    def hand_over(self, writer: str, pending: Callable[[], Iterable[Record]]) -> None:
        """Give the router's policy the fold's state, and on top of it what the log does not have yet."""
        if self.fold is None or self._pristine is None:
            return
        self.is_ahead = False
        twin = self.fold.copy().settle()
        with self._dispatcher.lock:
            for record in pending():
                twin.apply(record, writer, record.at)
            transplant(twin.policy, self._dispatcher.policy)
            self._dispatcher.adopt(twin.meters, twin.tasks, twin.resident)

    # -- snapshots -----------------------------------------------------------------------------------------------

    def keep(self, *, at: float) -> bool:
        """Keep a snapshot, unless another process has kept a newer one; return whether there is one now."""
        if self.fold is None or self._key is None:
            return False
        self.kept_at = self.fold.count
        try:
            key = local_key(self._key, self._store.machine) if self.fold.is_local else self._key
            self._store.keep(StoredSnapshot(key, self.fold.position, at, to_text(self.fold)))
        except Unstorable as error:
            self._says(f"{self._policy_name} has no snapshots ({error}): a start reads the whole log")
            self._key = None
            return False
        return True

    def forget(self) -> None:
        """Begin anew, in a process that was forked: the parent's thread may have been in the middle of it."""
        self.fold = None
        self._caught_up = False
        self._others = Others(self._dispatcher)
