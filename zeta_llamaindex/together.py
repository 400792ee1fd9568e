"""Several choices asked for one query, and those that were not chosen where none of them has an answer of use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from zeta_llamaindex.choosing import Plan, Tries
from zeta_llamaindex.running import arun, is_useful, run
from zeta_router.attempts import Attempt
from zeta_router.errors import EveryAttemptFailed

Answer = TypeVar("Answer")
Given = list[tuple[Answer, Attempt]]
"""Answers with the attempts that brought them."""


def run_all(plan: Plan, chosen: Sequence[int], ask: Callable[[int], Answer]) -> Given[Answer]:
    """Return the useful answers of those that were chosen; else that of the best other one, useful or not.

    Args:
        plan: Who can be asked.
        chosen: Their numbers; none to ask one after another until an answer is of use.
        ask: Asks the choice of a number.

    Raises:
        EveryAttemptFailed: No choice has answered; its cause is what the last one raised.
    """
    given: Given[Answer] = []
    for number in chosen:
        with suppress(EveryAttemptFailed):
            given.append(run(plan.attempts([number]), ask))
    others = _others(plan, chosen, given)
    if others is not None:
        try:
            given.append(run(others, ask))
        except EveryAttemptFailed:
            if not given:
                raise
    return _useful(given) or given[:1]


async def arun_all(plan: Plan, chosen: Sequence[int], ask: Callable[[int], Awaitable[Answer]]) -> Given[Answer]:
    """Do what `run_all` does; those that were chosen are asked at the same time."""
    asked = (arun(plan.attempts([number]), ask) for number in chosen)
    given: Given[Answer] = []
    for result in await asyncio.gather(*asked, return_exceptions=True):
        if not isinstance(result, BaseException):
            given.append(result)
        elif not isinstance(result, EveryAttemptFailed):
            raise result
    others = _others(plan, chosen, given)
    if others is not None:
        try:
            given.append(await arun(others, ask))
        except EveryAttemptFailed:
            if not given:
                raise
    return _useful(given) or given[:1]


def _others(plan: Plan, chosen: Sequence[int], given: Given[Answer]) -> Tries | None:
    """Return the attempts at the query that are left to make; None where there is an answer, or nobody else to ask."""
    if _useful(given):
        return None
    others = plan.others(chosen)
    return None if given and others is None else plan.attempts(others)


def _useful(given: Given[Answer]) -> Given[Answer]:
    return [(answer, attempt) for answer, attempt in given if is_useful(answer)]
