"""The protocol of a store, and what may go wrong with one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from zeta_router.decision import Decision
from zeta_router.errors import ConfigError
from zeta_router.store.records import START, Entry, Line, Position
from zeta_router.store.snapshots import StoredSnapshot

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long entries are kept. What they taught stays in the snapshots."""

    days: float = 90.0
    entries: int = 200_000
    """An attempt takes two, together about a kilobyte."""

    def __post_init__(self) -> None:
        """Refuse what would keep nothing.

        Raises:
            ConfigError: A bound is too low.
        """
        if not self.days > 0:
            raise ConfigError(f"retention.days must be above 0, got {self.days!r}")
        if self.entries < 1_000:
            raise ConfigError(f"retention.entries must be 1,000 or more, got {self.entries!r}")


class StoreTrouble(Exception):
    """A store cannot do what it should now. Never reaches a request: the router goes on from memory and says so.

    Its text says what is so and what helps, in one line, without a password.
    """


@runtime_checkable
class Store(Protocol):
    """An append-only log with snapshots, that several processes may share.

    Every method may raise `StoreTrouble`, and be called again afterwards. All but `read` and `find` are called from one
    thread at a time.
    """

    @property
    def name(self) -> str:
        """What people call it, without user and password."""
        ...

    @property
    def machine(self) -> str:
        """Name of this machine where the log serves several, else empty."""
        ...

    def now(self, clock: float) -> float:
        """Return the time by the store's own clock; `clock`, the router's, where it has none."""
        ...

    def append(self, writer: str, lines: Sequence[Line], *, at: float) -> None:
        """Store lines at the end, all or none. Lines that were stored before may be stored again.

        Args:
            writer: Name of the router that writes.
            lines: In the order of their numbers.
            at: The time by the writer's clock.
        """
        ...

    def read(self, after: Position = START, *, since: float = 0.0, most: int | None = None) -> Iterator[Entry]:
        """Yield the entries behind a position that were stored at or after a time, in their order; at most `most`."""
        ...

    def bounds(self) -> tuple[Position, Position]:
        """Return the positions before the oldest entry and of the newest.

        Who has read less than the first has missed entries; who has read more than the second saw some that were lost.
        """
        ...

    def find(self, decision_id: str) -> Decision | None:
        """Return the newest decision of an id; None where there is none (any more)."""
        ...

    def snapshot(self, key: str) -> StoredSnapshot | None:
        """Return the newest snapshot of a policy."""
        ...

    def keep(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot, in the place of an older one of its policy; a newer one stays."""
        ...

    def trim(self, before: Position, *, at: float) -> int:
        """Let go of what retention does not keep and lies at or before a position; return how many entries."""
        ...

    def close(self) -> None:
        """Let go of files and connections; using the store again opens them again."""
        ...

    def forget(self) -> None:
        """Leave files and connections to the process that this one was forked from, without touching them."""
        ...
