"""The nouns as plain data, and back, with every number checked on the way in: a log outlives the program it is from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

from zeta_router.decision import Z90, Candidate, Decision, Flight, Score
from zeta_router.model import ModelCard
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.tasks.task_guess import TaskGuess

LONGEST_S = 1e6
MOST_TOKENS = 10**8
"""Beyond 11 days, or so many tokens, a figure is a defect and not a measurement."""

MOST_SD = 50.0
"""Of the log of a length: beyond it the upper bound has more digits than an age has seconds."""

PHASES = ("wait", "load", "prefill", "decode", "first_token", "total")
CARD_FIELDS = ("name", "context_length", "parameter_count", "quantization", "size_bytes", "digest", "host")
DECISION_FIELDS = tuple(
    field.name
    for field in fields(Decision)
    if field.name not in ("key", "guess", "picked", "decode_sd", "candidates", "card", "tags")
)
"""Fields of a decision that are stored as they are: one that is added later is stored without a word here."""

NO_FLIGHT = Flight(0.0, 0.0)


def finite(value: object) -> float:
    """Return a number that can be calculated with.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("a number is missing or not finite")
    return float(value)


def card_to(card: ModelCard) -> dict[str, Any]:
    """Return a card as plain data, without what is not known."""
    plain: dict[str, Any] = {name: value for name in CARD_FIELDS if (value := getattr(card, name)) is not None}
    if card.capabilities is not None:
        plain["capabilities"] = sorted(card.capabilities)
    if card.quality:
        plain["quality"] = dict(card.quality)
    return plain


def card_from(plain: Mapping[str, Any]) -> ModelCard:
    """Return the card, checked as every card is."""
    able = plain.get("capabilities")
    return ModelCard(
        **{name: plain[name] for name in CARD_FIELDS if name in plain},
        capabilities=None if able is None else frozenset(able),
        quality=dict(plain.get("quality", {})),
    )


def timings_to(timings: Timings) -> list[float | None]:
    """Return the phases in order."""
    return [timings.wait, timings.load, timings.prefill, timings.decode, timings.first_token, timings.total]


def timings_from(plain: Sequence[float | None]) -> Timings:
    """Return the phases, each a time that can be."""
    if any(seconds is not None and not 0 <= seconds <= LONGEST_S for seconds in plain):
        raise ValueError("a time is absurd")
    return Timings(**dict(zip(PHASES, plain, strict=True)))


def outcome_to(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data, without `error`: a server's text may quote the prompt, the fate says enough."""
    plain = {
        "fate": outcome.fate.value,
        "timings": timings_to(outcome.timings),
        "prompt_tokens": outcome.prompt_tokens,
        "output_tokens": outcome.output_tokens,
        "done_reason": outcome.done_reason,
    }
    return {name: value for name, value in plain.items() if value is not None}


def outcome_from(plain: Mapping[str, Any]) -> Outcome:
    """Return the outcome, its figures such that they can be."""
    counts = {name: plain.get(name) for name in ("prompt_tokens", "output_tokens")}
    for count in counts.values():
        if count is not None and not (isinstance(count, int) and 0 <= count <= MOST_TOKENS):
            raise ValueError("a count of tokens is absurd")
    return Outcome(
        fate=Fate(plain["fate"]),
        timings=timings_from(plain["timings"]),
        done_reason=plain.get("done_reason"),
        **counts,
    )


def decision_to(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain data: every scalar, the guess, the card, and of each candidate what learning reads."""
    plain: dict[str, Any] = {name: value for name in DECISION_FIELDS if (value := getattr(decision, name)) is not None}
    plain["predicted"] = timings_to(decision.predicted)
    plain["utility"] = decision.utility
    if decision.quality is not None:
        plain["quality"] = decision.quality
    if decision.decode_sd is not None:
        plain["decode_sd"] = decision.decode_sd
    plain["candidates"] = [_score_to(score) for score in decision.candidates]
    if decision.card is not None:
        plain["card"] = card_to(decision.card)
    if decision.tags:
        plain["tags"] = decision.tags
    guess = decision.guess
    if guess is not None:
        plain["guess"] = [
            guess.task,
            guess.probability,
            dict(guess.probabilities),
            guess.reasons,
            guess.traits,
            guess.output_tokens,
            guess.complexity,
        ]
    return plain


def decision_from(plain: Mapping[str, Any]) -> Decision:
    """Return the decision. Of candidates that were not picked, the cards hold the name only."""
    for name in ("id", "model", "host", "task"):
        if not isinstance(plain[name], str) or not plain[name]:
            raise ValueError(f"{name} is missing")
    if not 0 < plain["propensity"] <= 1:
        raise ValueError("a propensity is outside of (0, 1]")
    finite(plain["decided_at"])
    if not 0 <= plain["prompt_tokens"] <= MOST_TOKENS:
        raise ValueError("a count of tokens is absurd")
    card = card_from(plain["card"]) if "card" in plain else None
    guess = plain.get("guess")
    scores = tuple(_score_from(score, card) for score in plain["candidates"])
    picked = _picked_from(plain, card, scores)
    return Decision(
        **{name: plain[name] for name in DECISION_FIELDS if name in plain},
        picked=picked,
        decode_sd=_decode_sd_from(plain, picked),
        candidates=scores,
        card=card,
        tags=tuple(plain.get("tags", ())),
        guess=None if guess is None else _guess_from(*guess),
    )


def _guess_from(
    task: str,
    probability: float,
    probabilities: Mapping[str, float],
    reasons: Sequence[str],
    traits: Sequence[float],
    output_tokens: float | None = None,
    complexity: int = 1,
) -> TaskGuess:
    for share in probabilities.values():
        if not 0 <= share <= 1:
            raise ValueError("a probability is outside of [0, 1]")
    first, second = reasons
    return TaskGuess(
        task,
        finite(probability),
        dict(probabilities),
        (first, second),
        tuple(map(finite, traits)),
        None if output_tokens is None else finite(output_tokens),
        int(complexity),
    )


def _picked_from(plain: Mapping[str, Any], card: ModelCard | None, scores: Sequence[Score]) -> Score:
    """Return what was expected of the model that served."""
    model, host = plain["model"], plain["host"]
    own = next((score for score in scores if score.candidate.key == (model, host)), None)
    if own is None:  # a policy need not tell what it thinks of its candidates
        own = Score(Candidate(_named(model) if card is None else card, host), 0.0)
    expected = timings_from(plain["predicted"])
    return own._replace(
        utility=finite(plain["utility"]),
        quality=plain.get("quality"),
        wait=expected.wait,
        load=expected.load,
        prefill=expected.prefill,
        decode=expected.decode,
    )


def _decode_sd_from(plain: Mapping[str, Any], picked: Score) -> float | None:
    """Return how uncertain the length of the answer was."""
    if "decode_sd" in plain:
        sd = finite(plain["decode_sd"])
        if not 0 <= sd <= MOST_SD:
            raise ValueError("a spread is absurd")
        return sd
    if "bounds" not in plain or picked.seconds is None or picked.decode is None:
        return None
    low, high = map(finite, plain["bounds"])  # of a log that was written before there was a `decode_sd`
    fixed = picked.seconds - picked.decode
    return math.log((high - fixed) / (low - fixed)) / (2.0 * Z90) if fixed < low < high else 0.0


@lru_cache(maxsize=1_024)
def _named(model: str) -> ModelCard:
    return ModelCard(name=model)


def _score_to(score: Score) -> list[Any]:
    candidate = score.candidate
    state = [candidate.loaded, len(candidate.flights), candidate.host_flights, candidate.loaded_at]
    return [candidate.card.name, candidate.host, *state, *score[1:]]


def _score_from(plain: Sequence[Any], card: ModelCard | None) -> Score:
    model, host, loaded, in_flight, host_flights, loaded_at, *values = plain
    if any(value is not None and isinstance(value, float) and not math.isfinite(value) for value in values):
        raise ValueError("a score is not finite")
    known = card if card is not None and card.name == model else _named(model)
    candidate = Candidate(known, host, loaded, (NO_FLIGHT,) * min(in_flight, 1_000), host_flights, loaded_at)
    return Score(candidate, *values)
