"""A clock for tests."""

from __future__ import annotations


class ManualClock:
    """A clock that stands still until it is told to move; call it for the time in seconds.

    ```python
    clock = ManualClock()
    router = ZetaDynamicRouter(["qwen2.5-coder:7b"], clock=clock)
    clock.advance(30)
    ```

    Args:
        now: Seconds that it shows at first.
    """

    def __init__(self, now: float = 0.0) -> None:
        self._now = float(now)

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on.

        Raises:
            ValueError: `seconds` is negative: time does not run back.
        """
        if not seconds >= 0:
            raise ValueError(f"seconds must not be negative, got {seconds!r}")
        self._now += seconds

    def __repr__(self) -> str:
        return f"<ManualClock {self._now:g} s>"
