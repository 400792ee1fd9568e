"""Two tools that agents and models are given."""

from __future__ import annotations

from llama_index.core.tools import FunctionTool

MODELS = ["qwen3:8b", "llama3.2:3b"]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


TOOLS = [FunctionTool.from_defaults(add), FunctionTool.from_defaults(double)]
