"""`ZetaLLM` itself: what it is built from, what it says of itself, how it travels."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.llms.ollama import Ollama

from tests.llamaindex.fakes import HELLO, InOrder, Scripted, ask, in_flight, plain_ollama, text_of, zeta_over
from zeta_llamaindex import ChildSettings, ZetaLLM, zeta_options
from zeta_llamaindex.children import Child
from zeta_router import ConfigError, InvalidRequest, Limits, NoCapableModel, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.responders.base import Answer, Prompt

MODELS = ["qwen3:8b", "llama3.2:3b"]
NOBODY = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


class Listening:
    """Answers, and remembers whether the model was allowed to think."""

    def __init__(self) -> None:
        self.thought: list[bool] = []

    def answer(self, prompt: Prompt) -> Answer:
        self.thought.append(prompt.thinks)
        return Answer(text="Good day.", thinking="Hm." if prompt.thinks else "")


@pytest.fixture(scope="module")
def responder() -> Listening:
    return Listening()


@pytest.fixture(scope="module")
def server(responder: Listening) -> Iterator[SimulatedOllama]:
    with SimulatedOllama(models=MODELS, time_scale=10_000, responder=responder) as running:
        yield running


# -- what it is built from -------------------------------------------------------------------------------------------


def test_from_ollama_finds_every_model(server: SimulatedOllama) -> None:
    """All models of the hosts are there, with what the server says of them."""
    llm = ZetaLLM.from_ollama([server.url])

    assert sorted(card.name for card in llm.router.cards) == sorted(MODELS)
    assert llm.metadata.is_function_calling_model
    assert text_of(ask(llm, "chat")) == "Good day."


def test_a_router_can_be_shared(server: SimulatedOllama) -> None:
    """Two LLMs over one router know what each other learned."""
    router = ZetaDynamicRouter(MODELS, hosts=[server.url])

    for llm in (ZetaLLM(router=router), ZetaLLM(router=router)):
        ask(llm, "chat")

    assert router.snapshot().decisions == 2


def test_ollama_host_is_heard(server: SimulatedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hosts it calls the one that OLLAMA_HOST names, which LlamaIndex's `Ollama` does not."""
    monkeypatch.setenv("OLLAMA_HOST", server.url)

    assert text_of(ask(ZetaLLM(models=MODELS), "chat")) == "Good day."


def test_tags_and_objects_mix(server: SimulatedOllama) -> None:
    """A tag, an `Ollama` and any other LLM stand side by side."""
    llm = zeta_over("qwen3:8b", plain_ollama("llama3.2:3b", server.url), MockLLM(), hosts=[server.url])

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
        ({"models": [7]}, "must hold tags, ModelCards or LLM objects, got int"),
        ({"models": ["qwen3:8b"], "router": ZetaDynamicRouter(["qwen3:8b"])}, "give router or models, not both"),
        ({"models": ["qwen3:8b"], "objective": "cheapest"}, "objective must be one of"),
        ({"models": ["qwen3:480b-cloud"]}, "allow_cloud"),
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


# -- what reaches the server -----------------------------------------------------------------------------------------


def test_every_call_sends_the_same_context(server: SimulatedOllama) -> None:
    """The model is loaded once, with the router's context, and never again for another method."""
    llm = ZetaLLM(models=["qwen3:8b"], hosts=[server.url], limits=Limits(context=4096))
    loads = []
    llm.router.subscribe(lambda event: loads.append(getattr(getattr(event, "outcome", None), "timings", None)))

    for method in ("chat", "achat", "stream_chat", "complete"):
        ask(llm, method)

    # A load takes seconds; what a loaded model reports is some milliseconds.
    assert [times.load > 0.6 for times in loads if times is not None][1:] == [False, False, False]
    assert llm.metadata.context_window == 4096


@pytest.mark.parametrize("built", ["by Zeta", "by the user"])
@pytest.mark.parametrize("method", ["chat", "achat", "stream_chat", "astream_chat"])
def test_think_false_is_heard(method: str, built: str, server: SimulatedOllama, responder: Listening) -> None:
    """`think=False` reaches the model, where `Ollama` alone would lose it; without it the model thinks as ever."""
    child = "qwen3:8b" if built == "by Zeta" else plain_ollama("qwen3:8b", server.url)
    llm = ZetaLLM(models=[child], hosts=[server.url])
    responder.thought.clear()

    ask(llm, method, think=False)
    ask(llm, method)

    assert responder.thought == [False, True]


def test_a_second_event_loop_works(server: SimulatedOllama) -> None:
    """`asyncio.run` can be called again and again: no client is kept from one loop to the next."""
    llm = ZetaLLM(models=MODELS, hosts=[server.url])

    for _ in range(4):
        assert text_of(ask(llm, "achat")) == "Good day."
        assert text_of(ask(llm, "astream_chat")) == "Good day."
    assert in_flight(llm) == 0


def test_each_event_loop_has_a_client_of_its_own() -> None:
    """A user's `Ollama` is used as it is in the first loop; in later ones by copies, one per loop."""
    child = Child(Ollama(model="qwen3:8b", context_window=8192))
    loops = [asyncio.new_event_loop() for _ in range(3)]
    try:
        llms = [child.get(loop=loop) for loop in loops]
        again = [child.get(loop=loop) for loop in loops]
    finally:
        for loop in loops:
            loop.close()

    assert llms[0] is child.llm is child.get()
    assert len({id(llm.async_client) for llm in llms}) == 3  # type: ignore[attr-defined]
    assert [one is other for one, other in zip(llms, again, strict=True)] == [True] * 3


def test_a_dead_host_is_passed_over(server: SimulatedOllama) -> None:
    """With two hosts, one of them down, the other answers."""
    llm = ZetaLLM(models=["qwen3:8b"], hosts=[NOBODY, server.url], policy=InOrder())

    (answer,) = ask(llm, "chat")

    assert answer.additional_kwargs["zeta"]["host"] == server.url
    assert answer.additional_kwargs["zeta"]["attempts"] == 2


# -- what a call may say ---------------------------------------------------------------------------------------------


def test_a_task_is_declared_per_call_around_it_or_for_all() -> None:
    """The nearest declaration wins, and the child sees none of them."""
    child = Scripted("first")
    llm = zeta_over(child, task="chat")

    def task(**keywords: Any) -> str:
        return str(ask(llm, "chat", **keywords)[0].additional_kwargs["zeta"]["task"])

    assert task() == "chat"
    with zeta_options(task="code"):
        assert task() == "code"
        assert task(zeta_task="math") == "math"
        with zeta_options(session="one"):
            assert task() == "code"
    assert task() == "chat"


@pytest.mark.parametrize("method", ["complete", "astream_chat"])
def test_a_model_can_be_insisted_on(method: str) -> None:
    """`zeta_model` leaves no other choice, and no way out when that model fails."""
    llm = zeta_over(Scripted("first"), Scripted("second", "two"))

    assert text_of(ask(llm, method, zeta_model="second")) == "two"


def test_an_unknown_model_is_refused() -> None:
    """The error lists those there are."""
    with pytest.raises(InvalidRequest, match="it has first, second"):
        zeta_over(Scripted("first"), Scripted("second")).chat(HELLO, zeta_model="third")


def test_a_model_that_cannot_is_refused_though_named() -> None:
    """Insisting does not make it able."""
    llm = zeta_over(MockLLM(), Scripted("able"))

    with pytest.raises(NoCapableModel, match="MockLLM lacks tools"):
        llm.chat(HELLO, tools=[{"type": "function"}], zeta_model="MockLLM")


@pytest.mark.parametrize("deadline", [-1.0, 0.0, float("nan")])
def test_a_deadline_that_cannot_be_is_refused(deadline: float) -> None:
    """Seconds from now, above 0."""
    with pytest.raises(InvalidRequest, match="deadline"):
        zeta_over(Scripted("first")).chat(HELLO, zeta_deadline=deadline)


def test_a_rate_limiter_is_waited_for_before_a_model_is_picked() -> None:
    """One permission per call, however many attempts it takes."""

    class Gate(BaseRateLimiter):
        passed: int = 0

        def acquire(self, num_tokens: int = 0) -> None:
            self.passed += 1

        async def async_acquire(self, num_tokens: int = 0) -> None:
            self.passed += 1

    gate = Gate()
    llm = zeta_over(Scripted("first", ConnectionError()), Scripted("second"), rate_limiter=gate)

    for method in ("chat", "achat", "stream_chat", "astream_chat"):
        ask(llm, method)

    assert gate.passed == 4


# -- what it says of itself ------------------------------------------------------------------------------------------


def test_metadata_asks_nobody() -> None:
    """With a dead server, and an `Ollama` that would look up its context there, metadata is known all the same."""
    llm = ZetaLLM(models=["qwen3:8b", Ollama(model="llama3.2:3b", base_url=NOBODY)], hosts=[NOBODY])

    assert llm.metadata.is_chat_model
    assert llm.metadata.context_window == 3900  # LlamaIndex's own default, where nothing is known
    assert llm.metadata is llm.metadata


def test_metadata_survives_a_child_that_cannot_say() -> None:
    """A property that raises costs the defaults, and nothing else."""

    class Mute(Scripted):
        @property
        def metadata(self) -> Any:
            raise RuntimeError("unknown model")

    assert zeta_over(Mute("mute")).metadata.context_window == 3900


def test_settings_takes_it() -> None:
    """`Settings.llm` accepts it, as every place that resolves an LLM."""
    before = Settings._llm
    try:
        Settings.llm = zeta_over(Scripted("first"))
        assert isinstance(Settings.llm, ZetaLLM)
    finally:
        Settings._llm = before


def test_no_secret_is_shown() -> None:
    """Passwords and headers are in no repr, no JSON and no error."""
    llm = ZetaLLM(models=["qwen3:8b"], hosts=["http://user:hunter2@127.0.0.1:9"], headers={"X-Key": "hunter2"})
    with pytest.raises(Exception, match="every attempt failed") as caught:
        ask(llm, "chat")

    shown = [repr(llm), str(llm), llm.to_json(), json.dumps(llm.to_payload(), default=repr), str(caught.value)]
    shown.append(repr(llm._children.get(("qwen3:8b", "http://127.0.0.1:9")).llm))
    assert "hunter2" not in "".join(shown)


# -- how it travels --------------------------------------------------------------------------------------------------


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


def test_a_pickle_works_where_it_arrives(server: SimulatedOllama) -> None:
    """Models, hosts and settings travel, also after use; what was learned stays."""
    llm = ZetaLLM(models=MODELS, hosts=[server.url], task="code", children=ChildSettings(temperature=0.1))
    ask(llm, "chat")

    twin = pickle.loads(pickle.dumps(llm))

    assert twin.to_dict() == llm.to_dict()
    assert twin.router.snapshot().decisions == 0
    assert text_of(ask(twin, "chat")) == "Good day."


def test_a_pickle_of_from_ollama_asks_nobody_again(server: SimulatedOllama) -> None:
    """The cards travel with it."""
    llm = ZetaLLM.from_ollama([server.url])

    assert pickle.loads(pickle.dumps(llm)).router.cards == llm.router.cards


def test_a_pickle_over_a_router_of_yours_is_refused() -> None:
    """What it would leave behind is said."""
    with pytest.raises(TypeError, match="over a router of yours"):
        pickle.dumps(ZetaLLM(router=ZetaDynamicRouter(MODELS)))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda llm: llm.model_copy(deep=True)])
def test_copies_share_what_was_learned(copied: Any, server: SimulatedOllama) -> None:
    """Copies of a used one work, share router and children, and differ in their own fields."""
    llm = ZetaLLM(models=[plain_ollama("qwen3:8b", server.url)])
    ask(llm, "chat")

    twin = copied(llm)
    twin.task = "code"

    assert twin.router is llm.router
    assert llm.task is None
    assert text_of(ask(twin, "chat", [ChatMessage(content="Hello")])) == "Good day."


def test_importing_the_package_imports_nothing() -> None:
    """LlamaIndex is loaded when a name is first used."""
    code = "import sys, zeta_llamaindex; print([m for m in sys.modules if m.startswith(('llama_index', 'httpx'))])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
