"""A model per step, and the better of two searches: `python examples/langchain_middleware.py`. Uses the Ollama at
OLLAMA_HOST. Needs `[agents]`.
"""

from langchain.agents import create_agent
from langchain_core.tools import tool

from zeta_langchain import ChatZeta, ZetaModelMiddleware, ZetaToolMiddleware


@tool
def search(query: str) -> str:
    """Search the web."""
    raise ConnectionError("the search engine is down today")


@tool
def other_search(query: str) -> str:
    """Search the web elsewhere."""
    return f"Three pages about {query}."


@tool
def calculator(expression: str) -> str:
    """Compute a sum."""
    return "42"


llm = ChatZeta.from_ollama()
models = ZetaModelMiddleware(llm)
# The model sees `search`; the one that works runs. Of all other tools it sees the one that fits the question best.
tools = ZetaToolMiddleware(alternatives=[[search, other_search]], limit=1, always=["search"])
agent = create_agent(llm, [calculator], middleware=[models, tools])

for question in ["Search for 'lynxes'.", "Search for 'bears'."]:
    for message in agent.invoke({"messages": [("human", question)]})["messages"][1:]:
        stamp = message.response_metadata.get("zeta", {})
        print(f"{stamp.get('model')}, after {len(stamp.get('attempts', []))} attempt(s): {str(message.content)[:60]}")

for name, metrics in tools.router.performance_metrics.items():
    print(f"{name}: {metrics.calls} call(s)")
