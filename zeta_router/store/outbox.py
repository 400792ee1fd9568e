"""`Outbox`: what a router has to tell its store, in order, until it has read it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from zeta_router.store.lines import encode
from zeta_router.store.records import Line, Position, Record

WAITING_MOST = 20_000
"""Records that wait for a store that is away; the oldest are given up first."""
READ_BACK_MOST = 2_000
"""Own lines that are kept after they were read back, for a server that comes back without its last seconds."""


class Posted(NamedTuple):
    """One record on its way."""

    line: Line
    record: Record


class Outbox:
    """A queue that requests only ever append to, and what the writing thread has taken from it.

    `put` is called under the dispatcher's lock, what changes it otherwise by the writing thread only.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._seq = 0
        self._queue: deque[tuple[int, Record]] = deque()
        self._unsent: deque[Posted] = deque()
        self._unread: deque[Posted] = deque()
        self._read_back: deque[tuple[Position, Posted]] = deque(maxlen=READ_BACK_MOST)

    def __len__(self) -> int:
        return len(self._queue) + len(self._unsent)

    def put(self, record: Record) -> None:
        """Add a record. Never blocks, never raises: what does not fit is counted."""
        if len(self._queue) >= WAITING_MOST:
            self.dropped += 1
            return
        self._seq += 1
        self._queue.append((self._seq, record))

    def collect(self, spoiled: Callable[[str], None]) -> None:
        """Take what was put, as lines; `spoiled` is told what cannot be written."""
        while self._queue:
            seq, record = self._queue.popleft()
            try:
                self._unsent.append(Posted(encode(record, seq), record))
            except (ValueError, TypeError, AttributeError) as error:  # a policy's figures may be anything
                self.dropped += 1
                spoiled(
                    f"a record cannot be written ({type(error).__name__}): it holds what is no plain number or text"
                )
        while len(self._unsent) > WAITING_MOST:
            self._unsent.popleft()
            self.dropped += 1

    def batch(self, most: int) -> list[Line]:
        """Return the next lines to be stored."""
        return [posted.line for posted in islice(self._unsent, most)]

    def stored(self, count: int) -> None:
        """Note that the first lines of the batch were stored."""
        for _ in range(count):
            self._unread.append(self._unsent.popleft())

    def read_back(self, seq: int, position: Position) -> None:
        """Note that an own line was read: it is part of what everybody folds."""
        while self._unread and self._unread[0].line.seq <= seq:
            self._read_back.append((position, self._unread.popleft()))

    def lost_behind(self, last: Position) -> int:
        """Take back what lay behind the last position that is left; return how many will be stored again."""
        lost: list[Posted] = []
        while self._read_back and self._read_back[-1][0] > last:
            lost.append(self._read_back.pop()[1])
        again = (*reversed(lost), *self._unread)
        self._unread.clear()
        self._unsent.extendleft(reversed(again))
        return len(again)

    def pending(self) -> list[Record]:
        """Return what was not read back yet, in order. Called under the dispatcher's lock, by any thread."""
        sent = [*self._unread, *self._unsent]  # each is copied in one step of the interpreter
        return [*(posted.record for posted in sent), *(record for _, record in list(self._queue))]
