"""One call is one model run: whoever watches sees what the plain model would show, and one node above it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, Recorder, World, ask, zeta


@pytest.mark.parametrize("mode", MODES)
def test_the_answer_says_who_gave_it_and_why(mode: str) -> None:
    """Text, usage and `model_name` are the child's; the decision stands beside them, as plain JSON values."""
    world = World()

    message = ask(world.llm, mode)

    assert message.content == "one two three four"
    assert message.response_metadata["model_name"] == "first:7b"
    assert message.usage_metadata["total_tokens"] == 7
    told = zeta(message)
    assert (told["model"], told["host"], told["task"]) == ("first:7b", "scripted", "chat")
    assert told["reason"] == "the first in order"
    assert [attempt["fate"] for attempt in told["attempts"]] == ["ok"]
    world.router.feedback(told["decision_id"], 1.0)


@pytest.mark.parametrize("mode", MODES)
def test_one_call_is_one_model_run(mode: str) -> None:
    """A handler sees one chat model start below one chain run, and both end."""
    world, seen = World(), Recorder()

    ask(world.llm, mode, config={"callbacks": [seen]})

    assert [name for name, _, _ in seen.began] == ["chain ChatZeta", "model"]
    assert seen.began[1][2] == seen.began[0][1]
    assert seen.ended == ["model end", "chain end"]


@pytest.mark.parametrize("mode", MODES)
def test_attempts_stand_side_by_side_below_the_call(mode: str) -> None:
    """A failed attempt and the next one are both children of the call's run."""
    world, seen = World(), Recorder()
    world.first.fails = ConnectionError("gone")

    ask(world.llm, mode, config={"callbacks": [seen]})

    ((_, call, _),) = seen.runs("chain")
    assert [parent for _, _, parent in seen.runs("model")] == [call, call]
    assert seen.ended == ["model ConnectionError", "model end", "chain end"]


@pytest.mark.parametrize("mode", MODES)
def test_the_run_id_is_the_calls(mode: str) -> None:
    """`run_id` and `run_name` name the one node that stands for the call."""
    world, seen, run_id = World(), Recorder(), uuid.uuid4()

    ask(world.llm, mode, config={"callbacks": [seen], "run_id": run_id, "run_name": "mine"})

    assert seen.began[0][:2] == ("chain mine", run_id)
    assert seen.began[1][1] != run_id


def counted(llm: Any, how: str) -> dict[str, Any]:
    handler = UsageMetadataCallbackHandler()
    config: Any = {"callbacks": [handler]}
    if how == "batch":
        llm.batch(["one", "two", "three"], config)
    elif how == "chain":
        (ChatPromptTemplate.from_template("say {q}") | llm | StrOutputParser()).invoke({"q": "hello"}, config)
    else:
        ask(llm, how, config=config)
    return dict(handler.usage_metadata)


@pytest.mark.parametrize("how", [*MODES, "chain", "batch"])
def test_tokens_count_as_with_the_plain_model(how: str) -> None:
    """LangChain's usage handler counts what it counts for the child alone."""
    world = World()

    assert counted(world.llm, how) == counted(Scripted(model="first:7b"), how) != {}


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_in_a_chain_delivers_each_token_once(mode: str) -> None:
    """The handler sees the four tokens and the closing chunk that the plain model shows."""
    tokens = {}
    for name, llm in {"zeta": World().llm, "plain": Scripted(model="first:7b")}.items():
        seen = Recorder()
        ask(llm | StrOutputParser(), mode, config={"callbacks": [seen]})
        tokens[name] = seen.tokens

    assert tokens["zeta"] == tokens["plain"]
    assert "".join(tokens["zeta"]) == "one two three four"


def test_the_decision_is_on_the_last_chunk_only() -> None:
    """Values merge when chunks are added up, so that a second copy would double every string."""
    chunks = list(World().llm.stream("hello"))

    assert [chunk.content for chunk in chunks] == ["one ", "two ", "three ", "four", ""]
    assert ["zeta" in chunk.response_metadata for chunk in chunks] == [False] * 4 + [True]
    assert isinstance(chunks[-1], AIMessageChunk)
    assert chunks[-1].chunk_position == "last"
    assert len({chunk.id for chunk in chunks}) == 1


async def test_events_are_the_plain_models_and_one_node() -> None:
    """`astream_events` shows the child's events; the call's own are those of any chain."""

    async def events(llm: Any) -> list[str]:
        return [event["event"] async for event in llm.astream_events("hello", version="v2")]

    shown = await events(World().llm)

    plain = await events(Scripted(model="first:7b"))
    assert [name for name in shown if "chat_model" in name] == plain
    assert {name for name in shown if name not in plain} == {"on_chain_start", "on_chain_stream", "on_chain_end"}


@pytest.mark.filterwarnings("ignore:.*is in beta")
async def test_events_of_version_3_are_the_plain_models() -> None:
    """The typed streams of version 3 have the same events, and the assembled message says who gave it."""
    world = World()

    stream = world.llm.stream_events("hello", version="v3")
    kinds = [event["event"] for event in stream]
    plain = [event["event"] for event in world.first.stream_events("hello", version="v3")]
    astream = await world.llm.astream_events("hello", version="v3")
    akinds = [event["event"] async for event in astream]

    assert kinds == akinds == plain
    assert zeta(stream.output)["model"] == "first:7b"
    assert zeta(await astream)["model"] == "first:7b"
    assert world.in_flight == 0


def test_a_model_that_does_not_stream_gives_its_message_whole() -> None:
    """With `disable_streaming` the stream has one part, the message, as the plain model's has."""
    (message,) = World(disable_streaming=True).llm.stream("hello")

    assert message.content == "one two three four"
    assert zeta(message)["model"] == "first:7b"


def test_older_code_that_calls_generate_is_served() -> None:
    """`generate` answers each prompt, and `predict`-like helpers build on it."""
    world, seen = World(), Recorder()

    result = world.llm.generate([[("user", "hello")], [("user", "again")]], callbacks=[seen])  # type: ignore[list-item]

    assert [generations[0].text for generations in result.generations] == ["one two three four"] * 2
    assert len(seen.runs("model")) == 2


def test_what_is_set_on_the_router_reaches_the_child() -> None:
    """`temperature`, `tags`, `metadata` and `callbacks` of the router are the child's for its calls, and no longer."""
    seen = Recorder()
    world = World(temperature=0.25, tags=["mine"], metadata={"team": "search"}, callbacks=[seen])

    world.llm.invoke("hello")

    assert world.first.seen[-1]["temperature"] == 0.25
    ((_, told),) = seen.serialized
    assert "mine" in told["tags"]
    assert told["metadata"]["team"] == "search"
    assert world.first.temperature is None
    assert world.first.callbacks is None


def test_stop_words_are_passed_on_only_if_there_are_any() -> None:
    """A child with stop words of its own refuses to be given others, even none."""
    world = World(stop=["END"])
    world.llm.invoke("hello")
    world.llm.invoke("hello", stop=["HALT"])
    World().llm.invoke("hello")

    seen = Recorder()
    world.llm.invoke("hello", {"callbacks": [seen]}, stop=["HALT"])
    world.llm.invoke("hello", {"callbacks": [seen]})
    assert [options["stop"] for options in seen.options] == [["HALT"], ["END"]]


def test_the_config_names_task_session_and_model() -> None:
    """`zeta_task`, `zeta_session` and `zeta_model` come through `configurable`; `thread_id` is a session, too."""
    world = World()

    told = zeta(world.llm.invoke("hello", {"configurable": {"zeta_task": "poetry", "zeta_model": "second:3b"}}))

    assert (told["task"], told["model"]) == ("poetry", "second:3b")
    assert zeta(world.llm.invoke("hello", model="second:3b"))["model"] == "second:3b"
