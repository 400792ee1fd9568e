"""Query engines and retrievers behind one: the best is asked, the next one if it fails, and the loop is closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.retrievers import RouterRetriever
from llama_index.core.selectors import LLMSingleSelector

from tests.llamaindex.engines import Engine, Retriever, engine_tools, outcomes, retriever_tools
from tests.llamaindex.fakes import Scripted, listening
from zeta_llamaindex import (
    ZetaMultiSelector,
    ZetaRouterQueryEngine,
    ZetaRouterRetriever,
    ZetaSingleSelector,
    choice_router,
)
from zeta_router import EveryAttemptFailed, Fate, OutcomeSeen
from zeta_router.testing import ManualClock

MODES = ["sync", "async"]


def query(engine: ZetaRouterQueryEngine, mode: str, text: str = "What is the revenue?") -> Any:
    return engine.query(text) if mode == "sync" else asyncio.run(engine.aquery(text))


def retrieve(retriever: ZetaRouterRetriever, mode: str, text: str = "What is the revenue?") -> list[str]:
    nodes = retriever.retrieve(text) if mode == "sync" else asyncio.run(retriever.aretrieve(text))
    return [node.node.node_id for node in nodes]


def in_flight(engine: Any) -> int:
    return sum(model.in_flight for model in engine.router.snapshot().models)


@pytest.mark.parametrize("mode", MODES)
def test_the_engine_that_fits_answers_and_is_timed(mode: str) -> None:
    """The response says who, where LlamaIndex says it, and the router knows how long it took."""
    clock = ManualClock()
    selector = ZetaSingleSelector(router=choice_router(clock=clock))
    tools = engine_tools(sales=Engine("12 %", clock=clock, seconds=2.0), staff=Engine("Ann"))
    engine = ZetaRouterQueryEngine(selector, tools)
    seen: list[Any] = []
    engine.router.subscribe(seen.append)

    answer = query(engine, mode)

    assert str(answer) == "12 %"
    assert answer.metadata["selector_result"].ind == 0
    assert answer.metadata["zeta"]["choice"] == "sales"
    (event,) = [event for event in seen if isinstance(event, OutcomeSeen)]
    assert (event.outcome.fate, event.outcome.timings.total) == (Fate.ok, 2.0)
    assert isinstance(engine, RouterQueryEngine)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("line", [RuntimeError("database is down"), "Empty Response", "", None, []])
def test_an_engine_that_fails_or_finds_nothing_is_followed_by_the_next(line: Any, mode: str) -> None:
    """LlamaIndex alone would raise, or say that there is nothing."""
    engine = ZetaRouterQueryEngine.from_defaults(engine_tools(sales=Engine(line), staff=Engine("Ann")))
    seen = outcomes(engine.router)

    answer = query(engine, mode)

    assert str(answer) == "Ann"
    assert answer.metadata["selector_result"].ind == 1
    assert answer.metadata["zeta"]["attempts"] == 2
    failed = Fate.error if isinstance(line, Exception) else Fate.invalid
    assert seen == [("sales", failed), ("staff", Fate.ok)]
    assert in_flight(engine) == 0


@pytest.mark.parametrize("mode", MODES)
def test_when_all_fail_the_error_names_each(mode: str) -> None:
    """Its cause is what the last one raised, and no text of a stranger stands in it."""
    last = RuntimeError("secret")
    engine = ZetaRouterQueryEngine.from_defaults(engine_tools(sales=Engine(ValueError()), staff=Engine(last)))

    with pytest.raises(EveryAttemptFailed) as caught:
        query(engine, mode)

    assert [failure.model for failure in caught.value.failures] == ["sales", "staff"]
    assert caught.value.__cause__ is last
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("mode", MODES)
def test_when_nobody_finds_anything_the_first_says_so(mode: str) -> None:
    """An empty answer is better than an error."""
    engine = ZetaRouterQueryEngine.from_defaults(engine_tools(sales=Engine("Empty Response"), staff=Engine("")))

    assert str(query(engine, mode)) == "Empty Response"


async def _read(answer: Any) -> str:
    return "".join([str(part) async for part in answer.async_response_gen()])


@pytest.mark.parametrize("mode", MODES)
def test_a_stream_is_told_to_its_end(mode: str) -> None:
    """In flight while it is read, settled when it ends, with its first token."""
    clock = ManualClock()
    engine = ZetaRouterQueryEngine(
        ZetaSingleSelector(router=choice_router(clock=clock)), engine_tools(sales=Engine(["12", " %"]))
    )
    seen: list[Any] = []
    engine.router.subscribe(seen.append)

    async def run() -> str:
        answer = engine.query("revenue") if mode == "sync" else await engine.aquery("revenue")
        clock.advance(3.0)
        assert in_flight(engine) == 1
        return "".join(answer.response_gen) if mode == "sync" else await _read(answer)

    assert asyncio.run(run()) == "12 %"
    (event,) = [event for event in seen if isinstance(event, OutcomeSeen)]
    assert event.outcome.fate is Fate.ok
    assert (event.outcome.timings.first_token, event.outcome.timings.total) == (0.0, 3.0)
    assert in_flight(engine) == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_stream_that_breaks_before_its_first_part_is_followed_by_the_next(mode: str) -> None:
    """Nothing was shown yet: another engine streams."""
    tools = engine_tools(sales=Engine([ConnectionError()]), staff=Engine(["An", "n"]))
    engine = ZetaRouterQueryEngine.from_defaults(tools)
    seen = outcomes(engine.router)

    async def run() -> str:
        if mode == "sync":
            return "".join(engine.query("revenue").response_gen)  # type: ignore[union-attr]
        return await _read(await engine.aquery("revenue"))

    assert asyncio.run(run()) == "Ann"
    assert seen == [("sales", Fate.error), ("staff", Fate.ok)]
    assert in_flight(engine) == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_stream_that_breaks_later_is_the_callers(mode: str) -> None:
    """What was shown cannot be taken back; the engine is known to have failed."""
    engine = ZetaRouterQueryEngine.from_defaults(
        engine_tools(sales=Engine(["12", ConnectionError("gone")]), staff=Engine("Ann"))
    )
    seen = outcomes(engine.router)

    async def run() -> None:
        if mode == "sync":
            "".join(engine.query("revenue").response_gen)  # type: ignore[union-attr]
        else:
            await _read(await engine.aquery("revenue"))

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(run())
    assert seen == [("sales", Fate.error)]
    assert in_flight(engine) == 0


def test_a_stream_that_is_left_is_closed_early() -> None:
    """Read in part or not at all: it is not in flight any more, and nothing is held against the engine."""
    engine = ZetaRouterQueryEngine.from_defaults(engine_tools(sales=Engine(["12", " %"])))
    seen = outcomes(engine.router)

    engine.query("revenue")  # never read
    answer: Any = engine.query("revenue")
    next(answer.response_gen)
    answer.response_gen.close()

    assert seen == [("sales", Fate.closed_early)] * 2
    assert in_flight(engine) == 0


async def test_a_cancelled_query_settles_as_cancelled() -> None:
    """Cancelling leaves nothing in flight."""
    begun, never = asyncio.Event(), asyncio.Event()

    class Slow(Engine):
        async def _aquery(self, query_bundle: Any) -> Any:
            begun.set()
            await never.wait()

    engine = ZetaRouterQueryEngine.from_defaults(engine_tools(sales=Slow("12 %"), staff=Engine("Ann")))
    seen = outcomes(engine.router)
    task = asyncio.create_task(engine.aquery("revenue"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert seen == [("sales", Fate.cancelled)]
    assert in_flight(engine) == 0


@pytest.mark.parametrize("mode", MODES)
def test_several_engines_are_asked_and_combined(mode: str) -> None:
    """Each is an attempt of its own; one that fails is left out."""
    tools = engine_tools(**{"revenue-1": Engine("one"), "revenue-2": Engine("two"), "revenue-3": Engine(OSError())})
    engine = ZetaRouterQueryEngine.from_defaults(tools, llm=Scripted("first", "both"), select_multi=True)
    seen = outcomes(engine.router)

    answer = query(engine, mode)

    assert str(answer) == "both"
    assert sorted(answer.metadata["selector_result"].inds) == [0, 1]
    assert sorted(seen) == [("revenue-1", Fate.ok), ("revenue-2", Fate.ok), ("revenue-3", Fate.error)]


@pytest.mark.parametrize("mode", MODES)
def test_when_all_of_several_fail_another_answers(mode: str) -> None:
    """Somebody who was not selected is better than nobody."""
    tools = engine_tools(**{"revenue-1": Engine(OSError()), "revenue-2": Engine(OSError()), "staff": Engine("Ann")})

    assert str(query(ZetaRouterQueryEngine(ZetaMultiSelector(), tools), mode)) == "Ann"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("line", ["Ann", "Empty Response", OSError()])
def test_when_several_find_nothing_another_is_asked(line: Any, mode: str) -> None:
    """What says that there is nothing is not combined, and is the answer where nobody has a better one."""
    tools = engine_tools(**{"revenue-1": Engine("Empty Response"), "revenue-2": Engine(None), "staff": Engine(line)})
    llm = Scripted("nobody")
    engine = ZetaRouterQueryEngine(ZetaMultiSelector(), tools, llm=llm)

    answer = query(engine, mode)

    assert str(answer) == ("Ann" if line == "Ann" else "Empty Response")
    assert [len(tool.query_engine.asked) for tool in tools] == [1, 1, 1]  # type: ignore[attr-defined]
    assert llm.seen == []


@pytest.mark.parametrize("mode", MODES)
def test_of_several_those_that_found_something_answer(mode: str) -> None:
    """One answer of use needs no combining."""
    tools = engine_tools(**{"revenue-1": Engine("Empty Response"), "revenue-2": Engine("two")})
    llm = Scripted("nobody")

    answer = query(ZetaRouterQueryEngine(ZetaMultiSelector(), tools, llm=llm), mode)

    assert (str(answer), answer.metadata["selector_result"].inds, llm.seen) == ("two", [1], [])


@pytest.mark.parametrize("mode", MODES)
def test_when_everybody_was_asked_nobody_is_asked_again(mode: str) -> None:
    """All were chosen, and none has found anything."""
    tools = engine_tools(**{"revenue-1": Engine("Empty Response"), "revenue-2": Engine("Empty Response")})

    answer = query(ZetaRouterQueryEngine(ZetaMultiSelector(), tools, llm=Scripted("nobody")), mode)

    assert str(answer) == "Empty Response"
    assert [len(tool.query_engine.asked) for tool in tools] == [1, 1]  # type: ignore[attr-defined]


def test_feedback_changes_the_choice() -> None:
    """An engine that people did not like for some words is not asked for them again."""
    engine = ZetaRouterQueryEngine.from_defaults(engine_tools(first=Engine("1"), second=Engine("2")))
    disliked = str(engine.query("budget"))
    for _ in range(6):
        answer = engine.query("budget")
        engine.router.feedback(answer.metadata["zeta"]["decision_id"], float(str(answer) != disliked))

    assert str(engine.query("budget")) != disliked


def test_no_model_is_built_or_asked() -> None:
    """One answer needs no model, not even one in `Settings`."""
    before, Settings._llm = Settings._llm, None
    try:
        engine = ZetaRouterQueryEngine.from_defaults(engine_tools(sales=Engine("12 %"), staff=Engine("Ann")))
        assert str(engine.query("revenue")) == "12 %"
        retriever = ZetaRouterRetriever.from_defaults(retriever_tools(sales=Retriever(["a"])))
        assert retrieve(retriever, "sync") == ["a"]
        assert Settings._llm is None
    finally:
        Settings._llm = before


def test_another_selector_becomes_the_prior() -> None:
    """What LlamaIndex's engines take is taken here."""
    selector = LLMSingleSelector.from_defaults(llm=Scripted("first", '[{"choice": 2, "reason": "people"}]'))
    engine = ZetaRouterQueryEngine(selector, engine_tools(sales=Engine("12 %"), staff=Engine("Ann")))

    assert str(engine.query("revenue")) == "Ann"
    assert "selector:prior:prompt" in engine.get_prompts()


@pytest.mark.parametrize("mode", MODES)
def test_events_are_those_of_llama_indexs_engine(mode: str) -> None:
    """As many query events, in the same order."""
    tools = engine_tools(sales=Engine("12 %"), staff=Engine("Ann"))
    names = []
    for engine in (RouterQueryEngine(ZetaSingleSelector(), tools, llm=MockLLM()), ZetaRouterQueryEngine(None, tools)):
        with listening() as ear:
            query(engine, mode)  # type: ignore[arg-type]
        names.append(ear.names)

    assert names[0] == names[1]
    assert names[0].count("QueryEndEvent") == 2


# -- retrievers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("found", [RuntimeError("down"), []])
def test_a_retriever_that_fails_or_finds_nothing_is_followed_by_the_next(found: Any, mode: str) -> None:
    """As with engines."""
    retriever = ZetaRouterRetriever.from_defaults(retriever_tools(sales=Retriever(found), staff=Retriever(["a"])))
    seen = outcomes(retriever.router)

    assert retrieve(retriever, mode) == ["a"]
    assert [name for name, _ in seen] == ["sales", "staff"]
    assert isinstance(retriever, RouterRetriever)


@pytest.mark.parametrize("mode", MODES)
def test_several_retrievers_are_asked_and_joined(mode: str) -> None:
    """Each node once, though two have found it."""
    tools = retriever_tools(**{"revenue-1": Retriever(["a", "b"]), "revenue-2": Retriever(["b", "c"])})
    retriever = ZetaRouterRetriever.from_defaults(tools, select_multi=True)

    assert sorted(retrieve(retriever, mode)) == ["a", "b", "c"]


@pytest.mark.parametrize("mode", MODES)
def test_when_nothing_is_found_nothing_is_returned(mode: str) -> None:
    """An empty list, as LlamaIndex would return it."""
    retriever = ZetaRouterRetriever.from_defaults(retriever_tools(sales=Retriever([]), staff=Retriever([])))

    assert retrieve(retriever, mode) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("other", "expected"), [(["c"], ["c"]), (OSError(), [])])
def test_when_several_retrievers_find_nothing_another_is_asked(other: Any, expected: list[str], mode: str) -> None:
    """Nothing found is an answer where the others fail."""
    tools = retriever_tools(**{"revenue-1": Retriever([]), "revenue-2": Retriever([]), "staff": Retriever(other)})

    assert retrieve(ZetaRouterRetriever.from_defaults(tools, select_multi=True), mode) == expected


def test_callbacks_are_told_of_the_nodes() -> None:
    """The old callbacks get what they get from LlamaIndex's own."""
    from tests.llamaindex.test_parity import Recorder

    recorder = Recorder()
    retriever = ZetaRouterRetriever.from_defaults(retriever_tools(sales=Retriever(["a"])))
    retriever.callback_manager = CallbackManager([recorder])

    retriever.retrieve("revenue")

    assert ("end", "retrieve", ["nodes"]) in [
        (kind, event, [str(key.value) for key in keys]) for kind, event, keys in recorder.told
    ]
