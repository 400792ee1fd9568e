"""A model that says what a test wrote down."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zeta_router.simulator.responders.base import Answer, Prompt, Responder, ToolCall
from zeta_router.simulator.responders.default import DefaultResponder


class ScriptedResponder:
    """Gives the given answers in turn, per model or for all models, and then what `then` says.

    ```python
    ScriptedResponder(["Paris.", Answer(tool_calls=(ToolCall(name="add", arguments={"a": 1}),))])
    ScriptedResponder({"llama3.2:3b": ["Paris."], "phi4:14b": ["Rome."]})
    ```

    Args:
        answers: Texts or answers in order, or one such list per model, named as the client names it.
        then: What answers when the script is over; by default plausible text.
    """

    def __init__(
        self,
        answers: Iterable[str | Answer] | Mapping[str, Iterable[str | Answer]],
        *,
        then: Responder | None = None,
    ) -> None:
        per_model = answers if isinstance(answers, Mapping) else {"": answers}
        self._left = {model: deque(map(_answer, lines)) for model, lines in per_model.items()}
        self._then = then or DefaultResponder()

    @classmethod
    def from_file(cls, path: str | Path) -> ScriptedResponder:
        """Read a script: one JSON value per line, a string or `{"text", "thinking", "tool_calls", "model"}`.

        Raises:
            ValueError: A line is neither; the message says which.
        """
        lines: dict[str, list[str | Answer]] = {"": []}
        for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                model, answer = _from_json(json.loads(line))
            except (ValueError, KeyError, TypeError) as exc:
                raise ValueError(
                    f'{path}, line {number}: expected a JSON string, or an object such as {{"text": "Hello."}}'
                ) from exc
            lines.setdefault(model, []).append(answer)
        return cls(lines)

    def answer(self, prompt: Prompt) -> Answer:
        """Return the next answer for this model."""
        for key in (prompt.model, ""):
            if left := self._left.get(key):
                return left.popleft()
        return self._then.answer(prompt)


def _answer(line: str | Answer) -> Answer:
    return line if isinstance(line, Answer) else Answer(text=line)


def _from_json(value: Any) -> tuple[str, Answer]:
    if isinstance(value, str):
        return "", Answer(text=value)
    if not isinstance(value, dict):
        raise TypeError("neither a string nor an object")
    calls = tuple(
        ToolCall(name=call["name"], arguments=call.get("arguments", {})) for call in value.get("tool_calls", [])
    )
    text, thinking = value.get("text", ""), value.get("thinking", "")
    return value.get("model", ""), Answer(text=text, thinking=thinking, tool_calls=calls)
