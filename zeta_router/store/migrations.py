"""The numbered migrations of the SQLite file. A file is brought up to date by running those it has not seen yet."""

from __future__ import annotations

APPLICATION_ID = 0x5A455441
"""`ZETA` in ASCII, in the header of the file: tells it from other programs' files."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE entries (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            writer TEXT NOT NULL,
            seq INTEGER NOT NULL,
            stored_at REAL NOT NULL,
            kind TEXT NOT NULL,
            decision_id TEXT,
            line TEXT NOT NULL
        )
        """,
        "CREATE INDEX entries_by_decision ON entries (decision_id, kind) WHERE kind = 'began'",
        """
        CREATE TABLE snapshots (
            key TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            at REAL NOT NULL,
            text TEXT NOT NULL
        )
        """,
    ),
)
"""Never changed once released; a change is a further migration."""

VERSION = len(MIGRATIONS)
"""What `PRAGMA user_version` says of a file that is up to date."""
