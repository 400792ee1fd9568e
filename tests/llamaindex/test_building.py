"""What a `ZetaLLM` is built from: tags, cards and LLM objects, a router of yours, hosts, settings."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.llms import MockLLM

from tests.llamaindex.fakes import ask, plain_ollama, text_of, zeta_over
from tests.llamaindex.two_tools import MODELS
from zeta_llamaindex import ChildSettings, ZetaEmbedding, ZetaLLM
from zeta_router import ConfigError, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama


def test_from_ollama_finds_every_model(greeting: SimulatedOllama) -> None:
    """All models of the hosts are there, with what the server says of them."""
    llm = ZetaLLM.from_ollama([greeting.url])

    assert sorted(card.name for card in llm.router.cards) == sorted(MODELS)
    assert llm.metadata.is_function_calling_model
    assert text_of(ask(llm, "chat")) == "Good day."


def test_a_router_can_be_shared(greeting: SimulatedOllama) -> None:
    """Two LLMs over one router know what each other learned."""
    router = ZetaDynamicRouter(MODELS, hosts=[greeting.url])

    for llm in (ZetaLLM(router=router), ZetaLLM(router=router)):
        ask(llm, "chat")

    assert router.snapshot().decisions == 2


def test_ollama_host_is_heard(greeting: SimulatedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hosts it calls the one that OLLAMA_HOST names, which LlamaIndex's `Ollama` does not."""
    monkeypatch.setenv("OLLAMA_HOST", greeting.url)

    assert text_of(ask(ZetaLLM(models=MODELS), "chat")) == "Good day."


def test_tags_and_objects_mix(greeting: SimulatedOllama) -> None:
    """A tag, an `Ollama` and any other LLM stand side by side."""
    llm = zeta_over("qwen3:8b", plain_ollama("llama3.2:3b", greeting.url), MockLLM(), hosts=[greeting.url])

    assert [card.name for card in llm.router.cards] == ["qwen3:8b", "llama3.2:3b", "MockLLM"]
    for name in ("qwen3:8b", "llama3.2:3b", "MockLLM"):
        (answer,) = ask(llm, "chat", zeta_model=name)
        assert answer.additional_kwargs["zeta_model"] == name


def test_two_children_of_one_name_are_told_apart() -> None:
    """The second of a name is numbered, and each keeps its own record."""
    llm = zeta_over(MockLLM(max_tokens=1), MockLLM(max_tokens=2))

    assert ask(llm, "complete", zeta_model="MockLLM")[0].text == "text"
    assert ask(llm, "complete", zeta_model="MockLLM#2")[0].text == "text text"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "models is empty"),
        ({"models": "qwen3:8b"}, "put it into a list"),
        ({"models": ["qwen3:8b"], "polcy": 1}, "ZetaLLM has no polcy; did you mean policy?"),
        ({"models": ["qwen3:8b"], "temprature": 0}, r"did you mean children=ChildSettings\(temperature=...\)"),
        ({"models": ["qwen3:8b"], "temperature": 0}, r"did you mean children=ChildSettings\(temperature=...\)"),
        ({"models": ["qwen3:8b"], "context_window": 9}, r"did you mean limits=Limits\(context=...\)"),
        ({"model": "qwen3:8b"}, "did you mean models="),
        ({"models": [7]}, "must hold tags, ModelCards or LLM objects, got int"),
        ({"models": ["qwen3:8b"], "router": ZetaDynamicRouter(["qwen3:8b"])}, "give router or models, not both"),
        ({"models": ["qwen3:8b"], "objective": "cheapest"}, "objective must be one of"),
        ({"models": ["qwen3:480b-cloud"]}, "allow_cloud"),
        ({"models": [ZetaLLM(models=["qwen3:8b"])]}, "models holds a ZetaLLM"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    """The text names the setting and the way out."""
    with pytest.raises(Exception, match=sentence):
        ZetaLLM(**arguments)


def test_num_ctx_is_no_option_of_a_child() -> None:
    """Another context than that of the router would make Ollama reload the model."""
    with pytest.raises(ConfigError, match="limits=Limits"):
        ChildSettings(additional_kwargs={"num_ctx": 4096})


def test_a_slip_is_refused_before_a_server_is_asked() -> None:
    """By every constructor; LlamaIndex would drop it without a word, and with it what was wanted."""
    with pytest.raises(ConfigError, match="did you mean children=ChildSettings"):
        ZetaLLM.from_ollama(["http://127.0.0.1:9"], request_timeout=60)
    with pytest.raises(ConfigError, match=r"ZetaEmbedding has no base_url; did you mean hosts=\[...\]"):
        ZetaEmbedding("nomic-embed-text", base_url="http://127.0.0.1:9")
