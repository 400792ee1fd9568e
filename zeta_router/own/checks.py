"""Scores of answers to the built-in prompts, in [0, 1]; None where an answer cannot be judged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from zeta_router.ollama import Reply
from zeta_router.own.code_check import Case, share_right

Check = Callable[[Reply], float | None]

_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")


def says(*words: str) -> Check:
    """Return a check for the share of some words that an answer has, whole ones, in any case."""
    whole = [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in words]
    return lambda reply: sum(word.search(reply.content) is not None for word in whole) / len(whole)


def ends_with_number(wanted: float) -> Check:
    """Return a check that the last number of an answer is the right one."""

    def check(reply: Reply) -> float:
        found = _NUMBER.findall(reply.content)
        return float(bool(found) and float(found[-1].replace(",", "").rstrip(".")) == wanted)

    return check


def has_lines(number: int) -> Check:
    """Return a check that an answer has so many lines; one more or less is half right."""

    def check(reply: Reply) -> float:
        off = abs(len([line for line in reply.content.splitlines() if line.strip()]) - number)
        return {0: 1.0, 1: 0.5}.get(off, 0.0)

    return check


def brief(most_words: int, *words: str) -> Check:
    """Return a check that an answer is short and has what matters."""

    def check(reply: Reply) -> float:
        length = len(reply.content.split())
        return 0.0 if not 0 < length <= most_words else (says(*words)(reply) or 0.0)

    return check


def is_json(**wanted: object) -> Check:
    """Return a check for the share of fields of a JSON object that are right."""

    def check(reply: Reply) -> float:
        try:
            found = json.loads(reply.content)
        except ValueError:
            return 0.0
        if not isinstance(found, dict):
            return 0.0
        right = sum(str(found.get(name)).strip().lower() == str(value).lower() for name, value in wanted.items())
        return right / len(wanted)

    return check


def calls(tool: str, argument: str, value: str) -> Check:
    """Return a check that one tool is called, with an argument that names the right thing."""

    def check(reply: Reply) -> float:
        made = [call.get("function", {}) for call in reply.tool_calls]
        if [call.get("name") for call in made] != [tool]:
            return 0.0
        arguments = made[0].get("arguments")
        given = arguments.get(argument) if isinstance(arguments, dict) else None
        return 1.0 if isinstance(given, str) and value.lower() in given.lower() else 0.5

    return check


def computes(function: str, cases: Sequence[Case]) -> Check:
    """Return a check that a function does what was asked."""
    return lambda reply: share_right(reply.content, function, cases)
