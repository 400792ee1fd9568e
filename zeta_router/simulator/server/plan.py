"""Lays an answer out over tokens: which chunk goes out when the runner has made which token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from zeta_router.simulator.responders.base import Answer, ToolCall
from zeta_router.simulator.server.prompting import call_text
from zeta_router.simulator.tokens import count, cut

_MARKER_TOKENS = 2  # what closes the thinking: a marker and a line break
_MOST_REPEATS = 30
_CALL_TOKENS = 4  # what surrounds a tool call

Part = Literal["thinking", "marker", "text", "silent", "call", "end"]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call with its place among the calls of the answer."""

    index: int
    call: ToolCall


_Token: TypeAlias = tuple[Part, str | Call]
_MARKER: _Token = ("marker", "")
_SILENT: _Token = ("silent", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What one chunk carries."""

    text: str = field(default="", repr=False)
    thinking: str = field(default="", repr=False)
    calls: tuple[Call, ...] = ()
    tokens: tuple[str, ...] = field(default=(), repr=False)
    """The tokens that it is made of, for logprobs."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A delta that goes out when `token` tokens are made."""

    token: int
    delta: Delta


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole answer, as it will go over the wire."""

    chunks: tuple[Chunk, ...]
    last: Delta
    """What the `done` chunk carries: nothing, or all calls of a native model."""
    output_tokens: int
    done_reason: Literal["stop", "length"]

    @property
    def text(self) -> str:
        """The text of all chunks."""
        return "".join(chunk.delta.text for chunk in self.chunks)

    def stuck_at(self) -> int | None:
        """Return after how many chunks a rendered model is cut off for saying the same again and again, if it is.

        The server then ends the answer without a word (`ollama-wire.md` 2.4).
        """
        last, repeats = "", 0
        for number, chunk in enumerate(self.chunks):
            for token in chunk.delta.tokens:
                word = token.strip()
                repeats = repeats + 1 if word and word == last else 0
                last = word
                if repeats > _MOST_REPEATS:
                    return number
        return None


def lay_out(
    answer: Answer,
    *,
    limit: int,
    stop: Sequence[str] = (),
    rendered: bool = True,
    chunk_tokens: int = 1,
    gap_chunk: bool = False,
) -> Plan:
    """Return the plan of an answer.

    Args:
        answer: What the model would say if it were let.
        limit: Most tokens it may make; the rest is cut off and the reason becomes `length`.
        stop: Texts that end the answer, and are not part of it.
        rendered: Tool calls in chunks of their own; else all of them in the last chunk.
        chunk_tokens: Tokens of text per chunk.
        gap_chunk: Send an empty chunk between thinking and text, as generate does.
    """
    text = _stopped(answer.text, stop)
    stopped = text is not answer.text
    tokens = _tokens(answer, text, with_calls=not stopped)
    complete = len(tokens) <= limit
    chunks: list[Chunk] = []
    calls: list[Call] = []
    run: list[str] = []
    for made, (part, token) in enumerate(tokens[:limit], start=1):
        following = tokens[made][0] if made < min(limit, len(tokens)) else None
        if part in ("text", "thinking"):
            run.append(str(token))
            if len(run) >= chunk_tokens or following != part:
                chunks.append(Chunk(made, _delta(part, run)))
                run = []
        elif part == "marker" and following != part and gap_chunk:
            chunks.append(Chunk(made, Delta()))
        elif isinstance(token, Call):
            calls.append(token)
            if rendered:
                chunks.append(Chunk(made, Delta(calls=(token,))))
    return Plan(
        chunks=tuple(chunks),
        last=Delta() if rendered else Delta(calls=tuple(calls)),
        output_tokens=min(len(tokens), limit),
        done_reason="stop" if complete else "length",
    )


def _tokens(answer: Answer, text: str | tuple[str, ...], *, with_calls: bool) -> list[_Token]:
    """Return every token of the answer and what it belongs to; the last token of a call stands for the call."""
    tokens: list[_Token] = [("thinking", token) for token in _cut(answer.thinking)]
    if tokens:
        tokens.extend([_MARKER] * _MARKER_TOKENS)
    tokens.extend(("text", token) for token in _cut(text))
    for index, call in enumerate(answer.tool_calls if with_calls else ()):
        tokens.extend([_SILENT] * (count(call_text(call)) + _CALL_TOKENS - 1))
        tokens.append(("call", Call(index, call)))
    tokens.append(("end", ""))
    return tokens


def _cut(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return cut(text) if isinstance(text, str) else text


def _stopped(text: str | tuple[str, ...], stop: Sequence[str]) -> str | tuple[str, ...]:
    """Return the text before the first stop string, or the very same text if none occurs."""
    if not stop:
        return text
    whole = text if isinstance(text, str) else "".join(text)
    found = [at for at in (whole.find(each) for each in stop) if at >= 0]
    return whole[: min(found)] if found else text


def _delta(part: Part, tokens: list[str]) -> Delta:
    joined = "".join(tokens)
    if part == "thinking":
        return Delta(thinking=joined, tokens=tuple(tokens))
    return Delta(text=joined, tokens=tuple(tokens))


def merged(deltas: Sequence[Delta]) -> Delta:
    """Put deltas together, as an answer that is not streamed does."""
    return Delta(
        text="".join(delta.text for delta in deltas),
        thinking="".join(delta.thinking for delta in deltas),
        calls=tuple(call for delta in deltas for call in delta.calls),
        tokens=tuple(token for delta in deltas for token in delta.tokens),
    )
