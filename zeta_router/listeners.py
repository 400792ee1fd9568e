"""Who listens to a router, and what is told: every event as it happens, every trouble once."""

from __future__ import annotations

import logging

from zeta_router.events import Event, Listener, TroubleSeen

logger = logging.getLogger("zeta_router")


class Listeners:
    """Tells a router's events to those who want to know."""

    def __init__(self) -> None:
        self.all: tuple[Listener, ...] = ()
        """In the order they came. Where there are none, an event that happens at every request need not be made."""
        self._troubles: dict[str, str] = {}
        self._untold: list[TroubleSeen] = []

    @property
    def troubles(self) -> tuple[str, ...]:
        """What was noted so far."""
        return tuple(self._troubles)

    def add(self, listener: Listener) -> None:
        """Add a listener; it is called inline, outside the router's lock."""
        self.all = (*self.all, listener)

    def remove(self, listener: Listener) -> None:
        """Take a listener off; one that is not there is no error."""
        left = list(self.all)
        if listener in left:
            left.remove(listener)
            self.all = tuple(left)

    def tell(self, *events: Event) -> None:
        """Hand events to every listener, troubles first. Called without the lock: a listener may call the router.

        A listener that raises does not keep the others, or the request, from going on.
        """
        if not self.all:
            return  # troubles wait for somebody to tell them to
        untold, self._untold = self._untold, []
        for event in (*untold, *events):
            for listener in self.all:
                try:
                    listener(event)
                except Exception as error:  # a listener is somebody else's code
                    name = getattr(listener, "__qualname__", type(listener).__name__)
                    # not told: a listener that fails on every event would be told of its failure, and fail again
                    self._say("listener", f"{name} raised {type(error).__name__}; the request goes on")

    def trouble(self, where: str, what: str, *, at: float) -> None:
        """Note a trouble once: in the log, in the snapshot, and for the listeners at the next `tell`."""
        if self._say(where, what):
            self._untold.append(TroubleSeen(where, what, at))

    def _say(self, where: str, what: str) -> bool:
        """Log what goes wrong, and return whether it is new."""
        if what in self._troubles:
            return False
        self._troubles[what] = where
        logger.warning("%s: %s", where, what)
        return True
