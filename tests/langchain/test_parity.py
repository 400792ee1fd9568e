"""Whoever watches a `ChatZeta` sees, word by word, what they would see of the plain model, and one node above it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler, get_usage_metadata_callback
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from tests.langchain.fakes import Scripted
from tests.langchain.parity import Log, plain, without_node
from tests.langchain.world import MODES, World, ask
from zeta_langchain import ChatZeta
from zeta_langchain.modes import let_close
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.responders import ScriptedResponder

HOWS = [*MODES, "batch", "abatch"]


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number + 1


class Point(BaseModel):
    """A point."""

    x: int


async def inside(state: Any, llm: Any) -> Any:
    """A function that calls the model without handing on a config."""
    return await llm.ainvoke(state)


CONTEXTS: dict[str, Callable[[Any], Any]] = {
    "alone": lambda llm: llm,
    "with a name, tags and metadata": lambda llm: llm.with_config(
        run_name="mine", tags=["t"], metadata={"team": "search"}
    ),
    "with tools": lambda llm: llm.bind_tools([magic], tool_choice="magic"),
    "with stop words": lambda llm: llm.bind(stop=["END"]),
    "with a schema": lambda llm: llm.with_structured_output(Point),
    "with a schema and the raw message": lambda llm: llm.with_structured_output(Point, include_raw=True),
    "in a chain": lambda llm: ChatPromptTemplate.from_template("say {q}") | llm | StrOutputParser(),
    "in a function": lambda llm: RunnableLambda(lambda asked: llm.invoke(asked)),
    "beside another": lambda llm: RunnableParallel(one=llm, two=RunnableLambda(str)),
    "as a fallback": lambda llm: Scripted(fails=ConnectionError("gone")).with_fallbacks([llm]),
}


def models() -> tuple[Any, Any]:
    """Return the plain model and the router that picks it first, both new."""
    return Scripted(model="first:7b", text="one two three four"), World().llm


def models_only(lines: list[str]) -> list[str]:
    """Return what is told of models and parsers, wherever in the tree they are."""
    told = [line for line in lines if "model " in line[:40] or "on_chat_model" in line[:40] or "on_parser" in line[:40]]
    return [re.sub(r"'parents': \[[^]]*\]|'seq:step:\d'", "", line) for line in told]


def unordered(lines: list[str]) -> list[str]:
    """Return events in an order of their own, without ids."""
    return sorted(re.sub(r"#\d+", "#", line) for line in lines)


def run(runnable: Any, how: str, prompt: Any, config: Any) -> Any:
    if how == "batch":
        return runnable.batch([prompt, prompt], {**config, "max_concurrency": 1})
    if how == "abatch":
        return asyncio.run(runnable.abatch([prompt, prompt], {**config, "max_concurrency": 1}))
    return ask(runnable, how, prompt, config)


SIDE_BY_SIDE = ("batch", "abatch")
"""Ways in which LangChain runs several things at once: their events come in no order."""


def told_of(make: Callable[[Any], Any], llm: Any, how: str, prompt: Any) -> tuple[list[str], int]:
    """Return what a handler is told of a call, and how many nodes were added."""
    log = Log()
    run(make(llm), how, prompt, {"callbacks": [log]})
    return without_node(log.entries), log.nodes


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_handler_is_told_the_same(context: str, how: str) -> None:
    """Every event with all it carries: messages, chunks, options, metadata, the order, the tree of runs."""
    prompt: Any = {"q": "x is 4"} if context == "in a chain" else "x is 4"
    (plain, none), (zeta, nodes) = [told_of(CONTEXTS[context], llm, how, prompt) for llm in models()]

    if how in SIDE_BY_SIDE or context in ("beside another", "with a schema and the raw message"):
        plain, zeta = unordered(plain), unordered(zeta)
    if context == "with a schema and the raw message" and how in SIDE_BY_SIDE:
        plain, zeta = models_only(plain), models_only(zeta)  # LangChain batches a chain step by step: other runs
    assert zeta == plain
    assert (none, nodes) == (0, 2 if "batch" in how else 1)


def failing() -> Scripted:
    """Return a model that is gone."""
    return Scripted(model="first:7b", fails=ConnectionError("gone"))


def test_what_failed_is_told_of_as_well() -> None:
    """The model's error is the same event; a second attempt stands beside the first."""
    plain, zeta = Log(), Log()
    first, second = [World(failing()).llm.children.get((name, "scripted")) for name in ("first:7b", "second:3b")]
    World(failing()).llm.invoke("hello", {"callbacks": [zeta]})
    with pytest.raises(ConnectionError):
        first.invoke("hello", {"callbacks": [plain]})
    second.invoke("hello", {"callbacks": [plain]})

    assert without_node(zeta.entries) == without_node(plain.entries)


async def events(llm: Any, prompt: Any, version: Any) -> list[str]:
    """Return the events of `astream_events`, without the added node's."""
    entries = []
    async for event in llm.astream_events(prompt, version=version):
        told: dict[str, Any] = dict(event)
        chain = told["event"].startswith("on_chain")
        entry = {"event": told.pop("event"), "run": told.pop("run_id"), "parents": told.pop("parent_ids", [])}
        entry["event"] = "chain" if chain else entry["event"]
        entries.append({**entry, "name": told.pop("name"), "on": event["event"], "told": plain(told)})
    return without_node(entries)


@pytest.mark.filterwarnings("ignore:.*is in beta", "ignore:.*[Dd]eprecat")
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("context", CONTEXTS)
async def test_astream_events_tells_the_same(context: str, version: str) -> None:
    """The same for `astream_events`, which tracers and user interfaces read."""
    prompt: Any = {"q": "x is 4"} if context == "in a chain" else "x is 4"
    first = RunnableLambda(lambda asked: asked)  # the outermost run is told of in other words
    plain, zeta = [unordered(await events(first | CONTEXTS[context](llm), prompt, version)) for llm in models()]

    if "with a schema" in context:  # two chains in a row become one: other steps
        plain, zeta = models_only(plain), models_only(zeta)
    assert zeta == plain != []


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("context", [context for context in CONTEXTS if context != "as a fallback"])
def test_tokens_are_counted_as_with_the_plain_model(context: str, how: str) -> None:
    """By LangChain's own handler, in the config and around the call."""
    prompt: Any = {"q": "x is 4"} if context == "in a chain" else "x is 4"
    counts = []
    for llm in models():
        handler = UsageMetadataCallbackHandler()
        run(CONTEXTS[context](llm), how, prompt, {"callbacks": [handler]})
        counts.append(dict(handler.usage_metadata))

    assert counts[0] == counts[1] != {}


@pytest.mark.filterwarnings("ignore:.*is in beta")
@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("context", ["alone", "with tools", "with stop words"])
async def test_the_typed_streams_tell_the_same(context: str, awaited: bool) -> None:
    """The same for version 3: the events themselves, and what a handler is told of them."""
    told = []
    for llm in models():
        log, asked = Log(), CONTEXTS[context](llm)
        config: Any = {"callbacks": [log]}
        if awaited:
            shown = [event async for event in await asked.astream_events("x is 4", config, version="v3")]
            await let_close()  # the plain model's run ends in a task of its own
        else:
            shown = list(asked.stream_events("x is 4", config, version="v3"))
        shown[-1].get("metadata", {}).pop("zeta", None)
        lines = without_node({"event": "", "run": "", "parents": [], "name": "", "told": event} for event in shown)
        told.append((lines, without_node(log.entries)))

    assert told[0] == told[1]


@pytest.mark.parametrize("how", HOWS)
def test_tokens_are_counted_around_a_call(how: str) -> None:
    """`get_usage_metadata_callback` is a hook, not a callback in the config."""
    with get_usage_metadata_callback() as counted:
        run(World().llm, how, "hello", {})

    assert counted.usage_metadata["first:7b"]["total_tokens"] == (14 if "batch" in how else 7)


@pytest.mark.parametrize("make", [lambda llm: llm, lambda llm: llm.bind_tools([magic])], ids=["alone", "with tools"])
@pytest.mark.parametrize("how", HOWS)
def test_over_chat_ollama_the_same_is_told(how: str, make: Callable[[Any], Any]) -> None:
    """The same events, tokens, usage and tree for a model of Ollama's, but for its clocks and the key of the cache."""
    name = "llama3.2:3b"
    told, counts = [], []
    for llm in ("plain", "zeta"):
        script = ScriptedResponder(["one two three four"] * 2)
        with SimulatedOllama(models=[name], time_scale=1000, responder=script) as server:
            options: Any = {"num_ctx": 8192, "client_kwargs": {"limits": httpx.Limits(max_keepalive_connections=0)}}
            plain = ChatOllama(model=name, base_url=server.url, **options)
            log, counted = Log(), UsageMetadataCallbackHandler()
            asked = make(plain if llm == "plain" else ChatZeta([plain]))
            run(asked, how, "x is 4", {"callbacks": [log, counted]})
        lines = [TIMES.sub("", line) for line in without_node(log.entries)]
        told.append(sorted(lines) if how in SIDE_BY_SIDE else lines)
        counts.append(dict(counted.usage_metadata))

    assert told[1] == told[0]
    assert counts[1] == counts[0] != {}


TIMES = re.compile(
    r"'\w+_duration': \d+|'created_at': '[^']*'|'model': 'llama3.2:3b',? ?"
    r"|http://127.0.0.1:\d+|,? ?\w*client_kwargs=\{[^}]*\}|#\d+"
)
"""What differs from one call of Ollama to the next, what hides a user's headers, and the model that each call names."""
