"""One engine over several indices, without a model call to choose: `python examples/llamaindex_router_engines.py`."""

from llama_index.core import Settings, SummaryIndex, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.core.tools import QueryEngineTool

from zeta_llamaindex import ZetaEmbedding, ZetaLLM, ZetaRouterQueryEngine

Settings.llm = ZetaLLM.from_ollama()
Settings.embed_model = ZetaEmbedding("nomic-embed-text")

sales = VectorStoreIndex([TextNode(text="Revenue was 12 million in May."), TextNode(text="Prices went up by 3 %.")])
staff = SummaryIndex([TextNode(text="Ann has 25 days of vacation."), TextNode(text="Bob was born in May.")])

engine = ZetaRouterQueryEngine.from_defaults(
    [
        QueryEngineTool.from_defaults(
            sales.as_query_engine(), name="sales", description="Figures of the sales department: revenue, prices."
        ),
        QueryEngineTool.from_defaults(
            staff.as_query_engine(), name="staff", description="People who work here: vacations, birthdays."
        ),
    ]
)

for question in ["What was the revenue in May?", "How many vacations has Ann?"]:
    answer = engine.query(question)
    chosen = answer.metadata["zeta"]
    print(f"{question} -> {chosen['reason']}")
    engine.router.feedback(chosen["decision_id"], 1.0)  # the user liked it: the words of this query lead here again

print(engine.router.snapshot().shares)
