"""Ask your documents, with model and host picked per call: `python examples/llamaindex_rag.py`. Uses OLLAMA_HOST."""

from llama_index.core import Document, Settings, VectorStoreIndex

from zeta_llamaindex import ZetaEmbedding, ZetaLLM

Settings.llm = llm = ZetaLLM(models=["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"])
Settings.embed_model = embedding = ZetaEmbedding("nomic-embed-text")

index = VectorStoreIndex.from_documents(
    [
        Document(text="Our office in Bern is open from 8 to 18 o'clock. Parking is behind the house."),
        Document(text="Retries are in client.py: three attempts, with a pause that doubles each time."),
        Document(text="The holiday plan is made in March. Everybody has 25 days."),
    ]
)
print("made with", {**embedding.identity(), "digest": embedding.identity()["digest"][:12]})

answer = index.as_query_engine().query("When is the office open?")
print(f"{str(answer)[:70]}... ({len(answer.source_nodes)} sources)")

for piece in index.as_query_engine(streaming=True).query("Where is the retry logic?").response_gen:
    print(piece, end="", flush=True)
print()

for model, metrics in llm.router.performance_metrics.items():
    print(f"{model}: {metrics.calls} calls, half of them within {metrics.p50_s:.2f} s")
