"""`ZetaRunnable` in traces and streams of events, cancelled and closed: what is handed down, and what is left over."""

from __future__ import annotations

import asyncio
import gc
import uuid
from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableBranch, RunnableConfig, RunnableGenerator, RunnableLambda
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

from tests.langchain_more.asking import MODES, ask
from tests.langchain_more.fakes import Seen, Told
from tests.langchain_more.test_runnable import Watch, fails
from zeta_langchain import ZetaRunnable


@pytest.mark.parametrize("mode", MODES)
def test_the_run_of_a_branch_stands_below_the_routes(mode: str) -> None:
    """Named as the caller says, with the caller's tags, metadata and run id; the decision is in the metadata."""
    route = ZetaRunnable({"a": ChatPromptTemplate.from_template("{q}") | Told()}, task="x")
    watch, seen, run_id = Watch(route), Seen(), uuid.uuid4()
    config: RunnableConfig = {
        "callbacks": [seen],
        "tags": ["mine"],
        "metadata": {"user": "u1"},
        "run_name": "Router",
        "run_id": run_id,
    }

    ask(route, mode, {"q": "hello"}, config)

    route_run, branch = seen.of("chain")[:2]
    (model,) = seen.of("model")
    assert (route_run["name"], route_run["run_id"], route_run["parent_run_id"]) == ("Router", run_id, None)
    assert branch["parent_run_id"] == run_id
    assert {"mine", "branch:a"} <= set(branch["tags"])
    assert model["parent_run_id"] == branch["run_id"]
    assert "branch:a" not in model["tags"]
    assert model["metadata"]["user"] == "u1"
    assert (model["metadata"]["zeta_branch"], model["metadata"]["zeta_decision_id"]) == ("a", watch.ids[0])
    assert seen.ended[-1] == "chain end"


@pytest.mark.parametrize("mode", MODES)
def test_runs_are_nested_as_under_runnable_branch(mode: str) -> None:
    """The same tree, the same tags of branches and conditions, the same tokens."""

    def trees(make: Any) -> tuple[list[Any], dict[str, Any]]:
        seen, usage = Seen(), UsageMetadataCallbackHandler()
        route = make((RunnableLambda(lambda _: False), Told()), (RunnableLambda(lambda _: True), Told()), Told())
        ask(route, mode, "hello", {"callbacks": [seen, usage]})
        depth: dict[Any, int] = {}
        tree = []
        for run in seen.runs:
            depth[run["run_id"]] = depth.get(run["parent_run_id"], -1) + 1
            tree.append((run["what"], depth[run["run_id"]], sorted(run["tags"] or [])))
        return tree, usage.usage_metadata

    assert trees(ZetaRunnable.from_branches) == trees(RunnableBranch)


@pytest.mark.parametrize("mode", MODES)
def test_an_error_ends_the_run(mode: str) -> None:
    """Of the branch and of the route."""
    seen = Seen()

    with pytest.raises(RuntimeError):
        ask(ZetaRunnable({"a": fails}), mode, "hello", {"callbacks": [seen]})
    assert seen.ended == ["chain RuntimeError"] * 2


async def test_events_of_the_model_appear_once() -> None:
    """`astream_events` through a route shows each token once."""
    route = ZetaRunnable({"a": Told(replies=["one two three"]) | StrOutputParser()})

    events = [event async for event in route.astream_events("hello", version="v2")]

    tokens = [event["data"]["chunk"].content for event in events if event["event"] == "on_chat_model_stream"]
    assert [token for token in tokens if token] == ["one ", "two ", "three"]
    assert sum(event["event"] == "on_chat_model_start" for event in events) == 1


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_closed_early_is_nobodys_failure(mode: str) -> None:
    """The branch's stream is closed with it, and nothing stays in flight."""
    closed: list[str] = []

    def parts(_: Any) -> Any:
        try:
            yield from ("one", "two", "three")
        finally:
            closed.append("closed")

    async def aparts(_: Any) -> Any:
        try:
            for part in ("one", "two", "three"):
                yield part
        finally:
            closed.append("closed")

    route = ZetaRunnable({"a": RunnableGenerator(parts, aparts)}, task="x")
    watch, seen = Watch(route), Seen()

    if mode == "stream":
        stream: Any = route.stream("go", {"callbacks": [seen]})
        assert next(stream) == "one"
        assert watch.in_flight == 1
        stream.close()
    else:

        async def leave() -> None:
            stream: Any = route.astream("go", {"callbacks": [seen]})
            assert await anext(stream) == "one"
            assert watch.in_flight == 1
            await stream.aclose()

        asyncio.run(leave())

    assert closed == ["closed"]
    assert (watch.ends, watch.in_flight) == ([("a", "closed_early")], 0)
    assert seen.ended[-1] == "chain GeneratorExit"


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_is_never_read_never_begins(mode: str) -> None:
    """Nothing is decided or run."""
    route = ZetaRunnable({"a": fails}, task="x")
    watch = Watch(route)

    stream = route.stream("go") if mode == "stream" else route.astream("go")
    del stream
    gc.collect()

    assert (watch.ends, route.router.snapshot().decisions) == ([], 0)


async def test_cancelling_is_nobodys_failure() -> None:
    """An `ainvoke` that is given up leaves nothing in flight and blames nobody."""
    route = ZetaRunnable({"a": Told(hangs=True), "b": Told()}, order="declared", task="x")
    watch = Watch(route)
    task = asyncio.create_task(route.ainvoke("go"))
    await asyncio.sleep(0.01)
    assert watch.in_flight == 1

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (watch.ends, watch.in_flight) == ([("a", "cancelled")], 0)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_a_graph_that_asks_a_person_is_nobodys_failure(mode: str) -> None:
    """LangGraph stops a graph by an exception: it passes, and no other branch is tried."""

    def asks(_: Any) -> str:
        raise GraphInterrupt([Interrupt(value="may I?")])

    route = ZetaRunnable({"a": asks, "b": str.upper}, order="declared", task="x")
    watch = Watch(route)

    with pytest.raises(GraphInterrupt):
        ask(route, mode, "go")
    assert watch.ends == [("a", "cancelled")]


def test_a_batch_leaves_nothing_behind() -> None:
    """Twenty inputs in a pool of threads."""
    route = ZetaRunnable({"a": str.upper, "b": str.upper}, task="x")
    watch = Watch(route)

    assert route.batch(["x"] * 20) == ["X"] * 20
    assert (len(watch.ends), watch.in_flight) == (20, 0)


async def test_what_runs_below_sees_the_callers_context() -> None:
    """A function in a branch that calls a model without handing on its config is still below the branch."""
    model = Told()

    async def hidden(_: Any) -> str:
        return str((await model.ainvoke("hi")).content)

    route, seen = ZetaRunnable({"a": RunnableLambda(hidden)}), Seen()

    await route.ainvoke("go", {"callbacks": [seen]})

    assert seen.of("model")[0]["parent_run_id"] == seen.of("chain")[1]["run_id"]
