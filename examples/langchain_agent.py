"""An agent with tools: `python examples/langchain_agent.py`. Uses the Ollama at OLLAMA_HOST. Needs `[agents]`."""

from langchain.agents import create_agent
from langchain_core.tools import tool

from zeta_langchain import ChatZeta


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It is 17 degrees and sunny in {city}."


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


agent = create_agent(ChatZeta.from_ollama(), [weather, add])

for question in ["How is the weather in 'Oslo'?", "What is 17 plus 25?"]:
    state = agent.invoke({"messages": [("human", question)]})
    print(question)
    for message in state["messages"][1:]:
        who = message.response_metadata.get("zeta", {}).get("model", message.name)
        said = message.content or [call["name"] for call in message.tool_calls]
        print(f"  {who}: {str(said)[:70]}")
