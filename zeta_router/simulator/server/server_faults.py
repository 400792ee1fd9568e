"""Faults from Python: the engine's faults, changed in the server's thread at the present simulated time."""

from __future__ import annotations

from zeta_router.simulator.catalog import canonical
from zeta_router.simulator.faults import Fault, FaultKind
from zeta_router.simulator.server.driver import Driver


class ServerFaults:
    """What is wrong with a running server. Any thread may change it; a change holds when the call returns.

    Args:
        driver: The server's driver.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._faults = driver.engine.faults

    def slow(self, factor: float, *, model: str | None = None) -> None:
        """Make a model, or the whole host, `factor` times slower; 1 heals it.

        Raises:
            ValueError: `factor` is not positive.
        """
        self._driver.call(lambda: self._faults.slow(factor, model=_name(model)))

    def stall(self, *, model: str | None = None) -> None:
        """Stop answering: requests are taken and make no progress until `resume`."""
        self.slow(float("inf"), model=model)

    def resume(self, *, model: str | None = None) -> None:
        """Undo `slow` or `stall` of the same model, or of the host."""
        self.slow(1.0, model=model)

    def add(self, kind: FaultKind, *, model: str | None = None, at: int = 0, times: int | None = 1) -> Fault:
        """Arm a fault for the next `times` requests of a model (None: of any); see `simulator.faults.FaultKind`."""
        return self._driver.call(lambda: self._faults.add(kind, model=_name(model), at=at, times=times))

    def remove(self, fault: Fault) -> None:
        """Disarm a fault."""
        self._driver.call(lambda: self._faults.remove(fault))

    def clear(self) -> None:
        """Heal everything."""
        self._driver.call(self._faults.clear)

    @property
    def clock_skew(self) -> float:
        """Seconds added to every duration that the server reports."""
        return self._faults.clock_skew

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        def skew() -> None:
            self._faults.clock_skew = seconds

        self._driver.call(skew)

    def crash(self, model: str) -> None:
        """Kill the runner of a loaded model now, between two requests or in the middle of some.

        Raises:
            KeyError: No such model is installed.
        """
        engine = self._driver.engine
        self._driver.call(lambda: engine.crash(engine.models[model]))

    @property
    def slowdowns(self) -> dict[str, float]:
        """Installed models that are slower than normal, and how many times."""
        factors = {model.name: self._faults.slowdown(model.name) for model in self._driver.engine.models}
        return {name: factor for name, factor in factors.items() if factor != 1}

    @property
    def armed(self) -> tuple[Fault, ...]:
        """Faults that have not struck for the last time."""
        return tuple(self._faults)

    def __repr__(self) -> str:
        return repr(self._faults)


def _name(model: str | None) -> str | None:
    return None if model is None else canonical(model)
