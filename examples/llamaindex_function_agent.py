"""An agent whose every step runs on the model that is best for it: `python examples/llamaindex_function_agent.py`."""

import asyncio

from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.tools import FunctionTool

from zeta_llamaindex import ZetaLLM, ZetaToolRetriever


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"It is sunny in {city}."


async def main() -> None:
    llm = ZetaLLM.from_ollama()
    tools = ZetaToolRetriever([FunctionTool.from_defaults(tool) for tool in (add, weather)], most=1)
    running = FunctionAgent(tools=[], tool_retriever=tools, llm=llm).run("Please add 17 and 25.")
    async for event in running.stream_events():
        if isinstance(event, ToolCallResult):
            print(f"{event.tool_name}({event.tool_kwargs}) = {event.tool_output.content}")
    print(await running)
    print(f"{llm.router.snapshot().decisions} steps, each on the model that was best for it:")
    print(llm.router.snapshot().shares)


asyncio.run(main())
