"""Simulated models that answer the built-in prompts: one knows them all, the other talks."""

from __future__ import annotations

from zeta_router.simulator.responders import Answer, Prompt, ToolCall

RIGHT = {
    "Say hello": "Hello, and welcome to the team!",
    "locker 42": f"{(42 * 7919) % 9973:04d}",
    "running_max": (
        "```python\nfrom typing import List\n\ndef running_max(numbers: List[int]) -> List[int]:\n    found = []\n"
        "    for number in numbers:\n        found.append(number if not found else max(found[-1], number))\n"
        "    return found\n```"
    ),
    "order from this message": '{"customer": "Priya", "item": "desk lamps", "quantity": 3}',
    "12 pencils": "4 boxes are 48 pencils, 48 - 19 = 29.\n29",
    "youngest": "Bo",
    "city council": "The old bridge closes for eighteen months of repairs.",
    "Translate into German": "Das Buch liegt auf dem Tisch.",
    "count_vowels": "def count_vowels(text):\n    return sum(c in 'aeiou' for c in text.lower())",
    "four lines": "The sea\nis wide,\nthe sea\nis deep.",
}


class Two:
    """Models of the family qwen2.5 are right, every other one only talks."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def answer(self, prompt: Prompt) -> Answer:
        self.asked.append((prompt.model, prompt.question))
        if not prompt.model.startswith("qwen2.5"):
            return Answer(text="I would rather talk about the weather in general, if I may.")
        if prompt.tools:
            return Answer(tool_calls=(ToolCall(name="get_weather", arguments={"city": "Lisbon, Portugal"}),))
        return Answer(text=next(text for key, text in RIGHT.items() if key in prompt.question))
