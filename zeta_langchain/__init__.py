"""Zeta for LangChain: chat models whose Ollama model is picked per request.

Names are imported when they are first used, so that `import zeta_langchain` loads neither `langchain_ollama` nor
`langchain.agents`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zeta_langchain.chat import ChatZeta
    from zeta_langchain.embeddings import ZetaEmbeddings
    from zeta_langchain.middleware import ZetaModelMiddleware, ZetaToolMiddleware
    from zeta_langchain.runnable import ZetaRunnable
    from zeta_langchain.timing import ZetaTimingHandler, install_global, uninstall_global, zeta_timings

__all__ = [
    "ChatZeta",
    "ZetaEmbeddings",
    "ZetaModelMiddleware",
    "ZetaRunnable",
    "ZetaTimingHandler",
    "ZetaToolMiddleware",
    "install_global",
    "uninstall_global",
    "zeta_timings",
]

_HOMES = {
    "ChatZeta": "zeta_langchain.chat",
    "ZetaEmbeddings": "zeta_langchain.embeddings",
    "ZetaModelMiddleware": "zeta_langchain.middleware",
    "ZetaRunnable": "zeta_langchain.runnable",
    "ZetaTimingHandler": "zeta_langchain.timing",
    "ZetaToolMiddleware": "zeta_langchain.middleware",
    "install_global": "zeta_langchain.timing",
    "uninstall_global": "zeta_langchain.timing",
    "zeta_timings": "zeta_langchain.timing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
