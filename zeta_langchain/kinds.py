"""The kinds of answers a call can ask for: messages, objects that follow a schema, events of a v3 stream.

A kind says what to run on the chosen child and how to read what comes; it decides nothing and waits for nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection, Generator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import AddableDict, Runnable, RunnableConfig

from zeta_langchain.answers import can_be_read, judged
from zeta_langchain.metadata import KEY, stamped
from zeta_router.outcome import Fate, Outcome


class Kind(ABC):
    """How to ask a child, and how to read its answer."""

    needs: frozenset[str] = frozenset()
    """Capabilities that a model must have for it."""

    tools: Sequence[Mapping[str, Any]] = ()
    """Those bound, as Ollama is told of them."""

    is_parsed: bool = True
    """The model's message is made into something else, and cannot be seen from outside."""

    @abstractmethod
    def runnable(self, child: BaseChatModel) -> Runnable[Any, Any]:
        """Return what to run on a child."""

    def stream(
        self, runnable: Runnable[Any, Any], prompt: Any, config: RunnableConfig, **kwargs: Any
    ) -> Generator[Any, None, None]:
        """Return the parts of an answer as they come."""
        yield from runnable.stream(prompt, config, **kwargs)

    async def astream(
        self, runnable: Runnable[Any, Any], prompt: Any, config: RunnableConfig, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Return the parts of an answer as they come, awaited."""
        coming: Any = runnable.astream(prompt, config, **kwargs)
        async with aclosing(coming):
            async for part in coming:
                yield part

    def shows(self, part: Any) -> bool:
        """Return whether the reader sees something in a part: from then on no other model can take over."""
        return True

    def is_last(self, part: Any) -> bool:
        """Return whether a part ends the answer: it waits for the stamp."""
        return False

    def notes(self, part: Any) -> bool:
        """Return whether `message_of` or `answer_of` needs a part, as they do where it is the last."""
        return False

    def answer_of(self, last: Any, noted: Sequence[Any]) -> Any:
        """Return the answer of a stream, as far as `judge` needs it.

        Args:
            last: Its last part; None where none came.
            noted: The parts that `notes` said to keep.
        """
        return last

    def message_of(self, parts: Sequence[Any]) -> AIMessage | None:
        """Return the model's message, as far as it can be told from parts of the answer; its text may be left out."""
        return None

    def judge(self, outcome: Outcome, answer: Any, message: AIMessage | None, *, shown: bool) -> Outcome:
        """Return an outcome, turned into a failure where the answer is of no use.

        Args:
            outcome: As the clocks tell it.
            answer: What the runnable returned, or `answer_of` its parts.
            message: The model's message below it.
            shown: Some of it was shown: it is not empty.
        """
        return outcome

    def stamped(self, answer: Any, stamp: Mapping[str, Any]) -> Any:
        """Return an answer, or the last part of one, with the stamp where it has a place for it."""
        return answer

    def closing(self, before: Any, stamp: Mapping[str, Any]) -> Sequence[Any]:
        """Return what to add to a stream that ended without a last part; `before` came before."""
        return ()


class Messages(Kind):
    """Messages, with the tools that were bound."""

    is_parsed = False

    def __init__(self, tools: Sequence[Mapping[str, Any]] = (), options: Mapping[str, Any] | None = None) -> None:
        self._tools = self.tools = tools
        self._options = options or {}
        self._names = tool_names(tools)

    def runnable(self, child: BaseChatModel) -> Runnable[Any, Any]:
        """Return the child, its tools bound by its own method, so that each provider formats for itself."""
        return child.bind_tools(list(self._tools), **self._options) if self._tools else child  # type: ignore[arg-type]

    def shows(self, part: Any) -> bool:
        """Return whether a chunk holds anything to read; dropped thoughts come as empty chunks.

        A tool call is of use when it is whole, and only then can be told whether it is valid: it waits for the end.
        """
        return can_be_read(part)

    def is_last(self, part: Any) -> bool:
        """Return whether a chunk says that it is the last, or is a whole message."""
        return not isinstance(part, AIMessageChunk) or part.chunk_position == "last"

    def notes(self, part: Any) -> bool:
        """Return whether a chunk holds more than text."""
        return not isinstance(part, AIMessageChunk) or bool(
            part.response_metadata or part.usage_metadata or part.tool_call_chunks or part.chunk_position
        )

    def message_of(self, parts: Sequence[Any]) -> AIMessage | None:
        """Return the sum of chunks, or the whole message."""
        if len(parts) == 1:
            return parts[0] if isinstance(parts[0], AIMessage) else None
        return add_ai_message_chunks(*parts) if parts else None

    def judge(self, outcome: Outcome, answer: Any, message: AIMessage | None, *, shown: bool) -> Outcome:
        """See `judged`."""
        if message is None and isinstance(answer, AIMessage):
            message = answer
        return judged(outcome, message, self._names, shown=shown)

    def stamped(self, answer: Any, stamp: Mapping[str, Any]) -> Any:
        """Return a copy of a message with the stamp in its `response_metadata`."""
        return stamped(answer, dict(stamp)) if isinstance(answer, BaseMessage) else answer

    def closing(self, before: Any, stamp: Mapping[str, Any]) -> Sequence[Any]:
        """Return an empty last chunk, as LangChain adds one."""
        empty = AIMessageChunk(content="", id=before.id, chunk_position="last")
        return (stamped(empty, dict(stamp)),)


class Objects(Kind):
    """Objects that follow a schema, by the child's own best method."""

    def __init__(self, schema: Any, options: Mapping[str, Any]) -> None:
        self._schema = schema
        self._options = options
        if options.get("method") == "function_calling":
            self.needs = frozenset({"tools"})

    def runnable(self, child: BaseChatModel) -> Runnable[Any, Any]:
        """Return the child bound to the schema."""
        return child.with_structured_output(self._schema, **self._options)

    def shows(self, part: Any) -> bool:
        """Return whether a piece of the object has anything in it."""
        return part is not None and part != {}

    def judge(self, outcome: Outcome, answer: Any, message: AIMessage | None, *, shown: bool) -> Outcome:
        """Return the outcome, `invalid` where no object came back."""
        if outcome.fate is not Fate.ok or not self._is_missing(answer):
            return outcome
        return Outcome(
            fate=Fate.invalid,
            timings=outcome.timings,
            prompt_tokens=outcome.prompt_tokens,
            output_tokens=outcome.output_tokens,
            done_reason=outcome.done_reason,
            error="the answer does not follow its schema",
        )

    def notes(self, part: Any) -> bool:
        """Return whether a piece of `include_raw` has the object in it."""
        return bool(self._options.get("include_raw")) and part.get("parsed") is not None

    def answer_of(self, last: Any, noted: Sequence[Any]) -> Any:
        """Return the object, or the part of `include_raw` that has it; None where there is none.

        A stream of `include_raw` tells of no parsing error: it leaves the object out.
        """
        return (noted[-1] if noted else None) if self._options.get("include_raw") else last

    def _is_missing(self, answer: Any) -> bool:
        return answer is None or (bool(self._options.get("include_raw")) and answer["parsed"] is None)

    def stamped(self, answer: Any, stamp: Mapping[str, Any]) -> Any:
        """Return the answer; of `include_raw`, the raw message has the stamp."""
        raw = answer.get("raw") if isinstance(answer, dict) and self._options.get("include_raw") else None
        return {**answer, "raw": stamped(raw, dict(stamp))} if isinstance(raw, BaseMessage) else answer

    def closing(self, before: Any, stamp: Mapping[str, Any]) -> Sequence[Any]:
        """Return one more piece of the raw message, with the stamp; an object has no place for it."""
        if not self._options.get("include_raw"):
            return ()
        return (AddableDict(raw=stamped(AIMessageChunk(content=""), dict(stamp))),)


class Events(Messages):
    """Events of `stream_events(version="v3")`."""

    is_parsed = True

    def stream(
        self, runnable: Runnable[Any, Any], prompt: Any, config: RunnableConfig, **kwargs: Any
    ) -> Generator[Any, None, None]:
        """Return the events of a child's stream."""
        yield from runnable.stream_events(prompt, config, version="v3", **kwargs)

    async def astream(
        self, runnable: Runnable[Any, Any], prompt: Any, config: RunnableConfig, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Return the events of a child's stream, awaited; leaving it ends the task that fills it."""
        events: Any = await runnable.astream_events(prompt, config, version="v3", **kwargs)
        async with events:
            async for event in events:
                yield event

    def shows(self, part: Any) -> bool:
        """Return whether an event has content to read; a tool call waits for its end, as in `Messages`."""
        if part.get("event") in ("message-start", "message-finish"):
            return False
        content = part.get("content") or part.get("delta") or {}
        return not str(content.get("type")).startswith(("tool_call", "tool-call", "invalid_tool_call"))

    def is_last(self, part: Any) -> bool:
        """Return whether an event is the one that ends a message."""
        return bool(part.get("event") == "message-finish")

    def stamped(self, answer: Any, stamp: Mapping[str, Any]) -> Any:
        """Return a copy of the last event with the stamp in its metadata, which become the `response_metadata`."""
        return {**answer, "metadata": {**(answer.get("metadata") or {}), KEY: dict(stamp)}}

    def closing(self, before: Any, stamp: Mapping[str, Any]) -> Sequence[Any]:
        """Return the event that ends a message, for a child that leaves it out."""
        return ({"event": "message-finish", "metadata": {KEY: dict(stamp)}},)


def tool_names(tools: Sequence[Mapping[str, Any]]) -> Collection[str]:
    """Return the names of tools, or none where a provider's own tool is among them, whose names we cannot know."""
    names = [tool.get("function", {}).get("name") if isinstance(tool, Mapping) else None for tool in tools]
    return frozenset(str(name) for name in names) if all(names) else frozenset()


PLAIN = Messages()
"""Messages without tools."""
