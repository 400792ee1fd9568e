"""Conversations: what a model on a host has read of one, it need not read again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest

from tests.store.world import entries_of
from zeta_router import Decision, Fate, ModelCard, Outcome, PhaseTimes, Policy, Request, Timings, ZetaDynamicRouter
from zeta_router.attempts import Attempt
from zeta_router.learning import learned
from zeta_router.learning.prompt_caches import READERS_MOST, SESSIONS_MOST
from zeta_router.store import AttemptBegan, AttemptEnded, Record, fold
from zeta_router.store.lines import decode, encode
from zeta_router.store.state import dump, restore
from zeta_router.testing import ManualClock

HOSTS = ["http://left:11434", "http://right:11434"]
MODEL = "qwen2.5:7b"
READ_S, WRITE_S = 0.002, 0.01
"""Seconds per token."""
IN_CACHE = "has this conversation's prompt in its cache"


@dataclass
class World:
    """One model on some hosts, each of which keeps the prompts that it has read, or not."""

    hosts: list[str] = field(default_factory=lambda: HOSTS[:1])
    keeps: bool = True
    keeps_others: bool = True
    clock: ManualClock = field(default_factory=lambda: ManualClock(1_700_000_000.0))
    policy: PhaseTimes = field(default_factory=PhaseTimes)
    read: dict[tuple[str, str | None], int] = field(default_factory=dict)
    kept: list[Record] = field(default_factory=list)
    luck: Iterator[float] = field(default_factory=lambda: cycle([0.85, 1.15, 1.0]))

    def __post_init__(self) -> None:
        """Serve a few that belong to nothing, so that speeds are known and the model is in memory."""
        cards = [ModelCard(name=MODEL, host=host) for host in self.hosts]
        self.router = ZetaDynamicRouter(cards, hosts=self.hosts, policy=self.policy, clock=self.clock, rng=1)
        for _ in range(3):
            open_ = [self.begin(None, 1_000) for _ in self.hosts]
            for attempt in open_:
                self.end(attempt)

    def begin(self, session: str | None, tokens: int) -> Attempt:
        """Send a request."""
        attempt = next(iter(self.router.plan(asked(session, tokens)))).__enter__()
        self.kept.append(AttemptBegan(attempt.decision, self.clock()))
        return attempt

    def end(self, attempt: Attempt, *, load: float = 0.004, fate: Fate = Fate.ok) -> Decision:
        """Answer it with 50 tokens."""
        decision = attempt.decision
        place = decision.host, decision.session
        cached = self.read.get(place, 0) if self.keeps and load < 1.0 and decision.session else 0
        prefill, write = READ_S * (decision.prompt_tokens - min(cached, decision.prompt_tokens)) + 0.001, WRITE_S * 49
        prefill *= next(self.luck)
        if not self.keeps_others:
            self.read.clear()
        self.read[place] = decision.prompt_tokens
        self.clock.advance(load + prefill + write)
        timings = Timings(wait=0.0, load=load, prefill=prefill, decode=write, total=load + prefill + write)
        if fate is not Fate.ok:
            timings = Timings(total=0.1)
        outcome = Outcome(fate=fate, timings=timings, prompt_tokens=decision.prompt_tokens, output_tokens=50)
        attempt.settle(outcome)
        self.kept.append(AttemptEnded(decision.id, outcome, self.clock()))
        self.clock.advance(1.0)
        return decision

    def turn(self, session: str | None, tokens: int, **how: Any) -> Decision:
        """Serve one request."""
        return self.end(self.begin(session, tokens), **how)

    def reading(self, session: str | None, tokens: int) -> float:
        """Return how many seconds it is expected to take until a prompt is read."""
        return self.router.explain(asked(session, tokens)).predicted.prefill or 0.0


def asked(session: str | None, tokens: int) -> Request:
    return Request(task="chat", prompt_tokens=tokens, session=session)


def test_the_next_turn_goes_where_the_conversation_was_read() -> None:
    """Two hosts that are alike in all else; and it says why."""
    world = World(HOSTS)
    first, second = world.begin("ann", 2_000), world.begin("bob", 2_000)
    assert first.decision.host != second.decision.host
    homes = {"ann": world.end(first).host, "bob": world.end(second).host}
    for tokens in (2_300, 2_600, 2_900):
        for session, home in homes.items():
            decision = world.turn(session, tokens)
            assert decision.host == home
            assert IN_CACHE in decision.reason
            assert decision.reason.count(IN_CACHE) == 1  # the other host has not


def test_only_what_is_new_is_expected_to_be_read() -> None:
    """At first nine tenths of what is known, and after some turns that showed it nearly all."""
    world = World()
    whole = world.reading(None, 3_000)
    world.turn("ann", 2_900)
    assert world.reading("ann", 3_000) == pytest.approx(whole * (1 - 0.9 * 2_900 / 3_000), rel=0.05)
    for tokens in range(3_000, 5_000, 100):
        world.turn("ann", tokens)
    assert world.reading("ann", 5_000) < 0.1 * world.reading(None, 5_000)


def test_a_prompt_that_was_not_read_again_says_nothing_of_how_fast_it_would_be() -> None:
    """Thirty quick turns, and a new conversation is expected to take as long as the first."""
    world = World()
    before = world.reading("bob", 3_000)
    for tokens in range(1_000, 4_000, 100):
        world.turn("ann", tokens)
    assert world.reading("bob", 3_000) == pytest.approx(before, rel=0.05)


def reloaded(world: World) -> None:
    world.turn(None, 200, load=4.0)


def failed(world: World) -> None:
    world.turn("ann", 3_000, fate=Fate.error)


def cancelled(world: World) -> None:
    world.begin("ann", 3_000).__exit__(None, None, None)


def answered_by_a_cache_of_answers(world: World) -> None:
    world.turn("ann", 3_000, fate=Fate.cache_hit)


def evicted(world: World) -> None:
    world.router._dispatcher.saw_resident(HOSTS[0], [])


def nothing(world: World) -> None:
    pass


@pytest.mark.parametrize(
    ("happens", "session", "tokens"),
    [
        (nothing, None, 3_000),
        (nothing, "bob", 3_000),
        (nothing, "ann", 2_899),
        (reloaded, "ann", 3_000),
        (evicted, "ann", 3_000),
        (failed, "ann", 3_000),
        (cancelled, "ann", 3_000),
        (answered_by_a_cache_of_answers, "ann", 3_000),
    ],
)
def test_what_is_not_expected_in_the_cache(happens: Callable[[World], None], session: str | None, tokens: int) -> None:
    """Other conversations; prompts that became shorter; nothing, after a load; what nobody knows the end of."""
    world = World()
    world.turn("ann", 2_900)
    assert IN_CACHE in world.router.explain(asked("ann", tokens + 1)).reason
    happens(world)
    assert IN_CACHE not in world.router.explain(asked(session, tokens)).reason
    assert world.reading(session, tokens) == pytest.approx(world.reading(None, tokens))


def test_a_model_that_was_pulled_anew_has_read_nothing() -> None:
    """It has the name of the one before."""
    world = World()
    world.router.join(ModelCard(name=MODEL, host=HOSTS[0], digest="a" * 64))
    world.turn("ann", 2_900)
    world.turn("ann", 2_950)
    assert IN_CACHE in world.router.explain(asked("ann", 3_000)).reason
    world.router.join(ModelCard(name=MODEL, host=HOSTS[0], digest="b" * 64))
    world.turn(None, 1_000, load=4.0)
    assert IN_CACHE not in world.router.explain(asked("ann", 3_000)).reason


def test_a_host_that_keeps_no_prompts_is_found_out() -> None:
    """Within a dozen turns a prompt is expected to be read whole, of conversations that are new as well."""
    world = World(keeps=False)
    for tokens in range(2_000, 3_200, 100):
        world.turn("ann", tokens)
    assert world.reading("ann", 3_200) > 0.9 * world.reading(None, 3_200)
    world.turn("bob", 3_000)
    assert world.reading("bob", 3_200) > 0.7 * world.reading(None, 3_200)


def test_a_host_that_keeps_the_last_prompt_only_is_found_out() -> None:
    """As older servers do: what was read at once before is there, and gone after another conversation's turn."""
    world = World(keeps_others=False)
    for tokens in range(2_000, 3_200, 100):
        for session in ("ann", "bob"):
            world.turn(session, tokens)
            world.turn(session, tokens + 50)
    assert world.reading("bob", 3_200) < 0.4 * world.reading(None, 3_200)
    assert world.reading("ann", 3_200) > 0.6 * world.reading(None, 3_200)


def test_a_load_is_no_sign_that_a_host_keeps_nothing() -> None:
    """A model that had to be loaded for a turn has read nothing, but it will keep what it reads."""
    world = World()
    for tokens in range(2_000, 3_200, 100):
        world.turn("ann", tokens, load=4.0)
    world.turn("ann", 3_200)
    assert world.reading("ann", 3_300) < 0.3 * world.reading(None, 3_300)


def test_who_brings_new_prompts_each_time_is_found_out_alone() -> None:
    """An agent with one session for everything; others keep what they have."""
    world = World()
    for number in range(12):
        world.read.clear()
        world.turn("agent", 2_000 + 100 * number)
        for tokens in (500, 600, 700):
            world.turn(f"user {number}", tokens)
    assert world.reading("agent", 3_200) > 0.6 * world.reading(None, 3_200)
    assert world.reading("user 11", 800) < 0.5 * world.reading(None, 800)


def test_prompts_that_only_begin_alike_do_not_speak_for_their_host() -> None:
    """A hundred of a pipeline with the same examples before each question; a conversation beside them is kept."""
    world = World()
    for number in range(100):
        world.read.clear()
        world.turn("examples", 2_000 + number % 7)
    assert world.reading("examples", 2_100) > 0.8 * world.reading(None, 2_100)
    world.turn("ann", 2_900)
    assert world.reading("ann", 3_000) < 0.8 * world.reading(None, 3_000)
    world.turn("ann", 3_000)
    assert world.reading("ann", 3_100) < 0.5 * world.reading(None, 3_100)


def test_an_empty_session_is_no_conversation() -> None:
    """Some web applications send one for everybody who has none."""
    world = World()
    world.turn("", 2_900)
    assert IN_CACHE not in world.router.explain(asked("", 3_000)).reason
    assert not world.policy._learned.prompts._sessions


def test_conversations_leave_a_bounded_state() -> None:
    """Those that were quiet for longest are forgotten; of each a few models on hosts are kept."""
    world = World([f"http://gpu-{n}:11434" for n in range(READERS_MOST + 3)])
    for number in range(SESSIONS_MOST + 20):
        world.turn(f"user {number}", 100)
        if number % 100 == 0:
            world.turn("user 0", 200)
    for attempt in [world.begin("all over", 500) for _ in world.hosts]:
        world.end(attempt)
    known = world.policy._learned.prompts._sessions
    assert len(known) == SESSIONS_MOST
    assert "user 0" in known
    assert "user 21" not in known
    assert "user 22" in known
    assert len(known["all over"].readers) == READERS_MOST


def test_hosts_that_come_and_go_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how often they kept what they had read."""
    monkeypatch.setattr(learned, "MOST_RUNNERS", 5)
    world = World([f"http://gpu-{n}:11434" for n in range(12)])
    for tokens in (900, 1_000):
        for attempt in [world.begin(f"user {number}", tokens) for number in range(12)]:  # all at once: on all hosts
            world.end(attempt)
    world.turn(None, 100)
    assert {host for host, _ in world.policy._learned.prompts._kept} <= set(world.policy._learned.hosts)
    assert len(world.policy._learned.hosts) == 5


def test_the_log_folds_to_what_the_router_knows() -> None:
    """Sessions are in the records; and a snapshot of it goes on alike."""
    world = World(HOSTS)
    for tokens in range(1_000, 2_000, 100):
        for session in ("ann", "bob", None):
            world.turn(session, tokens, fate=Fate.error if tokens == 1_500 else Fate.ok)
    entries = entries_of([decode(encode(record, 1).text) for record in world.kept])
    assert state_of(fold(PhaseTimes(), entries).policy) == state_of(world.policy)
    half = fold(PhaseTimes(), entries[:40]).policy
    restored = restore(json.loads(json.dumps(dump(half))))
    assert state_of(fold(restored, entries[40:]).policy) == state_of(fold(half, entries[40:]).policy)


def state_of(policy: Policy) -> object:
    """Return what is known of conversations, as it is stored; there is something."""
    assert isinstance(policy, PhaseTimes)
    assert policy._learned.prompts._kept
    return dump(policy._learned.prompts)
