"""Why a model was picked, in words that are put together when somebody reads them."""

from __future__ import annotations

import copy
import json
import pickle

from tests.store.world import router_on, serve
from zeta_router import Decision, PhaseTimes, Request
from zeta_router.store.state import dump, restore
from zeta_router.testing import ManualClock


def decided() -> tuple[Decision, Decision, Decision]:
    """Return three alike, of routers alike: read at once, read after much was learned, and not read yet."""
    made = []
    for reads in (True, False, False):
        clock = ManualClock(1_700_000_000.0)
        router = router_on(None, clock, policy=PhaseTimes())
        serve(router, clock, 5)
        decision = next(iter(router.plan(Request(text="x", task="code", prompt_tokens=200)))).decision
        if reads:
            assert decision.reason
        serve(router, clock, 20, slow=6.0)
        made.append(decision)
    return made[0], made[1], made[2]


def test_a_reason_that_is_read_late_says_what_was_true_at_the_decision() -> None:
    """What is learned in between changes neither words nor bounds."""
    at_once, late, _ = decided()
    assert late.reason == at_once.reason
    assert "quality" in late.reason
    assert "; next " in late.reason
    assert late.bounds == at_once.bounds


def test_a_decision_may_be_copied_and_stored_unread() -> None:
    """The words to come are plain data."""
    at_once, _, unread = decided()
    for again in (
        pickle.loads(pickle.dumps(unread)),
        copy.deepcopy(unread),
        restore(json.loads(json.dumps(dump(unread)))),
    ):
        assert again.reason == at_once.reason
