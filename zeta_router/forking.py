"""A router in a process that forks: gunicorn, multiprocessing."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forks(Protocol):
    """What has to be whole while a process forks, and to begin anew in the child."""

    def before_fork(self) -> None:
        """Come to rest."""
        ...

    def after_fork_in_parent(self) -> None:
        """Go on."""
        ...

    def after_fork_in_child(self) -> None:
        """Leave to the parent what is the parent's, and go on."""
        ...


_all: WeakSet[Forks] = WeakSet()
_resting: list[Forks] = []


def watch(thing: Forks) -> None:
    """Tell a thing of forks for as long as it lives."""
    _all.add(thing)


def _before() -> None:
    _resting[:] = _all
    for thing in _resting:
        thing.before_fork()


def _in_parent() -> None:
    for thing in _resting:
        thing.after_fork_in_parent()
    _resting.clear()


def _in_child() -> None:
    for thing in _resting:
        thing.after_fork_in_child()
    _resting.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
