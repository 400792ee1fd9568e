"""One seed's requests, with everything that chance decides about them: the same for every policy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from zeta_router.bench.scenarios import Scenario
from zeta_router.bench.talks import Talks, Turn
from zeta_router.bench.traces import Row, trace
from zeta_router.bench.zoo import CHAT, CODE, EXTRACT, REASONING, TASKS
from zeta_router.errors import ConfigError
from zeta_router.objective import Objective
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

LEAST = 30
"""Requests of a run: thirds of fewer say nothing."""
EXTRACT_SHARE = 0.20
"""Of the code trace's requests: short answers that must be valid JSON."""
LONG_ANSWER = 300
"""Tokens from which a conversation counts as reasoning."""
WRONG_LABEL, WRONG_BUCKET = 0.05, 0.15
"""Shares of the requests whose task, and whose complexity, the router is told wrong."""
CACHED_SHARE, CACHED_FACTOR = 0.15, 0.1
"""Of the chat prompts, this share is nine tenths in the prompt cache."""
PREFILL_NOISE, DECODE_NOISE = 0.12, 0.06
"""log standard deviations."""
STRAGGLERS = 0.01
"""Share of the calls that take twice as long for no reason."""
OPINION_DELAY_S = 60.0
"""Mean seconds from an answer to somebody's opinion on it, exponential."""
TIMEOUT_S = 90.0
"""Seconds that a user waits at most."""


class Call(NamedTuple):
    """One request and its luck. The numbers `*_draw` are uniform in [0, 1)."""

    at: float
    """Seconds since the run's begin."""
    task: str
    complexity: float
    """From 0, easy, to 1."""
    request: Request
    guess: TaskGuess
    """What the router is told: the task, wrong for 5 %; as trait whether it is hard, wrong for 15 %."""
    output_tokens: int
    prefill_factor: float
    decode_factor: float
    failure_draw: float
    opinion_draw: float
    opinion_delay: float
    thumb_draw: float
    flip_draw: float
    turn: Turn | None = None
    """Where it goes on with a conversation: its prompt in pieces."""


class Workload(NamedTuple):
    """The requests of one seed, and what may be known of them beforehand."""

    calls: tuple[Call, ...]
    objective: Objective
    lengths: Mapping[str, tuple[float, ...]]
    """Task → means of the fifths of its answers' lengths in tokens: what the oracle knows instead of each length."""
    shares: Mapping[str, float]
    """Task → its share of the requests."""


@lru_cache(maxsize=4)
def workload(scenario: Scenario, *, load: float, seed: int, requests: int, data: Path | None) -> Workload:
    """Return so many requests in a row of the trace, from a place that the seed decides, stretched to the rate.

    Raises:
        ConfigError: The trace has fewer, or `load` is not above 0.
    """
    rows = trace(data)
    if scenario.turns:
        rows = tuple(row._replace(task=CHAT) for row in rows if not row.is_code)
    if not LEAST <= requests <= len(rows):
        raise ConfigError(
            f"requests must be between {LEAST} and the trace's {len(rows)}, got {requests}; set --requests"
        )
    if not 0 < load < math.inf:
        raise ConfigError(f"load must be above 0, got {load!r}; 1 is the study's")
    rng = Random(f"workload {seed}")
    first = rng.randrange(len(rows) - requests + 1)
    window = rows[first : first + requests]
    if scenario.steady:
        window = _steady(window, Random(f"steady {seed}"))
    stretch = requests / (scenario.rate * load) / max(window[-1].at - window[0].at, 1e-9)
    talks = Talks(scenario.turns, Random(f"talks {seed}"))
    calls: list[Call] = []
    now, before = 0.0, window[0].at
    for index, row in enumerate(window):
        crowd = scenario.crowd
        hurry = crowd.factor if crowd and crowd.begin <= index / requests < crowd.end else 1.0
        now += (row.at - before) * stretch / hurry
        before = row.at
        call = _call(now, row, scenario, rng)
        calls.append(_in_conversation(call, talks) if scenario.turns else call)
    objective = Objective()
    patience = {task: seconds * scenario.patience for task, seconds in objective.expected_seconds.items()}
    return Workload(
        tuple(calls),
        Objective(expected_seconds=patience, default_seconds=objective.default_seconds * scenario.patience),
        {task: _fifths([c.output_tokens for c in calls if c.task == task]) for task in TASKS},
        {task: sum(c.task == task for c in calls) / requests for task in TASKS},
    )


def _steady(window: Sequence[Row], rng: Random) -> tuple[Row, ...]:
    """Return the same requests in random order, at random moments of the same time."""
    moments = sorted(rng.uniform(window[0].at, window[-1].at) for _ in window)
    return tuple(row._replace(at=at) for at, row in zip(moments, rng.sample(window, len(window)), strict=True))


def _call(now: float, row: Row, scenario: Scenario, rng: Random) -> Call:
    short = EXTRACT if rng.random() < EXTRACT_SHARE else CODE
    talk = REASONING if row.output_tokens > LONG_ANSWER else CHAT
    task = row.task or (short if row.is_code else talk)
    complexity = rng.random()
    wrong, other = rng.random() < WRONG_LABEL, rng.randrange(len(TASKS) - 1)
    label = [t for t in TASKS if t != task][other] if wrong else task
    hard = (complexity > 0.5) != (rng.random() < WRONG_BUCKET)
    straggles = 2.0 if rng.random() < STRAGGLERS else 1.0
    cached = CACHED_FACTOR if rng.random() < CACHED_SHARE and task == CHAT and not scenario.turns else 1.0
    return Call(
        at=now,
        task=task,
        complexity=complexity,
        request=Request(
            task=label,
            prompt_tokens=max(round(row.prompt_tokens / scenario.shorter), 1),
            deadline=TIMEOUT_S,
            needs=frozenset({"completion"}),
        ),
        guess=_guess(label, hard=hard),
        output_tokens=max(round(row.output_tokens / scenario.shorter), 1),
        prefill_factor=math.exp(rng.gauss(0.0, PREFILL_NOISE)) * straggles * cached,
        decode_factor=math.exp(rng.gauss(0.0, DECODE_NOISE)) * straggles,
        failure_draw=rng.random(),
        opinion_draw=rng.random(),
        opinion_delay=rng.expovariate(1.0 / OPINION_DELAY_S),
        thumb_draw=rng.random(),
        flip_draw=rng.random(),
    )


def _in_conversation(call: Call, talks: Talks) -> Call:
    """Return a call as somebody's next turn: its prompt has all that was said before."""
    turn = talks.turn(call.at, call.request.tokens, call.output_tokens)
    request = replace(call.request, prompt_tokens=sum(turn.pieces), session=f"talk {turn.talk}")
    return call._replace(request=request, turn=turn)


@lru_cache
def _guess(label: str, *, hard: bool) -> TaskGuess:
    told = TaskGuess.told(label)
    return replace(told, complexity=2 if hard else 0)


def _fifths(lengths: list[int]) -> tuple[float, ...]:
    ordered = sorted(lengths) or [1]
    cuts = [round(len(ordered) * i / 5) for i in range(6)]
    return tuple(sum(part) / len(part) for a, b in itertools.pairwise(cuts) if (part := ordered[a:b]))
