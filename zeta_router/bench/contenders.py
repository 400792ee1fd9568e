"""The policies that the bench knows, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from zeta_router.bench.oracle import Oracle
from zeta_router.bench.world import World
from zeta_router.bench.zoo import CHAT, CHATTER, CODE, CODER, EXTRACT, REASONER, REASONING
from zeta_router.errors import ConfigError
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
    TaskTable,
    Ucb1,
)
from zeta_router.policies.static_rule import StaticRule

ORACLE = "oracle"
BEST_SINGLE = "best-single"
TABLE = {CODE: CODER.name, EXTRACT: CODER.name, CHAT: CHATTER.name, REASONING: REASONER.name}
"""What somebody would write down who knows the first three models of the zoo."""

Contender = Callable[[World], Sequence[Policy]]
"""Makes policies for a run; of several the best is shown, as hindsight shows it."""

CONTENDERS: Mapping[str, Contender] = MappingProxyType(
    {
        "phase-times": lambda world: [PhaseTimes(world.work.objective)],
        "static": lambda world: [StaticRule()],
        "task-table": lambda world: [TaskTable(TABLE)],
        "seed-half-average": lambda world: [HalfAverage("time")],
        "seed-count": lambda world: [HalfAverage("count")],
        "random": lambda world: [RandomPick()],
        "round-robin": lambda world: [RoundRobin()],
        BEST_SINGLE: lambda world: [OneModel(model.name) for model in world.scenario.models],
        "least-busy": lambda world: [LeastBusy()],
        "epsilon-greedy": lambda world: [EpsilonGreedy(world.work.objective)],
        "ucb1": lambda world: [Ucb1(world.work.objective)],
        "discounted-thompson": lambda world: [DiscountedThompson(world.work.objective)],
        "linucb": lambda world: [LinUCB(world.work.objective)],
        "linucb-forgetting": lambda world: [LinUCB(world.work.objective, alpha=0.7, forgetting=0.995)],
        "lowest-latency": lambda world: [LowestLatency()],
        "peak-ewma": lambda world: [PeakEwma()],
        ORACLE: lambda world: [Oracle(world)],
    }
)


def contender(name: str) -> Contender:
    """Return a policy of the bench by its name, or yours: `package.module:make`, called with the `Objective`.

    Raises:
        ConfigError: There is no such policy.
    """
    known = CONTENDERS.get(name)
    if known is not None:
        return known
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ConfigError(
            f"no policy {name!r}; there are {', '.join(CONTENDERS)}, all, or yours as package.module:make"
        )
    try:
        make = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"the policy {name!r} cannot be imported ({error}); write package.module:make") from error
    return lambda world: [make(world.work.objective)]


def policies_named(names: str) -> tuple[str, ...]:
    """Return names of policies, separated by commas or `all`, and the oracle's, which everything is measured against.

    Raises:
        ConfigError: There is no such policy.
    """
    wanted = list(CONTENDERS) if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise ConfigError(f"--policies is empty; there are {', '.join(CONTENDERS)} and all")
    for name in wanted:
        contender(name)
    return (*dict.fromkeys(name for name in wanted if name != ORACLE), ORACLE)
