"""How many tokens a prompt has, and what is dropped when it is too long (`ollama-wire.md` 2.3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.responders.base import Tool, ToolCall
from zeta_router.simulator.server.asking import Ask
from zeta_router.simulator.server.errors import context_exceeded, context_exceeded_without_shift
from zeta_router.simulator.tokens import count

_TOKENS_PER_MESSAGE = 4  # role and its markers
_TOKENS_AROUND = 4  # the start token, and what opens the answer


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt that is cached whole or not at all."""

    key: int
    tokens: int
    keep: bool = False
    """System messages are never dropped."""


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """A prompt as the runner gets it."""

    pieces: tuple[Piece, ...]
    total: int


def prompt_tokens(ask: Ask, model: SimulatedModel, num_ctx: int) -> PromptTokens:
    """Count a prompt and cut it to the context.

    Raises:
        WireError: 400 when it does not fit and may not be cut.
    """
    pieces = _pieces(ask)
    total = _total(pieces)
    if total <= num_ctx:
        return PromptTokens(tuple(pieces), total)
    if not ask.truncate:
        raise context_exceeded(total, num_ctx)
    pieces = _without_oldest(pieces, num_ctx)
    total = _total(pieces)
    if total <= num_ctx:
        return PromptTokens(tuple(pieces), total)
    if not model.rendered:
        raise context_exceeded(total, num_ctx)
    if ask.shift is False or (ask.shift is None and model.family == "deepseek2"):
        raise context_exceeded_without_shift()
    cut = num_ctx - max((num_ctx - ask.options.num_keep) // 2, 1)
    return PromptTokens((), cut)  # cut in the middle: no prefix to share


def message_key(role: str, text: str, calls: str = "") -> int:
    """Return the hash that stands for a message in the prompt cache."""
    parts = "\0".join((role, text, calls)).encode("utf-8", errors="replace")
    return int.from_bytes(hashlib.blake2b(parts, digest_size=8).digest(), "big")


def call_text(call: ToolCall) -> str:
    """Return a tool call as the text that a template makes of it."""
    return json.dumps({"name": call.name, "parameters": call.arguments}, ensure_ascii=False)


def _pieces(ask: Ask) -> list[Piece]:
    pieces = [_tools_piece(ask.tools)] if ask.tools else []
    for message in ask.messages:
        calls = "".join(map(call_text, message.tool_calls))
        tokens = count(message.content) + count(calls) + (0 if ask.raw else _TOKENS_PER_MESSAGE)
        pieces.append(Piece(message_key(message.role, message.content, calls), tokens, message.role == "system"))
    if ask.extra_tokens:
        pieces[-1] = replace(pieces[-1], tokens=pieces[-1].tokens + ask.extra_tokens)
    if pieces and not ask.raw:  # counted at the start, so that the next turn still shares all pieces of this one
        pieces[0] = replace(pieces[0], tokens=pieces[0].tokens + _TOKENS_AROUND)
    return pieces


def _tools_piece(tools: Sequence[Tool]) -> Piece:
    text = "".join(
        json.dumps({"name": t.name, "description": t.description, "parameters": t.parameters}, ensure_ascii=False)
        for t in tools
    )
    return Piece(message_key("tools", text), count(text), True)


def _without_oldest(pieces: list[Piece], num_ctx: int) -> list[Piece]:
    """Drop whole messages, oldest first, but neither system messages nor the last one."""
    left = list(pieces)
    droppable = [piece for piece in pieces if not piece.keep][:-1]
    for piece in droppable:
        if _total(left) <= num_ctx:
            break
        left.remove(piece)
    return left


def _total(pieces: Sequence[Piece]) -> int:
    return sum(piece.tokens for piece in pieces)
