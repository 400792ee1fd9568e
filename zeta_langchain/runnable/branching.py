"""What several runnables look like from outside when they stand where one does: schemas, config, copies."""

from __future__ import annotations

from typing import Any, NoReturn

from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from langchain_core.runnables.utils import ConfigurableFieldSpec, Input, Output, get_unique_config_specs
from pydantic import ConfigDict, Field


class Branching(RunnableSerializable[Input, Output]):
    """Several runnables that take the same input."""

    branches: dict[str, Runnable[Any, Any]]
    """By name."""
    conditions: Any = Field(default=None, repr=False, exclude=True)
    """The `Conditions` under which they may be run."""

    model_config = ConfigDict(arbitrary_types_allowed=True, hide_input_in_errors=True)

    @property
    def InputType(self) -> Any:
        """Of the first branch."""
        return next(iter(self.branches.values())).InputType

    @property
    def OutputType(self) -> Any:
        """Of the first branch."""
        return next(iter(self.branches.values())).OutputType

    def get_input_schema(self, config: RunnableConfig | None = None) -> Any:
        """Return the schema of the first branch that tells one."""
        for runnable in (*self.branches.values(), *self.conditions.runnables):
            if runnable.get_input_jsonschema(config).get("type") is not None:
                return runnable.get_input_schema(config)
        return super().get_input_schema(config)

    def get_output_schema(self, config: RunnableConfig | None = None) -> Any:
        """Return the schema of the first branch that tells one."""
        for runnable in self.branches.values():
            if runnable.get_output_jsonschema(config).get("type") is not None:
                return runnable.get_output_schema(config)
        return super().get_output_schema(config)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """What the branches and conditions let a config choose."""
        members = (*self.branches.values(), *self.conditions.runnables)
        return get_unique_config_specs(spec for member in members for spec in member.config_specs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.branches)})"

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Branching[Input, Output]:
        """Return a copy that shares the branches and the router, with what was learned."""
        return self.model_copy()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled: it holds what its router has learned; make one in each process"
        )
