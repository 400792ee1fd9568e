"""What a client asks of a model: chat and generate requests in one form."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zeta_router.simulator.responders.base import Message, Tool, ToolCall
from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.fields import check_types
from zeta_router.simulator.server.keep_alive import parse_keep_alive
from zeta_router.simulator.server.options import Options

_LEVELS = ("high", "medium", "low", "max")
_COMMON = {
    "model": "string", "stream": "bool", "options": "map[string]interface {}", "truncate": "bool", "shift": "bool",
    "logprobs": "bool", "top_logprobs": "int",
}  # fmt: skip
_CHAT = _COMMON | {"messages": "[]api.Message", "tools": "api.Tools"}
_GENERATE = _COMMON | {
    "prompt": "string", "suffix": "string", "system": "string", "template": "string", "context": "[]int",
    "raw": "bool", "images": "[]api.ImageData",
}  # fmt: skip
_MESSAGE = {"role": "string", "content": "string", "thinking": "string", "images": "[]api.ImageData",
            "tool_calls": "[]api.ToolCall", "tool_name": "string", "tool_call_id": "string"}  # fmt: skip
_TOKENS_PER_IMAGE = 256
_MOST_LOGPROBS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request for text. Its messages appear in no repr."""

    kind: Literal["chat", "generate"]
    model: str
    """As the client named it; may be empty."""
    messages: tuple[Message, ...] = field(default=(), repr=False)
    stream: bool = True
    format: Any = None
    """Not checked yet: the server finds a bad one only after loading the model."""
    options: Options = field(default_factory=Options)
    raw_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    keep_alive: float | None = None
    tools: tuple[Tool, ...] = ()
    think: bool | str | None = None
    truncate: bool = True
    shift: bool | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    suffix: bool = False
    """Whether text to be filled in before is given."""
    raw: bool = False
    extra_tokens: int = 0
    """Prompt tokens that are in no message: images, and the `context` of an earlier answer."""

    @property
    def thinks(self) -> bool:
        """Whether thinking was asked for."""
        return self.think is not None and self.think is not False


def parse_chat(body: Any) -> Ask:
    """Read the body of `/api/chat`.

    Raises:
        WireError: 400 for wrong types and values.
    """
    given = check_types(body, "ChatRequest", _CHAT)
    raw_messages = [check_types(each, "Message", _MESSAGE) for each in given.get("messages", ())]
    images = [image for message in raw_messages for image in message.get("images", ())]
    return Ask(
        kind="chat",
        messages=tuple(_message(message) for message in raw_messages),
        tools=tuple(_tool(tool) for tool in given.get("tools", ())),
        extra_tokens=_image_tokens(images),
        **_common(given),
    )


def parse_generate(body: Any) -> Ask:
    """Read the body of `/api/generate`: the prompt becomes a user message, after the system text if there is one.

    Raises:
        WireError: 400 for wrong types and values.
    """
    given = check_types(body, "GenerateRequest", _GENERATE)
    raw = given.get("raw", False)
    if raw and (given.get("template") or given.get("system") or given.get("context")):
        raise WireError(400, "raw mode does not support template, system, or context")
    texts = (("system", given.get("system", "")), ("user", given.get("prompt", "")))
    return Ask(
        kind="generate",
        messages=tuple(Message(role=role, content=text) for role, text in texts if text) if given.get("prompt") else (),
        suffix=bool(given.get("suffix")),
        raw=raw,
        extra_tokens=_image_tokens(given.get("images", ())) + len(given.get("context", ())),
        **_common(given),
    )


def checked_format(value: Any) -> Mapping[str, Any] | Literal["json"] | None:
    """Return what `format` asks for.

    Raises:
        WireError: 500 for anything but `json`, a schema, null or an empty string.
    """
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        return value
    if value == "json":
        return "json"
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    quoted = json.dumps(text, ensure_ascii=False)
    raise WireError(500, f'invalid format: {quoted}; expected "json" or a valid JSON Schema object')


def _common(given: Mapping[str, Any]) -> dict[str, Any]:
    top_logprobs = int(given.get("top_logprobs", 0))
    think = given.get("think")
    keep_alive = parse_keep_alive(given.get("keep_alive"))
    if think is not None and not isinstance(think, bool) and think not in _LEVELS:
        shown = json.dumps(think, ensure_ascii=False)
        raise WireError(400, f'invalid think value: {shown} (must be "high", "medium", "low", "max", true, or false)')
    if not 0 <= top_logprobs <= _MOST_LOGPROBS:
        raise WireError(400, "top_logprobs must be between 0 and 20")
    return {
        "model": given.get("model", ""),
        "stream": given.get("stream", True),
        "format": given.get("format"),
        "raw_options": given.get("options", {}),
        "keep_alive": keep_alive,
        "think": think,
        "truncate": given.get("truncate", True),
        "shift": given.get("shift"),
        "logprobs": given.get("logprobs", False),
        "top_logprobs": top_logprobs,
    }


def _message(given: Mapping[str, Any]) -> Message:
    calls = [call["function"] for call in given.get("tool_calls", ()) if isinstance(call.get("function"), dict)]
    return Message(
        role=given.get("role", "").lower(),
        content=given.get("content", ""),
        tool_calls=tuple(ToolCall(name=str(c.get("name", "")), arguments=c.get("arguments") or {}) for c in calls),
    )


def _tool(given: Any) -> Tool:
    function = check_types(given, "Tool", {}).get("function", {})
    return Tool(
        name=function.get("name", ""),
        description=function.get("description") or "",
        parameters=function.get("parameters") or {},
    )


def _image_tokens(images: Any) -> int:
    for image in images:
        if not isinstance(image, str):
            raise WireError(400, "json: cannot unmarshal image of type string")
        try:
            base64.b64decode(image, validate=True)
        except binascii.Error as exc:
            raise WireError(400, "illegal base64 data at input byte 0") from exc
    return _TOKENS_PER_IMAGE * len(images)
