"""Learning from models that are called outside the router: every fate, in every mode, counted once."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_ollama import ChatOllama, OllamaLLM

from tests.langchain_more.asking import MODES, ask
from tests.langchain_more.fakes import Told
from zeta_langchain import (
    ChatZeta,
    ZetaModelMiddleware,
    ZetaTimingHandler,
    install_global,
    uninstall_global,
    zeta_timings,
)
from zeta_langchain.timing.handler import MODELS_MOST, STALE_S
from zeta_router import ConfigError, DriftFound, Fate, OutcomeSeen, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama
from zeta_router.testing import ManualClock


@pytest.fixture(autouse=True)
def _nothing_installed() -> Iterator[None]:
    yield
    uninstall_global()


def watching(model: Told, **clock: Any) -> tuple[ZetaTimingHandler, dict[str, Any]]:
    """Return a handler in time by hand, and a config with it."""
    handler = ZetaTimingHandler(**clock)
    return handler, {"callbacks": [handler]}


def fates(handler: ZetaTimingHandler) -> list[str]:
    return [call.fate.value for call in handler.calls]


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_is_timed_and_learned(mode: str) -> None:
    """Who, how long, how many tokens; in a handler's own router the model is there to be read."""
    model = Told(model="gpt-x", replies=["one two"])
    handler, config = watching(model)

    ask(model, mode, "hello", config)

    (call,) = handler.calls
    assert (call.model, call.host, call.fate, call.is_zetas) == ("gpt-x", "told", Fate.ok, False)
    assert (call.prompt_tokens, call.output_tokens) == (3, 4)
    assert (call.timings.total or 0.0) > 0.0
    assert handler.router.performance_metrics["gpt-x"].calls == 1
    assert handler.router.snapshot().in_flight == 0
    assert repr(handler) == "<ZetaTimingHandler 1 calls, 0 open>"


@pytest.mark.parametrize("mode", MODES)
def test_ollamas_own_clocks_are_read(mode: str) -> None:
    """Of a plain `ChatOllama`: load, prefill, decode and the first token, in `invoke` as well."""
    with SimulatedOllama(models=["llama3.2:3b"], time_scale=500, reuse_connections=False) as server:
        router = ZetaDynamicRouter(["llama3.2:3b"], hosts=[server.url])
        handler = ZetaTimingHandler(router)
        ask(ChatOllama(model="llama3.2:3b", base_url=server.url), mode, "hello", {"callbacks": [handler]})

    (call,) = handler.calls
    assert (call.model, call.host) == ("llama3.2:3b", server.url)
    assert all(value is not None for value in (call.timings.load, call.timings.prefill, call.timings.decode))
    assert call.timings.first_token is not None
    (model,) = router.snapshot().models
    assert model.loaded is True
    assert model.metrics is not None
    assert model.metrics.calls == 1


def test_a_model_that_is_no_chat_model_is_timed() -> None:
    """`OllamaLLM` tells its clocks elsewhere."""
    with SimulatedOllama(models=["llama3.2:3b"], time_scale=500, reuse_connections=False) as server:
        handler = ZetaTimingHandler()
        OllamaLLM(model="llama3.2:3b", base_url=server.url).invoke("hello", {"callbacks": [handler]})

    (call,) = handler.calls
    assert (call.model, call.host, call.fate) == ("llama3.2:3b", server.url, Fate.ok)
    assert call.timings.decode is not None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("error", "fate", "learned"),
    [
        (RuntimeError("secret"), "error", "error"),
        (TimeoutError("secret"), "timeout", "timeout"),
        (TypeError("secret"), "error", "cancelled"),
    ],
)
def test_an_error_is_learned_unless_the_program_made_it(mode: str, error: Exception, fate: str, learned: str) -> None:
    """What no model is to blame for is listed, and held against none; no text of it is kept."""
    model = Told(replies=[error])
    handler, config = watching(model)
    seen: list[Any] = []
    handler.router.subscribe(lambda e: seen.append(e.outcome) if isinstance(e, OutcomeSeen) else None)

    with pytest.raises(type(error)):
        ask(model, mode, "hello", config)

    assert fates(handler) == [fate]
    assert [outcome.fate.value for outcome in seen] == [learned]
    assert "secret" not in str(seen) + str(handler.calls)


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_closed_early_is_a_lower_bound(mode: str) -> None:
    """Nobody's failure."""
    model = Told(replies=["one two three"])
    handler, config = watching(model)

    if mode == "stream":
        stream: Any = model.stream("hello", config)
        next(stream)
        stream.close()
    else:

        async def leave() -> None:
            stream: Any = model.astream("hello", config)
            await anext(stream)
            await stream.aclose()

        asyncio.run(leave())

    assert fates(handler) == ["closed_early"]
    assert handler.calls[0].timings.first_token is not None
    assert handler.router.snapshot().in_flight == 0


@pytest.mark.parametrize("how", ["ainvoke", "astream"])
async def test_a_call_that_is_cancelled_ends(how: str) -> None:
    """Of a cancelled `ainvoke` LangChain says nothing: the end of its task does."""
    model = Told(hangs=True)
    handler, config = watching(model)

    async def call() -> None:
        if how == "ainvoke":
            await model.ainvoke("hello", config)  # type: ignore[arg-type]
        else:
            async for _ in model.astream("hello", config):  # type: ignore[arg-type]
                pass

    task = asyncio.create_task(call())
    await asyncio.sleep(0.01)
    assert handler.router.snapshot().in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)

    assert fates(handler) == ["cancelled"]
    assert handler.router.snapshot().in_flight == 0


async def test_a_long_task_keeps_nothing_of_its_calls() -> None:
    """A worker that makes a thousand calls has no thousand callbacks."""
    model = Told()
    handler, config = watching(model)

    for _ in range(50):
        await model.ainvoke("hello", config)  # type: ignore[arg-type]

    task: Any = asyncio.current_task()
    assert len(handler.calls) == 50
    assert handler._open == {}
    assert not any("_watch_task" in str(callback) for callback in getattr(task, "_callbacks", None) or [])


def test_a_call_that_never_ends_is_given_up() -> None:
    """After an hour, and its time says nothing."""
    clock = ManualClock(1_000.0)
    router = ZetaDynamicRouter(["told:7b"], hosts=["gpu"], clock=clock)
    handler = ZetaTimingHandler(router)
    start: Any = {"metadata": {"ls_model_name": "told:7b", "ls_provider": "ollama"}, "name": "x"}
    shown = {"repr": "ChatOllama(base_url='http://gpu:11434')"}
    handler.on_chat_model_start(shown, [[HumanMessage("hello")]], run_id=uuid4(), **start)
    assert router.snapshot().in_flight == 1

    clock.advance(STALE_S)
    handler.on_chat_model_start(shown, [[HumanMessage("hello")]], run_id=uuid4(), **start)

    assert fates(handler) == ["cancelled"]
    assert handler.calls[0].timings.total is None
    assert router.snapshot().in_flight == 1


def test_a_stream_that_is_never_read_is_no_call() -> None:
    """Neither begun nor ended."""
    model = Told()
    handler, config = watching(model)

    stream = model.stream("hello", config)  # type: ignore[arg-type]
    del stream
    gc.collect()

    assert (fates(handler), handler._open) == ([], {})


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_an_answer_from_a_cache_teaches_nothing(mode: str) -> None:
    """It is listed as what it is."""
    model = Told(cache=InMemoryCache())
    handler, config = watching(model)

    for _ in range(2):
        ask(model, mode, "hello", config)

    assert fates(handler) == ["ok", "cache_hit"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_prompts_of_one_generate_have_no_time_of_their_own(mode: str) -> None:
    """All begin at once and end at the end: tokens are learned, seconds are not."""
    model = Told()
    handler, _ = watching(model)
    prompts: Any = [[HumanMessage("a")], [HumanMessage("b")], [HumanMessage("c")]]

    if mode == "sync":
        model.generate(prompts, callbacks=[handler])
    else:
        asyncio.run(model.agenerate(prompts, callbacks=[handler]))

    assert [(c.fate.value, c.timings.total, c.output_tokens) for c in handler.calls] == [("ok", None, 4)] * 3


def test_the_wait_for_a_rate_limiter_is_in_the_total_only() -> None:
    """Ollama's clocks are free of it, so that no model is believed to be slow."""

    class Slow(BaseRateLimiter):
        def acquire(self, *, blocking: bool = True) -> bool:
            clock.advance(100.0)
            return True

        async def aacquire(self, *, blocking: bool = True) -> bool:
            return self.acquire()

    clock = ManualClock(1_000.0)
    with SimulatedOllama(models=["llama3.2:3b"], time_scale=500, reuse_connections=False) as server:
        router = ZetaDynamicRouter(["llama3.2:3b"], hosts=[server.url], clock=clock)
        handler = ZetaTimingHandler(router)
        found: list[Any] = []
        router.subscribe(lambda e: found.append(e) if isinstance(e, DriftFound) else None)
        model = ChatOllama(model="llama3.2:3b", base_url=server.url, rate_limiter=Slow())
        for _ in range(6):
            model.invoke("hello", {"callbacks": [handler]})

    assert (handler.calls[0].timings.total or 0.0) >= 100.0
    assert (handler.calls[-1].timings.decode or 1e9) < 60.0
    assert found == []


def test_a_router_learns_of_its_own_models_only() -> None:
    """Another model, or the same one elsewhere, is listed; nothing joins a router that routes."""
    router = ZetaDynamicRouter(["llama3.2:3b"], hosts=["http://gpu:11434"])
    handler = ZetaTimingHandler(router)

    Told(model="llama3.2:3b").invoke("hello", {"callbacks": [handler]})

    assert fates(handler) == ["ok"]
    assert router.snapshot().decisions == 0
    assert len(router.cards) == 1


def test_decisions_that_were_only_watched_say_so() -> None:
    """By their tag; their propensity is 1, as nobody drew."""
    handler, config = watching(Told())
    seen: list[Any] = []
    handler.router.subscribe(lambda e: seen.append(e.decision) if isinstance(e, OutcomeSeen) else None)

    Told().invoke("hello", config)  # type: ignore[arg-type]

    assert (seen[0].tags, seen[0].propensity) == (("observed",), 1.0)


@pytest.mark.parametrize("mode", MODES)
def test_a_call_of_chat_zeta_counts_once(mode: str) -> None:
    """Its router has learned from it already: listed, as a call of Zeta's."""
    router = ZetaDynamicRouter([])
    llm = ChatZeta([Told(model="first"), Told(model="second")], router=router)
    seen: list[Any] = []
    router.subscribe(lambda e: seen.append(e) if isinstance(e, OutcomeSeen) else None)
    handler = ZetaTimingHandler(router)

    ask(llm, mode, "hello", {"callbacks": [handler]})

    assert [(c.fate.value, c.is_zetas) for c in handler.calls] == [("ok", True)]
    assert len(seen) == 1


def test_a_step_of_the_middleware_counts_once() -> None:
    """The same for agents."""
    llm = ChatZeta([Told(model="first")])
    agent = create_agent(llm, middleware=[ZetaModelMiddleware(llm)])

    with zeta_timings(llm.router) as timings:
        agent.invoke({"messages": [("human", "hello")]})

    assert [c.is_zetas for c in timings.calls] == [True]
    assert llm.router.snapshot().decisions == 1


def test_two_handlers_tell_one_router_once() -> None:
    """In a block inside a process that measures: both list the call."""
    model = Told(model="first")
    everywhere = install_global()
    model.invoke("hello")

    with zeta_timings(everywhere.router) as timings:
        model.invoke("hello")

    assert (fates(everywhere), fates(timings)) == (["ok", "ok"], ["ok"])
    assert everywhere.router.snapshot().decisions == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_block_measures_what_is_called_inside(mode: str) -> None:
    """Below chains, with and without callbacks of the caller; not outside, not in the block beside."""
    chain = Told() | StrOutputParser()
    chain.invoke("before")

    with zeta_timings() as outer:
        ask(chain, mode, "one")
        with zeta_timings() as inner:
            ask(chain, mode, "two", {"callbacks": [ZetaTimingHandler()]})
    chain.invoke("after")

    assert (len(outer.calls), len(inner.calls)) == (2, 1)


def test_a_block_measures_the_threads_of_a_batch() -> None:
    """Twenty calls in a pool of threads."""
    with zeta_timings() as timings:
        Told().batch(["hello"] * 20)

    assert fates(timings) == ["ok"] * 20
    assert timings.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_the_whole_process_is_measured(mode: str) -> None:
    """In threads as well, until it is uninstalled."""
    handler = install_global()
    assert install_global() is handler
    assert install_global(handler.router) is handler
    with pytest.raises(ConfigError, match="uninstall_global"):
        install_global(ZetaDynamicRouter([]))

    ask(Told(), mode, "hello")
    thread = threading.Thread(target=lambda: Told().invoke("hello"))
    thread.start()
    thread.join()
    uninstall_global()
    uninstall_global()
    ask(Told(), mode, "hello")

    assert len(handler.calls) == 2


def test_the_process_measures_no_call_twice() -> None:
    """Installed and handed in: the same handler is told once."""
    handler = install_global()

    Told().invoke("hello", {"callbacks": [handler]})

    assert len(handler.calls) == 1


def test_names_without_end_do_not_fill_the_memory() -> None:
    """Models above a bound are listed only."""
    handler = ZetaTimingHandler()
    for number in range(MODELS_MOST + 5):
        Told(model=f"m{number}").invoke("hello", {"callbacks": [handler]})

    assert len(handler.router.cards) == MODELS_MOST
    assert fates(handler)[-1] == "ok"


def test_each_call_is_told_to_a_listener() -> None:
    """As it ends."""
    told: list[Any] = []

    Told().invoke("hello", {"callbacks": [ZetaTimingHandler(on_call=told.append)]})

    assert [call.fate for call in told] == [Fate.ok]


@pytest.mark.parametrize("prompt", ["", "   "])
def test_an_empty_prompt_is_measured_all_the_same(prompt: str) -> None:
    """A router would refuse it."""
    handler = ZetaTimingHandler()

    Told().invoke(prompt, {"callbacks": [handler]})

    assert fates(handler) == ["ok"]
    assert handler.router.snapshot().in_flight == 0


def test_no_word_is_kept() -> None:
    """Neither of the prompt nor of the answer."""
    handler = ZetaTimingHandler()

    Told(replies=["canary-answer"]).invoke("canary-prompt", {"callbacks": [handler]})

    assert "canary" not in f"{handler.calls!r} {handler!r} {handler.router.snapshot()!r}"
