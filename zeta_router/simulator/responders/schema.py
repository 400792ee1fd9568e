"""A model that fills tool arguments and JSON from the schema and from what the prompt says."""

from __future__ import annotations

import json
import re

from zeta_router.simulator.responders.base import Answer, Message, Prompt, Tool, ToolCall
from zeta_router.simulator.responders.filling import Filler

_WORD = re.compile(r"[^\W_]+")


class SchemaResponder:
    """Answers with a tool call if it has tools, with JSON if a format is asked for, else in a short sentence.

    Numbers and quoted strings of the question fill the schema in order: `magic_function(3)` gives
    `{"input": 3}`. After a tool's result it answers in text.
    """

    def answer(self, prompt: Prompt) -> Answer:
        """Return a call, JSON or a sentence."""
        thinking = "The request names what it wants." if prompt.thinks else ""
        if prompt.wants_call:
            tool = best_tool(prompt.tools, prompt.question)
            arguments = Filler(prompt.question).object(tool.parameters)
            return Answer(thinking=thinking, tool_calls=(ToolCall(name=tool.name, arguments=arguments),))
        if prompt.format is not None:
            return Answer(thinking=thinking, text=json_text(prompt))
        return Answer(thinking=thinking, text=sentence(prompt.last))


def json_text(prompt: Prompt) -> str:
    """Return JSON as the format asks; for plain `json`, an object whose keys are the question's quoted words."""
    filler = Filler(prompt.question)
    if prompt.format == "json" or prompt.format is None:
        keys = filler.quoted() or ["answer"]
        return json.dumps({key: filler.word(key) for key in keys}, ensure_ascii=False)
    return json.dumps(filler.value(prompt.format), ensure_ascii=False)


def sentence(message: Message) -> str:
    """Return a short answer in text to a message."""
    return f"The result is {message.content}." if message.role == "tool" else "This is a simulated answer."


def best_tool(tools: tuple[Tool, ...], question: str) -> Tool:
    """Return the tool whose name and description share most words with the question; the first of equals."""
    words = _words(question)

    def shared(tool: Tool) -> tuple[bool, int]:
        return tool.name in question, len(words & _words(f"{tool.name} {tool.description}"))

    return max(tools, key=shared)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
