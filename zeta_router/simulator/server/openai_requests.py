"""Requests in OpenAI's form, turned into Ollama's own, as the server does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.fields import check_types

_COMMON = {"model": "string", "stream": "bool", "max_tokens": "int", "seed": "int"}
_CHAT = _COMMON | {"messages": "[]openai.Message", "tools": "[]api.Tool", "max_completion_tokens": "int"}
_COMPLETION = _COMMON | {"prompt": "string", "suffix": "string"}
_EFFORTS: Mapping[str, bool | str] = {"none": False, "minimal": "low", "xhigh": "max"}
_PLAIN_OPTIONS = ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty")
_EMPTY = "[] is too short - 'messages'"


def chat_body(body: Any) -> dict[str, Any]:
    """Return the body of `/api/chat` for one of `/v1/chat/completions`.

    Raises:
        WireError: 400 for wrong types, or no messages.
    """
    given = check_types(body, "ChatCompletionRequest", _CHAT)
    messages = given.get("messages", [])
    if not messages:
        raise WireError(400, _EMPTY)
    translated: dict[str, Any] = {
        "model": given.get("model", ""),
        "messages": [_message(message) for message in messages],
        "stream": given.get("stream", False),
        "options": _options(given, given.get("max_completion_tokens", given.get("max_tokens"))),
        "format": _format(given.get("response_format")),
        "tools": given.get("tools"),
        "think": _think(given),
        "logprobs": given.get("logprobs"),
        "top_logprobs": given.get("top_logprobs"),
    }
    return {key: value for key, value in translated.items() if value is not None}


def completion_body(body: Any) -> dict[str, Any]:
    """Return the body of `/api/generate` for one of `/v1/completions`."""
    given = check_types(body, "CompletionRequest", _COMPLETION)
    return {
        "model": given.get("model", ""),
        "prompt": given.get("prompt", ""),
        "suffix": given.get("suffix", ""),
        "stream": given.get("stream", False),
        "options": _options(given, given.get("max_tokens")),
    }


def include_usage(body: Any) -> bool:
    """Return whether a stream is to end with the usage."""
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _options(given: Mapping[str, Any], limit: Any) -> dict[str, Any]:
    options = {name: given[name] for name in _PLAIN_OPTIONS if name in given}
    stop = given.get("stop")
    if stop is not None:
        options["stop"] = [stop] if isinstance(stop, str) else stop
    if limit is not None:
        options["num_predict"] = limit
    return {"temperature": 1.0, "top_p": 1.0} | options


def _format(response_format: Any) -> Any:
    if not isinstance(response_format, dict):
        return None
    if response_format.get("type") == "json_object":
        return "json"
    schema = response_format.get("json_schema")
    return schema.get("schema") if isinstance(schema, dict) else None


def _think(given: Mapping[str, Any]) -> bool | str | None:
    reasoning = given.get("reasoning")
    effort = given.get("reasoning_effort", reasoning.get("effort") if isinstance(reasoning, dict) else None)
    return _EFFORTS.get(effort, effort) if isinstance(effort, str) else None


def _message(message: Any) -> dict[str, Any]:
    given = check_types(message, "Message", {"role": "string"})
    translated: dict[str, Any] = {"role": given.get("role", "")}
    content = given.get("content", "")
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        translated["content"] = "\n".join(str(part["text"]) for part in parts if part.get("type") == "text")
        translated["images"] = [_image(part) for part in parts if part.get("type") == "image_url"]
    else:
        translated["content"] = content
    if calls := given.get("tool_calls"):
        translated["tool_calls"] = [_call(call) for call in calls]
    return translated


def _image(part: Mapping[str, Any]) -> str:
    url = part.get("image_url", "")
    url = url.get("url", "") if isinstance(url, dict) else str(url)
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and comma):
        raise WireError(400, "invalid image input")
    return str(data)


def _call(call: Any) -> dict[str, Any]:
    function = dict(call.get("function", {})) if isinstance(call, dict) else {}
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            function["arguments"] = json.loads(arguments)
        except json.JSONDecodeError as exc:
            raise WireError(400, "invalid tool call arguments") from exc
    return {"function": function}
