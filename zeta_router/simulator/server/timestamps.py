"""Points in time as Go writes them, in nanoseconds that Python's datetime does not keep."""

from __future__ import annotations

from datetime import datetime, timezone

NANOSECONDS = 1_000_000_000
_FOREVER = 2**63 - 1  # nanoseconds; Go's longest duration, about 292 years


def rfc3339(nanoseconds: int) -> str:
    """Return a time since the Unix epoch as RFC 3339 in UTC, with up to nine decimals and no trailing zeros."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    text = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{rest:09d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


class Calendar:
    """Turns engine seconds into dates: engine time zero is `epoch`, and simulated time runs on from there."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        """Nanoseconds since the Unix epoch."""

    def nanoseconds(self, at: float) -> int:
        """Return an engine time in nanoseconds since the Unix epoch; infinity is 292 years ahead."""
        return self.epoch + (_FOREVER if at == float("inf") else round(at * NANOSECONDS))

    def text(self, at: float) -> str:
        """Return an engine time as RFC 3339."""
        return rfc3339(self.nanoseconds(at))

    def seconds(self, at: float) -> int:
        """Return an engine time in whole seconds since the Unix epoch."""
        return self.nanoseconds(at) // NANOSECONDS
