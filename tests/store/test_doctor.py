"""`zeta doctor` says how the store is, and changes nothing in it."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tests.store.conftest import RedisServer
from tests.store.world import damaged, router_on, serve
from zeta_router import ConfigError
from zeta_router.cli.findings import Finding
from zeta_router.cli.store_findings import store_findings
from zeta_router.store.migrations import MIGRATIONS
from zeta_router.testing import ManualClock


def only(where: str | Path) -> Finding:
    """Return the one finding."""
    (finding,) = store_findings(str(where))
    return finding


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a log that a router has written a moment ago."""
    clock = ManualClock(time.time() - 60.0)
    with router_on(tmp_path / "log.db", clock) as router:
        serve(router, clock, 5)
    return tmp_path / "log.db"


def test_a_store_that_works(path: Path) -> None:
    """How much was written lately, and by how many."""
    finding = only(path)
    assert finding.level == "ok"
    assert "13 entries of 1 processes" in finding.what


def test_a_store_that_does_not_exist_yet_is_not_made(tmp_path: Path) -> None:
    """Looking is not touching."""
    assert only(tmp_path / "log.db").level == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_stays_where_it_is(path: Path) -> None:
    """The next router moves it aside; a doctor only says so."""
    broken = damaged(path)
    assert "damaged" in only(path).what
    assert only(path).level == "problem"
    assert path.read_bytes() == broken


def test_a_file_of_somebody_else(path: Path) -> None:
    """No router moves it, and none is said to."""
    path.write_text("shopping list: lynx food")
    assert "no log of Zeta's" in only(path).what
    assert path.read_text() == "shopping list: lynx food"


def test_a_locked_file(path: Path) -> None:
    """Somebody has been writing for long."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "locked" in only(path).what
    other.close()


def test_a_newer_file(path: Path) -> None:
    """It is not read, or a wrong reading would be shown."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    assert "newer Zeta" in only(path).what


def test_records_that_cannot_be_read(path: Path) -> None:
    """How many, and why."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO entries (writer, seq, stored_at, kind, line) VALUES ('w', 1, ?, 'x', '{')", (time.time(),)
        )
    connection.close()
    findings = store_findings(str(path))
    assert [finding.level for finding in findings] == ["ok", "warning"]
    assert "1 of them cannot be read" in findings[1].what


def test_a_redis_server_that_is_away() -> None:
    """Without its password."""
    finding = only("redis://user:hunter2@127.0.0.1:1/0")
    assert finding.level == "problem"
    assert "hunter2" not in f"{finding}"


def test_clocks_that_disagree(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says by how much, and which way."""
    clock = ManualClock(time.time())
    with router_on(redis_server.url, clock) as router:
        serve(router, clock)
    now = time.time() + 100.0
    monkeypatch.setattr("zeta_router.cli.store_findings.time.time", lambda: now)
    assert [f.what for f in store_findings(redis_server.url) if "s ahead of" in f.what]


def test_what_is_no_store() -> None:
    """An error that names what it may be."""
    with pytest.raises(ConfigError, match="redis://HOST"):
        store_findings("postgres://host/db")
