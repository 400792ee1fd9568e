"""`ChatZeta` over children that it builds, against a simulated server on a loopback socket."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_ollama import ChatOllama

from tests.langchain.world import MODES, InOrder, Recorder, ask, zeta
from zeta_langchain import ChatZeta
from zeta_router import (
    AnswerTruncated,
    EveryAttemptFailed,
    ModelMissing,
    NoCapableModel,
    OutcomeSeen,
    ServerTimeout,
    ServerUnreachable,
    ZetaDynamicRouter,
)
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.responders import ScriptedResponder

CODER, LLAMA = "qwen2.5-coder:7b", "llama3.2:3b"
HOWS = [*MODES, "batch", "abatch"]


@pytest.fixture
def server() -> Iterator[SimulatedOllama]:
    with SimulatedOllama(models=[CODER, LLAMA], time_scale=1000) as server:
        yield server


def in_order(server: SimulatedOllama, *models: str, **fields: Any) -> ChatZeta:
    """Return a `ChatZeta` that asks its models in the order given."""
    router = ZetaDynamicRouter(models or [CODER, LLAMA], hosts=[server.url], policy=InOrder())
    return ChatZeta(router=router, **fields)


def answers(llm: Any, how: str, prompt: Any) -> list[Any]:
    if how == "batch":
        return list(llm.batch([prompt, prompt]))
    if how == "abatch":
        return list(asyncio.run(llm.abatch([prompt, prompt])))
    return [ask(llm, how, prompt)]


@pytest.mark.parametrize("how", HOWS)
def test_a_chain_works_in_every_mode(server: SimulatedOllama, how: str) -> None:
    """`prompt | ChatZeta(...) | StrOutputParser()`: one request on the wire per input."""
    llm = ChatZeta([CODER, LLAMA], base_url=server.url)
    chain = ChatPromptTemplate.from_template("Say {q}") | llm | StrOutputParser()

    texts = answers(chain, how, {"q": "hello"})

    assert all(isinstance(text, str) and text for text in texts)
    assert server.requests.total() == len(texts)
    assert llm.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_ollamas_own_clocks_are_learned_from(server: SimulatedOllama, mode: str) -> None:
    """Load, prefill and decode are what the server says, whatever this machine took to carry them."""
    llm, seen = in_order(server), list[Any]()
    llm.router.subscribe(seen.append)

    message = ask(llm, mode)

    (outcome,) = [event.outcome for event in seen if isinstance(event, OutcomeSeen)]
    told = message.response_metadata
    assert outcome.timings.load == told["load_duration"] / 1e9 > 1.0
    assert outcome.timings.decode == told["eval_duration"] / 1e9
    assert outcome.timings.prefill == told["prompt_eval_duration"] / 1e9
    assert outcome.output_tokens == message.usage_metadata["output_tokens"]
    assert outcome.timings.first_token is not None


def test_every_event_loop_is_served(server: SimulatedOllama) -> None:
    """Five `asyncio.run` in a row, whole and in parts; nothing is tried twice."""
    llm = in_order(server)

    for mode in ("ainvoke", "astream", "ainvoke", "astream", "ainvoke"):
        assert len(zeta(ask(llm, mode))["attempts"]) == 1

    assert server.requests.total() == 5


@pytest.mark.parametrize("mode", MODES)
def test_a_model_that_is_missing_costs_an_attempt(server: SimulatedOllama, mode: str) -> None:
    """404 is answered at once; the next model serves."""
    message = ask(in_order(server, "nope:7b", LLAMA), mode)

    assert [(a["model"], a["fate"]) for a in zeta(message)["attempts"]] == [("nope:7b", "missing"), (LLAMA, "ok")]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("fault", "fate"),
    [("crash", "error"), ("refuse", "rejected"), ("drop_connection", "error"), ("truncate", "truncated")],
)
def test_trouble_before_the_first_token_costs_an_attempt(
    server: SimulatedOllama, fault: Any, fate: str, mode: str
) -> None:
    """Whatever the server does before its first token, the next model answers."""
    llm = in_order(server)
    server.faults.add(fault, model=CODER)

    message = ask(llm, mode)

    assert [a["fate"] for a in zeta(message)["attempts"]] == [fate, "ok"]
    assert llm.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_model_that_turns_out_to_have_no_tools_is_asked_for_them_once(mode: str) -> None:
    """By name alone nobody knows what a model can. Ollama's 400 tells, and it still serves what it can."""
    with SimulatedOllama(models=["gemma2:2b", LLAMA], time_scale=1000, responder="schema") as server:
        llm = in_order(server, "gemma2:2b", LLAMA)
        tools = llm.bind_tools(
            [{"type": "function", "function": {"name": "magic", "description": "", "parameters": {}}}]
        )
        first, second = (zeta(ask(tools, mode))["attempts"] for _ in range(2))

        assert [(attempt["model"], attempt["fate"]) for attempt in first] == [("gemma2:2b", "invalid"), (LLAMA, "ok")]
        assert [attempt["model"] for attempt in second] == [LLAMA]
        assert zeta(ask(llm, mode))["model"] == "gemma2:2b"
        with pytest.raises(NoCapableModel, match="gemma2:2b lacks tools"):
            ask(tools, mode, config={"configurable": {"zeta_model": "gemma2:2b"}})


@pytest.mark.parametrize("mode", MODES)
def test_a_truncated_answer_is_not_taken_for_a_whole_one(server: SimulatedOllama, mode: str) -> None:
    """`ChatOllama` calls it a success. The next model gives a whole answer; what was shown ends in an error."""
    llm = in_order(server)
    server.faults.add("truncate", model=CODER, at=3)

    if "stream" in mode:
        with pytest.raises(AnswerTruncated):
            ask(llm, mode)
    else:
        assert [a["fate"] for a in zeta(ask(llm, mode))["attempts"]] == ["truncated", "ok"]


def test_a_server_that_is_down_is_a_sentence(server: SimulatedOllama) -> None:
    """One model: the error names the address; several: each attempt is told of."""
    one, two = in_order(server, LLAMA), in_order(server)
    server.stop()

    with pytest.raises(ServerUnreachable, match="ollama serve"):
        one.invoke("hello")
    with pytest.raises(EveryAttemptFailed, match=LLAMA):
        two.invoke("hello")


def test_the_only_models_error_is_ollamas_translated(server: SimulatedOllama) -> None:
    """`ollama pull` is what helps, and the error says so."""
    with pytest.raises(ModelMissing, match="ollama pull nope:7b"):
        in_order(server, "nope:7b").invoke("hello")


def slot_is_free(llm: ChatZeta) -> None:
    """Claim that a request does not wait behind an answer of 4,000 tokens, which takes a minute of simulated time."""
    seen: list[Any] = []
    unsubscribe = llm.router.subscribe(seen.append)
    llm.invoke("hello")
    unsubscribe()
    (outcome,) = [event.outcome for event in seen if isinstance(event, OutcomeSeen)]
    assert outcome.timings.wait is not None
    assert outcome.timings.wait < 5.0


@pytest.fixture
def endless() -> Iterator[SimulatedOllama]:
    script = ScriptedResponder([" ".join(map(str, range(4000))), *["hello"] * 9])
    with SimulatedOllama(models=[LLAMA], time_scale=20, responder=script) as server:
        yield server


def test_closing_a_stream_reaches_the_server(endless: SimulatedOllama) -> None:
    """The server's only slot is free when a stream is left early."""
    llm = in_order(endless, LLAMA)
    stream = llm.stream("tell me everything")
    next(stream)

    stream.close()  # type: ignore[attr-defined]

    slot_is_free(llm)


async def test_closing_an_awaited_stream_reaches_the_server(endless: SimulatedOllama) -> None:
    """The same for `astream`."""
    llm = in_order(endless, LLAMA)
    stream = llm.astream("tell me everything")
    await anext(stream)

    await stream.aclose()  # type: ignore[attr-defined]

    await asyncio.to_thread(slot_is_free, llm)


async def test_cancelling_a_call_reaches_the_server(endless: SimulatedOllama) -> None:
    """The same for an `ainvoke` that is cancelled while the model writes."""
    llm = in_order(endless, LLAMA)
    began = asyncio.Event()

    class Waiter(Recorder):
        def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
            began.set()

    task = asyncio.create_task(llm.ainvoke("tell me everything", {"callbacks": [Waiter()]}))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await asyncio.to_thread(slot_is_free, llm)
    assert llm.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_deadline_ends_an_answer_that_goes_on_too_long(endless: SimulatedOllama, mode: str) -> None:
    """Of a minute of writing, a deadline of 0.3 s leaves the first tokens; the call ends as a timeout."""
    llm = in_order(endless, LLAMA)
    began = time.monotonic()

    with pytest.raises(ServerTimeout):
        ask(llm, mode, "tell me everything", {"configurable": {"zeta_deadline": 0.3}})

    assert time.monotonic() - began < 10  # a whole answer takes 3,000 s / 20
    assert llm.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_deadline_ends_the_wait_for_a_load(endless: SimulatedOllama, mode: str) -> None:
    """A model that is not in memory within the deadline is given up before its first byte."""
    llm = in_order(endless, LLAMA)
    endless.faults.add("load_stall")

    with pytest.raises(ServerTimeout):
        ask(llm, mode, "hello", {"configurable": {"zeta_deadline": 0.2}})


def test_children_are_built_once_and_share_nothing(server: SimulatedOllama) -> None:
    """One child per model and host, from however many threads it is first asked for; each has its own headers."""
    llm = in_order(server)
    threads = [threading.Thread(target=llm.invoke, args=("hello",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (child,) = list(llm.children)
    assert isinstance(child, ChatOllama)
    assert child.num_ctx == llm.router.limits.context


def test_chat_models_of_the_user_are_used_as_they_are(server: SimulatedOllama) -> None:
    """`ChatOllama` objects keep their settings, and two of one model on two hosts are replicas."""
    with SimulatedOllama(models=[LLAMA], time_scale=1000) as other:
        # A connection that is kept would be left open: `ChatOllama` has no way to close its clients.
        kwargs = {"limits": httpx.Limits(max_keepalive_connections=0)}
        urls = (server.url, other.url)
        given = [ChatOllama(model=LLAMA, base_url=url, num_predict=3, client_kwargs=dict(kwargs)) for url in urls]
        llm = ChatZeta(given)

        hosts = {zeta(llm.invoke("hello"))["host"] for _ in range(4)}
        message = llm.invoke("hello")

    assert hosts <= {server.url, other.url}
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] <= 3


def test_parameters_reach_the_wire(server: SimulatedOllama) -> None:
    """`num_predict` bounds the answer of a child that Zeta builds."""
    message = in_order(server, num_predict=2).invoke("hello")

    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 2
    assert message.response_metadata["done_reason"] == "length"


def test_all_that_a_host_has_is_found(server: SimulatedOllama) -> None:
    """`from_ollama` asks the host for its models."""
    llm = ChatZeta.from_ollama([server.url], objective="fastest", temperature=0)

    assert {card.name for card in llm.router.cards} == {CODER, LLAMA}
    assert llm.invoke("hello").content
