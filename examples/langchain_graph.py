"""A LangGraph graph, streamed: `python examples/langchain_graph.py`. Uses the Ollama at OLLAMA_HOST."""

from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from zeta_langchain import ChatZeta

llm = ChatZeta.from_ollama()


class State(TypedDict, total=False):
    """What the nodes hand on."""

    topic: str
    code: str
    review: str


def write(state: State) -> State:
    """Write code; the task is declared, so that it goes to whoever codes best."""
    config: RunnableConfig = {"configurable": {"zeta_task": "code"}}
    return {"code": str(llm.invoke(f"Write a Python function that {state['topic']}.", config).content)}


def review(state: State) -> State:
    """Think about it; another task, maybe another model."""
    config: RunnableConfig = {"configurable": {"zeta_task": "reasoning"}}
    return {"review": str(llm.invoke(f"What could go wrong here?\n{state['code']}", config).content)}


builder = StateGraph(State)
builder.add_node("write", write)
builder.add_node("review", review)
builder.add_edge(START, "write")
builder.add_edge("write", "review")
builder.add_edge("review", END)
graph = builder.compile(checkpointer=InMemorySaver())

# The thread is the session: what the router knows of this conversation.
thread: RunnableConfig = {"configurable": {"thread_id": "one"}}
node = None
for chunk, metadata in graph.stream({"topic": "reverses a list"}, thread, stream_mode="messages"):
    if metadata["langgraph_node"] != node:
        node = metadata["langgraph_node"]
        print(f"\n[{node}]")
    print(chunk.content, end="", flush=True)
print()
