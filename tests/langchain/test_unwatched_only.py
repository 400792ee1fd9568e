"""Who watches hears of the model, wherever they listen: only where nobody does is it asked below its public methods."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from types import FunctionType
from typing import Any, cast

import pytest
from langchain_core.callbacks import BaseCallbackManager, CallbackManager, manager
from langchain_core.globals import set_debug, set_verbose
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableBinding
from langchain_core.tracers.context import collect_runs
from langchain_core.version import VERSION

from tests.langchain.fakes import Told
from tests.langchain.world import MODES, Recorder, World, ask
from zeta_langchain import ChatZeta, below, install_global, uninstall_global, zeta_timings
from zeta_langchain.untouched import functions_of


@contextlib.contextmanager
def debugging() -> Iterator[None]:
    set_debug(True)
    try:
        yield
    finally:
        set_debug(False)


@contextlib.contextmanager
def timed_everywhere() -> Iterator[None]:
    install_global()
    try:
        yield
    finally:
        uninstall_global()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("around", [debugging, collect_runs, zeta_timings, timed_everywhere])
def test_whoever_is_set_around_the_call_hears_of_it(around: Any, mode: str, capsys: Any) -> None:
    """Debugging, collected runs and timings: the model is asked the ordinary way, and then no more."""
    child = Told()
    llm = ChatZeta([child])

    with around():
        ask(llm, mode)
    assert child.told == ["asked"]

    ask(llm, mode)
    assert child.told == ["asked"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", ["the call", "a manager", "the router", "the child", "the child later"])
def test_a_handler_hears_of_the_model(place: str, mode: str) -> None:
    """Wherever it was given."""
    seen = Recorder()
    child = Told(callbacks=[seen] if place == "the child" else None)
    llm = ChatZeta([child], callbacks=[seen] if place == "the router" else None)
    if place == "the child later":
        ask(llm, mode)
        child.callbacks = [seen]
    callbacks = {"the call": [seen], "a manager": CallbackManager([seen], [seen])}.get(place)

    ask(llm, mode, config={"callbacks": callbacks})

    assert len(seen.runs("model")) == 1
    assert "model end" in seen.ended


class BoundToMore(Told):
    """Binds its tools with a handler, or by a binding of its own."""

    handler: Any = None
    own: bool = False

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        bound = super().bind_tools(tools, **kwargs)
        return OwnBinding(bound=self, told=self.told) if self.own else bound.with_config(callbacks=[self.handler])


class OwnBinding(RunnableBinding[Any, Any]):
    """Does something of its own."""

    told: Any

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        self.told.append("own")
        return super().invoke(*args, **kwargs)


@pytest.mark.parametrize("mode", MODES)
def test_a_handler_that_is_bound_with_tools_hears_of_the_model(mode: str) -> None:
    """What a child binds is more than keywords here."""
    seen = Recorder()

    ask(ChatZeta([BoundToMore(handler=seen)]).bind_tools([{"type": "function", "function": {"name": "f"}}]), mode)

    assert len(seen.runs("model")) == 1


def test_a_binding_of_the_models_own_is_asked() -> None:
    """By its own method."""
    child = BoundToMore(own=True)

    ChatZeta([child]).bind_tools([{"type": "function", "function": {"name": "f"}}]).invoke("hello")

    assert child.told == ["own", "asked"]


@pytest.mark.parametrize("mode", MODES)
def test_a_verbose_model_speaks(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each by its own field; LangChain's global says what new models have."""
    set_verbose(True)
    try:
        child = Told()
    finally:
        set_verbose(False)

    ask(ChatZeta([child]), mode)

    assert child.verbose
    assert child.told == ["asked"]


TRACED = {"ls_structured_output_format": {"kwargs": {}, "schema": {"title": "P", "type": "object", "properties": {}}}}


@pytest.mark.parametrize("mode", MODES)
def test_the_ordinary_way_is_taken_where_it_does_more(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of v1, keywords for the trace, versions of LangChain that nobody has compared."""
    for fields, kwargs in (({"output_version": "v1"}, {}), ({}, TRACED)):
        child = Told(**cast(Any, fields))
        ask(ChatZeta([child]), mode, **kwargs)
        assert child.told == ["asked"]

    monkeypatch.setattr(below, "IS_KNOWN", False)
    child = Told()
    assert ask(ChatZeta([child]), mode).content == "one two three four"
    assert child.told == ["asked"]


class Own(Told):
    """Has public methods of its own."""

    def invoke(self, *args: Any, **kwargs: Any) -> AIMessage:
        self.told.append("own")
        return super().invoke(*args, **kwargs)

    async def ainvoke(self, *args: Any, **kwargs: Any) -> AIMessage:
        self.told.append("own")
        return await super().ainvoke(*args, **kwargs)

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[AIMessageChunk]:
        self.told.append("own")
        yield from super().stream(*args, **kwargs)

    async def astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[AIMessageChunk]:
        self.told.append("own")
        async for part in super().astream(*args, **kwargs):
            yield part


class OwnGenerate(Told):
    """Has methods of its own where older code asks."""

    def generate(self, *args: Any, **kwargs: Any) -> Any:
        self.told.append("own")
        return super().generate(*args, **kwargs)

    async def agenerate(self, *args: Any, **kwargs: Any) -> Any:
        self.told.append("own")
        return await super().agenerate(*args, **kwargs)


@pytest.mark.parametrize("mode", MODES)
def test_public_methods_of_a_models_own_are_asked(mode: str) -> None:
    """By the name that the caller used."""
    child = Own()

    ask(ChatZeta([child]), mode)

    assert child.told == ["own", "asked"]


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_older_methods_of_a_models_own_are_asked(mode: str) -> None:
    """`invoke` comes by `generate`."""
    child = OwnGenerate()

    ask(ChatZeta([child]), mode)

    assert child.told == ["own", "asked"]


@pytest.mark.parametrize("place", ["class", "object"])
def test_a_method_that_is_put_in_place_is_asked(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the model's class, or on the one object, after it was asked without."""
    child = Told()
    llm = ChatZeta([child])
    llm.invoke("hello")

    def fake(*args: Any, **kwargs: Any) -> AIMessage:
        return AIMessage("fake")

    if place == "class":
        monkeypatch.setattr(Told, "invoke", fake)
    else:
        object.__setattr__(child, "invoke", fake)

    assert llm.invoke("hello").content == "fake"


# -- tools that trace ------------------------------------------------------------------------------------------------


class Proxy:
    """Stands for a function, as `wrapt` has it: equal to it, with its attributes, and another object."""

    def __init__(self, function: Any, told: list[str]) -> None:
        self.__wrapped__ = function
        self.told = told

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.told.append("heard")
        return self.__wrapped__(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


@pytest.mark.parametrize("mode", MODES)
def test_a_tool_that_listens_where_managers_are_made_sees_both_nodes(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenInference, OpenLLMetry and MLflow do: each manager gets their handler as it is made."""
    seen = Recorder()
    made = BaseCallbackManager.__init__

    @functools.wraps(made)
    def instrumented(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        if not any(handler is seen for handler in self.inheritable_handlers):
            self.add_handler(seen, inherit=True)

    world = World(Told(model="first:7b"))
    ask(world.llm, mode)
    monkeypatch.setattr(BaseCallbackManager, "__init__", instrumented)
    ask(world.llm, mode)

    assert [run[0] for run in seen.began] == ["chain ChatZeta", "model"]
    assert seen.began[1][2] == seen.began[0][1]
    monkeypatch.undo()
    ask(world.llm, mode)
    assert cast(Told, world.first).told == ["asked"]


@pytest.mark.parametrize("mode", MODES)
def test_a_tool_that_listens_where_managers_are_configured_is_asked(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Sentry does."""
    told: list[str] = []
    monkeypatch.setattr(manager, "_configure", Proxy(manager._configure, told))
    child = Told()

    ask(ChatZeta([child]), mode)

    assert "heard" in told


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("invoke", "generate"),
        ("ainvoke", "agenerate"),
        ("stream", "stream"),
        ("astream", "astream"),
        ("invoke", "invoke"),
        ("ainvoke", "ainvoke"),
    ],
)
def test_a_tool_that_listens_in_the_public_methods_is_asked(
    mode: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Datadog does, for every chat model at once."""
    told: list[str] = []
    monkeypatch.setattr(BaseChatModel, name, Proxy(vars(BaseChatModel)[name], told))

    ask(ChatZeta([Told()]), mode)

    assert told == ["heard"]


def test_what_was_replaced_before_we_came_is_not_taken_for_langchains() -> None:
    """A wrapper, though it says it is what it wraps, a proxy, and a name that is gone."""
    elsewhere: Any = FunctionType(compile("0", "elsewhere", "eval"), {})

    class Home:
        def whole(self) -> None: ...

        replaced = functools.wraps(whole)(elsewhere)
        proxied = Proxy(whole, [])

    Home.__module__ = __name__

    assert functions_of(Home, "whole") == (Home.whole,)
    assert all(function not in vars(Home).values() for function in functions_of(Home, "replaced", "proxied", "gone"))
    assert functions_of(CallbackManager, "configure") == (vars(CallbackManager)["configure"],)
    assert functions_of(manager, "_configure") == (manager._configure,)


# -- versions of LangChain -------------------------------------------------------------------------------------------


def test_the_installed_version_was_compared() -> None:
    """If not: read how its `invoke` and `stream` have changed, run this file with `LAST` raised, and keep it so."""
    assert below.IS_KNOWN, f"langchain-core {VERSION} is slower than it could be: see `below.LAST`"


@pytest.mark.parametrize("version", ["0.3.80", "1.1.0", "1.99.0", "2.0.0", "odd", "1.x"])
def test_other_versions_are_asked_the_ordinary_way(version: str) -> None:
    """Older ones, newer ones, and what is no version."""
    assert not below._is_known(version)


@pytest.mark.parametrize("name", ["_generate_with_cache", "_agenerate_with_cache", "_should_stream", "_convert_input"])
def test_without_a_private_name_the_ordinary_way_is_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be renamed in any release."""
    assert below._is_known(VERSION)

    monkeypatch.delattr(BaseChatModel, name)

    assert not below._is_known(VERSION)


def test_without_a_private_function_the_ordinary_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the two functions of the module."""
    for name in ("normalized", "metadata_of"):
        with monkeypatch.context() as patch:
            patch.setattr(below, name, None)
            assert not below._is_known(VERSION)
