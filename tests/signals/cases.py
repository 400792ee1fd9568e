# ruff: noqa: E501
"""Answers written for the tests, each with the signals that should find a fault in it. Nobody's real answers."""

from __future__ import annotations

from typing import Any, NamedTuple

from zeta_router.signals import Answer


class Case(NamedTuple):
    """One answer, and which signals must find a fault in it; all others must not."""

    name: str
    answer: Answer
    faults: frozenset[str] = frozenset()


WEATHER = {
    "weather": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city"],
    }
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "tags": {"items": {"type": "string"}}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PROSE = (
    "The Vistula is the longest river in Poland. It rises in the Beskids in the south, flows through Kraków and Warsaw, "
    "and reaches the Baltic Sea east of Gdańsk. Its length is a little over a thousand kilometres, and its basin covers "
    "more than half of the country."
)
LIST = "\n".join(
    f"{i}. Step {i}: check valve number {i} of the cooling circuit and note the pressure." for i in range(1, 15)
)
TABLE = "| model | size | speed |\n| --- | --- | --- |\n" + "\n".join(
    f"| m{i} | {i} GB | {90 - i} |" for i in range(12)
)
POEM = "\n".join(
    [
        "Row, row, row your boat,",
        "Gently down the stream.",
        "Merrily, merrily, merrily, merrily,",
        "Life is but a dream.",
    ]
    * 2
)


MISSED = {
    "Go without braces": {"code"},  # the grammar takes a function without a body, and a lone `return`
    "Italian": {"refusal"},
    "another subject": {"refusal"},
    "recommends": {"refusal"},
}
"""What is known to go wrong: name of the case → signals that find a fault where none is, or none where one is."""


def block(code: str, language: str = "python") -> str:
    return f"Here it is:\n\n```{language}\n{code}\n```\n\nTell me if you need more."


def case(name: str, text: str = "", *faults: str, **known: Any) -> Case:
    return Case(name, Answer(text=text, **known), frozenset(faults))


def calls(*made: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "args": args} for name, args in made]


CASES: tuple[Case, ...] = (
    # empty
    case("nothing", "", "empty"),
    case("white space", " \n\t\n", "empty"),
    case("only thoughts", "<think>The user wants a poem. Let me see.</think>\n", "empty"),
    case("thoughts that never end", "<think>The user wants a poem. Let me see", "empty"),
    case("a word", "Paris"),
    case("a number", "42"),
    case("a sign", "👍"),
    case("thoughts and a word", "<think>Capital of France.</think>Paris"),
    case("a call and no text", "", tool_calls=calls(("weather", {"city": "Rome"})), tools=WEATHER),
    # cut off
    case("the model's bound", PROSE[:150], "cut off", done_reason="length"),
    case("an open block", "Sure:\n\n```python\ndef add(a, b):\n    return a", "cut off"),
    case("an open block after a closed one", block("x = 1") + "\n```python\nfor i in range(", "cut off"),
    case("an open block of shell", "Run this:\n```bash\ncd /srv && make", "cut off"),
    case("a bound of the caller's", PROSE[:150], done_reason="length", bounded=True),
    case("ends well", PROSE, done_reason="stop"),
    case("ends without a full stop", "The answer is 12", done_reason="stop"),
    case("two closed blocks", block("x = 1") + block("y = 2")),
    case("back-ticks in a line", "Use three back-ticks (```) to open a block, and `code` for words."),
    # refusal
    case("sorry", "I'm sorry, but I can't assist with that request.", "refusal"),
    case("unable", "I am unable to provide the information you asked for.", "refusal"),
    case("as a model", "As an AI language model, I cannot browse the internet or access live data.", "refusal"),
    case("apology", "I apologize, but I cannot fulfill this request because it is unclear.", "refusal"),
    case("won't", "I won't help with that.", "refusal"),
    case("unfortunately", "Unfortunately, I cannot open links or access files on your machine.", "refusal"),
    case("not comfortable", "I am not comfortable writing this. I cannot create such content.", "refusal"),
    case("curly", "I’m sorry, but I can’t help with this.", "refusal"),
    case("German", "Es tut mir leid, aber dabei kann ich nicht helfen.", "refusal"),
    case("Spanish", "Lo siento, pero no puedo ayudarte con eso.", "refusal"),
    case("French", "Je suis désolé, mais je ne peux pas vous aider avec cela.", "refusal"),
    case("sorry for the mistake", "I'm sorry for the confusion. The capital of Australia is Canberra, not Sydney."),
    case("can't in an explanation", "You can't divide by zero: no number times zero gives one. The limit does not exist."),
    case("a letter that says sorry", "Dear Ms Lee,\n\nI am sorry to hear about the delay of your parcel. We have sent a new one."),
    case("a story with can't", "'I can't go on,' said Mara, and sat down in the snow. Far below, the lights went out one by one."),
    case("how to decline", "Here is a polite way to decline: 'Thank you for the offer. I have other plans that day.'"),
    case("cannot as a fact", "A tuple cannot be changed once it is made. Use a list where you need to append."),
    case("not something I can do", "That's not something I can help with.", "refusal"),
    case("Italian", "Mi dispiace, ma non posso aiutarti con questa richiesta.", "refusal"),
    case("another subject", "Let's talk about something else instead.", "refusal"),
    case("sorry to hear", "I'm sorry to hear that. I can help you with the complaint: first write down what happened."),
    case("afraid of nothing", "I'm afraid the train has left, but I can offer you two later ones: 14:10 and 15:40."),
    case("recommends", "I can't recommend this library enough: it will provide all you need in ten lines."),
    case("will not, of code", "The loop will not complete if the list is empty, since `next` raises StopIteration."),
    # repetition
    case("a word for ever", PROSE + " and so" + " on and" * 60, "repetition"),
    case("a sentence for ever", PROSE + " I hope this helps you with it." * 20, "repetition"),
    case("a paragraph for ever", (PROSE + " ") * 6, "repetition"),
    case("lines for ever", "Steps:\n" + "- check the cable and restart the router now\n" * 15, "repetition"),
    case("one sign for ever", "a" * 500, "repetition"),
    case("a laugh for ever", "ha" * 200, "repetition"),
    case("digits for ever", "0.142857" + "142857" * 40, "repetition"),
    case("a long list", LIST),
    case("a table", TABLE),
    case("a song's refrain", POEM),
    case("a long text", " ".join(f"Sentence {i} says that {i} times {i} is {i * i}." for i in range(60))),
    case("tests that look alike", block("\n".join(f"assert add({i}, {i}) == {2 * i}" for i in range(20)))),
    case("a quote at the end", PROSE + " No, no, no, said the king."),
    # tool calls
    case("a tool that is not there", "", "tool calls", tool_calls=calls(("forecast", {"city": "Rome"})), tools=WEATHER),
    case("nothing that is needed", "", "tool calls", tool_calls=calls(("weather", {"days": 2})), tools=WEATHER),
    case("a word for a number", "", "tool calls", tool_calls=calls(("weather", {"city": "Rome", "days": "two"})), tools=WEATHER),
    case("not one of the enum", "", "tool calls", tool_calls=calls(("weather", {"city": "Rome", "unit": "K"})), tools=WEATHER),
    case("arguments that are no JSON", "", "tool calls", tool_calls=calls(("weather", '{"city": "Ro')), tools=WEATHER),
    case("arguments that are a list", "", "tool calls", tool_calls=calls(("weather", "[1]")), tools=WEATHER),
    case("a good one and a bad one", "", "tool calls", tool_calls=calls(("weather", {"city": "Rome"}), ("x", {})), tools=WEATHER),
    case("a good call", "", tool_calls=calls(("weather", {"city": "Rome", "days": 2, "unit": "C"})), tools=WEATHER),
    case("a good call in JSON", "", tool_calls=calls(("weather", '{"city": "Rome"}')), tools=WEATHER),
    case("tools not known", "", tool_calls=calls(("anything", {"x": 1}))),
    case("no call where tools were offered", "It is sunny in Rome, says the forecast of noon.", tools=WEATHER),
    # schema
    case("prose for JSON", "The name is Ann and she is 30.", "schema", schema=PERSON),
    case("broken JSON", '{"name": "Ann", "age": 30', "schema", schema=PERSON),
    case("a name missing", '{"name": "Ann"}', "schema", schema=PERSON),
    case("a name too many", '{"name": "Ann", "age": 30, "job": "cook"}', "schema", schema=PERSON),
    case("a wrong type", '{"name": "Ann", "age": "thirty"}', "schema", schema=PERSON),
    case("a wrong item", '{"name": "Ann", "age": 30, "tags": [1, 2]}', "schema", schema=PERSON),
    case("good JSON", '{"name": "Ann", "age": 30, "tags": ["a"]}', schema=PERSON),
    case("good JSON in a block", '```json\n{"name": "Ann", "age": 30}\n```', schema=PERSON),
    case("good JSON after thoughts", '<think>Easy.</think>{"name": "Ann", "age": 30}', schema=PERSON),
    # code
    case("Python that does not parse", block("def add(a, b)\n    return a + b"), "code"),
    case("Python with an open bracket", block("print(sum([1, 2, 3)"), "code"),
    case("prose as Python", block("First you open the file and then you read it."), "code"),
    case("JSON with a comma too many", block('{"a": 1, "b": 2,}', "json"), "code"),
    case("the second block is broken", block("x = 1") + block("x = = 2"), "code"),
    case("JavaScript with an open brace", block("function f() { if (x) { return 1; }", "javascript"), "code"),
    case("Go without braces", block("func f() int\n  return 1", "go"), "code"),
    case("Rust that is Python", block("def f(x):\n    return x", "rust"), "code"),
    case("good Python", block("def add(a: int, b: int) -> int:\n    return a + b")),
    case("good Python in a list", "1. First:\n\n   ```python\n   x = 1\n   if x:\n       print(x)\n   ```\n"),
    case("good JavaScript", block("const f = (x) => ({ ...x, y: 1 });", "js")),
    case("good TypeScript", block("interface A { b: string }\nconst f = (a: A): string => a.b;", "ts")),
    case("good Go", block('package main\n\nfunc main() {\n\tprintln("hi")\n}', "go")),
    case("good Rust", block("fn f(x: i32) -> i32 { x + 1 }", "rust")),
    case("good shell", block("for f in *.txt; do wc -l \"$f\"; done", "bash")),
    case("a session", block(">>> 1 + 1\n2")),
    case("a piece with dots", block("class A:\n    ...\n    def f(self)\n")),
    case("no language", block("this is just some output: 12 %", "")),
    case("a language unknown here", block("PRINT 'HI' GOTO 10 (", "basic")),
)  # fmt: skip
