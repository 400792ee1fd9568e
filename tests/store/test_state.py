"""The codec of learned state: any policy's plain objects, nothing else, and never code."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from tests.store.world import entries_of, records_of
from zeta_router import Objective, PhaseTimes
from zeta_router.policies.named import NAMED
from zeta_router.policies.shadow import Shadow
from zeta_router.store import fold
from zeta_router.store.snapshots import digest, from_text, to_text
from zeta_router.store.state import Unstorable, dump, restore, transplant


class Colour(Enum):
    red = "red"


class Pair(NamedTuple):
    left: float
    right: str


class Slotted:
    __slots__ = ("__hidden", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.__hidden = [value]

    @property
    def hidden(self) -> list[object]:
        return self.__hidden


@dataclass(frozen=True, slots=True)
class Frozen:
    number: int
    parts: tuple[float, ...] = field(default=(1.0, 2.0))


def there_and_back(thing: object) -> Any:
    """Dump, write as JSON, read, restore."""
    return restore(json.loads(json.dumps(dump(thing))), also=[__name__])


@pytest.mark.parametrize(
    "thing",
    [
        None, True, 7, 2**80, 0.1 + 0.2, "text", Colour.red, (1, (2.0, "x")), [1, [2]], {("a", 1): {2: 3.0}},
        {1, 2}, frozenset({"a"}), deque([1, 2], maxlen=2), Counter("aab"), OrderedDict([("b", 1), ("a", 2)]),
        Pair(1.5, "x"), Frozen(3), float("inf"), MappingProxyType({"a": 1}),
    ],
    ids=repr,
)  # fmt: skip
def test_values_come_back_equal_and_of_their_class(thing: object) -> None:
    """Keys need not be strings, tuples stay tuples."""
    again = there_and_back(thing)
    assert again == thing
    assert type(again) is type(thing)


def test_arrays_factories_and_bounds_come_back() -> None:
    """A numpy array, the factory of a default dict, the bound of a deque."""
    numpy = pytest.importorskip("numpy")
    array = there_and_back(numpy.arange(6.0).reshape(2, 3))
    assert array.shape == (2, 3)
    assert array.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    again = there_and_back(defaultdict(list, {"a": [1]}))
    assert again["new"] == []
    assert there_and_back(deque([1], maxlen=3)).maxlen == 3


def test_what_is_shared_stays_shared_and_circles_end() -> None:
    """Two owners of one object have one object afterwards."""
    inner = Slotted(1.0)
    outer = {"a": inner, "b": inner}
    again = there_and_back(outer)
    assert again["a"] is again["b"]
    assert again["a"].hidden == [1.0]
    circle: list[object] = []
    circle.append(circle)
    again = there_and_back(circle)
    assert again[0] is again


@pytest.mark.parametrize(
    "thing", [lambda: 0, len, threading.Lock(), object(), iter([]), open, Slotted, b"bytes"], ids=repr
)
def test_what_is_no_plain_data_is_refused(thing: object) -> None:
    """It says so instead of writing something that cannot come back."""
    with pytest.raises(Unstorable):
        dump({"inside": thing})


@pytest.mark.parametrize(
    "data",
    [
        {"o": ["os:system", {}]},
        {"o": ["subprocess:Popen", {}]},
        {"o": ["zeta_router.store.state:restore", {}]},
        {"o": ["zeta_router.nowhere:Thing", {}]},
        {"e": ["builtins:eval", "x"]},
        {"D": ["os:system", []]},
        {"n": ["zeta_router.decision:dataclass", []]},
        {"r": 99},
        {"o": "x"},
        {"what": 1},
        {"a": 1, "b": 2},
    ],
    ids=repr,
)
def test_a_snapshot_makes_no_other_classes(data: object) -> None:
    """Only Zeta's own and the policy's module are looked at, and constructors are not called."""
    with pytest.raises(Unstorable):
        restore(data)


@pytest.mark.parametrize("name", [*NAMED, "shadow"])
def test_a_policy_comes_back_and_goes_on_alike(name: str) -> None:
    """Learned state of every policy is restored whole: what is learned afterwards is the same."""
    made = Shadow(PhaseTimes()) if name == "shadow" else NAMED[name](Objective())
    entries = entries_of(records_of(60))
    first = fold(made, entries[:60]).policy
    again = restore(json.loads(json.dumps(dump(first))))
    assert dump(fold(again, entries[60:]).policy) == dump(fold(first, entries[60:]).policy)


class Mine(PhaseTimes):
    pass


def test_a_policy_of_the_users_own_may_be_inside_another_one() -> None:
    """The classes that may be made are those of the policy that is there."""
    whole = fold(Shadow(Mine()), entries_of(records_of(20)))
    assert digest(from_text(to_text(whole), Shadow(Mine()))) == digest(whole)
    with pytest.raises(Unstorable):
        from_text(to_text(whole), Shadow(PhaseTimes()))


def test_a_transplanted_policy_is_the_same_object_with_another_state() -> None:
    """Whoever holds the policy sees what it learned."""
    learned = fold(PhaseTimes(), entries_of(records_of(20))).policy
    mine = PhaseTimes()
    expected = dump(learned)
    transplant(learned, mine)
    assert dump(mine) == expected
