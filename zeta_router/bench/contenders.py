"""The policies that the bench knows, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
        "linucb-forgetting": lambda world: [LinUCB(world.work.objective, forgetting=0.98)],
        "lowest-latency": lambda world: [LowestLatency()],
        "peak-ewma": lambda world: [PeakEwma()],
        ORACLE: lambda world: [Oracle(world)],
    }
)


def policies_named(names: str) -> tuple[str, ...]:
    """Return names of policies, separated by commas or `all`, and the oracle's, which everything is measured against.

    Raises:
        ConfigError: There is no such policy.
    """
    wanted = list(CONTENDERS) if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in CONTENDERS]
    if unknown or not wanted:
        raise ConfigError(f"no policy {', '.join(unknown) or names!r}; there are {', '.join(CONTENDERS)} and all")
    return (*dict.fromkeys(name for name in wanted if name != ORACLE), ORACLE)
