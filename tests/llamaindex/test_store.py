"""`store=` of a `ZetaLLM`: what it learns survives, with the meaning and the errors of the router's own."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.llamaindex.fakes import Scripted, ask, plain_ollama
from zeta_llamaindex import ZetaLLM
from zeta_router import ConfigError, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama
from zeta_router.store import MemoryStore, SQLiteStore


def over_tags(server: SimulatedOllama, store: Any) -> ZetaLLM:
    """Over models by their names."""
    return ZetaLLM(["qwen3:8b"], hosts=[server.url], store=store)


def over_an_object(server: SimulatedOllama, store: Any) -> ZetaLLM:
    """Over an LLM of the user's."""
    return ZetaLLM([plain_ollama("qwen3:8b", server.url)], store=store)


def from_ollama(server: SimulatedOllama, store: Any) -> ZetaLLM:
    """Over all that a server has."""
    return ZetaLLM.from_ollama([server.url], store=store)


@pytest.mark.parametrize("make", [over_tags, over_an_object, from_ollama])
@pytest.mark.parametrize("named", [str, Path, lambda path: f"sqlite:///{path}", SQLiteStore], ids=str)
def test_what_was_learned_is_there_again(
    make: Callable[..., ZetaLLM], named: Callable[[str], Any], greeting: SimulatedOllama, tmp_path: Path
) -> None:
    """A second one over the same store knows the calls of the first, and takes feedback for them."""
    path = os.fspath(tmp_path / "log.db")
    first = make(greeting, named(path))
    (answer,) = ask(first, "chat")
    first.router.close()

    second = make(greeting, named(path))

    known = answer.additional_kwargs["zeta"]
    assert second.router.performance_metrics[known["model"]].calls == 1
    second.router.feedback(known["decision_id"], 1.0)
    second.router.close()


def test_a_store_and_a_router_are_refused_together() -> None:
    """The router has its own, or none."""
    with pytest.raises(ConfigError, match="give router or store, not both"):
        ZetaLLM(router=ZetaDynamicRouter(["qwen3:8b"]), store="memory")


@pytest.mark.parametrize(
    ("store", "said"), [("ftp://somewhere/1", "store must be default, memory, a path"), (7, "got int"), ("", "got ''")]
)
def test_a_store_that_is_none_is_refused(store: Any, said: str) -> None:
    """With the router's own sentence; an empty name does not mean "none"."""
    with pytest.raises(ConfigError, match=said):
        ZetaLLM([Scripted("one")], store=store)


def test_a_pickle_goes_on_with_the_same_store(greeting: SimulatedOllama, tmp_path: Path) -> None:
    """What is named travels as its name; a store object cannot, and the error says what to do."""
    llm = ZetaLLM(["qwen3:8b"], hosts=[greeting.url], store=tmp_path / "log.db")
    ask(llm, "chat")
    llm.router.close()

    twin = pickle.loads(pickle.dumps(llm))

    assert twin.router.performance_metrics["qwen3:8b"].calls == 1
    twin.router.close()
    with pytest.raises(TypeError, match="name its store"):
        pickle.dumps(ZetaLLM(["qwen3:8b"], store=MemoryStore()))


def described(store: Any) -> dict[str, Any]:
    """Return what JSON holds of one with a store, and close that."""
    llm = ZetaLLM(["qwen3:8b"], store=store)
    llm.router.close()
    assert "secret" not in f"{llm.to_json()}{llm!r}"
    return llm.to_dict()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@127.0.0.1:9/1?protocol=3&password=secret", "redis://127.0.0.1:9/1?protocol=3"),
        ("redis://:secret@127.0.0.1:9", "redis://127.0.0.1:9"),
        ("unix://user:secret@/no/such.sock?db=2", "unix:///no/such.sock?db=2"),
    ],
)
def test_json_holds_a_url_without_password(url: str, shown: str) -> None:
    """All of it but who may enter."""
    pytest.importorskip("redis")

    assert described(url)["store"] == shown


def test_json_holds_the_name_of_a_file(tmp_path: Path) -> None:
    """It comes back; a store object has to be given again."""
    path = tmp_path / "log.db"

    for store in (path, os.fspath(path), "memory"):
        data = described(store)
        again = ZetaLLM.from_dict(data)
        again.router.close()
        assert again.to_dict() == data
        assert data["store"] == os.fspath(store)
    with pytest.raises(ConfigError, match="the objects in store"):
        ZetaLLM.from_dict(described(MemoryStore()))
