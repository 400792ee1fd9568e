"""Conditions of branches: which of them may take an input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.base import coerce_to_runnable

from zeta_router.errors import ConfigError, InvalidRequest

ConfigOf = Callable[[str], RunnableConfig]
"""Branch -> the config that its condition runs with."""


class Conditions:
    """The conditions of some branches, asked in the order of the branches.

    A plain function of the input is called as it is, in the thread of the caller or of the event loop: no run of the
    trace, no hop to another thread. Runnables and coroutine functions are run, each as a run of its own.

    Args:
        names: All branches, in order.
        given: Branch -> its condition; a branch without one takes every input.
        first_only: The first branch whose condition holds takes the input; those without one stand in for it.
    """

    def __init__(self, names: tuple[str, ...], given: Mapping[str, Any], *, first_only: bool) -> None:
        unknown = given.keys() - set(names)
        if unknown:
            raise ConfigError(
                f"when names {', '.join(sorted(unknown))}, which is no branch; they are {', '.join(names)}"
            )
        self._names = names
        self._first_only = first_only
        self._quick = {name: test for name, test in given.items() if _is_plain(test)}
        self._runnables: dict[str, Runnable[Any, Any]] = {
            name: coerce_to_runnable(test) for name, test in given.items() if name not in self._quick
        }

    @property
    def runnables(self) -> tuple[Runnable[Any, Any], ...]:
        """The conditions that are runs of their own."""
        return tuple(self._runnables.values())

    def holding(self, asked: Any, config_of: ConfigOf) -> list[str]:
        """Return the branches that may take an input, in order.

        Raises:
            InvalidRequest: There is none.
        """
        found: list[str] = []
        settled = False
        for name in self._names:
            if self._is_free(name):
                found.append(name)
            elif not settled:
                test = self._quick.get(name)
                holds = test(asked) if test is not None else self._runnables[name].invoke(asked, config_of(name))
                settled = self._note(name, holds, found)
        return self._checked(found)

    async def aholding(self, asked: Any, config_of: ConfigOf) -> list[str]:
        """Do what `holding` does, awaited."""
        found: list[str] = []
        settled = False
        for name in self._names:
            if self._is_free(name):
                found.append(name)
            elif not settled:
                test = self._quick.get(name)
                holds = test(asked) if test is not None else await self._runnables[name].ainvoke(asked, config_of(name))
                settled = self._note(name, holds, found)
        return self._checked(found)

    def _is_free(self, name: str) -> bool:
        return name not in self._quick and name not in self._runnables

    def _note(self, name: str, holds: Any, found: list[str]) -> bool:
        """Keep a branch whose condition holds, and return whether no other one is asked."""
        if holds:
            found.append(name)
        return bool(holds) and self._first_only

    def _checked(self, found: list[str]) -> list[str]:
        if not found:
            raise InvalidRequest(
                f"no branch takes this input: no condition of {', '.join(self._names)} holds; "
                "add a branch without a condition"
            )
        return found


def _is_plain(test: Any) -> bool:
    """Return whether a condition is a function of the input alone, and not awaited."""
    if isinstance(test, Runnable) or not callable(test) or inspect.iscoroutinefunction(test):
        return False
    if inspect.iscoroutinefunction(getattr(test, "__call__", None)):  # noqa: B004 - an object may be called awaited
        return False
    try:
        return len(inspect.signature(test).parameters) == 1
    except ValueError:  # some builtins do not tell
        return True
