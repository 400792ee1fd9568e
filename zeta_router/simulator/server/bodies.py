"""Answers in one piece, and errors in the two forms that the server has."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.go_json import encode

JSON_TYPE = "application/json; charset=utf-8"
OPENAI_TYPE = "application/json"
_OPENAI_ERRORS = {400: "invalid_request_error", 404: "not_found_error"}


def json_response(value: Any, *, status: int = 200, content_type: str = JSON_TYPE) -> Response:
    """Return a JSON answer in Go's form."""
    return Response(encode(value), status_code=status, headers={"content-type": content_type})


def error_response(error: WireError, path: str) -> Response:
    """Return an error as Ollama writes it, or under `/v1/` as OpenAI does."""
    if path.startswith("/v1/"):
        kind = _OPENAI_ERRORS.get(error.status, "api_error")
        body: dict[str, Any] = {"message": error.message, "type": kind, "param": None, "code": None}
        return json_response({"error": body}, status=error.status, content_type=OPENAI_TYPE)
    content_type = JSON_TYPE if error.charset else "application/json"
    return json_response({"error": error.message, **error.more}, status=error.status, content_type=content_type)


def text_response(text: str, *, status: int = 200) -> Response:
    """Return plain text."""
    return Response(text, status_code=status, headers={"content-type": "text/plain"})
