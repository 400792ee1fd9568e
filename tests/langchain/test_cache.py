"""LangChain's cache: an answer of one model is never given in the name of another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache

from tests.langchain.fakes import Scripted
from tests.langchain.world import World, zeta
from zeta_langchain import ChatZeta
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.responders import ScriptedResponder

MODELS = ["qwen2.5-coder:7b", "llama3.2:3b"]


@pytest.fixture(autouse=True)
def _cache() -> Iterator[None]:
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


def test_the_cache_does_not_cross_models() -> None:
    """Two `ChatOllama` have one key in the cache; the model's name, handed along, tells them apart."""
    script = ScriptedResponder({MODELS[0]: ["from the coder"], MODELS[1]: ["from the llama"]})
    with SimulatedOllama(models=MODELS, time_scale=1000, responder=script) as server:
        llm = ChatZeta(MODELS, base_url=server.url)
        answers = [llm.invoke("hello", {"configurable": {"zeta_model": name}}).content for name in MODELS * 2]

        assert answers == ["from the coder", "from the llama"] * 2
        assert server.requests.total() == 2


class Nameless(Scripted):
    """A chat model whose key in the cache does not tell its model."""

    @property
    def _identifying_params(self) -> dict[str, object]:
        return {}


def test_models_with_one_key_are_not_cached() -> None:
    """Where children of another provider cannot be told apart, none of them is cached."""
    llm = ChatZeta([Nameless(model="a", text="from a"), Nameless(model="b", text="from b")])

    answers = [llm.invoke("hello", {"configurable": {"zeta_model": name}}).content for name in ("a", "b", "a")]

    assert answers == ["from a", "from b", "from a"]


def test_a_hit_teaches_nothing() -> None:
    """The second answer comes from the cache: its fate says so, and the model is not asked again."""
    world = World()

    world.llm.invoke("hello")
    message = world.llm.invoke("hello")

    assert world.fates == ["ok", "cache_hit"]
    assert zeta(message)["attempts"][0]["fate"] == "cache_hit"
    assert len(world.first.seen) == 1


def test_the_stamp_of_a_call_does_not_enter_the_cache() -> None:
    """What is cached is the child's message: each call has its own decision."""
    world = World()

    ids = {zeta(world.llm.invoke("hello"))["decision_id"] for _ in range(3)}

    assert len(ids) == 3
