"""What a simulated model is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model wants made."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that the model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of the arguments, an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation. Its text appears in no repr."""

    role: str
    content: str = field(default="", repr=False)
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """All that a model sees of one request; a generate request is one user message, after its system message."""

    model: str
    """As the client named it."""
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    format: Mapping[str, Any] | Literal["json"] | None = None
    """A JSON schema, or `json` for any JSON."""
    thinks: bool = False
    """Whether the answer may begin with thinking."""

    @property
    def last(self) -> Message:
        """The message to be answered."""
        return self.messages[-1] if self.messages else Message(role="user")

    @property
    def question(self) -> str:
        """Text of the last user message, or an empty string."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def wants_call(self) -> bool:
        """Whether a tool call is the natural answer: there are tools, and none has answered just now."""
        return bool(self.tools) and self.last.role != "tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says: thinking, then text, then tool calls. The server cuts it to what the request allows."""

    text: str | tuple[str, ...] = field(default="", repr=False)
    """A tuple is the text token by token; a string is cut into tokens by the server."""
    thinking: str | tuple[str, ...] = field(default="", repr=False)
    tool_calls: tuple[ToolCall, ...] = ()


class Responder(Protocol):
    """Makes the answers of simulated models.

    The server calls it once per request, from one thread. It only computes: the same prompt gives the same
    answer, unless the responder is a script. How long the answer takes is the engine's business.
    """

    def answer(self, prompt: Prompt) -> Answer:
        """Return what the model says to `prompt`."""
        ...


class Embedder(Protocol):
    """Makes the vectors of simulated embedding models."""

    def embed(self, text: str, *, model: str, length: int) -> list[float]:
        """Return a vector of `length` numbers and Euclidean length 1."""
        ...
