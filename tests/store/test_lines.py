"""Records as lines: nothing that learning reads is lost, and nothing absurd comes in."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.store.world import EPOCH, HOST, cards, records_of
from zeta_router import Fate, Outcome, Timings
from zeta_router.store import AttemptBegan, AttemptEnded, Feedback, Joined, Left, Record, Unreadable
from zeta_router.store.lines import VERSION, decode, encode

BEGAN = next(record for record in records_of(5) if isinstance(record, AttemptBegan))
OPINION = Feedback(BEGAN.decision, 0.75, "user", EPOCH)
ENDED = AttemptEnded(
    "abc",
    Outcome(fate=Fate.ok, timings=Timings(load=0.1, decode=1.5, total=1.6), prompt_tokens=7, output_tokens=9),
    EPOCH + 1 / 3,
)


@pytest.mark.parametrize(
    "record",
    [ENDED, Joined(cards()[0], HOST, EPOCH), Left("a:7b", HOST, EPOCH)],
    ids=lambda record: type(record).__name__,
)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    """To the last bit of every number."""
    assert decode(encode(record, 1).text) == record


@pytest.mark.parametrize("record", [BEGAN, OPINION], ids=lambda record: type(record).__name__)
def test_a_decision_comes_back_with_all_that_learning_may_read(record: Record) -> None:
    """Scalars, guess, card, predictions; of candidates the scores, and how busy and how loaded they were."""
    again = decode(encode(record, 1).text)
    assert isinstance(again, (AttemptBegan, Feedback))
    before, after = BEGAN.decision, again.decision
    for name in ("id", "model", "host", "task", "guess", "propensity", "reason", "predicted", "bounds", "quality"):
        assert getattr(after, name) == getattr(before, name)
    for name in ("utility", "decided_at", "prompt_tokens", "attempt", "request_id", "card", "tags", "explored"):
        assert getattr(after, name) == getattr(before, name)
    assert len(after.candidates) == len(before.candidates)
    for new, old in zip(after.candidates, before.candidates, strict=True):
        assert new[1:] == old[1:]
        assert (new.model, new.host) == (old.model, old.host)
        for name in ("loaded", "in_flight", "host_flights", "loaded_at"):
            assert getattr(new.candidate, name) == getattr(old.candidate, name)


def test_the_text_of_an_error_is_not_written() -> None:
    """It is the server's, and may quote the prompt."""
    line = encode(AttemptEnded("abc", Outcome(fate=Fate.error, error="cannot parse 'my secret prompt'"), EPOCH), 1)
    assert "secret" not in line.text
    again = decode(line.text)
    assert isinstance(again, AttemptEnded)
    assert again.outcome.fate is Fate.error


ABSURD: list[tuple[str, Any]] = [
    ("timings", [None, None, None, -1.0, None, None]),
    ("timings", [None, None, None, 1e9, None, None]),
    ("timings", [0.0]),
    ("timings", "fast"),
    ("prompt_tokens", -3),
    ("output_tokens", 10**12),
    ("output_tokens", 1.5),
    ("fate", "great"),
]


@pytest.mark.parametrize(("name", "value"), ABSURD)
def test_an_absurd_outcome_is_passed_over(name: str, value: Any) -> None:
    """It becomes `Unreadable`, which is never folded into a policy."""
    body = json.loads(encode(ENDED, 1).text)
    body["outcome"][name] = value
    assert isinstance(decode(json.dumps(body)), Unreadable)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("place", ['"at":', '"propensity":', '"utility":', '"decided_at":'])
def test_what_is_not_finite_is_passed_over(place: str, constant: str) -> None:
    """JSON does not know these, but Python reads them."""
    text = encode(BEGAN, 1).text
    assert place in text
    head, _, tail = text.partition(place)
    rest = tail[tail.index(",") :] if "," in tail else "}"
    assert isinstance(decode(f"{head}{place}{constant}{rest}"), Unreadable)


@pytest.mark.parametrize("propensity", [0.0, -0.1, 1.5])
def test_a_propensity_that_none_can_divide_by_is_passed_over(propensity: float) -> None:
    """One persisted zero once failed every request of a peer for weeks."""
    body = json.loads(encode(BEGAN, 1).text)
    body["decision"]["propensity"] = propensity
    assert isinstance(decode(json.dumps(body)), Unreadable)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", '"x"', "{}", '{"v":1}', "[" * 100_000, "\x00"])
def test_a_damaged_line_is_passed_over(text: str) -> None:
    """Whatever stands there, reading goes on."""
    assert isinstance(decode(text), Unreadable)


def test_a_newer_line_is_passed_over_and_says_so() -> None:
    """Of a known kind or of one that does not exist yet."""
    newer = json.loads(encode(ENDED, 1).text) | {"v": VERSION + 1}
    unknown = json.loads(encode(ENDED, 1).text) | {"kind": "dreamt"}
    for body in (newer, unknown):
        record = decode(json.dumps(body))
        assert isinstance(record, Unreadable)
        assert "upgrade" in record.why


def test_a_number_that_is_none_cannot_be_written() -> None:
    """The router drops such a record and says so."""
    with pytest.raises(ValueError, match="JSON"):
        encode(OPINION._replace(score=math.nan), 1)
