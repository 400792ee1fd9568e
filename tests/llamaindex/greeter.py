"""A simulated model that greets."""

from __future__ import annotations

from zeta_router.simulator.responders.base import Answer, Prompt

NOBODY = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


class Greeter:
    """Says "Good day.", and remembers whether the model was allowed to think."""

    def __init__(self) -> None:
        self.thought: list[bool] = []

    def answer(self, prompt: Prompt) -> Answer:
        """Greet, after a thought where thoughts are allowed."""
        self.thought.append(prompt.thinks)
        return Answer(text="Good day.", thinking="Hm." if prompt.thinks else "")
