"""The text in an input, whatever its form: it tells the task, and is kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue

from zeta_langchain.messages import text_of

MOST = 20_000
"""Characters that are read of a dict's texts: enough to tell the task."""


def text_in(asked: Any) -> str:
    """Return the text of a string, a prompt, messages, or the texts in a dict; empty where there is none."""
    if isinstance(asked, str):
        return asked
    if isinstance(asked, BaseMessage):
        return text_of(asked)
    if isinstance(asked, PromptValue):
        return text_in(asked.to_messages())
    if isinstance(asked, Mapping):
        if "messages" in asked:  # the state of an agent
            return text_in(asked["messages"])
        return "\n".join(value for value in asked.values() if isinstance(value, str))[:MOST]
    if isinstance(asked, Sequence) and asked:
        human = [m for m in asked if isinstance(m, BaseMessage) and m.type == "human"]
        last = human[-1] if human else asked[-1]
        if isinstance(last, (str, BaseMessage)):
            return text_in(last)
        if isinstance(last, Mapping):
            return str(last.get("content", ""))
        if isinstance(last, tuple) and len(last) == 2:
            return str(last[1])
    return ""
