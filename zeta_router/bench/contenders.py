"""The policies that the bench knows, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from zeta_router.bench.oracle import Oracle
from zeta_router.bench.world import World
from zeta_router.bench.zoo import CHAT, CHATTER, CODE, CODER, EXTRACT, REASONER, REASONING
from zeta_router.errors import ConfigError
from zeta_router.objective import Objective
from zeta_router.policies.base import Policy
from zeta_router.policies.named import NAMED
from zeta_router.policies.rivals import OneModel, TaskTable

ORACLE = "oracle"
BEST_SINGLE = "best-single"
TABLE = {CODE: CODER.name, EXTRACT: CODER.name, CHAT: CHATTER.name, REASONING: REASONER.name}
"""What somebody would write down who knows the first three models of the zoo."""

Contender = Callable[[World], Sequence[Policy]]
"""Makes policies for a run; of several the best is shown, as hindsight shows it."""


def _by_name(make: Callable[[Objective], Policy]) -> Contender:
    return lambda world: [make(world.work.objective)]


CONTENDERS: Mapping[str, Contender] = MappingProxyType(
    {
        **{name: _by_name(make) for name, make in NAMED.items()},
        "task-table": lambda world: [TaskTable(TABLE)],
        BEST_SINGLE: lambda world: [OneModel(model.name) for model in world.scenario.models],
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
