"""`filled_at_once`: what it makes is what `dataclasses` would have made."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from zeta_router import Fate, InvalidRequest, Outcome, Request, Timings
from zeta_router.frozen import filled_at_once
from zeta_router.signals import Answer

MADE: list[Any] = [
    Request(text="hello", task="code", needs=frozenset({"tools"})),
    Timings(load=1.5, total=2.0),
    Outcome(fate=Fate.ok, timings=Timings(total=1.0), output_tokens=3),
    Answer(text="four"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """Made by `dataclasses` alone."""

    name: str
    size: int = 3
    checked: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checked", True)


@filled_at_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same, filled at once."""

    name: str
    size: int = 3
    checked: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checked", True)


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_a_value_stays_a_frozen_dataclass(made: Any) -> None:
    """Nothing can be changed or added; copies, pickles and `replace` are equal to it, and so are their hashes."""
    name = fields(made)[0].name

    with pytest.raises(FrozenInstanceError):
        setattr(made, name, None)
    with pytest.raises((AttributeError, TypeError)):
        made.something_else = 1
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), replace(made)):
        assert other == made
        assert repr(other) == repr(made)
    assert type(made).__init__.__qualname__ == f"{type(made).__name__}.__init__"


def test_it_takes_the_same_arguments() -> None:
    """Keywords with the same defaults and types; what is left out, unknown or not named is refused the same way."""
    assert inspect.signature(Quick) == inspect.signature(Usual)
    assert repr(Quick(name="a")) == repr(Usual(name="a")).replace("Usual", "Quick")
    assert Quick(name="a").checked
    make: Any = Quick
    for wrong in ({}, {"name": "a", "color": "red"}):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            make(**wrong)
    with pytest.raises(TypeError, match="positional"):
        make("a")


def test_post_init_still_refuses() -> None:
    """Values that cannot be are refused when they are made."""
    with pytest.raises(InvalidRequest, match=r"timings\.load must be seconds"):
        Timings(load=-1.0)


def test_what_it_cannot_fill_is_refused() -> None:
    """A class without slots, a factory for a default, arguments without names, no dataclass at all."""

    @dataclass(frozen=True, kw_only=True)
    class Loose:
        x: int = 0

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Fresh:
        x: list[int] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Positional:
        x: int = 0

    for kind, what in ((Loose, "Loose.x"), (Fresh, "Fresh.x"), (Positional, "Positional.x"), (int, "dataclass")):
        with pytest.raises(TypeError, match=what):
            filled_at_once(kind)
