"""Whose model a step of an agent was given: the agent's own, one of the pool's, or a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from zeta_langchain.building import card_of, name_of
from zeta_langchain.chat import ChatZeta
from zeta_langchain.metadata import KEY
from zeta_router.errors import ConfigError

Key = tuple[str, str]
"""Model and host."""


class Pool:
    """The models of a `ChatZeta`, as an agent's steps may use them.

    Args:
        llm: Whose models they are.
    """

    def __init__(self, llm: ChatZeta) -> None:
        self.llm = llm
        self._agents: Any = None

    def is_free(self, model: Any) -> bool:
        """Return whether a step may take any model of the pool: it was given the agent's own.

        That is the `ChatZeta` itself, or the first model that was seen. Another one was put there by other middleware.
        """
        if self._agents is None:
            self._agents = model
        return model is self._agents or (isinstance(model, ChatZeta) and model.router is self.llm.router)

    def key_of(self, model: BaseChatModel) -> Key | None:
        """Return the model and host that a chat model stands for, or None where it is not in the pool."""
        children: tuple[tuple[Key, BaseChatModel], ...] = self.llm.children.items()
        for key, child in children:
            if child is model:
                return key
        try:
            card = card_of(name_of(model), model)
        except ConfigError:
            return None
        key = (card.name, card.host or "")
        return key if key in self.llm.router.keys else None


def model_of_the_loop(messages: Sequence[BaseMessage]) -> Key | None:
    """Return the model and host that answered last in a tool loop; None where a person has spoken since."""
    for message in reversed(messages):
        if message.type == "human":
            return None
        if isinstance(message, AIMessage):
            stamp = message.response_metadata.get(KEY)
            if isinstance(stamp, dict) and "model" in stamp and "host" in stamp:
                return (str(stamp["model"]), str(stamp["host"]))
    return None
