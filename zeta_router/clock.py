"""The one clock of a router."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns seconds since the Unix epoch, and never goes back."""


def steady_clock() -> Clock:
    """Return a clock that starts at the wall clock's time and then follows the monotonic one.

    Setting the machine's time while a request runs therefore neither lengthens nor shortens it.
    """
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()
