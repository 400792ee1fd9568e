"""Tools that can do the same job: the model sees one of them, and the one that does it best runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from zeta_router.errors import ConfigError


class Jobs:
    """Groups of tools by the name that the model sees: that of the first of each.

    So the tools in the prompt stay the same whichever one runs, and Ollama's prompt cache stays good.

    Args:
        alternatives: One group per job.

    Raises:
        ConfigError: A group has less than two tools, a name is in two of them, or a tool needs an argument that the
            model is not told of.
    """

    def __init__(self, alternatives: Sequence[Sequence[BaseTool]]) -> None:
        self._groups: dict[str, dict[str, BaseTool]] = {}
        seen: set[str] = set()
        for group in alternatives:
            if isinstance(group, BaseTool) or not all(isinstance(tool, BaseTool) for tool in group):
                raise ConfigError("alternatives must be lists of tools, e.g. alternatives=[[search, other_search]]")
            if len(group) < 2:
                raise ConfigError("alternatives must have two tools or more for each job; one alone needs no choice")
            for tool in group:
                if tool.name in seen:
                    raise ConfigError(f"the tool {tool.name!r} is in alternatives twice; each has one job")
                seen.add(tool.name)
            _check_arguments(group)
            self._groups[group[0].name] = {tool.name: tool for tool in group}

    @property
    def faces(self) -> list[BaseTool]:
        """The tools that the model sees, one per job."""
        return [next(iter(group.values())) for group in self._groups.values()]

    @property
    def most(self) -> int:
        """Tools of the largest group, at least 1."""
        return max((len(group) for group in self._groups.values()), default=1)

    @property
    def behind(self) -> frozenset[str]:
        """Names of the tools that the model does not see."""
        return frozenset(name for face, group in self._groups.items() for name in group if name != face)

    def of(self, name: str, tool: BaseTool | None) -> Mapping[str, BaseTool]:
        """Return the tools that can do what the model asked for, by name; none where it is not known."""
        return self._groups.get(name) or ({} if tool is None else {name: tool})


def _check_arguments(group: Sequence[BaseTool]) -> None:
    told = _parameters(group[0]).get("properties", {})
    for tool in group[1:]:
        missing = [name for name in _parameters(tool).get("required", []) if name not in told]
        if missing:
            raise ConfigError(
                f"{tool.name} needs {', '.join(missing)}, which {group[0].name} does not take; the model sees "
                f"{group[0].name} only, so give the tools of a job the same arguments"
            )


def _parameters(tool: BaseTool) -> Mapping[str, Any]:
    parameters: Mapping[str, Any] = convert_to_openai_tool(tool)["function"].get("parameters") or {}
    return parameters
