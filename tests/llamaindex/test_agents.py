"""Agents of LlamaIndex over `ZetaLLM`: each step is a call of its own, on the model that is best for it."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent, ToolCallResult

from tests.llamaindex.fakes import Scripted, calls_tool, fates, in_flight, zeta_over
from tests.llamaindex.two_tools import MODELS, TOOLS
from zeta_llamaindex import ZetaLLM
from zeta_router import Fate
from zeta_router.simulator import SimulatedOllama

pytestmark = [
    # Workflows look at every attribute of an agent, pydantic's deprecated ones too.
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    # LlamaIndex's own ReActAgent asks its context what workflows no longer want to be asked.
    pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning"),
]


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_function_agent_completes_a_task_of_two_tools(streaming: bool) -> None:
    """Each step is a call of its own: other models may answer other steps, and each tool runs once."""
    first = Scripted("first", calls_tool("add", a=1, b=2), ConnectionError(), "The answer is 6.")
    second = Scripted("second", calls_tool("double", number=3))
    llm = zeta_over(first, second)
    seen = fates(llm)

    answer, results = await _run(FunctionAgent(tools=TOOLS, llm=llm, streaming=streaming), "add 1 and 2, then double")

    assert answer == "The answer is 6."
    assert results == [("add", "3"), ("double", "6")]
    assert seen == [Fate.ok, Fate.error, Fate.ok, Fate.ok]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_function_agent_completes_against_ollama(streaming: bool, server: SimulatedOllama) -> None:
    """The same over a real socket, with children that Zeta built."""
    llm = ZetaLLM(models=MODELS, hosts=[server.url])

    answer, results = await _run(FunctionAgent(tools=TOOLS, llm=llm, streaming=streaming), "double 4")

    assert answer == "The result is 8."
    assert results == [("double", "8")]


async def test_a_react_agent_completes_a_task_of_two_tools() -> None:
    """An agent that writes its calls as text works as well."""
    child = Scripted(
        "first",
        'Thought: I add.\nAction: add\nAction Input: {"a": 1, "b": 2}',
        'Thought: I double.\nAction: double\nAction Input: {"number": 3}',
        "Thought: I can answer without using any more tools.\nAnswer: 6",
    )

    answer, results = await _run(ReActAgent(tools=TOOLS, llm=zeta_over(child)), "add 1 and 2, then double")

    assert answer == "6"
    assert results == [("add", "3"), ("double", "6")]


async def test_an_agent_workflow_takes_it_for_a_function_caller() -> None:
    """`AgentWorkflow` picks its agent by the metadata."""
    llm = zeta_over(Scripted("first", calls_tool("add", a=1, b=2), "The answer is 3."))
    workflow = AgentWorkflow.from_tools_or_functions(TOOLS, llm=llm)

    answer, results = await _run(workflow, "add 1 and 2")

    assert isinstance(workflow.agents[workflow.root_agent], FunctionAgent)
    assert answer == "The answer is 3."
    assert results == [("add", "3")]


async def _run(agent: Any, task: str) -> tuple[str, list[tuple[str, str]]]:
    """Run an agent; return its answer, and name and result of each tool that it ran."""
    running = agent.run(task)
    results = [
        (event.tool_name, event.tool_output.content)
        async for event in running.stream_events()
        if isinstance(event, ToolCallResult)
    ]
    return str(await running).strip(), results
