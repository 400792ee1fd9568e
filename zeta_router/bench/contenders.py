"""The policies that the bench knows, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from zeta_router.bench.oracle import Oracle
from zeta_router.bench.world import World
from zeta_router.errors import ConfigError
from zeta_router.policies.base import Policy
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.policies.static_rule import StaticRule

ORACLE = "oracle"

CONTENDERS: Mapping[str, Callable[[World], Policy]] = MappingProxyType(
    {
        "phase-times": lambda world: PhaseTimes(world.work.objective),
        "static": lambda world: StaticRule(),
        ORACLE: Oracle,
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
