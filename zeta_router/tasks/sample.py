"""What is read of a long text."""

from __future__ import annotations

HEAD, MIDDLE, TAIL = 900, 200, 500
"""Characters kept of a long prompt: instructions stand at its head or at its end, material between them. Together
they keep a guess within 200 µs whatever the prompt's length."""


def sample(text: str) -> str:
    """Return `text`, or head, middle and tail of it where it is longer than the three together."""
    if len(text) <= HEAD + MIDDLE + TAIL:
        return text
    centre = len(text) // 2
    return "\n".join((text[:HEAD], text[centre - MIDDLE // 2 : centre + MIDDLE // 2], text[-TAIL:]))
