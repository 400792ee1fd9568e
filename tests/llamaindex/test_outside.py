"""LLMs that are called outside the router teach it: by events, spans or old callbacks, each call once."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.llms.ollama import Ollama
from ollama import ResponseError

from tests.llamaindex.fakes import HELLO, METHODS, STREAMS, InOrder, Scripted, ask, plain_ollama, zeta_over
from tests.llamaindex.greeter import NOBODY
from zeta_llamaindex import ZetaCallbackHandler, ZetaEventHandler, ZetaLLM, ZetaSpanHandler, zeta_options
from zeta_llamaindex.watching import PATIENCE, Watch
from zeta_router import Fate, ModelCard, OutcomeSeen, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama
from zeta_router.testing import ManualClock

MODEL = "llama3.2:3b"
KINDS = ("events", "spans", "callbacks", "all three")


@contextmanager
def listening(router: ZetaDynamicRouter, kinds: str, *llms: Any) -> Iterator[list[OutcomeSeen]]:
    """Let the router learn from outside inside the block; return how the attempts that it books go."""
    root, all_three = get_dispatcher(), kinds == "all three"
    seen: list[OutcomeSeen] = []
    events, spans = ZetaEventHandler(router), ZetaSpanHandler(router)
    if kinds == "spans":
        Watch.over(router).hears_ends = False
    router.subscribe(lambda event: seen.append(event) if isinstance(event, OutcomeSeen) else None)
    before = [llm.callback_manager for llm in llms]
    try:
        if all_three or kinds == "events":
            root.add_event_handler(events)
        if all_three or kinds == "spans":
            root.add_span_handler(spans)
        if all_three or kinds == "callbacks":
            for llm in llms:
                llm.callback_manager = CallbackManager([ZetaCallbackHandler(router)])
        yield seen
    finally:
        root.event_handlers[:] = [handler for handler in root.event_handlers if handler is not events]
        root.span_handlers[:] = [handler for handler in root.span_handlers if handler is not spans]
        for llm, manager in zip(llms, before, strict=True):
            llm.callback_manager = manager


def router_over(*cards: ModelCard | str, **settings: Any) -> ZetaDynamicRouter:
    """Return a router whose time stands still, so that no pause of this machine comes between two events."""
    cards = cards or (ModelCard(name="scripted", host="Scripted"),)
    return ZetaDynamicRouter(cards, **{"clock": ManualClock(), **settings})


def fates(seen: list[OutcomeSeen]) -> list[Fate]:
    return [event.outcome.fate for event in seen]


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_call_outside_the_router_is_learned_once(method: str, kinds: str, greeting: SimulatedOllama) -> None:
    """With Ollama's own clocks, as a decision of others; `complete`, which calls `chat`, counts once."""
    router = router_over(MODEL, "qwen3:8b", hosts=[greeting.url])
    llm = plain_ollama(MODEL, greeting.url)

    with listening(router, kinds, llm) as seen, zeta_options(task="code"):
        ask(llm, method)

    (event,) = seen
    assert (event.decision.model, event.decision.host) == (MODEL, greeting.url)
    assert event.decision.tags == ("outside",)
    assert event.decision.task == "code"
    assert router.snapshot().in_flight == Watch.over(router).open == 0
    if kinds == "spans" and method in STREAMS:
        assert event.outcome.fate is Fate.cancelled  # a span ends before its stream begins
    else:
        assert event.outcome.fate is Fate.ok
        assert event.outcome.timings.decode is not None
        assert event.outcome.output_tokens


@pytest.mark.parametrize("child", ["Ollama", "MockLLM"])
@pytest.mark.parametrize("method", METHODS)
def test_a_zeta_llm_books_its_calls_itself(method: str, child: str, greeting: SimulatedOllama) -> None:
    """No call of a child counts twice, not even one that a child makes when its first part is wanted."""
    llm = ZetaLLM(models=[plain_ollama(MODEL, greeting.url) if child == "Ollama" else MockLLM()])

    with listening(llm.router, "all three", *llm.models) as seen:
        ask(llm, method)

    (event,) = seen
    assert event.outcome.fate is Fate.ok
    assert event.decision.tags == ()


@pytest.mark.parametrize("method", METHODS)
def test_a_zeta_llm_over_another_router_is_outside(method: str) -> None:
    """What one router has its children do, another one learns from."""
    router = router_over()

    with listening(router, "all three") as seen:
        ask(zeta_over(Scripted("scripted")), method)

    assert fates(seen) == [Fate.ok]


@pytest.mark.parametrize("kinds", ["events", "all three"])
@pytest.mark.parametrize("method", METHODS)
def test_only_the_innermost_call_counts(method: str, kinds: str) -> None:
    """`MockLLM.achat` calls its `chat`, and that its `complete`: one call of one model."""
    router, llm = router_over(ModelCard(name="MockLLM", host="MockLLM")), MockLLM()

    with listening(router, kinds, llm) as seen:
        ask(llm, method)
        ask(llm, method)

    assert fates(seen) == [Fate.ok, Fate.ok]
    assert router.snapshot().in_flight == 0


FAILURES = {
    "refused": (ConnectionError(), Fate.error),
    "timeout": (httpx.ReadTimeout(""), Fate.timeout),
    "missing": (ResponseError("model not found", 404), Fate.missing),
    "rejected": (ResponseError("busy", 503), Fate.rejected),
    "wrong code": (TypeError("wrong argument"), Fate.cancelled),
}


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("method", ["chat", "achat", "complete", "stream_chat", "astream_chat"])
@pytest.mark.parametrize("failure", FAILURES)
def test_failures_have_their_fate(failure: str, method: str, kinds: str) -> None:
    """Non-stream errors drop a span, stream errors are an event: the fate is the same."""
    error, fate = FAILURES[failure]
    router, llm = router_over(), Scripted("scripted", error)

    with listening(router, kinds, llm) as seen, pytest.raises(type(error)):
        ask(llm, method)

    assert fates(seen) == [Fate.cancelled if kinds == "spans" and method in STREAMS else fate]
    assert router.snapshot().in_flight == 0


@pytest.mark.parametrize("kinds", ["events", "callbacks", "all three"])
async def test_cancelled_and_closed_early_are_told_apart(kinds: str) -> None:
    """A cancelled call and a stream that is left hold nothing against the model."""
    router = router_over()
    waits, streams = Scripted("scripted", asyncio.Event()), Scripted("scripted", "one two three")

    with listening(router, kinds, waits, streams) as seen:
        begun = asyncio.Event()
        router.subscribe(lambda event: begun.set())
        task = asyncio.create_task(waits.achat(HELLO))
        await begun.wait()
        assert router.snapshot().in_flight == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        stream = streams.stream_chat(HELLO)
        next(stream)
        assert isinstance(stream, Generator)
        stream.close()

    assert fates(seen) == [Fate.cancelled, Fate.closed_early]


def test_a_broken_stream_has_its_first_token() -> None:
    """What came before the break is known."""
    clock = ManualClock()
    router, llm = router_over(clock=clock), Scripted("scripted", ["one ", ConnectionError()])

    with listening(router, "events") as seen:
        stream = llm.stream_chat(HELLO)
        clock.advance(0.25)
        next(stream)
        clock.advance(1.0)
        with pytest.raises(ConnectionError):
            next(stream)

    assert fates(seen) == [Fate.error]
    assert (seen[0].outcome.timings.first_token, seen[0].outcome.timings.total) == (0.25, 1.25)


def test_a_stream_nobody_reads_is_let_go_with_the_span_handler() -> None:
    """When the stream is gone, so is its attempt, at the next call that is seen."""
    router, llm = router_over(), Scripted("scripted")

    with listening(router, "all three", llm) as seen:
        llm.stream_chat(HELLO)
        gc.collect()
        llm.chat(HELLO)

    assert fates(seen) == [Fate.cancelled, Fate.ok]
    assert router.snapshot().in_flight == 0


def test_a_stream_nobody_reads_is_let_go_after_a_while() -> None:
    """Events alone do not say that a stream is gone: time does."""
    clock = ManualClock()
    router, llm = router_over(clock=clock), Scripted("scripted")

    with listening(router, "events") as seen:
        kept = llm.stream_chat(HELLO)
        clock.advance(1.0)
        llm.chat(HELLO)
        clock.advance(PATIENCE)
        llm.chat(HELLO)

    assert kept is not None
    assert fates(seen) == [Fate.ok, Fate.cancelled, Fate.ok]


def test_a_dead_server_is_noticed_before_the_first_event() -> None:
    """An `Ollama` that asks for its context window first fails without an event: the span tells."""
    router = router_over(MODEL, hosts=[NOBODY])

    with listening(router, "all three") as seen, pytest.raises(ConnectionError):
        Ollama(model=MODEL, base_url=NOBODY).chat(HELLO)

    assert fates(seen) == [Fate.error]


@pytest.mark.parametrize(("kinds", "hosts"), [("all three", 1), ("spans", 1), ("events", 0)])
def test_the_host_is_known_by_the_span(kinds: str, hosts: int, greeting: SimulatedOllama) -> None:
    """Of a model on two hosts, the one that answered learns; events alone cannot tell, and teach nothing."""
    router = router_over(MODEL, hosts=[NOBODY, greeting.url])

    with listening(router, kinds) as seen:
        plain_ollama(MODEL, greeting.url).chat(HELLO)

    assert [event.decision.host for event in seen] == [greeting.url] * hosts


def test_models_that_the_router_does_not_know_teach_nothing() -> None:
    """Nor do calls without a word in them."""
    router = router_over()

    with listening(router, "all three") as seen:
        Scripted("another").chat(HELLO)
        Scripted("scripted").chat([ChatMessage(content="")])

    assert seen == []


def test_a_deaf_handler_hears_nothing() -> None:
    """LlamaIndex cannot take a handler off, so each can be made deaf."""
    router, llm = router_over(), Scripted("scripted")
    handlers = (ZetaEventHandler(router), ZetaSpanHandler(router), ZetaCallbackHandler(router, listening=False))
    handlers[0].listening = handlers[1].listening = False
    root = get_dispatcher()
    root.event_handlers.append(handlers[0])
    root.span_handlers.append(handlers[1])
    llm.callback_manager = CallbackManager([handlers[2]])
    try:
        llm.chat(HELLO)
    finally:
        root.event_handlers.remove(handlers[0])
        root.span_handlers.remove(handlers[1])

    assert router.snapshot().decisions == 0


def test_trouble_of_a_handler_breaks_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, by its kind: the text may quote a prompt."""
    router, llm = router_over(policy=InOrder()), Scripted("scripted")

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("my secret prompt")

    router.plan = broken  # type: ignore[method-assign]
    with listening(router, "all three", llm), caplog.at_level(logging.WARNING):
        llm.chat(HELLO)
        llm.chat(HELLO)

    assert [record.message for record in caplog.records] == [
        "watching a call failed with RuntimeError; it teaches nothing"
    ]


def test_a_watch_does_not_keep_its_router() -> None:
    """Routers come and go; nothing holds one that nobody uses."""
    import weakref

    router = router_over()
    gone = weakref.ref(router)
    Watch.over(router)
    del router
    gc.collect()

    assert gone() is None


def test_old_callbacks_of_streams_that_nobody_reads_do_not_pile_up() -> None:
    """Each has a start and no end."""
    handler = ZetaCallbackHandler(router_over())
    for number in range(5_000):
        handler.on_event_start(CBEventType.LLM, {EventPayload.PROMPT: "Hello"}, event_id=str(number))

    assert len(handler._spans) <= 4_096
