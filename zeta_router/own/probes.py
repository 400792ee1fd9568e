"""The built-in prompts: short, with answers that can be judged without another model.

They are few and easy on purpose. They find out how fast a model reads and writes here, whether it calls tools and keeps
to a schema, and tell a model that works from one that does not; feedback on real answers soon outweighs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zeta_router.own.checks import Check, brief, calls, computes, ends_with_number, has_lines, is_json, says

_REGISTER = "\n".join(
    f"Locker {n}: key {(n * 7919) % 9973:04d}, rented by guest {(n * 131) % 997}, paid until day {(n * 17) % 28 + 1}."
    for n in range(1, 61)
)
"""Some 1,500 tokens that no model has seen, for the time it takes to read."""

_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Return the weather in a city right now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
_ORDER = {
    "type": "object",
    "properties": {"customer": {"type": "string"}, "item": {"type": "string"}, "quantity": {"type": "integer"}},
    "required": ["customer", "item", "quantity"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One built-in prompt and how its answer is judged."""

    name: str
    task: str
    prompt: str
    check: Check
    most_tokens: int
    """Bound on the answer; a model that thinks gets `THINKING` times as many."""
    tools: tuple[Mapping[str, Any], ...] = ()
    format: Mapping[str, Any] | None = None
    """JSON schema that the answer is bound to."""

    @property
    def needs(self) -> frozenset[str]:
        """Capabilities that a model must have."""
        return frozenset({"completion", "tools"} if self.tools else {"completion"})


PROBES: tuple[Probe, ...] = (
    Probe(
        name="greeting",
        task="chat",
        prompt="Say hello to a new colleague in one short sentence.",
        check=brief(40, "hello"),
        most_tokens=60,
    ),
    Probe(
        name="long text",
        task="qa",
        prompt=f"{_REGISTER}\n\nWhich key belongs to locker 42? Answer with the four digits only.",
        check=says(f"{(42 * 7919) % 9973:04d}"),
        most_tokens=60,
    ),
    Probe(
        name="running maximum",
        task="code",
        prompt=(
            "Write a Python function running_max(numbers) that returns a list in which each element is the largest "
            "number up to that place. Answer with the code only."
        ),
        check=computes("running_max", [([[3, 1, 4, 1, 5]], [3, 3, 4, 4, 5]), ([[]], []), ([[-2, -3]], [-2, -2])]),
        most_tokens=220,
    ),
    Probe(
        name="tool call",
        task="tools",
        prompt="What is the weather in Lisbon right now?",
        check=calls("get_weather", "city", "Lisbon"),
        most_tokens=120,
        tools=(_WEATHER,),
    ),
    Probe(
        name="schema",
        task="extract",
        prompt='Extract the order from this message: "Hi, this is Priya. Please send me 3 desk lamps, thanks!"',
        check=is_json(customer="Priya", quantity=3),
        most_tokens=120,
        format=_ORDER,
    ),
    Probe(
        name="word problem",
        task="math",
        prompt=(
            "A box holds 12 pencils. Mara has 4 full boxes and gives away 19 pencils. How many are left? "
            "End with the number alone on the last line."
        ),
        check=ends_with_number(29),
        most_tokens=220,
    ),
    Probe(
        name="order of three",
        task="reasoning",
        prompt="Tom is older than Ann. Ann is older than Bo. Who is the youngest? Answer with the name only.",
        check=brief(30, "Bo"),
        most_tokens=80,
    ),
    Probe(
        name="summary",
        task="summarize",
        prompt=(
            "Summarize in one sentence: The city council voted on Tuesday to close the old bridge for repairs. Buses "
            "will take the northern route for eighteen months. Shopkeepers fear for their customers, and the mayor "
            "promised a weekly shuttle."
        ),
        check=brief(45, "bridge"),
        most_tokens=100,
    ),
    Probe(
        name="translation",
        task="translate",
        prompt="Translate into German: The book is on the table.",
        check=says("Buch", "Tisch"),
        most_tokens=60,
    ),
    Probe(
        name="vowels",
        task="code",
        prompt=(
            "Write a Python function count_vowels(text) that returns how many of the letters a, e, i, o, u occur in "
            "the text, in upper or lower case. Answer with the code only."
        ),
        check=computes("count_vowels", [(["Education"], 5), ([""], 0), (["RHYTHM"], 0), (["AbEcI"], 3)]),
        most_tokens=220,
    ),
    Probe(
        name="four lines",
        task="writing",
        prompt="Write a poem of exactly four lines about the sea. Nothing else.",
        check=has_lines(4),
        most_tokens=120,
    ),
)
"""In the order they are run: speed first, then what differs most between models."""

THINKING = 6
"""How many times as many tokens a model gets that thinks before it answers."""
EMBEDDING_TEXTS = ("The ferry left at dawn.", "A boat sailed in the morning.", "Invoice 2024-117 is payable now.")
"""What an embedding model is timed on."""
