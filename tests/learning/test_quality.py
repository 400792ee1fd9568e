"""What `Qualities` believes of models, and how fast it believes something else."""

from __future__ import annotations

from random import Random

import pytest

from zeta_router.learning import quality_priors
from zeta_router.learning.quality import Qualities, Reading, read, told
from zeta_router.model import ModelCard
from zeta_router.tasks import TaskGuess

SMALL = ModelCard.from_name("small:3b")
LARGE = ModelCard.from_name("large:14b")


def guess(traits: tuple[float, ...] = (), **shares: float) -> TaskGuess:
    task = max(shares, key=shares.__getitem__)
    return TaskGuess(task, shares[task], shares, ("", ""), traits)


def taught(score: float, times: int, reading: Reading, card: ModelCard = SMALL) -> Qualities:
    qualities = Qualities()
    for _ in range(times):
        qualities.begin(reading)
        qualities.learn(card, reading, score)
    return qualities


def test_before_any_opinion_the_prior_holds() -> None:
    """Mixed over the likely tasks."""
    qualities = Qualities()
    expected = 0.75 * quality_priors.quality(SMALL, "code") + 0.25 * quality_priors.quality(SMALL, "chat")
    assert qualities.expect(SMALL, read(guess(code=0.75, chat=0.25))) == pytest.approx(expected)


def test_forty_opinions_overrule_any_prior() -> None:
    """A card that promises 0.9 and a model that never does well."""
    boaster = ModelCard(name="boaster:7b", quality={"code": 0.9})
    assert taught(0.0, 40, told("code"), boaster).expect(boaster, told("code")) < 0.25


def test_an_opinion_on_one_task_teaches_something_on_another_but_less() -> None:
    """Strength is shared."""
    qualities = taught(0.0, 10, told("code"))
    prior = quality_priors.quality(SMALL, "chat")
    on_code = quality_priors.quality(SMALL, "code") - qualities.expect(SMALL, told("code"))
    on_chat = prior - qualities.expect(SMALL, told("chat"))
    assert 0.05 * on_code < on_chat < 0.5 * on_code


def test_a_trait_tells_requests_of_one_task_apart() -> None:
    """A model that is good at one kind of question and bad at another is believed to be just that."""
    good, bad = read(guess((1.0, 0.0), qa=1.0)), read(guess((0.0, 1.0), qa=1.0))
    qualities = Qualities()
    for _ in range(60):
        qualities.learn(SMALL, good, 0.9)
        qualities.learn(SMALL, bad, 0.1)
    assert qualities.expect(SMALL, good) > 0.75
    assert qualities.expect(SMALL, bad) < 0.25


def test_what_one_model_does_teaches_nothing_on_another() -> None:
    """Beliefs are per model, whatever host it is on."""
    assert taught(0.0, 30, told("code")).expect(LARGE, told("code")) == quality_priors.quality(LARGE, "code")


def test_weak_evidence_moves_less() -> None:
    """A weight of a tenth counts as a tenth of an opinion."""
    strong, weak = Qualities(), Qualities()
    strong.learn(SMALL, told("code"), 0.0)
    weak.learn(SMALL, told("code"), 0.0, weight=0.1)
    prior = quality_priors.quality(SMALL, "code")
    assert prior > weak.expect(SMALL, told("code")) > strong.expect(SMALL, told("code"))


def test_a_drop_of_quality_is_believed_within_thirty_opinions() -> None:
    """From 0.9 to 0.1 after a thousand good answers: the detector does what slow forgetting cannot."""
    qualities = taught(0.9, 1_000, told("code"))
    opinions = 0
    while qualities.expect(SMALL, told("code")) > 0.5:
        qualities.learn(SMALL, told("code"), 0.1)
        opinions += 1
    assert opinions <= 30


def test_chance_is_seldom_taken_for_a_change() -> None:
    """Coins that fall well 7 times in 10: after a thousand opinions the expectation is near, in all of 20 runs."""
    for seed in range(20):
        rng, qualities = Random(seed), Qualities()
        for _ in range(1_000):
            qualities.learn(LARGE, told("code"), float(rng.random() < 0.7))
        # sd of the mean of the last hundreds of opinions is about 0.03; a false alarm costs some more
        assert qualities.expect(LARGE, told("code")) == pytest.approx(0.7, abs=0.15)


def test_without_opinions_nothing_is_worth_trying() -> None:
    """Nobody says how good answers are, so trying teaches nothing."""
    qualities = Qualities()
    for _ in range(100):
        qualities.begin(told("code"))
    assert qualities.heard(told("code")) == 0.0
    assert qualities.curiosity(SMALL, told("code"), 0.6, 0.0, 0.0) == 0.0


def test_curiosity_is_for_the_little_known_and_near() -> None:
    """It fades with opinions, and with what the model lacks to the best."""
    code = told("code")
    fresh, known = Qualities(), taught(0.6, 300, code)
    assert fresh.curiosity(SMALL, code, 0.6, 0.02, 1.0) > 5 * known.curiosity(SMALL, code, 0.6, 0.02, 1.0)
    assert fresh.curiosity(SMALL, code, 0.6, 0.02, 1.0) > fresh.curiosity(SMALL, code, 0.6, 0.1, 1.0)
    assert fresh.curiosity(SMALL, code, 0.6, 0.9, 1.0) == 0.0


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_the_expectation_stays_a_quality(score: float) -> None:
    """However often the same is said, and of whatever mixture of tasks and traits."""
    rng = Random(1)
    qualities = Qualities()
    for _ in range(3_000):
        shares = {task: rng.random() for task in ("code", "qa", "chat")}
        total = sum(shares.values())
        reading = read(guess(tuple(rng.random() for _ in range(19)), **{t: s / total for t, s in shares.items()}))
        qualities.learn(SMALL, reading, score, weight=rng.random() + 0.01)
        assert 0.0 <= qualities.expect(SMALL, reading) <= 1.0
    assert abs(qualities.expect(SMALL, reading) - score) < 0.1


def test_a_model_that_was_forgotten_is_its_prior_again() -> None:
    qualities, card = Qualities(), ModelCard.from_name("some:7b")
    before = qualities.expect(card, told("code"))
    qualities.learn(card, told("code"), 0.0)
    assert qualities.expect(card, told("code")) < before
    qualities.forget(card.name)
    assert qualities.expect(card, told("code")) == before
    assert qualities.tasks(card.name) == ()
