"""Whether anybody watches: the short way agrees with LangChain's own, and what nobody sees is not built."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.globals import set_debug
from langchain_core.runnables.config import get_callback_manager_for_config
from langchain_core.tracers.context import collect_runs, register_configure_hook, tracing_v2_callback_var

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, Recorder, World, ask, zeta
from zeta_langchain import watchers
from zeta_langchain.watchers import is_watched

hooked: ContextVar[Any] = ContextVar("hooked", default=None)
register_configure_hook(hooked, inheritable=True, handle_class=Recorder, env_var="ZETA_TEST_HOOK")


@contextlib.contextmanager
def debugging() -> Iterator[None]:
    set_debug(True)
    try:
        yield
    finally:
        set_debug(False)


@contextlib.contextmanager
def set_to(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


NOBODY = {"nothing": {}, "None": {"callbacks": None}, "an empty list": {"callbacks": []}}
NOBODY["a manager without handlers"] = {"callbacks": CallbackManager(handlers=[])}
SOMEBODY = {"a list": {"callbacks": [Recorder()]}, "a manager": {"callbacks": CallbackManager(handlers=[Recorder()])}}


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("config", {**NOBODY, **SOMEBODY}.values(), ids={**NOBODY, **SOMEBODY}.keys())
def test_callbacks_in_the_config_watch(config: Any, short: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler watches, a manager without one does not; the same where LangChain's private names are gone."""
    if not short:
        monkeypatch.setattr(watchers, "_hooks", None)

    assert is_watched(config) == bool(get_callback_manager_for_config(config).handlers) == (config in SOMEBODY.values())


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize(
    "around",
    [
        debugging,
        collect_runs,
        lambda: set_to(hooked, Recorder()),
        lambda: set_to(tracing_v2_callback_var, Recorder()),
    ],
    ids=["debug", "collect_runs", "a hook", "LangSmith"],
)
def test_whoever_watches_without_being_in_the_config_is_found(
    around: Any, short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks and tracers are set around the call."""
    if not short:
        monkeypatch.setattr(watchers, "_hooks", None)

    with around():
        assert is_watched({}) == bool(get_callback_manager_for_config({}).handlers) is True
    assert not is_watched({})


def test_a_hook_by_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain makes a handler of its own for each run, if the variable is set."""
    monkeypatch.setenv("ZETA_TEST_HOOK", "1")

    assert is_watched({}) == bool(get_callback_manager_for_config({}).handlers) is True


@pytest.mark.parametrize("mode", MODES)
def test_a_call_in_a_collected_context_has_its_node(mode: str) -> None:
    """`collect_runs` sees one tree, with the call above the model."""
    with collect_runs() as collected:
        message = ask(World().llm, mode)

    (root,) = collected.traced_runs
    assert root.name == "ChatZeta"
    assert [run.name for run in root.child_runs] == ["Scripted"]
    assert message.content == "one two three four"


class Counting(Scripted):
    """Counts the handlers that watch each of its answers."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        self.seen.append({"handlers": len(run_manager.handlers) if run_manager else 0})
        return super()._generate(messages, stop, None, **kwargs)


def test_a_probe_watches_only_where_it_sees_more() -> None:
    """A parser hides the model's answer. What the model is asked for itself can be seen without a handler."""
    from zeta_langchain import ChatZeta

    child = Counting(model="a")
    llm = ChatZeta([child])

    def handlers(llm: Any, **configurable: Any) -> int:
        child.seen.clear()
        llm.invoke("x is 4", {"configurable": configurable})
        return int(child.seen[0]["handlers"])

    assert handlers(llm) == 0
    assert handlers(llm, zeta_deadline=60) == 0
    assert handlers(llm.with_structured_output({"title": "P", "type": "object", "properties": {}})) == 1


def test_what_is_learned_does_not_depend_on_who_watches() -> None:
    """Tokens and fates are the same with a handler and without one; only a stream tells its first token."""
    told: list[Any] = []
    for config in ({}, {"callbacks": [Recorder()]}):
        for mode in MODES:
            world = World()
            message = ask(world.llm, mode, config=config)
            (outcome,) = world.outcomes
            told.append((outcome.fate, outcome.prompt_tokens, outcome.output_tokens))
            assert (outcome.timings.first_token is not None) == ("stream" in mode)
            assert zeta(message)["attempts"][0]["fate"] == "ok"

    assert set(told) == {("ok", 3, 4)}
