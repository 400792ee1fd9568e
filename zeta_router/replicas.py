"""Replicas of one embedding model: the hosts whose vectors may stand in one index.

Vectors of two models do not mix, nor do those of two versions of one: only the digest tells. So a host joins after it
has shown the digest that the first one showed (or that was written down with the index), and leaves when it shows
another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zeta_router.errors import ConfigError, ModelMissing, OllamaError, VectorsDoNotMix
from zeta_router.model import ModelCard, canonical

if TYPE_CHECKING:
    from zeta_router.router import ZetaDynamicRouter

logger = logging.getLogger("zeta_router")

RECHECK_S = 300.0
"""Seconds after which a host is asked again for its digest: somebody may have pulled a new version there."""
RETRY_S = 15.0
"""The same for a host that could not be asked."""


class Replicas:
    """Which hosts of a router have one embedding model, and what its vectors are. Opens nothing; safe in threads.

    Args:
        router: Picks the host. Candidates of other models are left alone.
        model: Ollama tag.
        digest: Of the model that made the index, 64 hex digits; None takes the first host's.
        dimension: Numbers per vector of the index; None takes the first answer's.

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(
        self, router: ZetaDynamicRouter, model: str, *, digest: str | None = None, dimension: int | None = None
    ) -> None:
        if not isinstance(model, str) or not model.strip():
            raise ConfigError(f"model must be an Ollama tag like 'nomic-embed-text', got {model!r}")
        if dimension is not None and (isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 1):
            raise ConfigError(f"dimension must be a whole number above 0, got {dimension!r}; leave it out if not known")
        if digest is not None and (not isinstance(digest, str) or not digest.strip()):
            raise ConfigError(f"digest must be the model's, as `ollama list` shows it in full, got {digest!r}")
        self.router = router
        self.model = model
        self.digest = None if digest is None else digest.strip().removeprefix("sha256:")
        self.dimension = dimension
        self._due_at: dict[str, float] = {}
        self._verified: dict[str, None] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Replicas of {self.model} on {len(self.hosts)} hosts>"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses that have shown the right digest, and may be asked."""
        return tuple(self._verified)

    @property
    def context(self) -> int | None:
        """Tokens that every replica can read at once; None where that is not known."""
        cards = (card for card in self.router.cards if canonical(card.name) == canonical(self.model))
        return min((card.context_length for card in cards if card.context_length is not None), default=None)

    def due(self) -> tuple[str, ...]:
        """Return the hosts to ask for their digest before vectors are made."""
        now = self.router.clock()
        return tuple(host for host in self.router.connections if now >= self._due_at.get(host, 0.0))

    def seen(self, found: Sequence[tuple[str, Sequence[ModelCard] | OllamaError]]) -> None:
        """Take over what hosts have shown: cards of the model, or the error they answered with.

        A host that shows another digest is refused. While there are others, it is left out, and that is said once.

        Raises:
            VectorsDoNotMix: The hosts have different versions, or none has the one that the index was made with.
            ConfigError: The model makes no vectors.
            OllamaError: No host can be asked, or none has the model.
        """
        with self._lock:
            is_first = not self._verified
            cards = {host: self._card_in(shown, host) for host, shown in found if not isinstance(shown, OllamaError)}
            digests = [card.digest for card in cards.values() if card is not None]
            wanted = self.digest if self.digest is not None or not digests else digests[0]
            strangers = [host for host, card in cards.items() if card is not None and card.digest != wanted]
            if strangers and is_first:
                raise self._mismatch(strangers[0], cards[strangers[0]], wanted)
            self.digest = wanted
            for host, _ in found:
                self._note(host, cards.get(host), is_known=host in cards)
            if not self._verified:
                raise self._mismatch(strangers[0], cards[strangers[0]], wanted) if strangers else self._nobody(found)

    def _note(self, host: str, card: ModelCard | None, *, is_known: bool) -> None:
        now = self.router.clock()
        if card is not None and card.digest == self.digest:
            self._due_at[host] = now + RECHECK_S
            self._verified[host] = None
            self.router.join(replace(card, name=self._name_on(host), host=host))
            return
        self._due_at[host] = now + RETRY_S
        if card is not None and host not in self._refused:
            self._refused.add(host)
            logger.warning("%s", self._mismatch(host, card, self.digest))
        if is_known or host not in self._verified:  # whether one that was in answers today is for the router to learn
            self._verified.pop(host, None)
            self.router.leave(self._name_on(host), host=host)

    def _name_on(self, host: str) -> str:
        """Return what the router calls the model on a host: it may know it as `name:latest` already."""
        known = (name for name, where in self.router.keys if where == host)
        return next((name for name in known if canonical(name) == canonical(self.model)), self.model)

    def _card_in(self, shown: Sequence[ModelCard], host: str) -> ModelCard | None:
        card = next((card for card in shown if canonical(card.name) == canonical(self.model)), None)
        if card is None:
            return None
        if not card.can("embedding"):
            raise ConfigError(f"{self.model} on {host} makes no vectors; name an embedding model like nomic-embed-text")
        if card.digest is None:
            raise VectorsDoNotMix(f"{host} does not tell the digest of {self.model}, so its vectors cannot be trusted")
        return card

    def _mismatch(self, host: str, card: ModelCard | None, wanted: str | None) -> VectorsDoNotMix:
        shown = str(card.digest)[:12] if card is not None else "none"
        return VectorsDoNotMix(
            f"{self.model} on {host} has the digest {shown}, not {str(wanted)[:12]}: vectors of two versions "
            "of a model do not mix. Pull the same version there, leave the host out, or make the index anew"
        )

    def _nobody(self, found: Sequence[tuple[str, Sequence[ModelCard] | OllamaError]]) -> Exception:
        errors = [shown for _, shown in found if isinstance(shown, OllamaError)]
        if errors and len(errors) == len(found):
            return errors[0]
        where = ", ".join(self.router.connections)
        return ModelMissing(
            f"{self.model} is on none of {where}; `ollama pull {self.model}` there", host=where, model=self.model
        )

    def recheck(self, host: str) -> None:
        """Ask a host again before its next vectors are used: it has just loaded the model, maybe another version."""
        self._due_at[host] = 0.0

    def take(self, vectors: Sequence[Sequence[float]], host: str) -> None:
        """Check vectors that a host has made, and note the dimension if they are the first.

        Raises:
            VectorsDoNotMix: They have another dimension.
        """
        lengths = {len(vector) for vector in vectors}
        with self._lock:
            if self.dimension is None and len(lengths) == 1:
                self.dimension = next(iter(lengths))
            if lengths <= {self.dimension}:
                return
        raise VectorsDoNotMix(
            f"{self.model} on {host} made vectors of {', '.join(map(str, sorted(lengths)))} numbers, the index has "
            f"{self.dimension}: vectors of two models do not mix"
        )
