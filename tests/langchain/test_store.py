"""`store=` of a `ChatZeta` and a `ZetaRunnable`: what they learn survives, with the router's own meaning and errors."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField
from langchain_ollama import ChatOllama

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, ask, zeta
from zeta_langchain import ChatZeta, ZetaModelMiddleware, ZetaRunnable
from zeta_router import ConfigError, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama
from zeta_router.store import MemoryStore, SQLiteStore

LLAMA = "llama3.2:3b"


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedOllama]:
    with SimulatedOllama(models=[LLAMA], time_scale=1000) as server:
        yield server


def over_names(server: SimulatedOllama, store: Any) -> ChatZeta:
    """Over models by their names."""
    return ChatZeta([LLAMA], hosts=[server.url], store=store)


def over_an_object(server: SimulatedOllama, store: Any) -> ChatZeta:
    """Over a chat model of the user's."""
    one_call: Any = {"limits": httpx.Limits(max_keepalive_connections=0)}
    return ChatZeta([ChatOllama(model=LLAMA, base_url=server.url, client_kwargs=one_call)], store=store)


def from_ollama(server: SimulatedOllama, store: Any) -> ChatZeta:
    """Over all that a server has."""
    return ChatZeta.from_ollama([server.url], store=store)


def of_an_agent(server: SimulatedOllama, store: Any) -> ChatZeta:
    """Made by the middleware, of the same fields."""
    return ZetaModelMiddleware([LLAMA], hosts=[server.url], store=store).llm


@pytest.mark.parametrize("make", [over_names, over_an_object, from_ollama, of_an_agent])
@pytest.mark.parametrize("named", [str, Path, lambda path: f"sqlite:///{path}", SQLiteStore], ids=str)
def test_what_was_learned_is_there_again(
    make: Callable[..., ChatZeta], named: Callable[[str], Any], server: SimulatedOllama, tmp_path: Path
) -> None:
    """A second one over the same store knows the calls of the first, and takes feedback for them."""
    path = os.fspath(tmp_path / "log.db")
    first = make(server, named(path))
    known = zeta(first.invoke("hello"))
    first.router.close()

    second = make(server, named(path))

    assert second.router.performance_metrics[LLAMA].calls == 1
    second.router.feedback(known["decision_id"], 1.0)
    second.router.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ["learned", "declared"])
def test_a_route_remembers_its_branches(mode: str, order: Any, tmp_path: Path) -> None:
    """By their names, whatever they run."""

    def route() -> ZetaRunnable[Any, Any]:
        return ZetaRunnable({"up": str.upper, "low": str.lower}, task="shout", order=order, store=tmp_path / "log.db")

    first = route()
    said = ask(first, mode, "Hi")
    first.router.close()

    second = route()

    branch = "up" if said == "HI" else "low"
    assert second.router.performance_metrics[branch].calls == 1
    second.router.close()


def test_branches_in_order_take_a_store() -> None:
    """Whichever way a route is made."""
    store = MemoryStore()

    assert ZetaRunnable.from_branches((str.isupper, str.lower), str.upper, store=store).router.store is store


@pytest.mark.parametrize(
    "make",
    [
        lambda **both: ChatZeta(**both),
        lambda **both: ChatZeta([Scripted(model="one")], **both),
        lambda **both: ZetaRunnable({"up": str.upper}, **both),
    ],
)
def test_a_store_and_a_router_are_refused_together(make: Callable[..., Any]) -> None:
    """The router has its own, or none; `ZetaLLM` says it in the same words."""
    with pytest.raises(ConfigError, match="give router or store, not both: the router has its own"):
        make(router=ZetaDynamicRouter([]), store="memory")


@pytest.mark.parametrize(
    ("store", "said"), [("ftp://somewhere/1", "store must be default, memory, a path"), (7, "got int"), ("", "got ''")]
)
@pytest.mark.parametrize(
    "make", [lambda **given: ChatZeta(["a:7b"], **given), lambda **given: ZetaRunnable([str.upper], **given)]
)
def test_a_store_that_is_none_is_refused(make: Callable[..., Any], store: Any, said: str) -> None:
    """With the router's own sentence; an empty name does not mean "none"."""
    with pytest.raises(ConfigError, match=said):
        make(store=store)


def test_copies_and_variants_go_on_with_the_same_store() -> None:
    """They are made of the router, and are not refused for having a store."""
    store = MemoryStore()
    llm: Any = ChatZeta([Scripted(model="one:7b")], store=store)
    field = ConfigurableField(id="warmth")
    variants = [copy.copy(llm), copy.deepcopy(llm), llm.model_copy(), llm.configurable_fields(temperature=field)]

    for variant in variants:
        variant.invoke("hello", {"configurable": {"warmth": 0.5}})

    assert llm.router.store is store
    assert llm.router.performance_metrics["one:7b"].calls == len(variants)
    llm.router.close()


def test_a_stores_password_is_shown_nowhere() -> None:
    """Neither by what a program prints nor by what LangChain writes into traces."""
    pytest.importorskip("redis")
    url = "redis://user:secret@127.0.0.1:9/1"
    llm = ChatZeta([Scripted(model="one:7b")], store=url)
    route = ZetaRunnable({"up": str.upper}, store=url)

    shown = [repr(llm), str(llm), dumps(llm), str(llm.model_dump()), str(llm._identifying_params), repr(llm.router)]
    shown += [repr(route), str(route), dumps(route), str(route.model_dump())]

    assert "secret" not in "".join(shown)
    for router in (llm.router, route.router):
        router.close()
