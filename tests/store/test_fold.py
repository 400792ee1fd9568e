"""Learning is a pure fold over the log: whoever reads it, in whatever pieces, comes to the same state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.world import EPOCH, HOST, entries_of, records_of
from zeta_router import DriftFound, DriftOver, Outcome, PhaseTimes, StaticRule
from zeta_router.decision import Decision
from zeta_router.store import AttemptBegan, Entry, Fold, Record, Unreadable, fold
from zeta_router.store.fold import OPEN_MOST, WINDOW_S
from zeta_router.store.snapshots import digest, from_text, to_text

MINE = records_of(40, seed=1)
YOURS = records_of(40, seed=2, start=EPOCH + 0.05, task="chat")


def state_of(entries: Sequence[Entry]) -> str:
    """Return the digest of what a log adds up to."""
    return digest(fold(PhaseTimes(), entries))


def log_of(order: Sequence[bool], delay: float = 0.0) -> list[Entry]:
    """Return a log of two writers: each flag says whose next record is stored next, at the newest time so far."""
    queues = {True: iter(enumerate(MINE, 1)), False: iter(enumerate(YOURS, 1))}
    entries: list[Entry] = []
    now = 0.0
    for is_mine in order:
        found = next(queues[is_mine], None)
        if found is None:
            continue
        seq, record = found
        now = max(now, record.at + delay)
        entries.append(Entry((len(entries) + 1, 0), "mine" if is_mine else "yours", seq, "", now, now, record))
    return entries


def merged(slack: Sequence[float]) -> list[Entry]:
    """Return a log in which every record is stored so many seconds after it happened, each writer's in order."""
    arrivals: list[tuple[float, str, int, Record]] = []
    for writer, records in (("mine", MINE), ("yours", YOURS)):
        last = 0.0
        for place, record in enumerate(records):
            last = max(last, record.at + slack[place % len(slack)])
            arrivals.append((last, writer, place + 1, record))
    arrivals.sort(key=lambda arrival: arrival[:3])
    return [Entry((n, 0), writer, seq, "", at, at, record) for n, (at, writer, seq, record) in enumerate(arrivals, 1)]


@given(cut=st.integers(0, len(MINE)))
@settings(max_examples=15)
def test_a_snapshot_and_the_rest_are_the_whole_log(cut: int) -> None:
    """fold(log) = snapshot + fold(rest), to the last bit, wherever the snapshot was taken."""
    entries = entries_of(MINE)
    first = Fold(PhaseTimes())
    for entry in entries[:cut]:
        first.add(entry)
    again = from_text(to_text(first), PhaseTimes())
    for entry in entries[cut:]:
        again.add(entry)
    assert digest(again) == state_of(entries)


@given(slack=st.lists(st.floats(0.0, 0.9 * WINDOW_S), min_size=1, max_size=17))
@settings(max_examples=20)
def test_how_two_processes_records_interleave_does_not_matter(slack: list[float]) -> None:
    """What is stored within the window of its happening is folded in the order of happening: exactly one state."""
    assert state_of(merged(slack)) == state_of(merged([0.0]))


@given(order=st.lists(st.booleans(), min_size=20, max_size=200))
@settings(max_examples=15)
def test_any_interleaving_folds_and_counts_everything_once(order: list[bool]) -> None:
    """Late records, of a writer that was cut off, are folded when they come: every reader comes to the same state."""
    order = [*order, *[True] * len(MINE), *[False] * len(YOURS)]
    whole = fold(PhaseTimes(), log_of(order))
    calls = sum(meter.read().calls for meter in whole.meters.values())
    assert calls == sum(type(r).__name__ == "AttemptEnded" for r in (*MINE, *YOURS))
    assert whole.open == {}
    assert whole.problems == {}
    again = Fold(PhaseTimes())
    for entry in log_of(order):
        again.add(entry)
        if entry.seq % 40 == 0:
            again = from_text(to_text(again), PhaseTimes())
    assert digest(again) == digest(whole)


@given(st.data())
@settings(max_examples=15)
def test_entries_that_were_stored_twice_count_once(data: st.DataObject) -> None:
    """A writer whose connection breaks stores again what may have been stored."""
    entries = entries_of(MINE)
    places = data.draw(st.lists(st.integers(1, len(entries)), max_size=5))
    twice = list(entries)
    for place in sorted(places, reverse=True):
        again = data.draw(st.integers(max(0, place - 10), place))
        twice[place:place] = entries[again:place]
    assert state_of(twice) == state_of(entries)


def test_a_machine_whose_clock_is_wrong_by_an_hour_changes_nothing() -> None:
    """Its times are set right by the server's: what others learn is neither put off nor taken for old."""
    right = entries_of(MINE)
    for hour in (3600.0, -3600.0):
        wrong = [e._replace(record=_moved(e.record, hour), sent_at=e.sent_at + hour) for e in right]
        assert state_of(wrong) == state_of(right)


def test_time_never_goes_back_for_a_policy() -> None:
    """Records that come late, because their writer was cut off, are learned as of the newest time that is known."""
    late = [e for e in merged([0.0]) if e.writer == "mine"] + [e for e in merged([0.0]) if e.writer == "yours"]
    seen: list[float] = []

    class Watching(PhaseTimes):
        def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
            seen.append(now)
            return super().learn(decision, outcome, now=now)

    fold(Watching(), [e._replace(stored_at=max(e.stored_at, EPOCH + 9), sent_at=EPOCH + 9) for e in late])
    assert seen == sorted(seen)
    assert len(seen) == 80


def _moved(record: Record, by: float) -> Record:
    if isinstance(record, AttemptBegan):
        return AttemptBegan(replace(record.decision, decided_at=record.decision.decided_at + by), record.at + by)
    return record._replace(at=record.at + by)


def test_what_another_machine_says_of_its_own_address_is_passed_over() -> None:
    """`127.0.0.1` is another server there; a name in the network is the same one everywhere."""

    def folded(host: str, machine: str) -> Fold:
        moved = [AttemptBegan(replace(r.decision, host=host), r.at) if isinstance(r, AttemptBegan) else r for r in MINE]
        return fold(PhaseTimes(), entries_of(moved, machine=machine), machine="here")

    local = "http://127.0.0.1:11434"
    assert folded(local, "there").meters == {}
    assert "network address" in str(folded(local, "there").problems)
    assert folded(local, "here").meters != {}
    assert folded(HOST, "there").meters != {}


def test_attempts_that_never_end_are_given_up() -> None:
    """A fleet whose workers are killed for years keeps a bounded memory of them."""
    began = MINE[0]
    assert isinstance(began, AttemptBegan)
    records: list[Record] = [
        AttemptBegan(replace(began.decision, id=f"{n}"), began.at + n) for n in range(OPEN_MOST + 100)
    ]
    assert len(fold(StaticRule(), entries_of(records)).open) == OPEN_MOST


def test_a_policy_that_raises_on_a_record_learns_from_the_others() -> None:
    """It is said, with the policy's name, and folding goes on."""

    class Picky(PhaseTimes):
        def feedback(self, decision: Decision, score: float, *, now: float) -> None:
            raise ZeroDivisionError

    whole = fold(Picky(), entries_of(MINE))
    assert whole.meters
    assert [(what, n) for what, n in whole.problems.items() if "Picky raised ZeroDivisionError" in what and n == 10]


def test_what_cannot_be_read_is_counted_and_passed_over() -> None:
    """With its reason, so that it can be said."""
    whole = fold(PhaseTimes(), entries_of([*MINE, Unreadable("ended", "it is damaged", EPOCH)]))
    assert digest(whole) == state_of(entries_of(MINE))
    assert "damaged" in str(whole.problems)


def test_a_snapshot_is_text_that_anybody_can_read() -> None:
    """JSON behind a checksum; no pickle."""
    checksum, _, body = to_text(fold(PhaseTimes(), entries_of(MINE))).partition(" ")
    assert len(checksum) == 16
    assert isinstance(json.loads(body), dict)
