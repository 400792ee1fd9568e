"""`MemoryStore`: a log in memory, for tests and for several routers of one process."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

from zeta_router.decision import Decision
from zeta_router.store.base import DAY_S, Retention
from zeta_router.store.lines import decode
from zeta_router.store.records import START, AttemptBegan, Entry, Line, Position
from zeta_router.store.snapshots import StoredSnapshot


class MemoryStore:
    """Keeps lines as the other stores do, and forgets them with the process.

    Args:
        retention: How many entries are kept, and how long.
        machine: Name that its entries carry, as if it served several machines.
    """

    def __init__(self, *, retention: Retention | None = None, machine: str = "") -> None:
        self._retention = retention if retention is not None else Retention()
        self._machine = machine
        self._rows: list[tuple[int, str, int, str, float, str, str]] = []
        self._next = 1
        self._snapshots: dict[str, StoredSnapshot] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<MemoryStore of {len(self._rows)} entries>"

    @property
    def name(self) -> str:
        """As a store is named in `store=`."""
        return "memory"

    @property
    def machine(self) -> str:
        """As given."""
        return self._machine

    def now(self, clock: float) -> float:
        """Return the router's time."""
        return clock

    def append(self, writer: str, lines: Sequence[Line], *, at: float) -> None:
        """Store lines at the end."""
        with self._lock:
            for line in lines:
                self._rows.append((self._next, writer, line.seq, self._machine, at, line.decision_id, line.text))
                self._next += 1

    def read(self, after: Position = START, *, since: float = 0.0, most: int | None = None) -> Iterator[Entry]:
        """Yield the entries behind a position, as they are now."""
        with self._lock:
            start = bisect_right(self._rows, after[0], key=lambda row: row[0])
            rows = self._rows[start : None if most is None or since else start + most]
        entries = (
            Entry((number, 0), writer, seq, machine, at, at, decode(text))
            for number, writer, seq, machine, at, _, text in rows
            if at >= since
        )
        return islice(entries, most)

    def bounds(self) -> tuple[Position, Position]:
        """Return the positions before the oldest entry and of the newest."""
        with self._lock:
            last = self._next - 1
            return (self._rows[0][0] - 1 if self._rows else last, 0), (last, 0)

    def find(self, decision_id: str) -> Decision | None:
        """Return the newest decision of an id."""
        with self._lock:
            texts = [row[6] for row in self._rows if row[5] == decision_id]
        for text in reversed(texts):
            record = decode(text)
            if isinstance(record, AttemptBegan):
                return record.decision
        return None

    def snapshot(self, key: str) -> StoredSnapshot | None:
        """Return the newest snapshot of a policy."""
        return self._snapshots.get(key)

    def keep(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot unless a newer one is there."""
        with self._lock:
            known = self._snapshots.get(snapshot.key)
            if known is None or known.position < snapshot.position:
                self._snapshots[snapshot.key] = snapshot

    def trim(self, before: Position, *, at: float) -> int:
        """Let go of what is too old or too much."""
        with self._lock:
            oldest, most = at - self._retention.days * DAY_S, self._retention.entries
            gone = sum(
                row[0] <= before[0] and (row[4] < oldest or place < len(self._rows) - most)
                for place, row in enumerate(self._rows)
            )
            del self._rows[:gone]
            return gone

    def close(self) -> None:
        """Nothing is open."""

    def forget(self) -> None:
        """Take the child's own lock: that of the parent may be held by a thread that was not copied."""
        self._lock = threading.Lock()
