"""One router serves LlamaIndex and LangChain in one program: what one learns, the other knows."""

from __future__ import annotations

from zeta_langchain import ChatZeta
from zeta_llamaindex import ZetaEmbedding, ZetaLLM
from zeta_router import ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama

MODELS = ["qwen3:8b", "nomic-embed-text"]


def test_one_router_serves_both_frameworks() -> None:
    """Decisions, outcomes and what is in flight are those of both, embeddings included."""
    with SimulatedOllama(MODELS, time_scale=10_000, reuse_connections=False) as server:
        router = ZetaDynamicRouter.from_ollama([server.url])
        chat, llm = ChatZeta(router=router), ZetaLLM(router=router)
        embedding = ZetaEmbedding("nomic-embed-text", router=router)

        stream = llm.stream_complete("Tell me about the sea.")
        next(stream)
        assert router.snapshot().in_flight == 1
        answer = chat.invoke("Name three rivers.")
        list(stream)
        embedding.get_text_embedding("red apple")

    calls = {model: metrics.calls for model, metrics in router.performance_metrics.items()}
    assert answer.response_metadata["zeta"]["model"] == "qwen3:8b"
    assert calls == {"qwen3:8b": 2, "nomic-embed-text:latest": 1}
    assert router.snapshot().in_flight == 0
