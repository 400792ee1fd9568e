"""Every member of a chat model that LangChain, or code written for `ChatOllama`, may reach for."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.outputs import ChatResult
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import ConfigurableField, Runnable, RunnableBinding
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, InOrder, Recorder, World, ask, zeta
from zeta_langchain import ChatZeta
from zeta_langchain.parameters import CHILDS_OWN
from zeta_router import ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama

LLAMA = "llama3.2:3b"


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number


class Point(BaseModel):
    """A point."""

    x: int


@pytest.fixture
def server() -> Iterator[SimulatedOllama]:
    with SimulatedOllama(models=[LLAMA], time_scale=1000) as server:
        yield server


# -- what is inherited, and built on the methods that route ------------------------------------------------------------


def test_batch_as_completed_routes_each_input() -> None:
    world = World()

    done = dict(world.llm.batch_as_completed(["a", "b", "c"]))

    assert sorted(done) == [0, 1, 2]
    assert len({zeta(message)["decision_id"] for message in done.values()}) == 3  # type: ignore[arg-type]


async def test_abatch_as_completed_routes_each_input() -> None:
    world = World()

    done = [number async for number, _ in world.llm.abatch_as_completed(["a", "b", "c"])]

    assert sorted(done) == [0, 1, 2]
    assert world.fates == ["ok"] * 3


def test_a_batch_returns_exceptions_where_asked_to() -> None:
    world = World()
    world.first.fails, world.second.fails = ConnectionError("gone"), [ConnectionError("gone"), None]

    answers = world.llm.batch(["a", "b"], {"max_concurrency": 1}, return_exceptions=True)

    assert [type(answer).__name__ for answer in answers] == ["EveryAttemptFailed", "AIMessage"]


def test_transform_takes_its_input_in_parts() -> None:
    parts = list(World().llm.transform(iter(["hel", "lo"])))

    assert "".join(str(part.content) for part in parts) == "one two three four"


async def test_atransform_takes_its_input_in_parts() -> None:
    async def asked() -> Any:
        yield "hel"
        yield "lo"

    parts = [part async for part in World().llm.atransform(asked())]

    assert "".join(str(part.content) for part in parts) == "one two three four"


@pytest.mark.filterwarnings("ignore:.*[Dd]eprecat")
async def test_astream_log_tells_of_the_call() -> None:
    patches = [patch async for patch in World().llm.astream_log("hello")]

    assert len(patches) > 5


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_retries_come_after_every_model_has_failed(mode: str) -> None:
    world = World()
    world.first.fails, world.second.fails = [ConnectionError("once")], [ConnectionError("once")]

    assert ask(world.llm.with_retry(wait_exponential_jitter=False), mode).content == "one two three four"
    assert world.fates == ["error", "error", "ok"]


@pytest.mark.parametrize("awaited", [False, True])
def test_generate_prompt_serves_older_chains(awaited: bool) -> None:
    llm = World().llm
    prompts = [llm._convert_input("a"), llm._convert_input("b")]

    result = asyncio.run(llm.agenerate_prompt(prompts)) if awaited else llm.generate_prompt(prompts)

    assert [some[0].text for some in result.generations] == ["one two three four"] * 2
    assert all(zeta(some[0].message)["model"] == "first:7b" for some in result.generations)  # type: ignore[union-attr]


@pytest.mark.parametrize("awaited", [False, True])
def test_generate_itself_routes(awaited: bool) -> None:
    """`_generate` is abstract and must exist; no public way leads there."""
    llm, messages = World().llm, [HumanMessage("hello")]

    result: ChatResult = asyncio.run(llm._agenerate(messages)) if awaited else llm._generate(messages)

    assert result.generations[0].message.content == "one two three four"


# -- binding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["bind_tools", "with_structured_output"])
def test_binding_methods_say_that_they_return_runnables(method: str) -> None:
    """`with_fallbacks` reads it at run time: a name that only type checkers know would be a `NameError`."""
    kind = typing.get_type_hints(getattr(ChatZeta, method))["return"]

    assert issubclass(typing.get_origin(kind), Runnable)


def test_bound_tools_can_be_read_off() -> None:
    """`create_react_agent` looks for `kwargs["tools"]`, to know whether tools are bound."""
    bound: Any = World().llm.bind_tools([magic])

    assert isinstance(bound, RunnableBinding)
    assert bound.kwargs["tools"][0]["function"]["name"] == "magic"
    assert "tool_choice" not in bound.kwargs


@pytest.mark.parametrize(
    ("mode", "method"),
    [*((mode, method) for mode in MODES for method in ("json_schema", "function_calling")), ("invoke", "json_mode")],
)
def test_every_method_of_structured_output_is_the_childs(mode: str, method: str) -> None:
    with SimulatedOllama(models=[LLAMA], time_scale=1000, responder="schema") as server:
        llm = ChatZeta([LLAMA], base_url=server.url)

        if method == "json_mode":
            answer = ask(llm.with_structured_output(None, method=method), mode, "an object as JSON")  # type: ignore[arg-type]
        else:
            answer = ask(llm.with_structured_output(Point, method=method), mode, "x is 4")

    assert isinstance(answer, dict if method == "json_mode" else Point)


def test_a_schema_can_be_transformed_into_objects() -> None:
    """In a chain that streams, the structured model is one link."""
    chain = World().llm.with_structured_output(Point)

    assert list(chain.transform(iter(["x is ", "4"]))) == [Point(x=4)]


# -- describing --------------------------------------------------------------------------------------------------------


def test_it_does_not_pass_for_a_provider() -> None:
    """Agents' middleware goes by `_llm_type`, and by the provider that answers say."""
    llm = World().llm

    assert llm._llm_type == "zeta-router"
    assert llm._get_ls_params()["ls_provider"] == "zeta"
    assert ChatZeta([LLAMA])._get_ls_params()["ls_provider"] == "ollama"
    assert llm._get_ls_params(model="second:3b")["ls_model_name"] == "second:3b"
    assert llm.model == "zeta-router"
    assert not llm.is_lc_serializable()


def test_it_is_identified_by_its_models_and_parameters() -> None:
    told = World(temperature=0.5).llm._identifying_params

    assert told == {"model": "zeta-router", "models": ["first:7b", "second:3b"], "temperature": 0.5}


def test_messages_can_be_trimmed_by_it() -> None:
    """Without the `transformers` package, which the inherited method would want."""
    messages = [SystemMessage("be brief"), *(HumanMessage("word " * 50) for _ in range(5))]

    kept = trim_messages(messages, max_tokens=150, token_counter=World().llm, include_system=True)

    assert 2 <= len(kept) < 6


# -- fields ------------------------------------------------------------------------------------------------------------


def test_every_field_of_chat_ollama_has_a_meaning() -> None:
    """None is ignored silently: it is a field here, or goes to the children that are built."""
    ours = ChatZeta.model_fields.keys() | CHILDS_OWN

    assert ChatOllama.model_fields.keys() - ours == set()


def test_a_field_of_chat_ollama_reaches_the_children(server: SimulatedOllama) -> None:
    llm = ChatZeta([LLAMA], base_url=server.url, num_gpu=1, mirostat=0, client_kwargs={"headers": {"X-Key": "1"}})

    llm.invoke("hello")

    (child,) = llm.children
    assert (child.num_gpu, child.mirostat) == (1, 0)


@pytest.mark.parametrize("mode", MODES)
def test_sampling_can_be_changed_per_call(server: SimulatedOllama, mode: str) -> None:
    """`ChatOllama` raises `TypeError` for it; evaluation libraries do it all the same."""
    llm = ChatZeta([LLAMA], base_url=server.url)

    short = ask(llm, mode, num_predict=2, temperature=0.0)
    also = ask(llm.bind(max_tokens=3), mode)

    assert [message.usage_metadata["output_tokens"] for message in (short, also)] == [2, 3]
    assert len(list(llm.children)) == 1


def test_options_of_one_call_keep_the_context_size() -> None:
    """They replace all of the child's, and with another context Ollama would load the model again."""
    with SimulatedOllama(models=[LLAMA], time_scale=100) as server:
        llm = ChatZeta([LLAMA], base_url=server.url)
        llm.invoke("hello")
        message = llm.invoke("hello", options={"num_predict": 2})

    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 2
    assert message.response_metadata["load_duration"] / 1e9 < 0.5


@pytest.mark.parametrize("told", [False, "low"])
def test_thinking_is_passed_on_even_when_it_is_off(told: Any) -> None:
    """None leaves it to the model; False is a wish."""

    class Thinker(Scripted):
        reasoning: Any = None

        def _begin(self, messages: Any, kwargs: Any) -> AIMessage:
            self.seen.append({"reasoning": self.reasoning})
            return super()._begin(messages, kwargs)

    world = World(Thinker(model="first:7b"), reasoning=told)
    world.llm.invoke("hello")

    assert world.first.seen[0]["reasoning"] is told


class Waiting(BaseRateLimiter):
    """Notes how many decisions had been made when it was asked."""

    def __init__(self, router: ZetaDynamicRouter) -> None:
        self.router = router
        self.asked: list[int] = []

    def acquire(self, *, blocking: bool = True) -> bool:
        self.asked.append(self.router.snapshot().decisions)
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire(blocking=blocking)


@pytest.mark.parametrize("mode", MODES)
def test_the_rate_limiter_is_asked_before_a_model_is_picked(mode: str) -> None:
    """Its wait is charged to no model, and each call is counted once, however many attempts it takes."""
    world = World()
    world.first.fails = ConnectionError("gone")
    limiter = Waiting(world.router)

    ask(world.llm.model_copy(update={"rate_limiter": limiter}), mode)

    assert limiter.asked == [0]
    assert world.fates == ["error", "ok"]


@pytest.mark.parametrize("streams", [True, "tool_calling"])
@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_disable_streaming_reaches_the_child(mode: str, streams: Any) -> None:
    """True for always, `tool_calling` where tools are bound."""
    llm = World(disable_streaming=streams).llm.bind_tools([magic])

    parts = list(llm.stream("magic 3")) if mode == "stream" else asyncio.run(_all(llm))

    (message,) = parts
    assert message.tool_calls[0]["name"] == "magic"
    assert zeta(message)["model"] == "first:7b"


async def _all(llm: Any) -> list[Any]:
    return [part async for part in llm.astream("magic 3")]


def test_the_standard_parameters_of_chat_models_are_taken() -> None:
    """LangChain's own tests construct every chat model with these."""
    world = World(temperature=0, max_tokens=100, timeout=60, stop=[], max_retries=2, api_key="x", streaming=True)

    assert world.llm.invoke("hello").content
    assert (world.llm.temperature, world.llm.max_tokens, world.llm.stop) == (0, 100, [])


@pytest.mark.parametrize("mode", MODES)
def test_zeta_settings_come_through_configurable(mode: str) -> None:
    """As config, as bound config, and as configurable fields of other links of a chain."""
    world = World()
    llm = world.llm.with_config(configurable={"zeta_task": "poetry", "zeta_session": "s", "zeta_deadline": 60})

    message = ask(llm, mode, config={"configurable": {"zeta_model": "second:3b"}})

    assert (zeta(message)["task"], zeta(message)["model"]) == ("poetry", "second:3b")


def test_models_can_be_chosen_by_configurable_alternatives() -> None:
    """A `ChatZeta` as one of several alternatives."""
    other: BaseChatModel = Scripted(model="other", text="other")
    llm = World().llm.configurable_alternatives(ConfigurableField(id="llm"), default_key="zeta", other=other)

    assert llm.invoke("hello").content == "one two three four"
    assert llm.invoke("hello", {"configurable": {"llm": "other"}}).content == "other"


def test_a_router_can_be_shared() -> None:
    """Two chat models over one router learn together."""
    router = ZetaDynamicRouter([], policy=InOrder())
    models: list[Any] = [Scripted(model="a")]
    one, two = ChatZeta(models, router=router), ChatZeta(models, router=router)

    one.invoke("hello")
    two.invoke("hello", {"callbacks": [Recorder()]})

    assert router.snapshot().decisions == 2
