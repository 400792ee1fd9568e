"""Faults of the wire, as they strike one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zeta_router.simulator.faults import Faults
from zeta_router.simulator.server.errors import BUSY, CRASH, NATIVE_CRASH, WireError

WireFault = Literal["drop_connection", "error_line", "truncate"]
_WIRE_FAULTS: tuple[WireFault, ...] = ("drop_connection", "error_line", "truncate")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with one answer, and after how many chunks."""

    kind: WireFault | None = None
    chunks: int = 0

    def strikes(self, sent: int) -> bool:
        """Whether it happens when so many chunks are out."""
        return self.kind is not None and sent >= self.chunks


def take_trouble(faults: Faults, model: str) -> Trouble:
    """Return the trouble that is armed for this request, using it up.

    Raises:
        WireError: 503, when the server is told to refuse.
    """
    if faults.take("refuse", model):
        raise WireError(503, BUSY)
    for kind in _WIRE_FAULTS:
        if fault := faults.take(kind, model):
            # The error line comes instead of chunk `at`, the others strike after it.
            chunks = max(fault.at - 1, 0) if kind == "error_line" else fault.at
            return Trouble(kind, chunks)
    return Trouble()


def crash_text(*, rendered: bool) -> str:
    """Return what an error line says when the runner fails in the middle of an answer."""
    return CRASH if rendered else NATIVE_CRASH
