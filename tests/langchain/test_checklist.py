"""What a router that stands in for a chat model must get right, line by line; each test has the name of its line.

The standard suites are in `test_standard.py`; embeddings and middleware of our own have files of their own.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField
from langchain_core.runnables.fallbacks import RunnableWithFallbacks
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from tests.langchain.fakes import Scripted
from tests.langchain.test_langgraph import graph_of, streamed
from tests.langchain.world import MODES, InOrder, Recorder, World, ask, zeta
from zeta_langchain import ChatZeta
from zeta_router import EveryAttemptFailed, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.responders import ScriptedResponder

CODER, LLAMA = "qwen2.5-coder:7b", "llama3.2:3b"


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number + 1


class Point(BaseModel):
    """A point."""

    x: int


@pytest.fixture
def server() -> Iterator[SimulatedOllama]:
    with SimulatedOllama(models=[CODER, LLAMA], time_scale=1000) as server:
        yield server


def plain() -> Any:
    """Return the model that `World` picks first, by itself."""
    return Scripted(model="first:7b", text="one two three four")


def in_order(server: SimulatedOllama, **fields: Any) -> ChatZeta:
    return ChatZeta(router=ZetaDynamicRouter([CODER, LLAMA], hosts=[server.url], policy=InOrder()), **fields)


@pytest.mark.parametrize("mode", MODES)
def test_one_on_chat_model_start_per_call(mode: str) -> None:
    seen = Recorder()

    ask(World().llm, mode, config={"callbacks": [seen]})

    assert len(seen.runs("model")) == 1


@pytest.mark.parametrize("how", [*MODES, "chain", "agent", "batch"])
def test_usage_equals_the_plain_models(how: str) -> None:
    counts = []
    for llm in (plain(), World().llm):
        handler = UsageMetadataCallbackHandler()
        config: Any = {"callbacks": [handler]}
        if how == "agent":
            create_agent(llm, [magic]).invoke({"messages": [("user", "magic 3")]}, config)
        elif how == "batch":
            llm.batch(["a", "b"], config)
        else:
            ask(llm | str if how == "chain" else llm, "invoke" if how == "chain" else how, config=config)
        counts.append(dict(handler.usage_metadata))

    assert counts[0] == counts[1]
    assert counts[0]["first:7b"]["total_tokens"] == (14 if how in ("agent", "batch") else 7)


@pytest.mark.parametrize("how", MODES)
def test_stream_mode_messages_counts_equal(how: str) -> None:
    expected, shown = [streamed(graph_of(llm, how), how, "messages") for llm in (plain(), World().llm)]

    assert shown == expected
    assert len(shown) == 5


@pytest.mark.parametrize("mode", MODES)
def test_no_judge_is_called(server: SimulatedOllama, mode: str) -> None:
    """Deciding asks no model, so that there is no call to hide from a user's stream: one request per answer."""
    ask(in_order(server), mode)

    assert server.requests.total() == 1


@pytest.mark.parametrize("mode", MODES)
def test_the_run_tree_is_nested(mode: str) -> None:
    world, seen = World(), Recorder()
    world.first.fails = ConnectionError("gone")

    ask(world.llm | str, mode, config={"callbacks": [seen]})

    began = {run: (name, parent) for name, run, parent in seen.began}
    (call,) = [run for run, (name, _) in began.items() if name == "chain ChatZeta"]
    assert [parent for name, parent in began.values() if name == "model"] == [call, call]
    assert began[began[call][1]][0] == "chain RunnableSequence"


@pytest.mark.parametrize("mode", MODES)
def test_run_id_is_honoured(mode: str) -> None:
    seen, run_id = Recorder(), uuid.uuid4()

    ask(World().llm, mode, config={"callbacks": [seen], "run_id": run_id})

    assert [run for _, run, _ in seen.began].count(run_id) == 1
    assert seen.began[0][1] == run_id


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("end", ["success", "error", "cancel", "early close", "never started"])
async def test_in_flight_is_0_afterwards(end: str, mode: str) -> None:
    world = World()
    if end == "error":
        world.first.fails, world.second.fails = ConnectionError("gone"), ConnectionError("gone")
    if end == "cancel":
        world.first.hangs = True
    llm: Any = world.llm

    if end == "never started":
        started = llm.astream("hello") if mode.startswith("a") else llm.stream("hello")
        del started
        gc.collect()
    elif end == "cancel" and mode.startswith("a"):

        async def whole() -> None:
            if mode == "ainvoke":
                await llm.ainvoke("hello")
            async for _ in llm.astream("hello"):
                pass

        task = asyncio.create_task(whole())
        await asyncio.sleep(0.01)
        assert world.in_flight == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    elif end == "early close" and mode == "stream":
        parts = llm.stream("hello")
        next(parts)
        assert world.in_flight == 1
        parts.close()
    elif end == "early close" and mode == "astream":
        aparts = llm.astream("hello")
        await anext(aparts)
        assert world.in_flight == 1
        await aparts.aclose()
    elif end == "error":
        with pytest.raises(EveryAttemptFailed):
            await asyncio.to_thread(ask, llm, mode)
    else:
        await asyncio.to_thread(ask, llm, mode)

    assert world.in_flight == 0


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_fallback_before_the_first_chunk_and_none_after(mode: str) -> None:
    before, after = World(), World()
    before.first.fails = ConnectionError("gone")
    after.first.fails, after.first.fails_after = ConnectionError("gone"), 1

    assert ask(before.llm, mode).content == "uno dos"
    with pytest.raises(Exception, match="scripted"):
        ask(after.llm, mode)
    assert after.second.seen == []


async def test_closing_reaches_the_server() -> None:
    """In sync and in async; `test_simulated.py` shows that the slot is free, too."""
    world = World()
    parts: Any = world.llm.stream("hello")
    next(parts)
    parts.close()
    aparts: Any = world.llm.astream("hello")
    await anext(aparts)
    await aparts.aclose()

    assert world.first.closed == ["closed", "closed"]


@pytest.mark.parametrize("bind", ["bind_tools", "with_structured_output"])
def test_with_fallbacks_keeps_all_members(bind: str) -> None:
    """LangChain reads it from the annotations of the methods."""
    world, last = World(), World()
    world.first.fails = world.second.fails = last.first.fails = ConnectionError("gone")
    members: Any = world.llm.with_fallbacks([plain() if bind == "bind_tools" else last.llm, last.llm])

    bound = members.bind_tools([magic]) if bind == "bind_tools" else members.with_structured_output(Point)
    answer = bound.invoke("x is 4")

    assert isinstance(bound, RunnableWithFallbacks)
    assert len(bound.fallbacks) == 2
    assert answer == Point(x=4) if bind == "with_structured_output" else answer.tool_calls
    assert world.fates == ["error", "error"]


def test_configurable_fields_model_copy_and_deepcopy_keep_the_state_and_pickle_refuses() -> None:
    world = World()
    variation: Any = world.llm.configurable_fields(temperature=ConfigurableField(id="t"))
    made = [
        variation.with_config(configurable={"t": 0.5}),
        world.llm.model_copy(update={"temperature": 0.5}),
        copy.deepcopy(world.llm),
        copy.copy(world.llm),
    ]

    for llm in made:
        llm.invoke("hello")

    assert world.fates == ["ok"] * 4
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(world.llm)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_the_cache_does_not_cross_models(mode: str) -> None:
    script = ScriptedResponder({CODER: ["from the coder"], LLAMA: ["from the llama"]})
    with SimulatedOllama(models=[CODER, LLAMA], time_scale=1000, responder=script) as server:
        llm = in_order(server, cache=InMemoryCache())
        answers = [ask(llm, mode, config={"configurable": {"zeta_model": name}}).content for name in (CODER, LLAMA) * 2]

    assert answers == ["from the coder", "from the llama"] * 2


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("given", [False, True])
def test_a_second_asyncio_run_works(server: SimulatedOllama, given: bool) -> None:
    """With the children that Zeta builds, and with a user's, whose client keeps the first loop's connection."""
    llm = ChatZeta([ChatOllama(model=LLAMA, base_url=server.url)]) if given else in_order(server)
    for mode in ("ainvoke", "astream", "ainvoke"):
        assert [attempt["fate"] for attempt in zeta(ask(llm, mode))["attempts"]] == ["ok"]
    del llm
    gc.collect()  # a `ChatOllama` of the user's drops its connections without closing them


def test_secrets_are_in_neither_repr_nor_traces(server: SimulatedOllama) -> None:
    seen = Recorder()
    address = server.url.removeprefix("http://")
    headers = {"X-Key": "s3cr3t"}
    llm = ChatZeta(
        [LLAMA], base_url=f"http://user:hunter2@{address}", child_kwargs={"client_kwargs": {"headers": headers}}
    )

    llm.invoke("hello", {"callbacks": [seen]})

    shown = [repr(llm), dumps(llm), str(seen.serialized), str(llm.asdict()), repr(llm.router), repr(llm.model_dump())]
    assert [text for text in shown if "hunter2" in text or "s3cr3t" in text] == []


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("order", ["the router falls back", "the router is fallen back to"])
def test_interplay_with_model_fallback_middleware(order: str, awaited: bool) -> None:
    """The model that answered is the one that is credited, whoever falls back to whom."""
    world, other = World(), Scripted(model="other", text="last resort")
    if order == "the router falls back":
        world.first.fails = world.second.fails = ConnectionError("gone")
        agent: Any = create_agent(world.llm, [], middleware=[ModelFallbackMiddleware(other)])
    else:
        other.fails = ConnectionError("gone")
        agent = create_agent(other, [], middleware=[ModelFallbackMiddleware(world.llm)])
    asked: Any = {"messages": [("user", "hello")]}

    state = asyncio.run(agent.ainvoke(asked)) if awaited else agent.invoke(asked)

    message = state["messages"][-1]
    if order == "the router falls back":
        assert (message.content, world.fates) == ("last resort", ["error", "error"])
    else:
        assert (message.content, world.fates) == ("one two three four", ["ok"])
        assert zeta(message)["model"] == "first:7b"


def test_the_profile_is_the_meet() -> None:
    able = Scripted(model="a", profile={"tool_calling": True, "max_input_tokens": 8000, "image_inputs": True})
    small = Scripted(model="b", profile={"tool_calling": True, "max_input_tokens": 4000, "image_inputs": False})

    assert ChatZeta([able, small]).profile == {"tool_calling": True, "max_input_tokens": 4000, "image_inputs": False}
