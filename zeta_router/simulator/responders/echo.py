"""A model that repeats what it was told."""

from __future__ import annotations

from zeta_router.simulator.responders.base import Answer, Prompt


class EchoResponder:
    """Answers with the text of the last message, whoever said it."""

    def answer(self, prompt: Prompt) -> Answer:
        """Return the last message."""
        return Answer(text=prompt.last.content)
