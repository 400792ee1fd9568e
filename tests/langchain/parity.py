"""Writes down everything that LangChain tells of a call, so that two calls can be compared word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from pydantic import BaseModel

NODES = ("ChatZeta", "mine")
"""Names of the one node that is added; the second where the caller names it."""

Entry = dict[str, Any]
"""One event: `event`, `name`, `run`, `parents` (outermost first), and what it carries."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def plain(value: Any) -> Any:
    """Return a value as plain data, without the router's stamp."""
    if isinstance(value, BaseMessage):
        dumped = value.model_dump()
        dumped["response_metadata"] = {k: v for k, v in value.response_metadata.items() if k != "zeta"}
        return {"message": type(value).__name__, **plain(dumped)}
    if isinstance(value, LLMResult):
        return [[plain(generation.message) for generation in some] for some in value.generations]  # type: ignore[union-attr]
    if isinstance(value, BaseModel):
        return {"class": type(value).__name__, **plain(value.model_dump())}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in sorted(value.items(), key=lambda item: str(item[0]))}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (list, tuple, set)):
        return [plain(inner) for inner in value]
    if isinstance(value, BaseException):
        return repr(value)
    return str(value) if isinstance(value, UUID) else value


TAKEN_OVER = ("name",)
"""What the node takes over from the model, as the one that stands in its place: the `run_name`."""


def is_node(entry: Entry) -> bool:
    """Return whether an event is one of the added node's."""
    return entry["name"] in NODES and entry["event"].startswith("chain")


def without_node(entries: Iterable[Entry]) -> list[str]:
    """Return events as text: the added node and its own events left out, ids numbered in the order they appear."""
    told = list(entries)
    nodes = {entry["run"] for entry in told if is_node(entry)}
    numbers: dict[str, str] = {}
    lines = []
    for entry in told:
        if entry["run"] in nodes:
            continue
        kept = {key: value for key, value in entry.items() if key not in TAKEN_OVER}
        kept = {**kept, "parents": [parent for parent in entry["parents"] if parent not in nodes]}
        lines.append(_UUID.sub(lambda found: numbers.setdefault(found[0], f"#{len(numbers)}"), repr(kept)))
    return lines


class Log(BaseCallbackHandler):
    """Writes down what a callback handler is told: every event with all it carries, and the tree of runs."""

    run_inline = True

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.names: dict[str, str] = {}
        self.parents: dict[str, list[str]] = {}

    @property
    def nodes(self) -> int:
        """How many times the added node began."""
        return sum(is_node(entry) and entry["event"].endswith("start") for entry in self.entries)

    def _note(self, event: str, told: Any, run_id: Any, parent_run_id: Any, more: Mapping[str, Any]) -> None:
        run = str(run_id)
        if event.endswith("start"):
            above = str(parent_run_id) if parent_run_id else None
            self.parents[run] = [*self.parents.get(above, ()), above] if above else []
            self.names[run] = str(more.get("name"))
        entry = {"event": event, "name": self.names[run], "run": run, "parents": self.parents[run], "told": plain(told)}
        self.entries.append({**entry, **plain({k: v for k, v in sorted(more.items()) if k != "name"})})

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any
    ) -> None:
        self._note("chain start", inputs, run_id, parent_run_id, kw)

    def on_chain_end(self, outputs: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note("chain end", outputs, run_id, parent_run_id, kw)

    def on_chain_error(self, error: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note("chain error", error, run_id, parent_run_id, kw)

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any
    ) -> None:
        self._note("model start", [serialized, messages], run_id, parent_run_id, kw)

    def on_llm_new_token(
        self, token: Any, *, run_id: Any, parent_run_id: Any = None, chunk: Any = None, **kw: Any
    ) -> None:
        self._note("token", [token, chunk], run_id, parent_run_id, kw)

    def on_stream_event(self, event: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note("stream event", event, run_id, parent_run_id, kw)

    def on_llm_end(self, response: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note("model end", response, run_id, parent_run_id, kw)

    def on_llm_error(self, error: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note("model error", error, run_id, parent_run_id, {k: v for k, v in kw.items() if k != "response"})

    def on_tool_start(
        self, serialized: Any, input_str: str, *, run_id: Any, parent_run_id: Any = None, **kw: Any
    ) -> None:
        self._note("tool start", input_str, run_id, parent_run_id, {**kw, "name": serialized.get("name")})

    def on_tool_end(self, output: Any, *, run_id: Any, parent_run_id: Any = None, **kw: Any) -> None:
        self._note("tool end", output, run_id, parent_run_id, kw)
