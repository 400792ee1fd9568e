"""What of a conversation is read: the last thing the user said, what it follows, the system prompt, and tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

FOLLOW_UP = 60
"""Characters up to which a message leans on the one before it: `and in French?`, `continue`."""
_USER_ROLES = frozenset({"user", "human"})
_SYSTEM_ROLES = frozenset({"system", "developer"})
_TOOL_ROLES = frozenset({"tool", "function"})


class Conversation(NamedTuple):
    """The parts of a conversation that tell the task. Holds prompt text: never print or store it."""

    text: str
    """What the user said last, "" where there is nothing; without a user's message the last one that has text."""
    before: str = ""
    """What the user said before that, where `text` is too short to stand alone."""
    system: str = ""
    """System prompt."""
    tools: bool = False
    """Whether tools are offered, or were used."""

    def __repr__(self) -> str:
        return f"<Conversation, {len(self.text)} characters>"


def read_conversation(text_or_messages: object) -> Conversation:
    """Return the parts of a prompt, a message, or a sequence of messages; anything else has no text.

    A message is a string, a mapping with `role` and `content`, a `(role, content)` pair, or an object with `content`
    and `role` or `type`, as both frameworks have them. A mapping with `messages` is a request body, maybe with `tools`.
    """
    if isinstance(text_or_messages, str):
        return Conversation(text_or_messages)
    if isinstance(text_or_messages, Mapping) and isinstance(text_or_messages.get("messages"), (list, tuple)):
        body = read_conversation(text_or_messages["messages"])
        return body._replace(tools=body.tools or bool(text_or_messages.get("tools")))
    if not isinstance(text_or_messages, Sequence) or isinstance(text_or_messages, (bytes, bytearray)):
        return Conversation(_content_text(_field(text_or_messages, "content")))
    asked: list[str] = []
    last, system, tools = "", "", False
    for message in text_or_messages:
        role, text = _role_and_text(message)
        tools = tools or role in _TOOL_ROLES or bool(_field(message, "tool_calls"))
        if role in _SYSTEM_ROLES:
            system = text or system
        elif role in _USER_ROLES and text:
            asked.append(text)
        last = text or last
    text = asked[-1] if asked else last
    before = asked[-2] if len(asked) > 1 and len(text) <= FOLLOW_UP else ""
    return Conversation(text, before, system if system is not text else "", tools)


def _role_and_text(message: object) -> tuple[str, str]:
    if isinstance(message, str):
        return "user", message
    if isinstance(message, tuple) and len(message) == 2:
        return str(message[0]).lower(), _content_text(message[1])
    role = _field(message, "role") or _field(message, "type")
    role = getattr(role, "value", role)  # LlamaIndex's roles are an enum
    return str(role).lower(), _content_text(_field(message, "content"))


def _field(message: object, name: str) -> object:
    if isinstance(message, Mapping):
        return message.get(name)
    try:
        return getattr(message, name, None)
    except Exception:  # a stranger's property may raise anything, and a guess must not
        return None


def _content_text(content: object) -> str:
    """Return the text of a content, which may be a list of parts of which only some are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)):
        return ""
    parts = [part if isinstance(part, str) else _field(part, "text") for part in content]
    return "\n".join(part for part in parts if isinstance(part, str))
