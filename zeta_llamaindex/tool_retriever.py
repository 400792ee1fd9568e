"""`ZetaToolRetriever`: the few tools that fit a task, for agents that have many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from llama_index.core.objects import ObjectRetriever
from llama_index.core.schema import QueryBundle
from llama_index.core.tools import BaseTool
from llama_index.core.tools.types import ToolOutput, adapt_to_async_tool

from zeta_llamaindex.choosing import Chooser, Plan
from zeta_llamaindex.running import Running
from zeta_router.errors import ConfigError
from zeta_router.router import ZetaDynamicRouter


class ZetaToolRetriever(ObjectRetriever[BaseTool]):
    """Picks the tools that fit what the user says, by their descriptions and by how they did; no model is asked.

    ```python
    agent = FunctionAgent(tools=[], tool_retriever=ZetaToolRetriever(tools, most=5), llm=llm)
    ```

    The tools that it hands out are copies that tell it how long they took and whether they failed.

    Args:
        tools: All there are.
        most: How many are picked, beside those that are always there.
        always: Names of tools that are always handed out.
        router: Made by `choice_router`, e.g. to share what is learned; None makes one.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        tools: Sequence[BaseTool],
        *,
        most: int = 5,
        always: Iterable[str] = (),
        router: ZetaDynamicRouter | None = None,
    ) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ConfigError(f"most must be a whole number above 0, got {most!r}")
        if not tools:
            raise ConfigError("tools is empty: give the tools to pick from")
        self._tools = list(tools)
        self._always = {always} if isinstance(always, str) else set(always)
        unknown = self._always - {tool.metadata.get_name() for tool in tools}
        if unknown:
            raise ConfigError(f"always names {', '.join(sorted(unknown))}, which is no tool here")
        self._most = most
        self._chooser = Chooser("tool", router)

    def __repr__(self) -> str:
        return f"<ZetaToolRetriever of {self._most} among {len(self._tools)} tools>"

    @property
    def router(self) -> ZetaDynamicRouter:
        """The router over the tools: `feedback`, `snapshot`, `subscribe`."""
        return self._chooser.router

    def retrieve(self, str_or_query_bundle: str | QueryBundle) -> list[BaseTool]:
        """Return the tools for a task: those that are always there, then those that fit best, best first."""
        asked = str_or_query_bundle
        choices = [tool.metadata for tool in self._tools]
        plan = self._chooser.plan(choices, asked if isinstance(asked, str) else asked.query_str)
        constant = [number for number, choice in enumerate(choices) if choice.get_name() in self._always]
        picked = [number for number in plan.ranked() if number not in constant][: self._most]
        return [_telling(self._tools[number], number, plan) for number in (*constant, *picked)]

    async def aretrieve(self, str_or_query_bundle: str | QueryBundle) -> list[BaseTool]:
        """Do what `retrieve` does; nothing is waited for."""
        return self.retrieve(str_or_query_bundle)


def _telling(tool: BaseTool, number: int, plan: Plan) -> BaseTool:
    """Return a copy of a tool that tells how its calls went. It is of the same class: agents look at that."""
    told: Any = copy(adapt_to_async_tool(tool))
    inner_call, inner_acall = told.call, told.acall

    def call(*args: Any, **kwargs: Any) -> ToolOutput:
        running = _running()
        with running:
            output: ToolOutput = inner_call(*args, **kwargs)
            running.ended(useful=not output.is_error)
            return output
        raise running.raised()

    async def acall(*args: Any, **kwargs: Any) -> ToolOutput:
        running = _running()
        with running:
            output: ToolOutput = await inner_acall(*args, **kwargs)
            running.ended(useful=not output.is_error)
            return output
        raise running.raised()

    def _running() -> Running:
        attempt, _ = next(iter(plan.attempts([number])))
        return Running(attempt)

    told.call, told.acall = call, acall
    return told  # type: ignore[no-any-return]
