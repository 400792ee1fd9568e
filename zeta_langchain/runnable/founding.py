"""From what a user gives to a `ZetaRunnable` to its branches and the router behind them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.runnables import Runnable
from langchain_core.runnables.base import RunnableLike, coerce_to_runnable

from zeta_router.errors import ConfigError
from zeta_router.limits import Limits
from zeta_router.model import canonical
from zeta_router.objective import Objective
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.router import ZetaDynamicRouter
from zeta_router.runs import AlwaysWarm, InOrder, run_card
from zeta_router.store import Store

KIND = "chain"
"""First half of a branch's host: `chain:small`."""


def named(
    branches: Mapping[str, RunnableLike[Any, Any]] | Sequence[RunnableLike[Any, Any]],
) -> dict[str, Runnable[Any, Any]]:
    """Return the branches by name; a list's members are named after themselves, numbered where names are shared.

    Raises:
        ConfigError: There are none, or a name is empty or shared.
    """
    if isinstance(branches, (str, Runnable)) or not isinstance(branches, (Mapping, Sequence)):
        raise ConfigError(f"branches must be a dict or a list of runnables, got {type(branches).__name__}")
    if not branches:
        raise ConfigError("name at least one branch, e.g. ZetaRunnable({'small': chain, 'large': other_chain})")
    if isinstance(branches, Mapping):
        members = {name: coerce_to_runnable(cast("Any", member)) for name, member in branches.items()}
    else:
        listed = [coerce_to_runnable(cast("Any", member)) for member in branches]
        names = [member.get_name() for member in listed]
        members = {
            name if names.count(name) == 1 else f"{name}-{number}": member
            for number, (name, member) in enumerate(zip(names, listed, strict=True), 1)
        }
    seen: dict[str, str] = {}
    for name in members:
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"a branch's name must be a word, got {name!r}")
        if canonical(name) in seen:
            raise ConfigError(f"two branches are called {name!r} and {seen[canonical(name)]!r}; case does not tell")
        seen[canonical(name)] = name
    return members


def found(
    members: Mapping[str, Runnable[Any, Any]],
    quality: Mapping[str, float],
    router: ZetaDynamicRouter | None,
    objective: str | Objective,
    store: str | os.PathLike[str] | Store | None,
    order: str,
) -> ZetaDynamicRouter:
    """Return the router over some branches: a new one, or the one that was given, which they join.

    Raises:
        ConfigError: `quality` names no branch, the router has candidates that are none, or beside it a store was given.
    """
    unknown = quality.keys() - members.keys()
    if unknown:
        raise ConfigError(f"quality names {', '.join(sorted(unknown))}, which is no branch")
    if router is not None:
        if store is not None:
            raise ConfigError("give router or store, not both: the router has its own")
        foreign = [card.name for card in router.cards if card.host != f"{KIND}:{card.name}"]
        if foreign:
            raise ConfigError(
                f"the router of a ZetaRunnable has branches only, this one has {', '.join(foreign)}; give it one of "
                "its own"
            )
    else:
        wanted = objective if isinstance(objective, Objective) else Objective.named(objective)
        router = ZetaDynamicRouter(
            [],
            objective=wanted,
            policy=InOrder() if order == "declared" else AlwaysWarm(PhaseTimes(wanted)),
            limits=Limits(attempts=len(members)),
            store=store,
        )
    known = {card.name for card in router.cards}
    for name in members:
        if name not in known:
            router.join(
                run_card(name, kind=KIND, quality=quality.get(name), tasks=tuple(router.objective.expected_seconds))
            )
    return router
