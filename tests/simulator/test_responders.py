"""Who makes the answers: plausible, scripted, echoed, or filled in by the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zeta_router.simulator.responders import (
    Answer,
    DefaultResponder,
    EchoResponder,
    HashedNgrams,
    Message,
    Prompt,
    SchemaResponder,
    ScriptedResponder,
    Tool,
    ToolCall,
)
from zeta_router.simulator.responders.filling import Filler
from zeta_router.simulator.tokens import count, cut


def ask(text: str, **more: Any) -> Prompt:
    return Prompt(model="llama3.2:3b", messages=(Message(role="user", content=text),), **more)


def test_the_same_prompt_has_the_same_answer_on_every_run() -> None:
    """Length and text depend on seed and prompt alone; another seed gives other lengths."""
    prompts = [ask(f"Write a story about {n} cats.") for n in range(20)]
    lengths = [[len(DefaultResponder(seed=seed).answer(prompt).text) for prompt in prompts] for seed in (1, 1, 2)]

    assert lengths[0] == lengths[1] != lengths[2]
    assert len(set(lengths[0])) > 10


def test_code_takes_longer_than_small_talk() -> None:
    """Median lengths differ by what is asked."""
    code = sorted(len(DefaultResponder().answer(ask(f"Write a python function f{n}")).text) for n in range(99))
    chat = sorted(len(DefaultResponder().answer(ask(f"Hello {n}")).text) for n in range(99))

    assert code[49] > 1.5 * chat[49]


def test_every_kind_of_schema_is_filled() -> None:
    """Values come from the text in order, or are plausible; references, unions and bounds are followed."""
    schema = {
        "$defs": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        "type": "object",
        "properties": {
            "pet": {"$ref": "#/$defs/Pet"},
            "age": {"anyOf": [{"type": "null"}, {"type": "integer", "maximum": 30}]},
            "size": {"enum": ["small", "large"]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "weight": {"type": "number"},
            "born": {"type": "string", "format": "date"},
            "kind": {"const": "pet"},
            "nothing": {"type": "null"},
        },
    }
    value = Filler("'Tom', 99 years, 'large', 4.5 kg, 'lazy', 'grey'").value(schema)

    assert value == {
        "pet": {"name": "Tom"},
        "age": 30,
        "size": "large",
        "tags": ["lazy", "grey"],
        "weight": 4.5,
        "born": "2026-01-01",
        "kind": "pet",
        "nothing": None,
    }


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    """A tree of optional children is cut off at some depth."""
    node: dict[str, Any] = {"type": "object", "properties": {"child": {"$ref": "#"}, "id": {"type": "integer"}}}

    assert "child" in Filler("").value(node)


def test_the_tool_that_the_question_names_is_called() -> None:
    """Of several tools the one sharing most words with the question is taken."""
    tools = (
        Tool(name="get_weather", description="Weather of a city"),
        Tool(name="add_numbers", description="Add two numbers"),
    )
    answer = SchemaResponder().answer(ask("Please add the numbers 1 and 2", tools=tools))

    assert [call.name for call in answer.tool_calls] == ["add_numbers"]


def test_after_a_tools_result_the_answer_is_text() -> None:
    """No second call: an agent's loop comes to an end."""
    messages = (Message(role="user", content="Add 1 and 2"), Message(role="tool", content="3"))
    answer = SchemaResponder().answer(Prompt(model="m", messages=messages, tools=(Tool(name="add"),)))

    assert (answer.text, answer.tool_calls) == ("The result is 3.", ())


def test_a_script_is_read_in_order_and_per_model() -> None:
    """Lines of the model come first, then those for all, then what answers afterwards."""
    responder = ScriptedResponder({"llama3.2:3b": ["one"], "": ["two"]}, then=EchoResponder())

    assert [responder.answer(ask("three")).text for _ in range(3)] == ["one", "two", "three"]


def test_a_script_can_be_a_file(tmp_path: Path) -> None:
    """One JSON value per line; a wrong line is named."""
    script = tmp_path / "script.jsonl"
    call = {"name": "add", "arguments": {"a": 1}}
    script.write_text('"Hello."\n\n' + json.dumps({"text": "Sum:", "tool_calls": [call]}) + "\n", encoding="utf-8")
    responder = ScriptedResponder.from_file(script)

    assert responder.answer(ask("x")) == Answer(text="Hello.")
    assert responder.answer(ask("x")).tool_calls == (ToolCall(name="add", arguments={"a": 1}),)

    script.write_text("5\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"script\.jsonl, line 1: expected a JSON string"):
        ScriptedResponder.from_file(script)


def test_vectors_are_the_same_everywhere_and_differ_between_models() -> None:
    """A text has one vector per model, of length 1."""
    embedder = HashedNgrams()
    one, again = (embedder.embed("red apple", model="a", length=64) for _ in range(2))
    other = embedder.embed("red apple", model="b", length=64)

    assert one == again != other
    assert sum(x * x for x in embedder.embed("", model="a", length=64)) == pytest.approx(1)


def test_texts_do_not_show_in_reprs() -> None:
    """Prompts and answers stay out of logs."""
    prompt = ask("my secret", tools=(Tool(name="add"),))
    answer = Answer(
        text="my secret", thinking="my secret", tool_calls=(ToolCall(name="add", arguments={"x": "my secret"}),)
    )

    assert "secret" not in repr(prompt) + repr(answer) + repr(Filler("'my secret'"))


@pytest.mark.parametrize(
    "text",
    ["", "Paris is the capital of France.", "def f(x):\n    return x\n", "東京は12月。", "a_b  c\t…!!!", "été 🙂"],
)
def test_tokens_join_to_the_text_again(text: str) -> None:
    """Nothing is lost between tokens."""
    assert "".join(cut(text)) == text


def test_english_has_about_four_characters_a_token() -> None:
    """As with real tokenizers."""
    text = (
        "The quick brown fox jumps over the lazy dog, while thirteen enthusiastic developers discuss whether "
        "asynchronous programming improves the throughput of their distributed applications. "
    )

    assert 3.5 < len(text) / count(text) < 5.5
