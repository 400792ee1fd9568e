"""A decision is made in one go, and is nevertheless all that a frozen dataclass is."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, fields, replace

import pytest

from tests.core.world import CODER, HOST, World
from zeta_router import Decision, Fate, Flight, Request, Timings
from zeta_router.decision import Z90


def decided() -> Decision:
    return World().router.explain(Request(text="x", task="code", prompt_tokens=9, session="s", tags=("a",)))


def test_it_is_what_its_constructor_makes() -> None:
    """Every field is set; copies, pickles and replacements are equal to it."""
    decision = decided()
    built = Decision(**{field.name: getattr(decision, field.name) for field in fields(decision) if field.init})
    assert built == decision
    assert vars(built) == vars(decision)
    assert hash(built) == hash(decision)
    assert repr(built) == repr(decision)
    for again in (pickle.loads(pickle.dumps(decision)), copy.deepcopy(decision), replace(decision)):
        assert again == decision
        assert again.key == decision.key
    assert asdict(decision)["session"] == "s"


def test_it_cannot_be_changed() -> None:
    decision = decided()
    with pytest.raises(FrozenInstanceError):
        decision.model = "other"  # type: ignore[misc]
    moved = replace(decision, host="http://elsewhere")
    assert moved.key == (CODER, "http://elsewhere")
    assert decision.key == (CODER, HOST)


def test_what_is_expected_is_that_of_the_model_picked() -> None:
    decision = decided()
    best = decision.candidates[0]
    assert decision.picked == best
    assert (decision.quality, decision.utility) == (best.quality, best.utility)
    assert decision.predicted == best.timings
    assert decision.predicted.total == best.seconds is not None


def test_an_attempt_keeps_its_model_busy_as_long_as_is_expected() -> None:
    """A wait is not the model's own work."""
    decision = decided()
    waiting = replace(decision, picked=decision.picked._replace(wait=100.0, load=1.0, prefill=2.0, decode=3.0))
    flight = Flight.of(waiting, 7.0)
    assert flight[:2] == (7.0, 6.0)
    assert waiting.bounds is not None
    assert flight.spread == pytest.approx((waiting.bounds[1] - waiting.bounds[0]) / (2 * Z90 * 6.0))
    unknown = replace(waiting, picked=decision.picked._replace(prefill=None, decode=None, load=None))
    assert Flight.of(unknown, 7.0) == Flight(7.0, 0.0)
    assert unknown.predicted == Timings()


@pytest.mark.parametrize("fate", Fate)
def test_every_fate_is_one_of_three_things(fate: Fate) -> None:
    """Answered, abandoned, or a failure; also after pickling."""
    for known in (fate, pickle.loads(pickle.dumps(fate)), Fate(fate.value)):
        assert known.answered + known.abandoned + known.is_failure == 1
        assert known.completed == (known is Fate.ok)
        assert known.censored == (known in (Fate.timeout, Fate.cancelled, Fate.closed_early))
