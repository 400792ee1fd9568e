"""Two agents that hand over to each other, on one router: `python examples/llamaindex_agent_workflow.py`."""

import asyncio

from llama_index.core.agent.workflow import AgentOutput, AgentWorkflow, FunctionAgent

from zeta_llamaindex import ZetaLLM, zeta_options


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


async def main() -> None:
    llm = ZetaLLM.from_ollama()
    reckoner = FunctionAgent(
        name="reckoner", description="Calculates.", system_prompt="Calculate.", tools=[multiply], llm=llm
    )
    writer = FunctionAgent(name="writer", description="Writes letters.", system_prompt="Write.", tools=[], llm=llm)
    workflow = AgentWorkflow(agents=[reckoner, writer], root_agent="reckoner")
    with zeta_options(session="letters"):  # the model that has the conversation in its prompt cache is worth seconds
        running = workflow.run("multiply 6 by 7")
        async for event in running.stream_events():
            if isinstance(event, AgentOutput):
                print(
                    f"{event.current_agent_name}: {event.response.content or [c.tool_name for c in event.tool_calls]}"
                )
        print(await running)
    print(llm.router)


asyncio.run(main())
