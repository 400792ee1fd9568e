"""What is on the hosts: asked once, for `models` and `doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zeta_router import ModelCard, OllamaError
from zeta_router.model import canonical
from zeta_router.ollama import Connection, Connections, Resident, discover, hosts_from_environment, resident


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSurvey:
    """One host as it answered, or the error that it gave."""

    address: str
    """Without user and password."""
    cards: tuple[ModelCard, ...] = ()
    residents: tuple[Resident, ...] = ()
    error: OllamaError | None = None

    def in_memory(self, card: ModelCard) -> Resident | None:
        """Return what `/api/ps` says of a model, None where it is not in memory.

        A model may be listed under another of its tags: the digest decides where both have one.
        """
        for loaded in self.residents:
            if canonical(loaded.name) == canonical(card.name):
                return loaded
            if loaded.digest is not None and loaded.digest == card.digest:
                return loaded
        return None


def connections(hosts: Sequence[str] | None) -> Connections:
    """Return the hosts that were named, or the one of the environment.

    Raises:
        ConfigError: A host cannot be used.
    """
    return Connections.of(tuple(hosts) if hosts else hosts_from_environment())


def survey(connection: Connection) -> HostSurvey:
    """Ask one host what it has and what is in its memory; an error is part of the answer."""
    try:
        return HostSurvey(address=connection.address, cards=discover(connection), residents=resident(connection))
    except OllamaError as error:
        return HostSurvey(address=connection.address, error=error)
