"""When a child fails, another one answers; but only until something of its answer was passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from llama_index.core.llms import ChatMessage, CompletionResponse
from ollama import ResponseError

from tests.llamaindex.fakes import (
    HELLO,
    METHODS,
    STREAMS,
    WHOLE,
    Scripted,
    ask,
    fates,
    in_flight,
    listening,
    text_of,
    zeta_over,
)
from zeta_router import AnswerTruncated, EveryAttemptFailed, Fate, InvalidRequest


@pytest.fixture(autouse=True, params=["heard", "unheard"])
def heard(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything here holds whether somebody listens to LlamaIndex's events or not; the calls go other ways."""
    if request.param == "unheard":
        yield
    else:
        with listening():
            yield


FAILURES: dict[str, tuple[Exception, Fate]] = {
    "connection refused": (ConnectionError("refused"), Fate.error),
    "connection refused while streaming": (httpx.ConnectError("refused"), Fate.error),
    "read timeout": (httpx.ReadTimeout(""), Fate.timeout),
    "model not installed": (ResponseError("model 'x' not found", 404), Fate.missing),
    "queue full": (ResponseError("server busy", 503), Fate.rejected),
    "runner crashed": (ResponseError("llama runner process has terminated", 500), Fate.error),
    "a stranger's error": (RuntimeError("somebody else's"), Fate.error),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_child_costs_an_attempt_not_the_answer(method: str, failure: str) -> None:
    """Whatever fails before the first token, the next child answers, and the answer says who and at which attempt."""
    error, fate = FAILURES[failure]
    llm = zeta_over(Scripted("first", error), Scripted("second", "four"))
    seen = fates(llm)

    answers = ask(llm, method)

    assert text_of(answers) == "four"
    assert answers[-1].additional_kwargs["zeta_model"] == "second"
    assert answers[-1].additional_kwargs["zeta"]["attempts"] == 2
    assert seen == [fate, Fate.ok]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_answer_is_no_answer(method: str) -> None:
    """A child that says nothing, as a model that was only loaded, is passed over."""
    llm = zeta_over(Scripted("first", "", raw={"done": True, "done_reason": "load"}), Scripted("second", "four"))
    seen = fates(llm)

    assert text_of(ask(llm, method)) == "four"
    assert seen == [Fate.truncated, Fate.ok]


def test_a_text_that_is_none_is_passed_on_and_teaches_nothing() -> None:
    """Of a child that goes past pydantic: what it says is between it and the caller."""

    class Counting(Scripted):
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            return CompletionResponse.model_construct(text=5, additional_kwargs={}, raw=None, logprobs=None, delta=None)

    llm = zeta_over(Counting(model="counting"))
    seen = fates(llm)
    answer: Any = llm.complete("How many?")
    assert answer.text == 5
    assert seen == [Fate.ok]
    assert not llm.router.snapshot().troubles


@pytest.mark.parametrize("method", WHOLE)
def test_an_answer_that_ended_early_is_no_answer(method: str) -> None:
    """`done: false` on a whole answer means that it is incomplete, though the child calls it a success."""
    llm = zeta_over(Scripted("first", "fo", raw={"done": False}), Scripted("second", "four"))
    seen = fates(llm)

    assert text_of(ask(llm, method)) == "four"
    assert seen == [Fate.truncated, Fate.ok]


@pytest.mark.parametrize("method", STREAMS)
def test_parts_without_content_are_held_back(method: str) -> None:
    """A stream that breaks after empty parts only has shown nothing: the next child answers, without those parts."""
    llm = zeta_over(Scripted("first", ["", "", ConnectionError()]), Scripted("second", "two parts"))

    answers = ask(llm, method)

    assert [answer.delta for answer in answers] == ["two ", "parts"]
    assert {answer.additional_kwargs["zeta_model"] for answer in answers} == {"second"}


@pytest.mark.parametrize("method", STREAMS)
def test_after_the_first_token_an_error_is_the_callers(method: str) -> None:
    """Once something was passed on, no other model takes over, and the child's own error surfaces unchanged."""
    broken = httpx.RemoteProtocolError("peer closed connection")
    second = Scripted("second", "four")
    llm = zeta_over(Scripted("first", ["two ", broken]), second)
    seen = fates(llm)

    with pytest.raises(httpx.RemoteProtocolError) as caught:
        ask(llm, method)

    assert caught.value is broken
    assert second.seen == []
    assert seen == [Fate.error]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("method", STREAMS)
def test_a_stream_that_ends_early_says_so(method: str) -> None:
    """All parts arrive, and then an error: what came is incomplete, which the child alone would not tell."""
    llm = zeta_over(Scripted("first", "two parts", raw={"done": False}), Scripted("second"))

    with pytest.raises(AnswerTruncated, match="first"):
        ask(llm, method)


def test_a_model_that_is_missing_is_named_with_what_to_do() -> None:
    """As if LlamaIndex's own `Ollama` knew which model it asked for."""
    llm = zeta_over(Scripted("first", ResponseError("model not found", 404)))

    with pytest.raises(EveryAttemptFailed, match=r"first is not installed on .*`ollama pull first`"):
        ask(llm, "complete")


@pytest.mark.parametrize("method", METHODS)
def test_when_all_fail_the_error_names_each(method: str) -> None:
    """The error has an entry per attempt, and what the last child raised as its cause."""
    last = ConnectionError("refused")
    llm = zeta_over(Scripted("first", ResponseError("server busy", 503)), Scripted("second", last))

    with pytest.raises(EveryAttemptFailed) as caught:
        ask(llm, method)

    assert [(f.model, f.fate) for f in caught.value.failures] == [("first", "rejected"), ("second", "error")]
    assert caught.value.__cause__ is last
    assert in_flight(llm) == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mistake", [ValueError("token budget"), TypeError("wrong argument"), KeyError("name")])
def test_a_mistake_is_nobodys_failure(method: str, mistake: Exception) -> None:
    """What wrong code raises goes to the caller at once: no other model is asked, and none is blamed."""
    second = Scripted("second")
    llm = zeta_over(Scripted("first", mistake), second)
    seen = fates(llm)

    with pytest.raises(type(mistake)):
        ask(llm, method)

    assert second.seen == []
    assert seen == [Fate.cancelled]


@pytest.mark.parametrize("method", METHODS)
def test_a_request_that_every_server_refuses_is_sent_once(method: str) -> None:
    """A 400 would be a 400 anywhere: it surfaces as the child raised it."""
    second = Scripted("second")
    llm = zeta_over(Scripted("first", ResponseError("invalid options", 400)), second)

    with pytest.raises(ResponseError):
        ask(llm, method)

    assert second.seen == []


def test_an_error_text_is_not_kept() -> None:
    """A stranger's error may quote the prompt: of its kind the outcome keeps the name only."""
    llm = zeta_over(Scripted("first", RuntimeError("cannot answer: my secret prompt")), Scripted("second"))
    events: list[Any] = []
    llm.router.subscribe(events.append)

    ask(llm, "chat")

    assert "secret" not in repr(events)
    assert "RuntimeError" in repr(events)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_answer_is_refused_before_anything_is_sent(method: str) -> None:
    """An empty prompt is a mistake of the caller, said in a sentence."""
    child = Scripted("first")
    empty = "" if "complete" in method else [ChatMessage(role="user", content="")]

    with pytest.raises(InvalidRequest, match="text is empty"):
        asyncio.run(_first_part(zeta_over(child), method, empty))

    assert child.seen == []


async def _first_part(llm: Any, method: str, given: Any) -> None:
    answer = getattr(llm, method)(given)
    if method.startswith("a"):
        await answer


@pytest.mark.parametrize("method", ["stream_chat", "stream_complete"])
def test_a_stream_closed_early_closes_the_childs(method: str) -> None:
    """Leaving a stream ends the child's, settles as closed early, and leaves nothing in flight."""
    child = Scripted("first", "one two three")
    llm = zeta_over(child)
    seen = fates(llm)

    stream = getattr(llm, method)("Hello" if "complete" in method else HELLO)
    next(stream)
    assert in_flight(llm) == 1
    stream.close()

    assert child.closed == ["sync"]
    assert seen == [Fate.closed_early]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("method", ["astream_chat", "astream_complete"])
async def test_an_async_stream_closed_early_settles(method: str) -> None:
    """The same, for a stream that is awaited."""
    llm = zeta_over(Scripted("first", "one two three"))
    seen = fates(llm)

    stream = await getattr(llm, method)("Hello" if "complete" in method else HELLO)
    await stream.__anext__()
    await stream.aclose()

    assert seen == [Fate.closed_early]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("method", STREAMS)
async def test_a_stream_nobody_reads_is_never_in_flight(method: str) -> None:
    """Asking for a stream and dropping it counts for nothing."""
    llm = zeta_over(Scripted("first"))
    seen = fates(llm)

    stream = getattr(llm, method)("Hello" if "complete" in method else HELLO)
    if method.startswith("a"):
        stream = await stream
    assert in_flight(llm) == 0
    del stream

    assert seen == []


@pytest.mark.parametrize("method", ["achat", "astream_chat"])
async def test_a_cancelled_call_settles_as_cancelled(method: str) -> None:
    """Cancelling while a model runs holds nothing against it, and leaves nothing in flight."""
    never = asyncio.Event()
    llm = zeta_over(Scripted("first", never), Scripted("second"))
    seen = fates(llm)
    begun = asyncio.Event()
    llm.router.subscribe(lambda event: begun.set())

    async def call() -> None:
        answer = await getattr(llm, method)(HELLO)
        if method == "astream_chat":
            async for _ in answer:
                pass

    task = asyncio.create_task(call())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert seen == [Fate.cancelled]
    assert in_flight(llm) == 0
