"""One connection to the SQLite file: opened when needed, checked, migrated; a damaged log is moved aside."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from zeta_router.store.base import StoreTrouble
from zeta_router.store.migrations import APPLICATION_ID, MIGRATIONS, VERSION

CHECKED_BYTES = 200e6
"""Larger files are not read from end to end to be checked."""
MAGIC = b"SQLite format 3\x00"
"""What a SQLite file begins with. The id of the program that made it stands in bytes 68 to 71:
https://www.sqlite.org/fileformat.html#the_database_header"""
MOVING_S = 60.0
"""Seconds after which a process that was moving the file aside is taken for dead."""

_left_to_parent: list[sqlite3.Connection] = []
"""Connections of a parent process. Closing one in a child would take the parent's locks away: they are kept, unused."""


class SQLiteFile:
    """A connection to one file, made on first use and again when the file was moved, restored or deleted."""

    def __init__(self, path: Path, *, patience: float) -> None:
        self.path = path
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def open(self) -> sqlite3.Connection:
        """Return the connection to the file that lies at the path now.

        Raises:
            StoreTrouble: The file is another program's, or a newer Zeta's.
            sqlite3.Error: It cannot be opened.
        """
        if self._connection is not None:
            with suppress(OSError):
                if self.path.stat().st_ino == self._inode:
                    return self._connection
            self.close()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreTrouble(f"{self.path.parent} cannot be made ({error.strerror}); name another file") from error
        give_up_at = time.monotonic() + self._patience
        while True:
            connection = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode=rwc",
                uri=True,
                timeout=self._patience,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                _prepare(connection, self.path)
            except BaseException as error:
                connection.close()
                # SQLite does not wait for its turn to switch to WAL: two processes that make one file meet here
                if "locked" in str(error) and time.monotonic() < give_up_at:
                    time.sleep(0.02)
                    continue
                raise
            self._connection, self._inode = connection, self.path.stat().st_ino
            return connection

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def is_ours(self) -> bool:
        """Return whether a file is surely a log of Zeta's, though it may be damaged: it was opened as one, or says so.

        Anything else that a setting names by mistake is not moved.
        """
        with suppress(OSError):
            return self.path.stat().st_ino == self._inode or _says_it_is_ours(self.path)
        return False

    def forget(self) -> None:
        """Leave the connection to the process that opened it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _left_to_parent.append(connection)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check whose file it is and bring it up to date."""
    version = _version(connection, path)
    if version == VERSION:
        connection.execute("PRAGMA synchronous = NORMAL")
        return
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, or it has no effect
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute(
        "PRAGMA synchronous = NORMAL"
    )  # in WAL a crash of the machine loses seconds, and damages nothing
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number, statements in enumerate(MIGRATIONS[_version(connection, path) :], _version(connection, path) + 1):
            for statement in statements:
                connection.execute(statement)
            if number == 1:
                # positions start at the time in ms, so that a file that replaces another one goes on behind it
                connection.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES ('entries', ?)", (int(time.time() * 1000),)
                )
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    ((version,),) = connection.execute("PRAGMA user_version")
    ((owner,),) = connection.execute("PRAGMA application_id")
    ((tables,),) = connection.execute("SELECT COUNT(*) FROM sqlite_master")
    if tables and owner != APPLICATION_ID:
        raise StoreTrouble(f"{path} is a SQLite file of another program; name another file")
    if version > VERSION:
        raise StoreTrouble(
            f"{path} was written by a newer Zeta (schema {version}, this one knows {VERSION});"
            " upgrade zeta-router, or name another file"
        )
    return int(version)


@contextmanager
def translated(file: SQLiteFile) -> Iterator[sqlite3.Connection]:
    """Hand out the connection; what goes wrong inside becomes `StoreTrouble`, and nothing stays half done.

    A damaged log is moved aside, so that the next use begins a new one; a file that may be another's is left alone.
    """
    try:
        yield file.open()
    except sqlite3.Error as error:
        _roll_back(file)
        text = str(error)
        if _is_damage(error):
            file.close()
            raise (_set_aside(file.path) if file.is_ours() else _not_ours(file.path)) from error
        raise StoreTrouble(_in_words(file.path, text)) from error
    except BaseException:
        _roll_back(file)
        raise


def _roll_back(file: SQLiteFile) -> None:
    connection = file._connection
    if connection is not None and connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _in_words(path: Path, text: str) -> str:
    if "locked" in text or "busy" in text:
        return f"{path} is locked by another process; it is tried again"
    if "full" in text:
        return f"the disk of {path} is full: make room; it is tried again"
    if "readonly" in text or "read-only" in text:
        return f"{path} may only be read: what was learned is used, nothing new is kept; allow writing to it"
    if "unable to open" in text:
        return f"{path} cannot be opened: allow writing to its folder, or name another file"
    return f"{path} cannot be used ({text}); it is tried again"


def _says_it_is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(72)
    return header.startswith(MAGIC) and header[68:] == APPLICATION_ID.to_bytes(4, "big")


def _not_ours(path: Path) -> StoreTrouble:
    return StoreTrouble(f"{path} is no log of Zeta's, or nothing is left of one; name another file, or move it away")


def _set_aside(path: Path) -> StoreTrouble:
    """Move a damaged file aside, unless another process has done so; return what to say."""
    marker = path.with_name(f"{path.name}.moving")
    try:
        if marker.exists() and time.time() - marker.stat().st_mtime > MOVING_S:
            marker.unlink(missing_ok=True)
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except OSError:
        return StoreTrouble(f"{path} is damaged, and another process is moving it aside")
    try:
        if _is_sound(path):
            return StoreTrouble(f"{path} was damaged; another process began a new one")
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
        return StoreTrouble(f"{path} was damaged: it was moved to {aside}, and a new one begins")
    except OSError as error:
        return StoreTrouble(f"{path} is damaged and cannot be moved ({error.strerror}); move it away")
    finally:
        marker.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """Look at a file as a router would use it, and change nothing.

    Raises:
        StoreTrouble: It is damaged, locked, too new, another program's, or cannot be written.
    """
    damaged = StoreTrouble(f"{path} is damaged; the next router moves it aside and begins a new one")
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=0.5, isolation_level=None)
        try:
            _version(connection, path)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            if path.stat().st_size <= CHECKED_BYTES and not _is_sound(path):
                raise damaged
        finally:
            connection.close()
    except sqlite3.Error as error:
        if _is_damage(error):
            raise (damaged if _says_it_is_ours(path) else _not_ours(path)) from error
        raise StoreTrouble(_in_words(path, str(error))) from error


def _is_damage(error: sqlite3.Error) -> bool:
    return "malformed" in str(error) or "not a database" in str(error)


def _is_sound(path: Path) -> bool:
    if not path.exists():
        return True
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=1.0)
    try:
        ((verdict,),) = connection.execute("PRAGMA quick_check(1)")
        return bool(verdict == "ok")
    except sqlite3.DatabaseError as error:
        return not _is_damage(error)
    finally:
        connection.close()
