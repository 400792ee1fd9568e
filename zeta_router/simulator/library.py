"""The models installed on a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zeta_router.simulator.catalog import SimulatedModel, canonical
from zeta_router.simulator.tags import model_from_tag


class ModelLibrary:
    """The installed models by name; lookup ignores case, the default registry and `:latest` (1.2)."""

    def __init__(self, models: Iterable[SimulatedModel] = ()) -> None:
        self._models: dict[str, SimulatedModel] = {}
        for model in models:
            self.add(model)

    def __getitem__(self, name: str) -> SimulatedModel:
        return self._models[canonical(name).lower()]

    def get(self, name: str) -> SimulatedModel | None:
        """Return the installed model of this name, None if there is none."""
        return self._models.get(canonical(name).lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[SimulatedModel]:
        return iter(tuple(self._models.values()))

    def __len__(self) -> int:
        return len(self._models)

    def add(self, model: SimulatedModel) -> None:
        """Install a model, in place of one with the same name."""
        self._models[model.name.lower()] = model

    def remove(self, name: str) -> SimulatedModel:
        """Forget a model and return it; a loaded one stays loaded.

        Raises:
            KeyError: There is none of this name.
        """
        return self._models.pop(canonical(name).lower())

    def pull(self, tag: str) -> SimulatedModel:
        """Return the installed model of this tag, after installing a plausible one if there is none."""
        model = self.get(tag)
        if model is None:
            model = model_from_tag(tag)
            self.add(model)
        return model

    def __repr__(self) -> str:
        return f"<ModelLibrary {', '.join(model.name for model in self)}>"
