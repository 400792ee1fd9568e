"""Tools, schemas, copies and variations: what is made of a `ChatZeta` still routes, and shares what was learned."""

from __future__ import annotations

import copy
import pickle
from typing import Any, cast

import pytest
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField, RunnableBinding
from langchain_core.runnables.fallbacks import RunnableWithFallbacks
from langchain_core.tools import tool
from pydantic import BaseModel

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, InOrder, Recorder, World, ask, zeta
from zeta_langchain import ChatZeta
from zeta_router import ConfigError, InvalidRequest, Limits, ModelCard, NoCapableModel, Request, ZetaDynamicRouter


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number


class Point(BaseModel):
    """A point."""

    x: int


@pytest.mark.parametrize("mode", MODES)
def test_the_child_binds_tools_by_its_own_method(mode: str) -> None:
    """Tools are kept in one format, and bound to whichever model answers."""
    bound = World().llm.bind_tools([magic], tool_choice="magic")

    message = ask(bound, mode, "magic 3")

    assert isinstance(bound, RunnableBinding)
    assert bound.kwargs["tools"][0]["function"]["name"] == "magic"
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("magic", {"number": 3})]


def test_models_without_tools_are_not_asked_to_use_them() -> None:
    """A model whose card says that it has no tools is left out; with no other, the error says which lacks what."""
    router = ZetaDynamicRouter([ModelCard(name="plain:7b", capabilities=frozenset({"completion"}))])

    with pytest.raises(NoCapableModel, match="plain:7b lacks tools"):
        ChatZeta(router=router).bind_tools([magic]).invoke("magic 3")


def test_a_schema_by_function_calling_needs_tools() -> None:
    """Ollama answers 400 to tools for a model without: it is not asked."""
    router = ZetaDynamicRouter([ModelCard(name="plain:7b", capabilities=frozenset({"completion"}))])

    with pytest.raises(NoCapableModel, match="plain:7b lacks tools"):
        ChatZeta(router=router).with_structured_output(Point, method="function_calling").invoke("x is 4")


@pytest.mark.parametrize("bound", [-1, 0])
def test_no_bound_on_the_answer_is_no_wrong_request(bound: int) -> None:
    """`num_predict=-1` is Ollama's way to say that there is none."""
    assert World(num_predict=bound).llm.invoke("hello").content == "one two three four"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("include_raw", [False, True])
def test_objects_follow_their_schema(include_raw: bool, mode: str) -> None:
    """The child's own method is used, in one model run; with `include_raw` the message tells who answered."""
    seen = Recorder()
    structured = World().llm.with_structured_output(Point, include_raw=include_raw)

    answer = ask(structured, mode, "x is 4", {"callbacks": [seen]})

    assert (answer["parsed"] if include_raw else answer) == Point(x=4)
    assert len(seen.runs("model")) == 1
    if include_raw:
        assert zeta(answer["raw"])["model"] == "first:7b"


def test_fallbacks_keep_their_members() -> None:
    """`with_fallbacks` maps `bind_tools` and `with_structured_output` over all members, because they are annotated."""
    with_fallbacks: Any = World().llm.with_fallbacks([World().llm])

    for made in (with_fallbacks.bind_tools([magic]), with_fallbacks.with_structured_output(Point)):
        assert isinstance(made, RunnableWithFallbacks)
        assert len(made.fallbacks) == 1


def test_a_configurable_field_changes_one_call() -> None:
    """The variation asks the same models with another temperature, and what it learns is shared."""
    world = World(temperature=0.5)
    llm = world.llm.configurable_fields(temperature=ConfigurableField(id="temperature"))

    llm.invoke("hello", {"configurable": {"temperature": 0.9}})
    llm.invoke("hello")

    assert [call["temperature"] for call in world.first.seen] == [0.9, 0.5]
    assert world.fates == ["ok", "ok"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda llm: llm.model_copy()])
def test_copies_share_the_router_and_the_children(copied: Any) -> None:
    """A copy is another handle on the same models: load and learning are one."""
    world = World()

    twin = copied(world.llm)
    twin.invoke("hello")

    assert twin is not world.llm
    assert twin.router is world.router
    assert world.fates == ["ok"]


def test_a_copy_with_another_temperature_asks_with_it() -> None:
    """`model_copy(update=...)` does not find the children that the original prepared."""
    world = World(temperature=0.5)
    world.llm.invoke("hello")

    world.llm.model_copy(update={"temperature": 0.9}).invoke("hello")

    assert [call["temperature"] for call in world.first.seen] == [0.5, 0.9]


def test_pickling_is_refused_with_a_reason() -> None:
    """Connections and learned state do not travel in a pickle."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(World().llm)


def test_the_profile_is_the_meet() -> None:
    """What all models can do, the smallest context, and nothing that one of them does not tell."""
    able = Scripted(model="a", profile={"tool_calling": True, "max_input_tokens": 8000, "image_inputs": True})
    plain = Scripted(model="b", profile={"tool_calling": True, "max_input_tokens": 4000, "image_inputs": False})
    silent = Scripted(model="c")

    assert ChatZeta([able, plain]).profile == {"tool_calling": True, "max_input_tokens": 4000, "image_inputs": False}
    assert ChatZeta([able, plain, silent]).profile is None


def test_the_profile_of_ollama_models_is_read_from_their_cards() -> None:
    """It claims no `structured_output`: an agent would bind `format` with its tools, and Ollama then calls no tool."""
    cards = [ModelCard(name=name, capabilities=frozenset({"completion", "tools"})) for name in ("a:7b", "b:3b")]

    profile: Any = ChatZeta(cards).profile

    assert profile["tool_calling"] is True
    assert profile["image_inputs"] is False
    assert profile["max_input_tokens"] == 8192
    assert "structured_output" not in profile


def test_tokens_are_counted_without_a_tokenizer() -> None:
    """`trim_messages(token_counter=llm)` works without the `transformers` package."""
    llm = World().llm

    assert llm.get_num_tokens("four characters each") in range(5, 12)
    assert llm.get_num_tokens_from_messages([]) == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ChatZeta(), "name at least one model"),
        (lambda: ChatZeta([]), "name at least one model"),
        (lambda: ChatZeta(["a:7b"], temprature=0), "ChatZeta has no temprature; did you mean temperature?"),
        (lambda: ChatZeta(["a:7b"], polcy=InOrder()), "did you mean policy?"),
        (lambda: ChatZeta.from_ollama(["http://h"], mirostatt=1), "did you mean mirostat?"),
        (lambda: ChatZeta(["a:7b"], flavour="sweet"), "ChatZeta has no flavour$"),
        (lambda: ChatZeta(["a:7b"], task="code"), "zeta_task.*per call"),
        (lambda: ChatZeta(["a:7b"], limits=cast(Any, {"context": 1})), "limits must be Limits"),
        (
            lambda: ChatZeta(router=ZetaDynamicRouter([]), policy=InOrder(), headers={}),
            "give router or headers, policy",
        ),
        (lambda: ChatZeta("llama3.2:3b"), "put it into a list"),
        (lambda: ChatZeta(cast(Any, [42])), "got a int"),
        (lambda: ChatZeta([Scripted(), Scripted()]), "two chat models"),
        (lambda: ChatZeta(["a:7b"], hosts=["http://h"], base_url="http://h"), "not both"),
        (lambda: ChatZeta(router=ZetaDynamicRouter(["a:7b"]), hosts=["http://h"]), "not both"),
        (lambda: ChatZeta(router=ZetaDynamicRouter(["a:7b"]), objective="fastest"), "the objective is the router's"),
        (lambda: ChatZeta(["a:7b"], objective="quick"), "objective must be one of"),
        (lambda: ChatZeta(["a:7b"], child_kwargs={"temprature": 1}).invoke("hello"), "temprature"),
    ],
)
def test_a_wrong_setting_is_a_sentence(make: Any, says: str) -> None:
    """Each mistake says what it is and what to do; nothing is sent."""
    with pytest.raises(ConfigError, match=says):
        make()


@pytest.mark.parametrize(
    ("prompt", "told", "says"),
    [
        ("", {}, "the prompt is empty"),
        ([], {}, "the prompt is empty"),
        ("hello", {"zeta_deadline": -1}, "zeta_deadline must be seconds from now"),
        ("hello", {"zeta_deadline": "soon"}, "zeta_deadline must be seconds from now"),
        ("hello", {"zeta_task": " "}, "task must be a word"),
        ("hello", {"zeta_model": "nope:1b"}, "no model 'nope:1b' in this fleet"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_request_is_a_sentence(prompt: Any, told: Any, says: str, mode: str) -> None:
    """Each mistake says what it is and what to do; nothing was sent, and nothing is in flight."""
    world = World()

    with pytest.raises(InvalidRequest, match=says):
        ask(world.llm, mode, prompt, {"configurable": told})

    assert (world.first.seen, world.in_flight, world.fates) == ([], 0, [])


@pytest.mark.parametrize("mode", MODES)
def test_models_that_others_gave_to_a_shared_router_are_left_to_them(mode: str) -> None:
    """One router may serve both frameworks: what LlamaIndex gave to it as an object, nobody else can call."""
    router = ZetaDynamicRouter([ModelCard(name="theirs:7b", host="llama-index")], policy=InOrder())
    llm = ChatZeta([Scripted(model="ours")], router=router)

    assert [zeta(ask(llm, mode))["model"] for _ in range(2)] == ["ours", "ours"]
    assert router.snapshot().in_flight == 0
    with pytest.raises(ConfigError, match="theirs:7b on llama-index is not on an Ollama host"):
        ask(llm, mode, config={"configurable": {"zeta_model": "theirs:7b"}})


def test_what_describes_the_router_reaches_it() -> None:
    """As with a `ZetaLLM`; a context for all children is what the router reckons with."""
    policy = InOrder()
    cloud = "gpt-oss:120b-cloud"

    llm = ChatZeta([cloud], allow_cloud=[cloud], policy=policy, limits=Limits(attempts=2), headers={"X-Key": "secret"})

    assert llm.router.limits.attempts == 2
    assert llm.router.explain(Request(text="hi")).reason == "the first in order"
    assert {connection.headers["X-Key"] for connection in llm.router.connections.values()} == {"secret"}
    assert "secret" not in f"{llm!r}{llm.model_dump()}{dumps(llm)}"


def test_a_long_prompt_is_taken_where_the_children_have_the_context() -> None:
    """`num_ctx` means what it means to a `ChatOllama`: prompts of that length are served."""
    long = Request(prompt_tokens=20_000)

    assert ChatZeta(["llama3.2:3b"], num_ctx=32_768).router.explain(long).model == "llama3.2:3b"
    with pytest.raises(NoCapableModel, match="it serves 8192"):
        ChatZeta(["llama3.2:3b"]).router.explain(long)
