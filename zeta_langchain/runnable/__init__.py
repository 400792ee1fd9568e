"""Routing between whatever LangChain can run: chains, agents, retrievers, functions."""

from zeta_langchain.runnable.zeta_runnable import ZetaRunnable

__all__ = ["ZetaRunnable"]
