"""The control endpoint `/zeta/faults`: trouble on demand over HTTP, for tests in other languages."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from zeta_router.simulator.server.bodies import json_response
from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.go_json import decode
from zeta_router.simulator.server.orders import give_order
from zeta_router.simulator.server.server_faults import ServerFaults


class Control:
    """Shows, adds and clears faults. Not part of Ollama: its path begins with `/zeta`."""

    def __init__(self, faults: ServerFaults) -> None:
        self._faults = faults

    async def show(self, request: Request) -> Response:
        """Return what is wrong now."""
        return self._state()

    async def add(self, request: Request) -> Response:
        """Do what the body orders, see `orders.give_order`."""
        order = decode(await request.body())
        if not isinstance(order, dict):
            raise WireError(400, 'expected an object such as {"kind": "slow", "model": "phi4:14b", "factor": 5}')
        try:
            give_order(self._faults, order)
        except ValueError as exc:
            raise WireError(400, str(exc)) from exc
        return self._state()

    async def clear(self, request: Request) -> Response:
        """Heal everything."""
        self._faults.clear()
        return self._state()

    def _state(self) -> Response:
        faults = self._faults
        # A stalled model is infinitely slow, which JSON cannot write.
        slow = {model: "stalled" if factor == float("inf") else factor for model, factor in faults.slowdowns.items()}
        armed = [asdict(fault) for fault in faults.armed]
        return json_response({"simulated": True, "slow": slow, "clock_skew": faults.clock_skew, "armed": armed})
