"""Faults as people write them, on the command line and to the control endpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

from zeta_router.simulator.faults import FaultKind
from zeta_router.simulator.server.server_faults import ServerFaults

_ARMED: tuple[FaultKind, ...] = get_args(FaultKind)
KINDS = ("slow", "stall", "clock_skew", *_ARMED)
_EXAMPLE = "slow@qwen2.5-coder:7b,factor=5"


def parse_order(text: str) -> dict[str, Any]:
    """Read `KIND[@MODEL][,key=value]...`, e.g. `truncate@llama3.2:3b,at=3,times=2`.

    Raises:
        ValueError: It is written otherwise.
    """
    head, *rest = text.split(",")
    kind, _, model = head.partition("@")
    order: dict[str, Any] = {"kind": kind.strip()} | ({"model": model.strip()} if model else {})
    for pair in rest:
        key, equals, value = pair.partition("=")
        try:
            number = float(value)
        except ValueError as exc:
            raise ValueError(f"{text!r} is not a fault; write it like {_EXAMPLE}") from exc
        if not equals:
            raise ValueError(f"{text!r} is not a fault; write it like {_EXAMPLE}")
        order[key.strip()] = int(number) if number.is_integer() else number
    return order


def give_order(faults: ServerFaults, order: Mapping[str, Any]) -> None:
    """Do what an order says: `{"kind": "slow", "model": "phi4:14b", "factor": 5}`.

    `slow` takes `factor`, `clock_skew` takes `seconds`, the others take `at` and `times`; all but `clock_skew`
    take `model`, and mean every model without it.

    Raises:
        ValueError: The kind is unknown, or a value is not what it should be.
    """
    kind, model = order.get("kind"), order.get("model")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if model is not None and not isinstance(model, str):
        raise ValueError(f"model must be a name, got {model!r}")
    known = {"slow": {"factor"}, "stall": set(), "clock_skew": {"seconds"}}.get(kind, {"at", "times"})
    if unknown := set(order) - known - {"kind", "model"}:
        raise ValueError(f"{kind} takes no {', '.join(sorted(unknown))}")
    if kind == "slow":
        faults.slow(_number(order, "factor"), model=model)
    elif kind == "stall":
        faults.stall(model=model)
    elif kind == "clock_skew":
        faults.clock_skew = _number(order, "seconds")
    else:
        given = {"at": 0, "times": 1, **order}
        times = None if given["times"] is None else int(_number(given, "times"))
        faults.add(kind, model=model, at=int(_number(given, "at")), times=times)


def _number(order: Mapping[str, Any], name: str) -> float:
    value = order.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError(f"{order['kind']} needs {name}, a number, got {value!r}")
    return value
