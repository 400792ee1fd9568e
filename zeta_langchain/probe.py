"""A callback handler that reads the times of one attempt."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from zeta_langchain.deadlines import check
from zeta_router.attempts import Attempt


class Probe(BaseCallbackHandler):
    """Notes the first token and the whole message of one attempt.

    `ChatOllama` streams on the wire in every method, so the first token of an `invoke` is seen here, too.
    """

    run_inline = True
    """Without it every event of an async run hops to a thread: 170 µs per call more, and late when the pool is busy."""

    raise_error = True
    """What it raises ends the call: that the deadline is over."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.message: AIMessage | None = None
        """The answer as the model gave it, before any parser; None before its end."""

    @property
    def ignore_chain(self) -> bool:
        """Parsers and bindings are not timed."""
        return True

    @property
    def ignore_agent(self) -> bool:
        """Agents are not timed."""
        return True

    @property
    def ignore_retriever(self) -> bool:
        """Retrievers are not timed."""
        return True

    @property
    def ignore_chat_model(self) -> bool:
        """The attempt has its own start."""
        return True

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        """Note the first token; an empty one is a thought that was thrown away, and came from the model, too."""
        self._attempt.first_token()
        check(self._attempt)

    def on_stream_event(self, event: Any, **kwargs: Any) -> None:
        """Note the first event with content of a v3 stream."""
        if event.get("event") != "message-start":
            self._attempt.first_token()
        check(self._attempt)

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Keep the message: the server's own clocks are in it."""
        generations = response.generations[0] if response.generations else []
        if generations and isinstance(generations[0], ChatGeneration):
            message = generations[0].message
            self.message = message if isinstance(message, AIMessage) else None
