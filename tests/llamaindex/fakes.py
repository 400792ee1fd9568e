"""What the LlamaIndex tests share: children that say what a test wrote down, a policy without surprises, ears."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx
import ollama
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.llms.ollama import Ollama
from pydantic import Field

from zeta_llamaindex import ZetaLLM
from zeta_router import Candidate, Choice, Decision, Fate, Outcome, OutcomeSeen, Score

METHODS = (
    "chat",
    "achat",
    "stream_chat",
    "astream_chat",
    "complete",
    "acomplete",
    "stream_complete",
    "astream_complete",
)
STREAMS = ("stream_chat", "astream_chat", "stream_complete", "astream_complete")
WHOLE = ("chat", "achat", "complete", "acomplete")

HELLO = [ChatMessage(role="user", content="Hello there")]


class InOrder:
    """Picks the first of what is offered, and learns nothing."""

    def choose(self, request: Any, guess: Any, candidates: Sequence[Candidate], *, now: float, rng: Random) -> Choice:
        scores = tuple(Score(candidate, 0.0) for candidate in candidates)
        return Choice(scores[0], scores, "the first")

    def begin(self, decision: Decision) -> None: ...

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[Any]:
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None: ...

    def beliefs(self, *, now: float) -> Sequence[Any]:
        return ()


class InTurn(InOrder):
    """Picks another model for each request: the first, the second, and so on, and from the beginning again."""

    def __init__(self) -> None:
        self._begun = 0

    def choose(self, request: Any, guess: Any, candidates: Sequence[Candidate], *, now: float, rng: Random) -> Choice:
        first = self._begun % len(candidates)
        return super().choose(request, guess, [*candidates[first:], *candidates[:first]], now=now, rng=rng)

    def begin(self, decision: Decision) -> None:
        self._begun += decision.attempt == 1


class Scripted(FunctionCallingLLM):
    """A child that says its lines, one per call, the last one again and again.

    A line is a text (streamed word by word), an exception to raise, a message, an `asyncio.Event` to wait for, or a
    list of parts for a stream, where an exception breaks it.
    """

    model: str = "scripted"
    lines: list[Any] = Field(default_factory=lambda: ["hello world"])
    raw: dict[str, Any] | None = None
    """Of every whole answer, and of the last part of a stream."""
    seen: list[list[ChatMessage]] = Field(default_factory=list)
    closed: list[str] = Field(default_factory=list)

    def __init__(self, model: str = "scripted", *lines: Any, **kwargs: Any) -> None:
        super().__init__(model=model, lines=list(lines) or ["hello world"], **kwargs)

    @classmethod
    def class_name(cls) -> str:
        return "Scripted"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            model_name=self.model, is_chat_model=True, is_function_calling_model=True, context_window=8192
        )

    def _line(self, messages: Sequence[ChatMessage]) -> Any:
        self.seen.append(list(messages))
        line = self.lines[0] if len(self.lines) == 1 else self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    def _message(self, line: Any) -> ChatMessage:
        if isinstance(line, list):
            line = "".join(part for part in line if isinstance(part, str))
        return line if isinstance(line, ChatMessage) else ChatMessage(role="assistant", content=line)

    def _parts(self, line: Any) -> Generator[ChatResponse, None, None]:
        parts = line if isinstance(line, list) else ([line] if isinstance(line, ChatMessage) else _words(line))
        text = ""
        try:
            for number, part in enumerate(parts):
                raw = self.raw if number == len(parts) - 1 else None
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, ChatMessage):
                    yield ChatResponse(message=part, delta="", raw=raw)
                    continue
                text += part
                yield ChatResponse(message=ChatMessage(role="assistant", content=text), delta=part, raw=raw)
        except GeneratorExit:
            self.closed.append("sync")
            raise

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=self._message(self._line(messages)), raw=self.raw)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        line = self._line(messages)
        if isinstance(line, asyncio.Event):
            await line.wait()
        return ChatResponse(message=self._message(line), raw=self.raw)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Generator[ChatResponse, None, None]:
        def parts() -> Generator[ChatResponse, None, None]:
            yield from self._parts(self._line(messages))

        return parts()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> AsyncGenerator[ChatResponse, None]:
        async def parts() -> AsyncGenerator[ChatResponse, None]:
            line = self._line(messages)
            if isinstance(line, asyncio.Event):
                await line.wait()
            try:
                for part in self._parts(line):
                    yield part
            except (GeneratorExit, asyncio.CancelledError):
                self.closed.append("async")
                raise

        return parts()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        message = self._message(self._line([ChatMessage(content=prompt)]))
        return CompletionResponse(text=message.content or "", raw=self.raw)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        message = self._message(self._line([ChatMessage(content=prompt)]))
        return CompletionResponse(text=message.content or "", raw=self.raw)

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Generator[CompletionResponse, None, None]:
        def parts() -> Generator[CompletionResponse, None, None]:
            for part in self._parts(self._line([ChatMessage(content=prompt)])):
                yield CompletionResponse(text=part.message.content or "", delta=part.delta, raw=part.raw)

        return parts()

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> AsyncGenerator[CompletionResponse, None]:
        async def parts() -> AsyncGenerator[CompletionResponse, None]:
            for part in self._parts(self._line([ChatMessage(content=prompt)])):
                yield CompletionResponse(text=part.message.content or "", delta=part.delta, raw=part.raw)

        return parts()

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[Any],
        user_msg: Any = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = chat_history if chat_history is not None else []
        if user_msg:  # appended to the caller's own list, as `Ollama` does it
            messages.append(user_msg if isinstance(user_msg, ChatMessage) else ChatMessage(content=user_msg))
        return {"messages": messages, "tools": [tool.metadata.name for tool in tools]}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Read the calls, under ids that say whose child read them."""
        calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        if not calls and error_on_no_tool_call:
            raise ValueError("no tool call")
        return [
            ToolSelection(tool_id=f"{self.model}/{c.tool_name}", tool_name=c.tool_name, tool_kwargs=dict(c.tool_kwargs))
            for c in calls
        ]


def calls_tool(name: str, **arguments: Any) -> ChatMessage:
    """Return the message of a model that wants a tool called."""
    return ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_name=name, tool_kwargs=arguments)])


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def plain_ollama(model: str, url: str, **settings: Any) -> Ollama:
    """Return an `Ollama` as a user would build it; it keeps no connection open, which would outlive the test."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return Ollama(
        model=model,
        base_url=url,
        client=ollama.Client(url, limits=limits),
        async_client=ollama.AsyncClient(url, limits=limits),
        **{"context_window": 8192, **settings},
    )


def zeta_over(*children: Any, **settings: Any) -> ZetaLLM:
    """Return a `ZetaLLM` that asks its children in the order given."""
    return ZetaLLM(models=list(children), policy=InOrder(), **settings)


def ask(llm: Any, method: str, question: Any = None, **keywords: Any) -> list[Any]:
    """Call one of the eight methods, by its name; return the answer, or the parts of the stream, as a list."""
    given = question if question is not None else ("Hello there" if "complete" in method else list(HELLO))
    if method.startswith("a"):
        return asyncio.run(_aask(llm, method, given, keywords))
    answer = getattr(llm, method)(given, **keywords)
    return list(answer) if method in STREAMS else [answer]


async def _aask(llm: Any, method: str, given: Any, keywords: dict[str, Any]) -> list[Any]:
    answer = await getattr(llm, method)(given, **keywords)
    return [part async for part in answer] if method in STREAMS else [answer]


def text_of(answers: Iterable[Any]) -> str:
    """Return the text of an answer, or of a whole stream."""
    last = list(answers)[-1]
    return last.text if isinstance(last, CompletionResponse) else (last.message.content or "")


def fates(llm: ZetaLLM) -> list[Fate]:
    """Return a list that grows by the fate of each attempt from now on."""
    seen: list[Fate] = []
    llm.router.subscribe(lambda event: seen.append(event.outcome.fate) if isinstance(event, OutcomeSeen) else None)
    return seen


def outcomes_of(llm: ZetaLLM) -> list[Outcome]:
    """Return a list that grows by the outcome of each attempt from now on."""
    seen: list[Outcome] = []
    llm.router.subscribe(lambda event: seen.append(event.outcome) if isinstance(event, OutcomeSeen) else None)
    return seen


def in_flight(llm: ZetaLLM) -> int:
    """Return how many attempts run now."""
    return sum(model.in_flight for model in llm.router.snapshot().models)


class Ear(BaseEventHandler):
    """Hears every event of LlamaIndex's instrumentation."""

    names: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Ear"

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.names.append(event.class_name())

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.names)


@contextmanager
def listening() -> Generator[Ear, None, None]:
    """Listen to all events inside the block."""
    ear, root = Ear(), get_dispatcher()
    root.add_event_handler(ear)
    try:
        yield ear
    finally:
        root.event_handlers.remove(ear)
