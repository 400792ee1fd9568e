"""How a `ZetaLLM` travels: copies, pickles, JSON."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage, MockLLM

from tests.llamaindex.fakes import ask, plain_ollama, text_of, zeta_over
from tests.llamaindex.two_tools import MODELS
from zeta_llamaindex import ChildSettings, ZetaLLM
from zeta_router import ConfigError, Limits, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama


def test_json_rebuilds_what_text_can_hold() -> None:
    """Tags, hosts and settings come back; headers have to be given again."""
    llm = ZetaLLM(
        models=MODELS,
        hosts=["http://user:secret@127.0.0.1:9"],
        objective="fastest",
        limits=Limits(context=4096),
        children=ChildSettings(temperature=0.1),
        task="code",
        system_prompt="Be brief.",
    )

    twin = ZetaLLM.from_json(llm.to_json())

    assert twin.to_dict() == llm.to_dict()
    assert twin.metadata == llm.metadata
    assert (twin.task, twin.system_prompt) == ("code", "Be brief.")


@pytest.mark.parametrize(("llm", "name"), [(zeta_over("qwen3:8b"), "policy"), (ZetaLLM(models=[MockLLM()]), "models")])
def test_json_refuses_what_it_cannot_hold(llm: ZetaLLM, name: str) -> None:
    """Describing works; rebuilding says which object has to be given again."""
    with pytest.raises(ConfigError, match=f"the objects in {name}"):
        ZetaLLM.from_json(llm.to_json())


def test_a_pickle_works_where_it_arrives(greeting: SimulatedOllama) -> None:
    """Models, hosts and settings travel, also after use; what was learned stays."""
    llm = ZetaLLM(models=MODELS, hosts=[greeting.url], task="code", children=ChildSettings(temperature=0.1))
    ask(llm, "chat")

    twin = pickle.loads(pickle.dumps(llm))

    assert twin.to_dict() == llm.to_dict()
    assert twin.router.snapshot().decisions == 0
    assert text_of(ask(twin, "chat")) == "Good day."


def test_a_pickle_of_from_ollama_asks_nobody_again(greeting: SimulatedOllama) -> None:
    """The cards travel with it."""
    llm = ZetaLLM.from_ollama([greeting.url])

    assert pickle.loads(pickle.dumps(llm)).router.cards == llm.router.cards


def test_a_pickle_over_a_router_of_yours_is_refused() -> None:
    """What it would leave behind is said."""
    with pytest.raises(TypeError, match="over a router of yours"):
        pickle.dumps(ZetaLLM(router=ZetaDynamicRouter(MODELS)))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda llm: llm.model_copy(deep=True)])
def test_copies_share_what_was_learned(copied: Any, greeting: SimulatedOllama) -> None:
    """Copies of a used one work, share router and children, and differ in their own fields."""
    llm = ZetaLLM(models=[plain_ollama("qwen3:8b", greeting.url)])
    ask(llm, "chat")

    twin = copied(llm)
    twin.task = "code"

    assert twin.router is llm.router
    assert llm.task is None
    assert text_of(ask(twin, "chat", [ChatMessage(content="Hello")])) == "Good day."
