"""What is counted up comes down: nothing stays in flight, however a call ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from tests.langchain.world import MODES, Recorder, World, ask
from zeta_router import ServerTimeout


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_in_flight_after_an_answer(mode: str) -> None:
    """In flight while the model runs, and not afterwards."""
    world = World()

    ask(world.llm, mode)

    assert (world.in_flight, world.fates) == (0, ["ok"])


def test_a_stream_is_in_flight_while_it_is_read() -> None:
    """The load that a policy sees includes streams that are being read."""
    world = World()
    stream = world.llm.stream("hello")
    assert world.in_flight == 0

    next(stream)
    assert world.in_flight == 1

    list(stream)
    assert world.in_flight == 0


def test_closing_a_stream_closes_the_childs() -> None:
    """Leaving a stream early ends the model's work and is nobody's failure."""
    world, seen = World(), Recorder()
    stream = world.llm.stream("hello", {"callbacks": [seen]})
    next(stream)

    stream.close()  # type: ignore[attr-defined]

    assert world.first.closed == ["closed"]
    assert (world.in_flight, world.fates) == (0, ["closed_early"])
    assert seen.ended == ["model GeneratorExit", "chain GeneratorExit"]


async def test_closing_an_awaited_stream_closes_the_childs() -> None:
    """The same for `astream`."""
    world = World()
    stream = world.llm.astream("hello")
    await anext(stream)

    await stream.aclose()  # type: ignore[attr-defined]

    assert world.first.closed == ["closed"]
    assert (world.in_flight, world.fates) == (0, ["closed_early"])


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_is_never_read_never_begins(mode: str) -> None:
    """Nothing is decided, counted or asked before the first part is wanted."""
    world = World()

    stream = world.llm.stream("hello") if mode == "stream" else world.llm.astream("hello")
    del stream
    gc.collect()

    assert (world.in_flight, world.fates, world.first.seen) == (0, [], [])


async def test_cancelling_a_call_is_nobodys_failure() -> None:
    """A cancelled `ainvoke` fires no end event, and is still counted down."""
    world = World()
    world.first.hangs = True
    task = asyncio.create_task(world.llm.ainvoke("hello"))
    await asyncio.sleep(0.01)
    assert world.in_flight == 1

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (world.in_flight, world.fates) == (0, ["cancelled"])


async def test_cancelling_a_stream_is_nobodys_failure() -> None:
    """A task that reads a stream and is cancelled between two parts leaves nothing behind."""
    world = World()
    world.first.hangs = True

    async def read() -> None:
        async for _ in world.llm.astream("hello"):
            pass

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(read(), 0.05)

    assert (world.in_flight, world.fates) == (0, ["cancelled"])


@pytest.mark.filterwarnings("ignore:.*is in beta")
async def test_closing_a_stream_of_events_closes_the_childs() -> None:
    """The same for `astream_events(version="v3")`: who stops reading, stops the model."""
    world = World()
    world.first.hangs = True
    stream = await world.llm.astream_events("hello", version="v3")
    async for event in stream:
        if event["event"] == "content-block-delta":
            break

    await stream.aclose()

    assert (world.in_flight, world.fates) == (0, ["closed_early"])


def test_threads_of_a_batch_leave_nothing_behind() -> None:
    """Twenty inputs in a pool of threads."""
    world = World()

    world.llm.batch(["hello"] * 20)

    assert (world.in_flight, world.fates) == (0, ["ok"] * 20)


@pytest.mark.filterwarnings("ignore:.*is in beta")
@pytest.mark.parametrize("kind", ["ainvoke", "astream", "events"])
async def test_a_deadline_ends_an_awaited_call_of_any_child(kind: str) -> None:
    """A child of the user's that is silent for ever ends at the deadline, and the task goes on."""
    world = World()
    world.first.hangs = True
    config: Any = {"configurable": {"zeta_deadline": 0.05}}

    async def ask() -> None:
        if kind == "ainvoke":
            await world.llm.ainvoke("hello", config)
        elif kind == "astream":
            _ = [part async for part in world.llm.astream("hello", config)]
        else:
            _ = [event async for event in await world.llm.astream_events("hello", config, version="v3")]

    with pytest.raises(ServerTimeout, match="first:7b did not finish before the deadline"):
        await ask()

    await asyncio.sleep(0)  # the cancellation was taken back
    assert (world.in_flight, world.fates) == (0, ["timeout"])


async def test_whoever_cancels_comes_before_a_deadline() -> None:
    """Cancelled before the alarm rings, a call is cancelled, not late."""
    world = World()
    world.first.hangs = True
    task = asyncio.create_task(world.llm.ainvoke("hello", {"configurable": {"zeta_deadline": 60}}))
    await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (world.in_flight, world.fates) == (0, ["cancelled"])
