"""Policies by the names that people type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from zeta_router.errors import ConfigError
from zeta_router.objective import Objective
from zeta_router.policies.base import Policy
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.policies.rivals import (
    DiscountedThompson,
    EpsilonGreedy,
    HalfAverage,
    LeastBusy,
    LinUCB,
    LowestLatency,
    OneModel,
    PeakEwma,
    RandomPick,
    RoundRobin,
    Ucb1,
)
from zeta_router.policies.static_rule import StaticRule

NAMED: Mapping[str, Callable[[Objective], Policy]] = MappingProxyType(
    {
        "phase-times": PhaseTimes,
        "static": lambda objective: StaticRule(),
        "seed-half-average": lambda objective: HalfAverage("time"),
        "seed-count": lambda objective: HalfAverage("count"),
        "random": lambda objective: RandomPick(),
        "round-robin": lambda objective: RoundRobin(),
        "least-busy": lambda objective: LeastBusy(),
        "epsilon-greedy": EpsilonGreedy,
        "ucb1": Ucb1,
        "discounted-thompson": DiscountedThompson,
        "linucb": LinUCB,
        "linucb-forgetting": lambda objective: LinUCB(objective, forgetting=0.98),
        "lowest-latency": lambda objective: LowestLatency(),
        "peak-ewma": lambda objective: PeakEwma(),
    }
)
ONLY = "only:"
"""Before the name of a model: the policy that always takes this one."""


def policy_named(name: str, objective: Objective) -> Policy:
    """Return a new policy by its name, `only:MODEL`, or yours: `package.module:make`, called with the objective.

    Raises:
        ConfigError: There is no such policy.
    """
    known = NAMED.get(name)
    if known is not None:
        return known(objective)
    if name.startswith(ONLY):
        return OneModel(name.removeprefix(ONLY))
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ConfigError(
            f"no policy {name!r}; there are {', '.join(NAMED)}, only:MODEL, or yours as package.module:make"
        )
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"the policy {name!r} cannot be imported ({error}); write package.module:make") from error
    made: Policy = make(objective)
    return made
