"""LlamaIndex over Zeta: LLMs that pick, per request, the Ollama model that will serve it best right now.

Everything is imported when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zeta_llamaindex.building import ChildSettings
    from zeta_llamaindex.callback_handler import ZetaCallbackHandler
    from zeta_llamaindex.embedding import ZetaEmbedding
    from zeta_llamaindex.event_handler import ZetaEventHandler
    from zeta_llamaindex.fitting import choice_router
    from zeta_llamaindex.llm import ZetaLLM
    from zeta_llamaindex.options import zeta_options
    from zeta_llamaindex.router_query_engine import ZetaRouterQueryEngine
    from zeta_llamaindex.router_retriever import ZetaRouterRetriever
    from zeta_llamaindex.selectors import ZetaMultiSelector, ZetaSelection, ZetaSingleSelector
    from zeta_llamaindex.span_handler import ZetaSpanHandler
    from zeta_llamaindex.tool_retriever import ZetaToolRetriever

__all__ = [
    "ChildSettings",
    "ZetaCallbackHandler",
    "ZetaEmbedding",
    "ZetaEventHandler",
    "ZetaLLM",
    "ZetaMultiSelector",
    "ZetaRouterQueryEngine",
    "ZetaRouterRetriever",
    "ZetaSelection",
    "ZetaSingleSelector",
    "ZetaSpanHandler",
    "ZetaToolRetriever",
    "choice_router",
    "zeta_options",
]

_WHERE = {
    "ChildSettings": "building",
    "ZetaCallbackHandler": "callback_handler",
    "ZetaEmbedding": "embedding",
    "ZetaEventHandler": "event_handler",
    "ZetaLLM": "llm",
    "ZetaMultiSelector": "selectors",
    "ZetaRouterQueryEngine": "router_query_engine",
    "ZetaRouterRetriever": "router_retriever",
    "ZetaSelection": "selectors",
    "ZetaSingleSelector": "selectors",
    "ZetaSpanHandler": "span_handler",
    "ZetaToolRetriever": "tool_retriever",
    "choice_router": "fitting",
    "zeta_options": "options",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_WHERE[name]}")
    except ModuleNotFoundError as exc:
        if not (exc.name or "").startswith("llama_index"):
            raise
        raise ModuleNotFoundError(
            f"zeta_llamaindex needs {exc.name}; install it with: pip install 'zeta-router[llamaindex]'", name=exc.name
        ) from exc
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
