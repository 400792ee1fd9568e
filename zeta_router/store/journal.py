"""`Journal`: one router's hand on a store. Writes what happens and learns from what others write, in its own thread."""

from __future__ import annotations

import atexit
import logging
import secrets
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakSet

from zeta_router.decision import Decision
from zeta_router.snapshot import StoreState
from zeta_router.store.base import Store, StoreTrouble
from zeta_router.store.learned import Learned
from zeta_router.store.outbox import Outbox
from zeta_router.store.records import AttemptBegan, Record

if TYPE_CHECKING:
    from zeta_router.dispatcher import Dispatcher

logger = logging.getLogger("zeta_router")

TURN_S = 0.25
"""Seconds between turns: what a killed process had not written yet is at most this old, and so is what others know."""
BATCH = 500
"""Lines stored at once: the others wait no longer than that takes."""
PATIENCE_S = 2.0
"""Seconds that a new router waits for what was learned before; what takes longer arrives while it serves."""
REST_S = 30.0
"""Seconds that a fork waits for the store. A turn takes milliseconds, on a machine that is very busy seconds."""
FORKED = "this process was forked while the store was written: it learns in memory only; fork before the store is busy"
CLOSE_S = 5.0
"""Seconds that closing waits for the store."""
HAND_OVER_SHARE = 0.02
HAND_OVER_S = 1.0
"""What others taught is handed over at most this share of the time, and at least every so many seconds."""
SNAPSHOT_EVERY = 2_000
SNAPSHOT_AT_CLOSE = 200
"""Entries since the last snapshot after which another one is worth it."""
CLOCKS_DIFFER_S = 2.0
AGAIN_FIRST_S = 0.5
AGAIN_LAST_S = 15.0
"""Seconds before a store in trouble is tried again, doubling."""

_journals: WeakSet[Journal] = WeakSet()


class Journal:
    """Queue, thread and learned state of one router.

    Requests only append to a queue. The thread takes turns: store what is new, read what others stored, hand over what
    they taught. Whatever goes wrong with the store is said once, and tried again while the router goes on from memory.

    Args:
        store: Where the log is.
        dispatcher: Whose log it is.
        sets_clock: The dispatcher's clock may be set by that of the store's server, if they disagree.
        turn_s: Seconds between turns.
    """

    def __init__(
        self, store: Store, dispatcher: Dispatcher, *, sets_clock: bool = False, turn_s: float = TURN_S
    ) -> None:
        self.store = store
        self._dispatcher = dispatcher
        self._turn_s = turn_s
        self._sets_clock = sets_clock
        self.learned = Learned(dispatcher, store, self._says)
        self._trouble: str | None = None
        self._closed = self._rests = self._torn = self._yields = False
        self._begin()
        _journals.add(self)

    def _begin(self) -> None:
        """Set up what each process has of its own."""
        self.writer = secrets.token_hex(6)  # not from the router's generator: equal seeds must not make equal writers
        self.outbox = Outbox()
        self._stored = 0
        self._thread: threading.Thread | None = None
        self._turning = threading.Lock()
        self._wake = threading.Event()
        self._ready = threading.Event()
        self._again_s = AGAIN_FIRST_S
        self._again_at = self._write_at = self._hand_over_at = 0.0
        self._snapshot_after = SNAPSHOT_EVERY + secrets.randbelow(SNAPSHOT_EVERY // 2)  # processes take turns

    # -- called by requests ----------------------------------------------------------------------------------------

    def log(self, record: Record) -> None:
        """Note what happened, under the dispatcher's lock and in the order of learning. Neither blocks nor raises."""
        if self._closed:
            return
        if self._thread is None:
            self._start()  # in a process that was forked
        self.outbox.put(record)

    def recall(self, decision_id: str) -> Decision | None:
        """Return a decision of any process, or None. Asks the store: not for the path of a request."""
        if self._torn:
            return None
        with self._dispatcher.lock:
            for record in self.outbox.pending():
                if isinstance(record, AttemptBegan) and record.decision.id == decision_id:
                    return record.decision
        try:
            return self.store.find(decision_id)
        except StoreTrouble as trouble:
            self._says(str(trouble))
            return None

    def state(self) -> StoreState:
        """Return how the store is doing."""
        fold = self.learned.fold
        return StoreState(
            name=self.store.name,
            trouble=self._trouble,
            waiting=len(self.outbox),
            dropped=self.outbox.dropped,
            stored=self._stored,
            folded=fold.count if fold is not None else 0,
        )

    # -- the thread ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, and wait a little for what was learned before."""
        with self._dispatcher.lock:
            if self._thread is None:
                self._start()
        self._ready.wait(PATIENCE_S)
        self._sets_clock = False  # from here on attempts may run, and their times must not jump

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="zeta-store", daemon=True)
        self._thread.start()
        util = sys.modules.get("multiprocessing.util")
        if util is not None:  # children of multiprocessing end without `atexit`
            util.Finalize(self, _close, args=(self,), exitpriority=0)

    def _run(self) -> None:
        while not self._closed:
            self.turn(at_once=False)
            self._ready.set()
            self._wake.wait(self._turn_s)
        deadline = time.monotonic() + CLOSE_S
        while True:
            self.turn()
            if not len(self.outbox) or self._trouble is not None or time.monotonic() >= deadline:
                break
        with self._turning:  # a fork waits for this as well
            if self._trouble is None:
                self._keep(SNAPSHOT_AT_CLOSE)
            self.store.close()

    def sync(self) -> bool:
        """Take a turn now; return whether the store works. After `close` nothing is done."""
        if not self._closed:
            self.turn()
        return self._trouble is None

    def turn(self, *, at_once: bool = True) -> None:
        """Store, read, hand over. Never raises.

        Args:
            at_once: Try a store that is in trouble, even if it was tried a moment ago.
        """
        with self._turning:
            self.outbox.collect(self._says)
            if at_once or time.monotonic() >= self._again_at:
                self._turn(at_once)

    def _turn(self, at_once: bool) -> None:
        trouble: str | None = None
        hand_over = partial(self._hand_over, at_once=at_once)
        for step in (self._write, self._read, self._write_if_due, hand_over, self._write_if_due):
            if self._yields:
                break  # a fork waits: the rest is for the next turn
            try:
                step()
            except StoreTrouble as error:
                trouble = str(error)
            except Exception as error:  # a store is a plug-in, and a thread that dies says nothing
                trouble = f"{self.store.name}: {type(error).__name__} while it was used; it is tried again"
                logger.debug("store", exc_info=True)
        self._judge(trouble)
        if trouble is None:
            self._keep(self._snapshot_after)

    def _write(self) -> None:
        self._write_at = time.monotonic() + self._turn_s
        while not self._yields and (batch := self.outbox.batch(BATCH)):
            self.store.append(self.writer, batch, at=self._dispatcher.clock())
            self.outbox.stored(len(batch))
            self._stored += len(batch)
            self.outbox.collect(self._says)

    def _set_clock(self) -> None:
        """Go by the server's clock where this machine's is wrong, once, before the first attempt."""
        clock = self._dispatcher.clock
        ahead = clock() - self.store.now(clock())
        if abs(ahead) > CLOCKS_DIFFER_S and self._sets_clock:
            self._dispatcher.clock = lambda: clock() - ahead
            which = "ahead of" if ahead > 0 else "behind"
            self._says(f"this machine's clock is {abs(ahead):.0f} s {which} {self.store.name}'s, which is gone by")
        self._sets_clock = False

    def _read(self) -> None:
        if self._sets_clock:
            self._set_clock()
        last = self.learned.mend()
        if last is not None:
            again = self.outbox.lost_behind(last)
            self._says(f"{self.store.name} has lost its newest entries; {again} are stored again")
        self.learned.read(self.writer, self.outbox.read_back, self._write_if_due)

    def _write_if_due(self) -> None:
        if time.monotonic() >= self._write_at:
            self.outbox.collect(self._says)
            with suppress(StoreTrouble):  # the next turn finds it again, and says it
                self._write()

    def _hand_over(self, *, at_once: bool = True) -> None:
        if not self.learned.is_ahead or (time.monotonic() < self._hand_over_at and not at_once):
            return
        began = time.monotonic()
        self.learned.hand_over(self.writer, self.outbox.pending)
        took = time.monotonic() - began
        self._hand_over_at = began + min(took / HAND_OVER_SHARE, HAND_OVER_S)

    def _keep(self, after: int) -> None:
        fold = self.learned.fold
        if fold is None or fold.count - self.learned.kept_at < after:
            return
        try:
            now = self.store.now(self._dispatcher.clock())
            if self.learned.keep(at=now):
                self.store.trim(fold.position, at=now)
        except StoreTrouble as error:
            self._judge(str(error))

    def _judge(self, trouble: str | None) -> None:
        """Keep what is wrong now, say it once, and when to try again."""
        if trouble is None:
            if self._trouble is not None:
                logger.info("%s works again", self.store.name)
            self._again_s = AGAIN_FIRST_S
        else:
            self._says(trouble)
            self._again_at = time.monotonic() + self._again_s
            self._again_s = min(2.0 * self._again_s, AGAIN_LAST_S)
        self._trouble = trouble

    def _says(self, what: str) -> None:
        self._dispatcher.trouble("store", what)

    # -- ends ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Store what waits, keep a snapshot, let go of the store; afterwards nothing is noted. Twice is safe."""
        self._closed = True
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._wake.set()
            thread.join(CLOSE_S + 1.0)

    def rest(self) -> None:
        """Let the turn end before the process forks: what SQLite has locked inside would stay so in the child."""
        self._yields = True
        self._rests = self._turning.acquire(timeout=REST_S)

    def go_on(self) -> None:
        """Go on after `rest`."""
        self._yields = False
        if self._rests:
            self._turning.release()

    def forget(self) -> None:
        """Begin anew in a process that was forked: what waits is the parent's to store. Called under the lock.

        A child that was forked in the middle of a turn does without the store: it has inherited locks that nobody will
        ever give back, and would wait for them again and again.
        """
        self._torn = self._torn or not self._rests
        self._rests = self._yields = False
        self._begin()
        self.store.forget()
        self.learned.forget()
        if self._torn:
            self._closed, self._trouble = True, FORKED
            self._says(FORKED)


def _close(journal: Journal) -> None:
    journal.close()


def _close_all() -> None:
    for journal in tuple(_journals):
        journal.close()


atexit.register(_close_all)
