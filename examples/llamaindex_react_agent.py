"""An agent for models that cannot call tools: `python examples/llamaindex_react_agent.py`. Uses OLLAMA_HOST."""

import asyncio

from llama_index.core.agent.workflow import ReActAgent

from zeta_llamaindex import ZetaLLM


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def main() -> None:
    llm = ZetaLLM.from_ollama(task="reasoning")
    answer = await ReActAgent(tools=[add], llm=llm).run("What is 17 plus 25?")
    print(f"{str(answer)[:70]}...")
    for model in llm.router.snapshot().models:
        print(f"{model.card.name}: {model.metrics.calls if model.metrics else 0} calls")


asyncio.run(main())
