"""From answers to what the router believes: `observe_answer`, retries, loops, evaluators, and the idle judge."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from tests.core.world import CODER, World
from zeta_router import ConfigError, Decision, FeedbackGiven, Request, TroubleSeen, UnknownDecision
from zeta_router.signals import Answer, Turns
from zeta_router.signals.evaluators import feedback_from_langsmith, feedback_from_llamaindex
from zeta_router.signals.idle_judge import WEIGHT, IdleJudge, grade_in
from zeta_router.signals.observer import FAULTLESS_EVERY

CODE = Request(text="def f(x): ...", task="code", prompt_tokens=200)
GOOD, REFUSED = Answer(text="Paris"), Answer(text="I'm sorry, but I can't assist with that.")


def served(world: World) -> Decision:
    world.serve_code(1)
    return world.served[-1]


def told(world: World) -> list[FeedbackGiven]:
    return [event for event in world.events if isinstance(event, FeedbackGiven)]


def test_a_fault_lowers_what_is_expected_of_the_model() -> None:
    """As weak evidence: less than a user's thumb down would."""
    seen, judged, untouched = World(), World(), World()
    seen.router.observe_answer(served(seen).id, REFUSED)
    judged.router.feedback(served(judged).id, 0.0)
    served(untouched)
    expected = [world.router.explain(CODE).quality or 0.0 for world in (judged, seen, untouched)]
    assert expected[0] < expected[1] < expected[2]


def test_the_event_names_the_signal_and_its_weight() -> None:
    """And nothing of the answer."""
    world = World()
    world.router.observe_answer(served(world).id, REFUSED)
    (event,) = told(world)
    assert event.source == "signal: refusal"
    assert 0 < event.weight < 1
    assert "assist" not in repr(event)


def test_answers_without_a_fault_are_told_of_now_and_then() -> None:
    """One of four, with the weight of all: a log of good answers stays short."""
    world = World()
    for _ in range(3 * FAULTLESS_EVERY):
        world.router.observe_answer(served(world).id, GOOD)
    assert len(told(world)) == 3


def test_signals_can_be_switched_off() -> None:
    """Then nothing is looked at."""
    world = World()
    world.router.observer.signals = ()
    assert world.router.observe_answer(served(world).id, REFUSED) is None
    assert told(world) == []


def test_looking_never_raises() -> None:
    """An unknown decision teaches nothing; what is no answer at all is the router's trouble, said once."""
    world = World()
    assert world.router.observe_answer("unknown", REFUSED) is not None
    for _ in range(2):
        assert world.router.observe_answer(served(world).id, "text", prompt="x", session="s") is None  # type: ignore[arg-type]
    served(world)
    assert sum(isinstance(event, TroubleSeen) and event.where == "signals" for event in world.events) == 1


def test_a_signal_that_raises_is_named_once() -> None:
    """The others go on, and nothing of the answer is in what is said."""

    class Broken:
        name, weight = "broken", 1.0

        def look(self, answer: Answer) -> float | None:
            raise ValueError(answer.text)

    world = World()
    world.router.observer.signals = (Broken(), *world.router.observer.signals)
    for _ in range(2):
        verdict = world.router.observe_answer(served(world).id, REFUSED)
        assert verdict is not None
        assert verdict.why == "refusal"
    served(world)
    (trouble,) = [event for event in world.events if isinstance(event, TroubleSeen)]
    assert trouble.what == "the signal 'broken' raised ValueError; the others go on"


def test_a_request_asked_again_counts_against_its_last_answer() -> None:
    """Rephrased, or with a complaint; in the same session, soon."""
    world = World()
    first, second = served(world), served(world)
    router = world.router
    router.observe_answer(first.id, GOOD, prompt="Sort the list of users by age, oldest first", session="ann")
    router.observe_answer(second.id, GOOD, prompt="Sort the list of users by their age, oldest first", session="ann")
    (event,) = told(world)
    assert event.decision.id == first.id
    assert event.source == "signal: asked again"


@pytest.mark.parametrize(
    ("first", "second", "seconds", "again"),
    [
        ("sort the users by age, oldest first", "sort users by age please, the oldest first", 20, True),
        ("sort the users by age", "No, that is wrong.", 20, True),
        ("sort the users by age", "it still fails with a KeyError", 20, True),
        ("sort the users by age", "now write a test for it", 20, False),
        ("sort the users by age", "thanks, that works", 20, False),
        ("what is the capital of France?", "what is the tallest mountain?", 20, False),
        ("sort the users by age, oldest first", "sort the users by age, oldest first", 3_600, False),
        ("", "", 5, False),
    ],
)
def test_when_a_request_is_the_last_one_again(first: str, second: str, seconds: float, again: bool) -> None:
    """Words in common, or a complaint in the first of them; long after, it is a new one."""
    turns = Turns()
    assert turns.asked("s", first, "1", now=0.0) is None
    assert (turns.asked("s", second, "2", now=seconds) is not None) is again


def test_sessions_are_apart_and_bounded() -> None:
    """What one user asks says nothing of another's; ten thousand users fill no memory."""
    turns = Turns()
    turns.asked("ann", "sort the users by age", "1", now=0.0)
    assert turns.asked("bob", "sort the users by age", "2", now=1.0) is None
    for i in range(10_000):
        turns.asked(f"user {i}", "hello", str(i), now=2.0)
    assert repr(turns) == "<Turns of 1024 sessions>"


def test_an_agent_that_makes_the_same_call_a_third_time_goes_in_circles() -> None:
    """Other calls between them or not; with other arguments it is another call; an answer ends the count."""
    turns, call = Turns(), {"name": "search", "args": {"q": "x"}}
    other = {"name": "search", "args": {"q": "y"}}
    verdicts = [turns.called("s", [step]) for step in (call, other, call, other, call)]
    assert [verdict is not None for verdict in verdicts] == [False, False, False, False, True]
    assert turns.called("s", []) is None
    assert turns.called("s", [call]) is None


def test_nothing_said_is_kept() -> None:
    """Hashes only, salted anew in each process."""
    turns = Turns()
    turns.asked("s", "my secret prompt", "1", now=0.0)
    turns.called("s", [{"name": "f", "args": {"key": "secret"}}])
    state = repr((turns._last, turns._calls))
    assert "secret" not in state
    assert "prompt" not in state


# -- evaluators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["run of a chat model", "run of a chain", "id"])
def test_langsmith_scores_become_feedback(kind: str) -> None:
    """The decision is found wherever in the run's outputs it stands."""
    world = World()
    decision = served(world)
    metadata = {"zeta": {"decision_id": decision.id}}
    run: Any = {
        "run of a chat model": SimpleNamespace(
            outputs={"generations": [[{"message": {"kwargs": {"response_metadata": metadata}}}]]}
        ),
        "run of a chain": SimpleNamespace(outputs={"output": SimpleNamespace(response_metadata=metadata)}),
        "id": decision.id,
    }[kind]
    results = {"results": [SimpleNamespace(key="correct", score=True), {"key": "tone", "score": 0.25}, {"score": None}]}
    assert feedback_from_langsmith(world.router, run, results) == 2
    assert [(e.score, e.source) for e in told(world)] == [(1.0, "langsmith: correct"), (0.25, "langsmith: tone")]


def test_a_langsmith_run_of_somebody_else_is_passed_over() -> None:
    """No decision, no feedback; nor for scores that are none."""
    world = World()
    assert feedback_from_langsmith(world.router, SimpleNamespace(outputs={"output": "x"}), {"score": 1}) == 0
    assert feedback_from_langsmith(world.router, served(world).id, [{"score": 7}, {"score": float("nan")}]) == 0


def test_llamaindex_results_become_feedback() -> None:
    """A score in its evaluator's range, else whether it passes; an invalid result is none."""
    world = World()
    told_of = served(world).id
    router = world.router
    good = SimpleNamespace(score=4.0, passing=True, invalid_result=False)
    passing = SimpleNamespace(score=None, passing=False, invalid_result=False)
    invalid = SimpleNamespace(score=1.0, passing=True, invalid_result=True)
    assert feedback_from_llamaindex(router, told_of, good, worst=1.0, best=5.0)
    assert feedback_from_llamaindex(router, told_of, passing)
    assert not feedback_from_llamaindex(router, told_of, invalid)
    assert [event.score for event in told(world)] == [0.75, 0.0]
    with pytest.raises(UnknownDecision):
        feedback_from_llamaindex(router, "unknown", good, worst=1.0, best=5.0)


# -- the idle judge --------------------------------------------------------------------------------------------------


def test_the_judge_grades_a_sample_when_nobody_waits() -> None:
    """With half the weight of an opinion."""
    world = World()
    asked: list[str] = []
    judge = IdleJudge(world.router, lambda text: asked.append(text) or "8", share=1.0)
    assert judge.offer(served(world).id, "Capital of France?", "Paris")
    with next(iter(world.router.plan(CODE))):
        assert judge.work() == 0  # somebody waits
    assert judge.work() == 1
    assert "Capital of France?" in asked[0]
    (event,) = told(world)
    assert (event.score, event.weight, event.source) == (0.8, WEIGHT, "judge")
    assert judge.work() == 0


def test_the_judge_takes_the_share_it_is_told() -> None:
    """Binomial(2,000, 0.1): mean 200, standard deviation 13; five of them are allowed."""
    judge = IdleJudge(World().router, lambda text: "5", share=0.1, rng=Random(3))
    assert abs(sum(judge.offer("id", "q", "a") for _ in range(2_000)) - 200) < 67
    with pytest.raises(ConfigError, match="share"):
        IdleJudge(World().router, lambda text: "5", share=0.0)


@pytest.mark.parametrize(
    ("reply", "grade"),
    [("7", 0.7), ("10", 1.0), ("Grade: 8/10", 0.8), ("<think>maybe 3</think> 6", 0.6), ("good", None), ("", None)],
)
def test_grades_are_found_in_replies(reply: str, grade: float | None) -> None:
    """The last number counts; thoughts do not."""
    assert grade_in(reply) == grade


def test_forgotten_and_unreadable_grades_teach_nothing() -> None:
    """And the judge goes on with the next."""
    world = World()
    replies = iter(["hm", "9", "4"])
    judge = IdleJudge(world.router, lambda text: next(replies), share=1.0)
    decision = served(world)
    for decision_id in (decision.id, "unknown", decision.id):
        judge.offer(decision_id, "q", "a")
    assert judge.work() == 1
    assert [event.score for event in told(world)] == [0.4]
    assert decision.model == CODER
