"""Planning and attempts: one request, tried until one model answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import CHAT, CODER, EMBEDDER, HOST, REASONER, World
from zeta_router import (
    DecisionMade,
    EveryAttemptFailed,
    Fate,
    InvalidRequest,
    ModelCard,
    NoCapableModel,
    Outcome,
    OutcomeSeen,
    Request,
    Timings,
    ZetaDynamicRouter,
)

CODE = Request(text="def f(x): ...", task="code")


def test_a_request_that_is_answered_is_tried_once() -> None:
    """The loop ends by itself after an answer, without a `break`."""
    world = World()

    attempts = world.router.plan(CODE)
    for attempt in attempts:
        with attempt:
            attempt.settle(world.outcome(attempt.decision))

    assert [a.decision.model for a in attempts.made] == [CODER]
    assert attempts.failures == ()


def test_a_plan_that_was_answered_has_nothing_more_to_try() -> None:
    """Iterating it again after the answer makes no second call."""
    world = World()
    attempts = world.router.plan(CODE)
    for _ in range(2):
        for attempt in attempts:
            with attempt:
                attempt.settle(world.outcome(attempt.decision))
    assert len(attempts.made) == 1


def test_a_failed_attempt_costs_an_attempt_not_the_answer() -> None:
    """When the best model fails, the next best answers, and both decisions belong to one request."""
    world = World(failing={CODER: Fate.error})

    answered_by = world.serve(CODE)

    made = [event.decision for event in world.events if isinstance(event, DecisionMade)]
    assert [d.model for d in made] == [CODER, answered_by.model]
    assert answered_by.model != CODER
    assert [d.attempt for d in made] == [1, 2]
    assert {d.request_id for d in made} == {made[0].id}


def test_when_every_model_fails_the_error_names_each() -> None:
    """Three models, three failures, one error that lists them in order."""
    world = World(failing={CODER: Fate.error, REASONER: Fate.missing, CHAT: Fate.timeout})

    with pytest.raises(EveryAttemptFailed) as caught:
        world.serve(CODE)

    assert {f.model for f in caught.value.failures} == {CODER, REASONER, CHAT}
    assert "it failed" in str(caught.value)
    assert "zeta doctor" in str(caught.value)


@pytest.mark.parametrize("fate", [Fate.cancelled, Fate.closed_early])
def test_nobody_waits_for_another_attempt_after_the_user_left(fate: Fate) -> None:
    """A request that its user abandoned is not tried elsewhere, and not held against the model."""
    world = World()
    attempts = world.router.plan(CODE)

    for attempt in attempts:
        with attempt:
            attempt.settle(Outcome(fate=fate, timings=Timings(total=1.0)))

    assert len(attempts.made) == 1
    assert attempts.failures == ()


def test_leaving_without_settling_counts_as_cancelled() -> None:
    """An exception out of the block leaves nothing in flight, and says cancelled."""
    world = World()

    def use() -> None:
        for attempt in world.router.plan(CODE):
            with attempt:
                world.clock.now += 2.0
                raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        use()

    (outcome,) = [e.outcome for e in world.events if isinstance(e, OutcomeSeen)]
    assert outcome.fate is Fate.cancelled
    assert outcome.timings.total == pytest.approx(2.0)
    assert world.router.snapshot().in_flight == 0


def test_a_generator_that_is_closed_counts_as_closed_early() -> None:
    """Closing a stream in the middle settles its attempt."""
    world = World()

    def stream() -> Iterator[str]:
        for attempt in world.router.plan(CODE):
            with attempt:
                attempt.first_token()
                yield "token"

    tokens = stream()
    next(tokens)
    assert world.router.snapshot().in_flight == 1
    tokens.close()  # type: ignore[attr-defined]

    (outcome,) = [e.outcome for e in world.events if isinstance(e, OutcomeSeen)]
    assert outcome.fate is Fate.closed_early
    assert world.router.snapshot().in_flight == 0


def test_an_attempt_that_is_never_entered_counts_nowhere() -> None:
    """Looking at a plan costs nothing."""
    world = World()
    next(iter(world.router.plan(CODE)))
    assert world.router.snapshot().in_flight == 0
    assert world.router.snapshot().decisions == 0


def test_an_attempt_is_settled_once_and_only_inside_its_block() -> None:
    """Settling twice, or before the block, says what to do."""
    world = World()
    (attempt,) = [next(iter(world.router.plan(CODE)))]
    with pytest.raises(InvalidRequest, match="with attempt"):
        attempt.settle(Outcome(fate=Fate.ok))
    with attempt:
        attempt.settle(Outcome(fate=Fate.ok))
        with pytest.raises(InvalidRequest, match="settled already"):
            attempt.settle(Outcome(fate=Fate.ok))


def test_a_deadline_that_has_passed_ends_the_attempts() -> None:
    """After the deadline nobody wants an answer: the second model is not even asked."""
    world = World()
    attempts = world.router.plan(Request(text="hello", task="chat", deadline=5.0))
    for attempt in attempts:
        with attempt:
            assert attempt.deadline_left == pytest.approx(5.0)
            world.clock.now += 6.0
            attempt.settle(Outcome(fate=Fate.timeout, timings=Timings(total=6.0)))
    assert len(attempts.made) == 1


def test_a_need_that_no_model_has_says_who_lacks_what() -> None:
    """The error names every model and what it lacks, before anything is spent."""
    world = World()
    with pytest.raises(NoCapableModel) as caught:
        world.router.plan(Request(text="what is in this picture?", needs=frozenset({"vision"})))
    assert {e.model for e in caught.value.exclusions} == {CODER, REASONER, CHAT, EMBEDDER}
    assert "lacks vision" in str(caught.value)


def test_only_models_with_tools_are_asked_when_tools_are_needed() -> None:
    """The reasoner cannot call tools, so it is not among the candidates."""
    decision = World().router.explain(Request(text="what time is it?", needs=frozenset({"tools"})))
    assert {score.model for score in decision.candidates} == {CODER, CHAT}


def test_vectors_come_from_embedders_and_text_never_does() -> None:
    """A chat model that is asked for vectors would be loaded first and refuse afterwards."""
    world = World()
    assert world.router.explain(Request(text="a", needs=frozenset({"embedding"}))).model == EMBEDDER
    assert EMBEDDER not in {s.model for s in world.router.explain(Request(text="a")).candidates}


@pytest.mark.parametrize(("prompt", "answer", "fits"), [(8000, 192, True), (8000, 193, False), (8192, None, True)])
def test_prompt_and_answer_must_fit_into_the_context_together(prompt: int, answer: int | None, fits: bool) -> None:
    """A stated length of the answer counts; a guessed one rules nobody out."""
    request = Request(text="long", prompt_tokens=prompt, max_output_tokens=answer)
    router = World().router
    if fits:
        assert router.explain(request).model
    else:
        with pytest.raises(NoCapableModel, match="context of 8193 tokens"):
            router.explain(request)


def test_counts_in_flight_do_not_drift_under_threads() -> None:
    """Eight threads, four hundred requests, all fates: nothing stays in flight."""
    world = World()
    fates = list(Fate)

    def work(offset: int) -> None:
        for i in range(50):
            for attempt in world.router.plan(CODE):
                with attempt:
                    attempt.settle(Outcome(fate=fates[(offset + i) % len(fates)], timings=Timings(total=0.1)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.router.snapshot().in_flight == 0
    assert all(model.in_flight == 0 for model in world.router.snapshot().models)


@given(st.lists(st.sampled_from(list(Fate)), min_size=1, max_size=20))
def test_whatever_happens_nothing_stays_in_flight(fates: list[Fate]) -> None:
    """For every sequence of fates, the counts return to zero and no model is tried twice for one request."""
    world = World()
    remaining = iter(fates)
    attempts = world.router.plan(CODE)
    for attempt in attempts:
        with attempt:
            fate = next(remaining, None)
            if fate is not None:
                attempt.settle(Outcome(fate=fate, timings=Timings(total=0.5)))
    models = [a.decision.model for a in attempts.made]
    assert len(models) == len(set(models))
    assert world.router.snapshot().in_flight == 0


def test_the_repr_shows_the_state_and_no_prompt() -> None:
    """A router says how many models it has and how many are busy; a request hides its text."""
    world = World()
    assert repr(world.router) == "<ZetaDynamicRouter 4 models, 0 busy>"
    assert "secret plan" not in repr(Request(text="my secret plan"))
    for attempt in world.router.plan(Request(text="my secret plan", task="chat")):
        with attempt:
            assert repr(world.router) == "<ZetaDynamicRouter 4 models, 1 busy>"
            assert "secret plan" not in repr(attempt.decision)


def test_a_caller_may_insist_on_one_model() -> None:
    """Only that model is tried; a name that nobody has, or a need it lacks, is said at once."""
    world = World(failing={CHAT: Fate.error})
    attempts = world.router.plan(CODE, model="LLAMA3.2:3b")
    for attempt in attempts:
        with attempt:
            attempt.settle(world.outcome(attempt.decision))
    assert [a.decision.model for a in attempts.made] == [CHAT]
    with pytest.raises(InvalidRequest, match="no model 'nope:1b' in this fleet; it has llama"):
        world.router.plan(CODE, model="nope:1b")
    with pytest.raises(NoCapableModel, match="phi4:14b lacks tools"):
        world.router.plan(Request(text="hi", needs=frozenset({"tools"})), model=REASONER)


def test_models_join_and_leave_while_the_router_runs() -> None:
    """A model that joins is a candidate from then on; one that leaves no longer is."""
    world = World()
    world.router.join(ModelCard(name="qwen3:32b", host=HOST))
    assert "qwen3:32b" in {s.model for s in world.router.explain(CODE).candidates}
    world.router.leave("qwen3:32b")
    assert "qwen3:32b" not in {s.model for s in world.router.explain(CODE).candidates}


def test_a_router_without_models_says_how_to_get_one() -> None:
    """An empty fleet is an error with a way out, raised when something is asked of it."""
    with pytest.raises(NoCapableModel, match="ollama pull"):
        ZetaDynamicRouter([]).plan(CODE)


def test_a_request_can_insist_on_some_models() -> None:
    """Only the named ones answer, the best of them first; a name that nobody has is left out of the named."""
    world = World()

    attempts = world.router.plan(CODE, model=["LLAMA3.2:3b", REASONER, "nope:1b"])
    for attempt in attempts:
        with attempt:
            attempt.settle(Outcome(fate=Fate.error))

    assert {a.decision.model for a in attempts.made} == {CHAT, REASONER}
    with pytest.raises(InvalidRequest, match="no model \\[\\]"):
        world.router.plan(CODE, model=[])


def test_a_preferred_model_is_tried_first_and_not_again() -> None:
    """Whatever the policy thinks of it; the others take over when it fails, as attempts at the same request."""
    world = World()

    attempts = world.router.plan(CODE, prefer=(CHAT, HOST))
    for attempt in attempts:
        with attempt:
            attempt.settle(Outcome(fate=Fate.invalid))

    assert attempts.made[0].decision.model == CHAT
    assert CHAT not in [a.decision.model for a in attempts.made[1:]]
    assert len({a.decision.request_id for a in attempts.made}) == 1


def test_a_preferred_model_that_cannot_serve_is_passed_over() -> None:
    """Without tools there, the request goes where there are tools."""
    world = World()

    attempts = world.router.plan(Request(text="hi", needs=frozenset({"tools"})), prefer=(REASONER, HOST))

    assert next(iter(attempts)).decision.model != REASONER
