"""What of a conversation tells the task: the last message, what it follows, the system prompt, tools, attachments."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from zeta_router import Request, ZetaDynamicRouter, classify
from zeta_router.tasks.conversation import read_conversation

CODE = "Write a python function that removes duplicates from a list and add type hints."


def test_a_follow_up_stays_with_what_it_follows() -> None:
    """`continue` alone is small talk; after a programming question it is programming, and says why."""
    alone = classify("continue")
    after = classify([("user", CODE), ("assistant", "def f(x): ..."), ("user", "continue")])
    assert alone.task == "chat"
    assert after.probabilities["code"] > 10 * alone.probabilities["code"]
    assert sum(after.probabilities.values()) == pytest.approx(1.0)


def test_a_message_that_stands_alone_is_not_pulled_back() -> None:
    """A new, complete question is judged by itself, whatever came before."""
    question = "What is the capital of Peru, and how many people live there at the moment?"
    assert classify([("user", CODE), ("user", question)]).probabilities == classify(question).probabilities


def test_a_system_prompt_helps_where_the_message_leaves_open() -> None:
    """It moves an unsure guess and leaves a sure one as it is."""
    system = {"role": "system", "content": "You translate every message of the user into German. Only translate."}
    unsure = {"role": "user", "content": "The ferry left the harbour at dawn with forty passengers and two horses."}
    sure = {"role": "user", "content": CODE}
    translated = classify([system, unsure]).probabilities["translate"]
    assert translated > classify([unsure]).probabilities["translate"] + 0.1
    assert classify([system, sure]).task == "code"


@pytest.mark.parametrize(
    "used",
    [
        {"role": "tool", "content": "21 degrees"},
        SimpleNamespace(type="ai", content="", tool_calls=[{"name": "get_weather", "args": {}}]),
    ],
)
def test_tools_in_the_conversation_make_tools_likelier(used: object) -> None:
    """A result or a call of a tool counts as tools offered."""
    asked = {"role": "user", "content": "And what is the weather like in Lima today?"}
    assert classify([used, asked]).probabilities["tools"] > classify([asked]).probabilities["tools"]


def test_a_request_body_is_understood() -> None:
    """A mapping with messages and tools, as Ollama takes it, is read as the conversation it is."""
    body = {"messages": [{"role": "user", "content": "Book a table for two"}], "tools": [{"type": "function"}]}
    assert read_conversation(body).tools
    assert classify(body).task == "tools"
    assert classify({"messages": {}}).task == "chat"


def test_attachments_are_passed_over() -> None:
    """Of a message in parts only the text is read."""
    parts = [{"type": "image_url", "image_url": "x"}, {"type": "text", "text": CODE}]
    assert classify([{"role": "user", "content": parts}]).task == "code"


class Hostile:
    @property
    def content(self) -> str:
        raise RuntimeError("no")


def test_an_object_that_raises_is_an_empty_prompt() -> None:
    """Whatever a stranger's property does, a guess does not raise."""
    assert classify(Hostile()).task == "chat"
    assert classify([Hostile(), Hostile()]).probability < 0.5


def test_a_conversation_shows_nothing_of_its_text() -> None:
    """Its repr has lengths only."""
    assert "hunter2" not in repr(read_conversation([("system", "hunter2"), ("user", "hunter2 too")]))


def test_a_router_knows_that_tools_are_bound() -> None:
    """A request that needs tools is more likely a call of one."""
    with ZetaDynamicRouter(["a:7b"]) as router:
        plain = router.guess_of(Request(text="what is the weather like in lima"))
        bound = router.guess_of(Request(text="what is the weather like in lima", needs=frozenset({"tools"})))
    assert bound.probabilities["tools"] > plain.probabilities["tools"]


def test_of_a_declared_task_the_text_tells_the_rest() -> None:
    """The declared task is certain; kind of prompt, complexity and length still come from the text."""
    with ZetaDynamicRouter(["a:7b"]) as router:
        declared = router.guess_of(Request(text=CODE, task="support"))
        bare = router.guess_of(Request(prompt_tokens=50, task="support"))
    found = classify(CODE)
    assert (declared.task, declared.probability, dict(declared.probabilities)) == ("support", 1.0, {"support": 1.0})
    assert (declared.traits, declared.output_tokens) == (found.traits, found.output_tokens)
    assert bare.traits == ()
    assert bare.output_tokens is None
