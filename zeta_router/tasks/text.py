"""What of a conversation is looked at: the last thing the user said, sampled if it is long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

HEAD, MIDDLE, TAIL = 900, 200, 500
"""Characters kept of a long prompt: instructions stand at its head or at its end, material between them. Together
they keep a guess within 200 µs whatever the prompt's length."""

_USER_ROLES = frozenset({"user", "human"})


def sample(text: str) -> str:
    """Return `text`, or head, middle and tail of it where it is longer than the three together."""
    if len(text) <= HEAD + MIDDLE + TAIL:
        return text
    centre = len(text) // 2
    return "\n".join((text[:HEAD], text[centre - MIDDLE // 2 : centre + MIDDLE // 2], text[-TAIL:]))


def last_user_text(text_or_messages: object) -> str:
    """Return the text to classify, "" where there is none.

    Takes a string, one message, or a sequence of messages. A message is a string, a mapping with `role` and
    `content`, a `(role, content)` pair, or an object with `content` and `role` or `type`, as both frameworks have
    them. Without any message of the user's, the last message counts.
    """
    if isinstance(text_or_messages, str):
        return text_or_messages
    if not isinstance(text_or_messages, Sequence) or isinstance(text_or_messages, (bytes, bytearray)):
        return _content_text(_field(text_or_messages, "content"))
    last = ""
    for message in reversed(text_or_messages):
        role, text = _role_and_text(message)
        if role in _USER_ROLES and text:
            return text
        last = last or text
    return last


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
    return getattr(message, name, None)


def _content_text(content: object) -> str:
    """Return the text of a content, which may be a list of parts of which only some are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)):
        return ""
    parts = [part if isinstance(part, str) else _field(part, "text") for part in content]
    return "\n".join(part for part in parts if isinstance(part, str))
