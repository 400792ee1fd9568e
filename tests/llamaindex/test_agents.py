"""Agents of LlamaIndex over `ZetaLLM`: each step is a call of its own, on the model that is best for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent, ToolCallResult

from tests.llamaindex.fakes import InTurn, Scripted, calls_tool, fates, in_flight, zeta_over
from tests.llamaindex.two_tools import MODELS, TASK, TOOLS, TwoSteps
from zeta_llamaindex import ZetaLLM
from zeta_router import Fate
from zeta_router.simulator import SimulatedOllama

pytestmark = [
    # Workflows look at every attribute of an agent, pydantic's deprecated ones too.
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    # LlamaIndex's own ReActAgent asks its context what workflows no longer want to be asked.
    pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning"),
]

AGENTS: dict[str, Callable[[ZetaLLM], Any]] = {
    "FunctionAgent, streaming": lambda llm: FunctionAgent(tools=TOOLS, llm=llm, streaming=True),
    "FunctionAgent, not streaming": lambda llm: FunctionAgent(tools=TOOLS, llm=llm, streaming=False),
    "ReActAgent": lambda llm: ReActAgent(tools=TOOLS, llm=llm),
    "AgentWorkflow": lambda llm: AgentWorkflow.from_tools_or_functions(TOOLS, llm=llm),
}

TROUBLES = {
    "its runner dies": ("crash", Fate.error),
    "its queue is full": ("refuse", Fate.rejected),
    "its connection is cut": ("drop_connection", Fate.error),
}


@pytest.fixture
def model() -> TwoSteps:
    return TwoSteps()


@pytest.fixture
def ollama(model: TwoSteps) -> Iterator[SimulatedOllama]:
    """A simulated Ollama whose models can do the task."""
    with SimulatedOllama(models=MODELS, time_scale=10_000, responder=model, chunk_tokens=8) as running:
        yield running


@pytest.mark.parametrize("agent", AGENTS)
async def test_an_agent_does_two_tools_on_different_models(
    agent: str, ollama: SimulatedOllama, model: TwoSteps
) -> None:
    """Each of the three steps is a call of its own: the next step may go to another model, and knows all results."""
    llm = ZetaLLM(models=MODELS, hosts=[ollama.url], policy=InTurn())

    answer, results = await _run(AGENTS[agent](llm))

    assert answer == "The answer is 6."
    assert results == [("add", "3"), ("double", "6")]
    assert model.steps == [("qwen3:8b", []), ("llama3.2:3b", ["3"]), ("qwen3:8b", ["3", "6"])]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("agent", AGENTS)
async def test_a_model_that_dies_at_step_two_costs_an_attempt_not_the_run(
    agent: str, trouble: str, ollama: SimulatedOllama, model: TwoSteps
) -> None:
    """Another model makes the step: each tool ran once, and no result is told twice."""
    kind, fate = TROUBLES[trouble]
    llm = ZetaLLM(models=MODELS, hosts=[ollama.url], policy=InTurn())
    ollama.faults.add(kind, model="llama3.2:3b", times=None)
    seen = fates(llm)

    answer, results = await _run(AGENTS[agent](llm))

    assert answer == "The answer is 6."
    assert results == [("add", "3"), ("double", "6")]
    assert seen == [Fate.ok, fate, Fate.ok, Fate.ok]
    assert [told for asked, told in model.steps if asked == "qwen3:8b"] == [[], ["3"], ["3", "6"]]
    assert in_flight(llm) == 0


def test_an_agent_workflow_takes_it_for_a_function_caller() -> None:
    """`AgentWorkflow` picks its agent by the metadata."""
    workflow = AgentWorkflow.from_tools_or_functions(TOOLS, llm=zeta_over(Scripted("first")))

    assert isinstance(workflow.agents[workflow.root_agent], FunctionAgent)


@pytest.mark.parametrize("streaming", [True, False])
async def test_children_of_the_user_take_steps_too(streaming: bool) -> None:
    """LLM objects given as children are asked in the same way, and read their own tool calls."""
    first = Scripted("first", calls_tool("add", a=1, b=2), ConnectionError(), "The answer is 6.")
    llm = zeta_over(first, Scripted("second", calls_tool("double", number=3)))
    seen = fates(llm)

    answer, results = await _run(FunctionAgent(tools=TOOLS, llm=llm, streaming=streaming))

    assert answer == "The answer is 6."
    assert results == [("add", "3"), ("double", "6")]
    assert seen == [Fate.ok, Fate.error, Fate.ok, Fate.ok]


async def _run(agent: Any) -> tuple[str, list[tuple[str, str]]]:
    """Run an agent on the task; return its answer, and name and result of each tool that it ran."""
    running = agent.run(TASK)
    results = [
        (event.tool_name, event.tool_output.content)
        async for event in running.stream_events()
        if isinstance(event, ToolCallResult)
    ]
    return str(await running).strip(), results
