"""Children that yield garbage, callers that leave at any moment, many at once: nothing breaks, nothing is left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, Recorder, World, ask, zeta
from zeta_langchain import ChatZeta
from zeta_langchain.messages import count_tokens, request_of
from zeta_router import ServerUnreachable


class Odd(Scripted):
    """Answers with what `change` makes of its message."""

    change: Any = None

    def _message(self, messages: Any, kwargs: Any) -> Any:
        return self.change(super()._message(messages, kwargs))


def with_(**fields: Any) -> Callable[[AIMessage], AIMessage]:
    """Return what changes fields of a message, without checking them."""
    return lambda message: message.model_copy(update=fields)


ODD: dict[str, Any] = {
    "negative token counts": with_(usage_metadata={"input_tokens": -5, "output_tokens": -1, "total_tokens": 0}),
    "half a usage": with_(usage_metadata={"input_tokens": 3}),
    "no usage": with_(usage_metadata=None),
    "fractions of tokens": with_(usage_metadata={"input_tokens": 3.5, "output_tokens": float("nan")}),
    "blocks of no kind": with_(content=[{"weird": 1}, "text"]),
    "text that is no text": with_(content=[{"type": "text", "text": None}, {"type": 5}]),
    "half a surrogate pair": with_(content="\x00\ud800"),
    "a call without a name": with_(tool_calls=[{"name": None, "args": None, "id": None}]),
    "no model name": with_(response_metadata={}),
    "thoughts only": with_(content="", additional_kwargs={"reasoning_content": "hm"}),
    "a human's message": lambda message: HumanMessage("I am no AI"),
}


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_an_odd_message_is_passed_on_as_the_plain_model_would(change: Any, mode: str) -> None:
    """Nobody checks what a chat model makes. What cannot be understood counts as answered."""
    world = World(Odd(model="first:7b", change=change))
    plain = Odd(model="first:7b", change=change)

    message = ask(world.llm, mode)

    assert message.content == ask(plain, mode).content
    assert (world.fates, world.in_flight) == (["ok"], 0)


def test_what_cannot_be_read_is_said_once() -> None:
    """In the router's troubles, without a word of the answer."""

    class Unreadable(dict[str, Any]):
        def get(self, *args: Any) -> Any:
            raise RuntimeError("secret words")

    world = World(Odd(model="first:7b", change=with_(usage_metadata=Unreadable(input_tokens=1))))

    for _ in range(3):
        assert world.llm.invoke("hello").content

    (trouble,) = world.router.snapshot().troubles
    assert "first:7b was not understood (RuntimeError)" in trouble
    assert "secret" not in trouble


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("chunk", [0, 1, 2, 3])
def test_a_child_may_break_at_any_chunk(chunk: int, mode: str) -> None:
    """Before the first one another model answers, after it the error surfaces; all parts so far were shown."""
    world, shown = World(), list[str]()
    world.first.fails, world.first.fails_after = ConnectionError("gone"), chunk

    async def read() -> None:
        async for part in world.llm.astream("hello"):
            shown.append(str(part.content))

    def run() -> None:
        if mode == "astream":
            asyncio.run(read())
        for part in world.llm.stream("hello") if mode == "stream" else ():
            shown.append(str(part.content))

    if chunk == 0:
        run()
        assert "".join(shown) == "uno dos"
    else:
        with pytest.raises(ServerUnreachable):
            run()
        assert shown == ["one ", "two ", "three "][:chunk]
    assert world.fates == (["error", "ok"] if chunk == 0 else ["error"])
    assert world.in_flight == 0


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("chunks", [1, 2, 3, 4, 5])
async def test_a_reader_may_leave_at_any_chunk(chunks: int, watched: bool) -> None:
    """Sync and async: the child's stream is closed, and the run above it ends."""
    config: Any = {"callbacks": [Recorder()]} if watched else {}
    world = World()
    parts: Any = world.llm.stream("hello", config)
    aparts: Any = world.llm.astream("hello", config)
    for _ in range(chunks):
        next(parts)
        await anext(aparts)

    parts.close()
    await aparts.aclose()

    assert world.in_flight == 0
    assert set(world.fates) == ({"ok"} if chunks == 5 else {"closed_early"})
    if watched:
        assert len(config["callbacks"][0].ended) == len(config["callbacks"][0].began) == 4


async def of_kind(llm: ChatZeta, kind: str, config: Any) -> None:
    if kind == "ainvoke":
        await llm.ainvoke("hello", config)
    elif kind == "astream":
        _ = [part async for part in llm.astream("hello", config)]
    elif kind == "abatch":
        await llm.abatch(["hello", "again"], config)
    elif kind == "an object":
        schema = {"title": "Point", "type": "object", "properties": {"x": {"type": "integer"}}}
        _ = [part async for part in llm.with_structured_output(schema).astream("x is 4", config)]
    else:
        _ = [event async for event in await llm.astream_events("hello", config, version="v3")]


@pytest.mark.filterwarnings("ignore:.*is in beta")
@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("kind", ["ainvoke", "astream", "abatch", "an object", "events"])
def test_a_call_may_be_cancelled_at_any_await(kind: str, failing: bool, watched: bool) -> None:
    """At each turn of the event loop, one after the other: nothing stays in flight, nobody is blamed."""

    async def cancelled_after(world: World, turns: int) -> bool:
        config: Any = {"callbacks": [Recorder()]} if watched else {}
        task = asyncio.create_task(of_kind(world.llm, kind, config))
        for _ in range(turns):
            await asyncio.sleep(0)
        done = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return done

    async def everywhere() -> int:
        for turns in range(100):
            world = World()
            if failing:
                world.first.fails = ConnectionError("gone")
            done = await cancelled_after(world, turns)
            assert world.in_flight == 0, turns
            assert set(world.fates) <= {"ok", "cancelled", *(["error"] if failing else [])}, turns
            if done:
                return turns
        raise AssertionError("the call never ended")

    assert asyncio.run(everywhere()) > 1


def test_threads_and_tasks_at_once() -> None:
    """Four threads, each with an event loop and with calls of its own, over one router."""
    world = World()
    world.first.fails = [ConnectionError("now and then") if number % 7 == 0 else None for number in range(300)]
    errors: list[BaseException] = []

    def work() -> None:
        async def tasks() -> None:
            await asyncio.gather(*(world.llm.ainvoke(f"task {number}") for number in range(10)))

        try:
            asyncio.run(tasks())
            world.llm.batch([f"thread {number}" for number in range(10)])
            for _ in range(5):
                assert "".join(str(part.content) for part in world.llm.stream("hello"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert world.in_flight == 0
    assert world.fates.count("ok") == 100


@pytest.mark.parametrize(
    "prompt",
    [
        "Schreibe eine Funktion, die eine Liste umkehrt",
        "写一个反转列表的函数",
        "اكتب دالة تعكس قائمة",
        "\u202eright to left\u202c \U0001f9d1\u200d\U0001f680 " * 100,
        "\ud800 half a character",
        "\x00\x01\x02",
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_any_script_is_served(prompt: str, mode: str) -> None:
    """And what is no script."""
    assert zeta(ask(World().llm, mode, prompt))["model"] == "first:7b"


def test_a_megabyte_is_read_once() -> None:
    """A prompt as long as a book is counted without being copied word by word; it may be too long for a model."""
    book = HumanMessage("Call me Ishmael. " * 60_000)

    request = request_of([book])

    assert request.prompt_tokens == count_tokens([book])
    assert World().llm.invoke([book]).content == "one two three four"


def test_a_long_history_counts() -> None:
    """All of it is read by the model, the last human message tells the task."""
    messages: list[Any] = [HumanMessage("hello"), AIMessage("hi")] * 500 + [HumanMessage("Reverse a list in Python")]

    request = request_of(messages)

    assert request.text == "Reverse a list in Python"
    assert (request.prompt_tokens or 0) > 4000


def test_a_pool_of_readers_that_leave_early() -> None:
    """Streams opened in one thread and closed in another."""
    world = World()
    streams: list[Any] = [world.llm.stream("hello") for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(next, streams))
        assert world.in_flight == 20
        list(pool.map(lambda stream: stream.close(), reversed(streams)))

    assert world.in_flight == 0
    assert set(world.fates) == {"closed_early"}
