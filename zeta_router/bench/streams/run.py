"""Plays streams: each seed shuffles prompts and models, and hands out scores as its protocol says."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from random import Random
from statistics import fmean, stdev
from typing import NamedTuple

from zeta_router.bench.streams.outcomes import Stream
from zeta_router.bench.streams.players import PLAYERS

SETTLED = 1_000
"""Steps after which a player should have found its way."""


class Protocol(NamedTuple):
    """Which scores are told, when, and how true."""

    name: str
    delay: int = 0
    """Steps until a score is told."""
    told: float = 1.0
    """Share of scores that are told at all."""
    flipped: float = 0.0
    """Share of told scores that are turned round: 1 less the score."""


PROTOCOLS = (
    Protocol("all scores"),
    Protocol("50 steps late", delay=50),
    Protocol("30 % told", told=0.3),
    Protocol("10 % flipped", flipped=0.1),
)


class Played(NamedTuple):
    """What one player reached on one stream: means over the seeds."""

    player: str
    whole: float
    spread: float
    """Standard deviation of `whole` over the seeds."""
    last_quarter: float
    against_best: float
    """Score after `SETTLED` steps, less that of the best single model on the same steps: known afterwards only."""
    worst: float
    """The same of the seed where it is lowest."""


def play(stream: Stream, player: str, protocol: Protocol, seeds: Iterable[int]) -> Played:
    """Return what a player reaches; the same seed gives every player the same prompts in the same order."""
    runs = [_one(stream, player, protocol, seed) for seed in seeds]
    whole = [run[0] for run in runs]
    return Played(
        player,
        fmean(whole),
        stdev(whole) if len(whole) > 1 else 0.0,
        fmean(run[1] for run in runs),
        fmean(run[2] for run in runs),
        min(run[2] for run in runs),
    )


def best_single(stream: Stream) -> float:
    """Return the mean score of the model that is best over the whole stream."""
    return max(fmean(step.scores[m] for step in stream.steps) for m in range(len(stream.cards)))


def _one(stream: Stream, name: str, protocol: Protocol, seed: int) -> tuple[float, float, float]:
    rng = Random(seed)
    steps = rng.sample(stream.steps, len(stream.steps))
    order = rng.sample(range(len(stream.cards)), len(stream.cards))  # no player gains by where a model stands
    player = PLAYERS[name]([stream.cards[m] for m in order], Random(rng.random()))
    waiting: deque[tuple[int, int, float]] = deque()
    got: list[float] = []
    for at, step in enumerate(steps):
        picked = player.pick(step)
        score = step.scores[order[picked]]
        got.append(score)
        told, turned = rng.random() < protocol.told, rng.random() < protocol.flipped
        if told:
            waiting.append((at, picked, 1.0 - score if turned else score))
        while waiting and waiting[0][0] <= at - protocol.delay:
            then, chosen, value = waiting.popleft()
            player.learn(steps[then], chosen, value)
    settled = steps[SETTLED:] or steps
    single = max(fmean(step.scores[m] for step in settled) for m in order)
    return fmean(got), fmean(got[-len(got) // 4 :]), fmean(got[-len(settled) :]) - single
