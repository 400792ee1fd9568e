"""A call that nobody listens to is asked below LlamaIndex's instrumentation: with the same answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import wrapt
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import ChatMessage, ChatResponse, CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.rate_limiter import TokenBucketRateLimiter
from llama_index.llms.ollama import Ollama
from llama_index_instrumentation import get_dispatcher
from pydantic import Field

from tests.llamaindex.fakes import METHODS, Scripted, ask, listening, text_of, zeta_over
from zeta_llamaindex import unwatched
from zeta_llamaindex.unwatched import asked


class Told(Scripted):
    """Notes whether it is asked the ordinary way: LlamaIndex then asks it what to tell handlers."""

    told: list[str] = Field(default_factory=list)

    def to_payload(self) -> dict[str, Any]:
        self.told.append("asked")
        return super().to_payload()


@pytest.mark.parametrize("method", METHODS)
def test_nobody_is_told_where_nobody_listens(method: str) -> None:
    """The answer is the child's own, part by part, and nothing is made ready to be told."""
    alone, child = Told("child", "one two three"), Told("child", "one two three")
    expected = ask(alone, method)
    shown = ask(zeta_over(child), method)

    assert [(part.delta, text_of([part])) for part in shown] == [(part.delta, text_of([part])) for part in expected]
    assert child.seen == alone.seen
    assert (alone.told, child.told) == (["asked"], [])


def an_event_handler() -> Any:
    """Listen to events."""
    return listening()


class _Spans:
    """Listens to spans while it is entered."""

    def __enter__(self) -> None:
        self._handler = SimpleSpanHandler()
        get_dispatcher().add_span_handler(self._handler)

    def __exit__(self, *error: object) -> None:
        get_dispatcher().span_handlers.remove(self._handler)


class _Module:
    """Listens to the child's own module only."""

    def __enter__(self) -> None:
        with listening() as ear:
            self._ear = ear
        get_dispatcher(__name__).add_event_handler(self._ear)

    def __exit__(self, *error: object) -> None:
        get_dispatcher(__name__).event_handlers.remove(self._ear)


class MyManager(CallbackManager):
    """Does what its maker likes with events."""


class Counted(Told):
    """Has a method of this module, whose dispatcher is told of its spans."""

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=self._message(self._line(messages)))


@pytest.mark.parametrize("listener", [an_event_handler, _Spans, _Module])
def test_whoever_listens_is_told(listener: Callable[[], Any]) -> None:
    """Handlers of events or of spans, at the root or at the child's module: the call takes the ordinary way."""
    child = Counted("child")
    llm = zeta_over(child)

    with listener():
        ask(llm, "chat")
    assert child.told == ["asked"]

    ask(llm, "chat")
    assert child.told == ["asked"]


@pytest.mark.parametrize(
    "manager", [CallbackManager([TokenCountingHandler(tokenizer=str.split)]), MyManager([])], ids=["handler", "class"]
)
def test_callback_managers_are_told(manager: CallbackManager) -> None:
    """One with handlers, and one of somebody's own class."""
    child = Told("child", callback_manager=manager)

    ask(zeta_over(child), "chat")

    assert child.told == ["asked"]


@pytest.mark.parametrize("method", METHODS)
def test_ollamas_methods_are_known(method: str) -> None:
    """All eight of LlamaIndex's `Ollama`, in the version that is installed: else no call of it would be faster."""
    function = asked(Ollama(model="m", context_window=100), method).__func__  # type: ignore[attr-defined]

    assert function.__module__.startswith("llama_index.llms.ollama")
    assert function.__code__.co_filename == __import__(function.__module__, fromlist=["x"]).__file__


def test_a_decorator_that_is_not_known_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """If LlamaIndex's decorators do more one day, they are asked."""
    monkeypatch.setattr(unwatched, "_CALLBACKS", frozenset())
    monkeypatch.setattr(unwatched, "_below", {})
    child = Told("child")

    assert text_of(ask(zeta_over(child), "chat")) == "hello world"
    assert child.told == ["asked"]


def twice(function: Callable[..., Any]) -> Callable[..., Any]:
    """Try again after a failure, as many libraries do it."""

    @functools.wraps(function)
    def tried(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ConnectionError:
            return function(*args, **kwargs)

    return tried


class TwiceOutside(Told):
    """Tries again around LlamaIndex's callback."""

    @twice
    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=self._message(self._line(messages)))


class TwiceInside(Told):
    """Tries again below it."""

    @llm_chat_callback()
    @twice
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=self._message(self._line(messages)))


@pytest.mark.parametrize("kind", [TwiceOutside, TwiceInside])
def test_decorators_of_others_keep_their_work(kind: type[Told]) -> None:
    """What somebody put around a method happens, whichever way it is asked."""
    child = kind("child", ConnectionError(), "four")

    assert text_of(ask(zeta_over(child), "chat")) == "four"
    assert len(child.seen) == 2


def test_a_tool_that_traces_may_come_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that is replaced later, on the class, a base or the LLM itself, is the one that is asked."""
    heard: list[str] = []

    def trace(function: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        heard.append(function.__name__)
        return function(*args, **kwargs)

    child, one = Counted("child"), Counted("one")
    llm, other = zeta_over(child), zeta_over(one)
    ask(llm, "chat")
    ask(llm, "complete")
    monkeypatch.setattr(Counted, "chat", wrapt.FunctionWrapper(vars(Counted)["chat"], trace))
    monkeypatch.setattr(Scripted, "complete", wrapt.FunctionWrapper(vars(Scripted)["complete"], trace))
    object.__setattr__(one, "stream_chat", wrapt.FunctionWrapper(one.stream_chat, trace))

    ask(llm, "chat")
    ask(llm, "complete")
    ask(other, "stream_chat")

    assert heard == ["chat", "complete", "stream_chat"]


@pytest.mark.parametrize("method", METHODS)
def test_a_childs_rate_limiter_is_waited_for_once(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """LlamaIndex asks it inside its decorators."""
    waited: list[str] = []

    async def note(limiter: Any) -> None:
        waited.append("async")

    monkeypatch.setattr(TokenBucketRateLimiter, "acquire", lambda limiter: waited.append("sync"))
    monkeypatch.setattr(TokenBucketRateLimiter, "async_acquire", note)

    ask(zeta_over(Scripted("child", rate_limiter=TokenBucketRateLimiter(requests_per_minute=60))), method)

    assert waited == ["async" if method.startswith("a") else "sync"]


class Plain(CustomLLM):
    """An LLM as LlamaIndex's guide has it: two methods, and the others are made of them."""

    @property
    def metadata(self) -> Any:
        return Scripted().metadata

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        return Scripted("plain", "a city").complete(prompt)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Iterator[Any]:
        yield from Scripted("plain", "a city").stream_complete(prompt)


@pytest.mark.parametrize("method", METHODS)
def test_llms_of_any_making_answer(method: str) -> None:
    """One that decorates nothing of its own."""
    assert "a city" in text_of(ask(zeta_over(Plain()), method))
