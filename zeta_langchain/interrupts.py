"""LangGraph's way to stop a graph, e.g. to ask a person: an exception that is nobody's failure."""

from __future__ import annotations


def bubbles_up(error: BaseException) -> bool:
    """Return whether an error stops a graph on purpose. Recognised by its name, so that LangGraph is not imported."""
    return any(
        kind.__name__ == "GraphBubbleUp" and kind.__module__ == "langgraph.errors" for kind in type(error).__mro__
    )
