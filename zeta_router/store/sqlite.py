"""`SQLiteStore`: one file, shared by the processes of one machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zeta_router.decision import Decision
from zeta_router.store.base import DAY_S, Retention
from zeta_router.store.lines import decode
from zeta_router.store.records import START, AttemptBegan, Entry, Line, Position
from zeta_router.store.snapshots import StoredSnapshot
from zeta_router.store.sqlite_file import SQLiteFile, check_file, translated

PAGE = 1_000
"""Entries read at a time: a reader holds no transaction open while its caller thinks."""
ROWS_AT_ONCE = 100
"""Lines stored by one statement: between two, other threads may keep the interpreter for a while, and the file would
stay locked for other processes meanwhile."""
COLUMNS = "writer, seq, stored_at, kind, decision_id, line"
TRIM_PAGE = 5_000
"""Entries deleted at a time: writers of other processes get their turn in between."""
SNAPSHOTS_MOST = 8
"""Snapshots kept of different policies and settings: those that were written last."""


class SQLiteStore:
    """The log in one SQLite file, in WAL mode: readers never wait for writers.

    Args:
        path: The file; it and its folder are made when needed.
        retention: How many entries are kept, and how long.
        patience: Seconds to wait for another process that is writing.
    """

    def __init__(self, path: str | os.PathLike[str], *, retention: Retention | None = None, patience: float = 5.0):
        self.path = Path(path).expanduser()
        self._retention = retention if retention is not None else Retention()
        self._writing = SQLiteFile(self.path, patience=patience)
        self._reading = SQLiteFile(self.path, patience=patience)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<SQLiteStore {str(self.path)!r}>"

    @property
    def name(self) -> str:
        """As a store is named in `store=`."""
        return f"sqlite:///{self.path}"

    @property
    def machine(self) -> str:
        """Empty: a SQLite file serves one machine."""
        return ""

    def now(self, clock: float) -> float:
        """Return the router's time: all writers are on one machine."""
        return clock

    def append(self, writer: str, lines: Sequence[Line], *, at: float) -> None:
        """Store lines in one transaction."""
        with translated(self._writing) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for first in range(0, len(lines), ROWS_AT_ONCE):
                some = lines[first : first + ROWS_AT_ONCE]
                values: list[object] = []
                for line in some:
                    values += (writer, line.seq, at, line.kind, line.decision_id or None, line.text)
                rows = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(some))
                connection.execute(f"INSERT INTO entries ({COLUMNS}) VALUES {rows}", values)
            connection.execute("COMMIT")

    def read(self, after: Position = START, *, since: float = 0.0, most: int | None = None) -> Iterator[Entry]:
        """Yield the entries behind a position, a page at a time."""
        position = max(after[0], self._position_at(since)) if since else after[0]
        left = most
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            rows = self._query(
                "SELECT position, writer, seq, stored_at, line FROM entries WHERE position > ?"
                " ORDER BY position LIMIT ?",
                (position, page),
            )
            for position, writer, seq, stored_at, text in rows:
                yield Entry((position, 0), writer, seq, "", stored_at, stored_at, decode(text))
            if len(rows) < page:
                return
            left = None if left is None else left - page

    def _position_at(self, since: float) -> int:
        """Return the last position before a time. Times grow with positions, but for the seconds that clocks differ."""
        ((low, high),) = self._query("SELECT COALESCE(MIN(position), 1) - 1, COALESCE(MAX(position), 0) FROM entries")
        while low < high:
            middle = (low + high + 1) // 2
            rows = self._query(
                "SELECT stored_at FROM entries WHERE position <= ? ORDER BY position DESC LIMIT 1", (middle,)
            )
            if rows and rows[0][0] >= since:
                high = middle - 1
            else:
                low = middle
        return int(low)

    def bounds(self) -> tuple[Position, Position]:
        """Return the positions before the oldest entry and of the newest."""
        ((oldest, last),) = self._query(
            "SELECT (SELECT MIN(position) FROM entries), (SELECT seq FROM sqlite_sequence WHERE name = 'entries')"
        )
        return (oldest - 1 if oldest is not None else last, 0), (last, 0)

    def find(self, decision_id: str) -> Decision | None:
        """Return the newest decision of an id."""
        rows = self._query(
            "SELECT line FROM entries WHERE decision_id = ? AND kind = 'began' ORDER BY position DESC", (decision_id,)
        )
        for (text,) in rows:
            record = decode(text)
            if isinstance(record, AttemptBegan):
                return record.decision
        return None

    def snapshot(self, key: str) -> StoredSnapshot | None:
        """Return the newest snapshot of a policy."""
        rows = self._query("SELECT position, at, text FROM snapshots WHERE key = ?", (key,))
        return StoredSnapshot(key, (rows[0][0], 0), rows[0][1], rows[0][2]) if rows else None

    def keep(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot unless a newer one is there."""
        with translated(self._writing) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO snapshots (key, position, at, text) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " position = excluded.position, at = excluded.at, text = excluded.text"
                " WHERE excluded.position > snapshots.position",
                (snapshot.key, snapshot.position[0], snapshot.at, snapshot.text),
            )
            connection.execute(
                "DELETE FROM snapshots WHERE key NOT IN (SELECT key FROM snapshots ORDER BY at DESC LIMIT ?)",
                (SNAPSHOTS_MOST,),
            )
            connection.execute("COMMIT")

    def trim(self, before: Position, *, at: float) -> int:
        """Let go of what is too old or too much, a page at a time, and give its space back."""
        (first, _), (newest, _) = self.bounds()
        # positions have no gaps but at the front: their difference is a count
        cut = max(newest - self._retention.entries, self._position_at(at - self._retention.days * DAY_S))
        cut = min(cut, before[0])
        for page in range(first, cut, TRIM_PAGE):
            with translated(self._writing) as connection:
                connection.execute("DELETE FROM entries WHERE position <= ?", (min(page + TRIM_PAGE, cut),))
                connection.execute("PRAGMA incremental_vacuum").fetchall()
        return max(cut - first, 0)

    def check(self) -> None:
        """Look whether the file can be read and written and is sound; unlike all else this moves no file aside.

        Raises:
            StoreTrouble: It is not.
        """
        check_file(self.path)

    def close(self) -> None:
        """Close the file."""
        self._writing.close()
        with self._lock:
            self._reading.close()

    def forget(self) -> None:
        """Leave the parent's connections alone, and open own ones when needed."""
        self._writing.forget()
        self._reading.forget()
        self._lock = threading.Lock()

    def _query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, translated(self._reading) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql, values).fetchall()
            return rows
