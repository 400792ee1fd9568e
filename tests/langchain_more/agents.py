"""What tests of middleware share: scripted models behind one router, in a known order, and agents that use them."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool

from tests.langchain_more.fakes import Told
from zeta_langchain import ChatZeta
from zeta_router import OutcomeSeen, ZetaDynamicRouter
from zeta_router.runs import InOrder


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Pool:
    """Models `first`, `second` and `third` behind one `ChatZeta`, tried in this order, and the outcomes so far."""

    def __init__(self, *models: Told, router: ZetaDynamicRouter | None = None) -> None:
        self.router = router if router is not None else ZetaDynamicRouter([], policy=InOrder())
        self.llm = ChatZeta(list(models), router=self.router)
        self.ends: list[tuple[str, str]] = []
        self.errors: list[str | None] = []
        self.router.subscribe(self._note)

    def _note(self, event: Any) -> None:
        if isinstance(event, OutcomeSeen):
            self.ends.append((event.decision.model, event.outcome.fate.value))
            self.errors.append(event.outcome.error)

    @property
    def in_flight(self) -> int:
        """Attempts that run now."""
        return self.router.snapshot().in_flight


def run(agent: Any, mode: str, asked: Any, config: Any = None) -> dict[str, Any]:
    """Run an agent in one of two ways, and return its last state."""
    state = {"messages": [("human", asked)]} if isinstance(asked, str) else asked
    result: dict[str, Any] = (
        agent.invoke(state, config) if mode == "sync" else asyncio.run(agent.ainvoke(state, config))
    )
    return result


def said(state: dict[str, Any]) -> str:
    """Return the last words."""
    return str(state["messages"][-1].content)


def who(state: dict[str, Any]) -> list[str]:
    """Return which model made each of the agent's messages."""
    messages: list[BaseMessage] = state["messages"]
    return [m.response_metadata["zeta"]["model"] for m in messages if isinstance(m, AIMessage)]


__all__ = ["Pool", "add", "create_agent", "run", "said", "who"]
