"""Colours and small bars of the demo's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
STEPS = "▁▂▃▄▅▆▇█"


class Palette:
    """Gives every model a colour, in the order of the fleet."""

    def __init__(self, models: Sequence[str]) -> None:
        self._colour = {model: COLOURS[place % len(COLOURS)] for place, model in enumerate(models)}

    def of(self, model: str) -> str:
        """Return a model's colour."""
        return self._colour.get(model, "white")

    def legend(self) -> Text:
        """Return the models, each beside its colour."""
        text = Text()
        for model, colour in self._colour.items():
            text.append("█ ", style=colour)
            text.append(f"{model}   ")
        return text

    def share_bar(self, shares: Mapping[str, float], width: int) -> Text:
        """Return one bar of `width` characters, cut into the models' shares, which sum to 1."""
        bar = Text()
        done = 0.0
        for model, share in shares.items():
            start, done = round(done * width), done + share
            bar.append("█" * (round(done * width) - start), style=self.of(model))
        return bar

    def time_line(self, calls: Sequence[tuple[str, float]], *, tallest: float) -> Text:
        """Return one column per call: its height the seconds (on a root scale), its colour the model.

        Args:
            calls: Model and seconds of each call.
            tallest: Seconds that fill a column.
        """
        line = Text()
        for model, seconds in calls:
            share = (seconds / tallest) ** 0.5 if tallest > 0 else 0.0
            line.append(STEPS[min(int(share * len(STEPS)), len(STEPS) - 1)], style=self.of(model))
        return line
