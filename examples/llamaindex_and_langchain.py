"""A LlamaIndex RAG and a LangChain agent share one router: `python examples/llamaindex_and_langchain.py`.

What one of them learns of a model, the other knows; how busy a host is, both see.
"""

from langchain.agents import create_agent
from langchain_core.tools import tool
from llama_index.core import Document, VectorStoreIndex

from zeta_langchain import ChatZeta
from zeta_llamaindex import ZetaEmbedding, ZetaLLM
from zeta_router import ZetaDynamicRouter

router = ZetaDynamicRouter.from_ollama()
documents = [Document(text="Retries: three attempts."), Document(text="The office is open from 8 to 18 o'clock.")]
index = VectorStoreIndex.from_documents(documents, embed_model=ZetaEmbedding("nomic-embed-text", router=router))
engine = index.as_query_engine(llm=ZetaLLM(router=router))


@tool
def handbook(question: str) -> str:
    """Look up what the handbook says."""
    return str(engine.query(question))


agent = create_agent(ChatZeta(router=router), tools=[handbook])
for message in agent.invoke({"messages": [("user", "Ask the handbook 'when is the office open'.")]})["messages"]:
    asked = message.response_metadata.get("zeta", {}).get("model", "")
    print(f"{message.type} {asked}: {str(message.content)[:60] or message.tool_calls}")

for model, metrics in router.performance_metrics.items():
    print(f"{model}: {metrics.calls} calls, half of them within {metrics.p50_s:.2f} s")
