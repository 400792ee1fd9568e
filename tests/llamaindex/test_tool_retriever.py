"""The few tools that fit a task: picked without a model, timed where agents run them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.schema import QueryBundle
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context

from tests.llamaindex.engines import outcomes
from tests.llamaindex.fakes import Scripted, calls_tool, zeta_over
from zeta_llamaindex import ZetaToolRetriever
from zeta_router import ConfigError, Fate


def tool(name: str, description: str, function: Any = None) -> FunctionTool:
    return FunctionTool.from_defaults(function or (lambda: name), name=name, description=description)


def fails() -> str:
    """Fail."""
    raise RuntimeError("broken")


async def remember(ctx: Context, what: str) -> str:
    """Remember something."""
    await ctx.store.set("what", what)
    return f"remembered {what}"


# LlamaIndex finds the context by its annotation, and does not read those that are strings, as all in this file are.
remember.__annotations__ |= {"ctx": Context, "what": str}

TOOLS = [
    tool("weather", "Tells the weather of a city."),
    tool("mail", "Sends a mail to somebody."),
    tool("broken", "Searches documents.", fails),
    tool("clock", "Tells the time."),
]


def names(tools: list[Any]) -> list[str]:
    return [tool.metadata.name for tool in tools]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_tools_that_fit_come_first(mode: str) -> None:
    """As many as asked for, and those that are always there."""
    retriever = ZetaToolRetriever(TOOLS, most=1, always=["clock"])
    task: Any = QueryBundle("How is the weather in Bern?") if mode == "sync" else "send a mail"
    picked = retriever.retrieve(task) if mode == "sync" else asyncio.run(retriever.aretrieve(task))

    assert names(picked) == ["clock", "weather" if mode == "sync" else "mail"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_how_a_tool_did_is_told(mode: str) -> None:
    """A tool that raises still raises, and is known to have failed."""
    retriever = ZetaToolRetriever(TOOLS, most=1)
    seen = outcomes(retriever.router)

    def call(task: str) -> Any:
        (picked,) = retriever.retrieve(task)
        return picked.call() if mode == "sync" else asyncio.run(picked.acall())

    assert str(call("weather")) == "weather"
    with pytest.raises(RuntimeError, match="broken"):
        call("search documents")
    assert seen == [("weather", Fate.ok), ("broken", Fate.error)]


def test_the_tools_given_stay_as_they_are() -> None:
    """What is handed out are copies of the same class."""
    retriever = ZetaToolRetriever(TOOLS)

    for picked in retriever.retrieve("weather"):
        assert isinstance(picked, FunctionTool)
        assert picked not in TOOLS


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_an_agent_takes_it() -> None:
    """A tool that wants the agent's context gets it."""
    retriever = ZetaToolRetriever([*TOOLS, FunctionTool.from_defaults(remember)], most=2)
    seen = outcomes(retriever.router)
    llm = zeta_over(Scripted("first", calls_tool("remember", what="milk"), "Done."))

    answer = await FunctionAgent(tools=[], tool_retriever=retriever, llm=llm).run("remember milk")

    assert str(answer) == "Done."
    assert seen == [("remember", Fate.ok)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"tools": []}, "tools is empty"),
        ({"tools": TOOLS, "most": 0}, "most must be a whole number above 0"),
        ({"tools": TOOLS, "always": ["nobody"]}, "always names nobody"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    """The text names the setting and the way out."""
    with pytest.raises(ConfigError, match=sentence):
        ZetaToolRetriever(**arguments)
