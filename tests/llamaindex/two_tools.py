"""A task of two tools, and a simulated model that can do it: "add 1 and 2, then double"."""

from __future__ import annotations

import re
from typing import Any

from llama_index.core.tools import FunctionTool

from zeta_router.simulator.responders import Answer, Prompt, ToolCall

MODELS = ["qwen3:8b", "llama3.2:3b"]
TASK = "add 1 and 2, then double the result"

_OBSERVATION = re.compile(r"^Observation: (\d+)$", re.MULTILINE)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


TOOLS = [FunctionTool.from_defaults(add), FunctionTool.from_defaults(double)]


class TwoSteps:
    """Adds, doubles the sum it was told, and says the result: by tool calls, or as text where it has no tools."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, list[str]]] = []
        """Of each request, the model that was asked and the results that it was shown."""

    def answer(self, prompt: Prompt) -> Answer:
        """Make the next step after the results in the conversation."""
        results = [message.content for message in prompt.messages if message.role == "tool"]
        if not prompt.tools:  # a ReAct agent writes results into messages of the user
            results = [found for message in prompt.messages[1:] for found in _OBSERVATION.findall(message.content)]
        self.steps.append((prompt.model, results))
        if len(results) == 2:
            thought = "" if prompt.tools else "Thought: I can answer without using any more tools.\nAnswer: "
            return Answer(text=f"{thought}The answer is {results[-1]}.")
        name, arguments = ("double", {"number": int(results[0])}) if results else ("add", {"a": 1, "b": 2})
        if prompt.tools:
            return Answer(tool_calls=(ToolCall(name=name, arguments=arguments),))
        return Answer(text=f"Thought: I need a tool.\nAction: {name}\nAction Input: {_json(arguments)}")


def _json(arguments: dict[str, Any]) -> str:
    return str(arguments).replace("'", '"')
