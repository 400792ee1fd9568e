"""The demo as it runs: who gets what share of which task, how fast, and what was noticed."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from zeta_router.demo.metrics import shares, speed
from zeta_router.demo.palette import Palette
from zeta_router.demo.records import Notice, Record

BAR_WIDTH = 36
NOTICES_SHOWN = 8


class Quiet:
    """A watcher that does not look, for `--json`."""

    def record(self, record: Record) -> None:
        """Take one answered request."""

    def notice(self, notice: Notice) -> None:
        """Take something that happened."""


class LiveView:
    """A watcher that redraws a picture of the run after each request. Use it in a `with`.

    Args:
        console: Where to draw.
        title: What runs where; says that it is simulated where it is.
        models: Names of the fleet's models.
        requests: How many requests the run has.
        unit: `simulated seconds` or `seconds`.
    """

    def __init__(self, console: Console, title: str, models: tuple[str, ...], requests: int, unit: str) -> None:
        self._title = title
        self._palette = Palette(models)
        self._requests = requests
        self._unit = unit
        self._records: list[Record] = []
        self._notices: list[Notice] = []
        self._live = Live(self.picture(), console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def record(self, record: Record) -> None:
        """Take one answered request, and redraw."""
        self._records.append(record)
        self._live.update(self.picture())

    def notice(self, notice: Notice) -> None:
        """Take something that happened."""
        self._notices.append(notice)

    def picture(self) -> RenderableType:
        """Return the present state as something that rich can draw."""
        done = len(self._records)
        now = self._records[-1].began_at + self._records[-1].seconds if self._records else 0.0
        head = Table.grid(padding=(0, 2))
        head.add_row(
            ProgressBar(total=self._requests, completed=done, width=BAR_WIDTH),
            f"{done} of {self._requests} requests",
            f"{now:.0f} {self._unit}",
        )
        return Panel(
            Group(head, Text(), self._tasks(), self._palette.legend(), Text(), self._story()),
            title=self._title,
            border_style="yellow" if self._unit.startswith("simulated") else "green",
        )

    def _tasks(self) -> Table:
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in ("task", "calls", "share of the models", "p50", "p95"):
            grid.add_column(column, justify="right" if column in {"calls", "p50", "p95"} else "left")
        for task, by_model in shares(self._records).items():
            of_task = [record for record in self._records if record.task == task]
            times = speed(of_task)
            grid.add_row(
                task,
                str(len(of_task)),
                self._palette.share_bar(by_model, BAR_WIDTH),
                "–" if times.p50_s is None else f"{times.p50_s:.1f} s",
                "–" if times.p95_s is None else f"{times.p95_s:.1f} s",
            )
        return grid

    def _story(self) -> RenderableType:
        return story(tuple(self._notices[-NOTICES_SHOWN:]))


def story(notices: tuple[Notice, ...]) -> RenderableType:
    """Return what happened, one row each: at which of the server's seconds, at which request, what."""
    if not notices:
        return Text("nothing out of the ordinary", style="dim")
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(justify="right", style="dim", no_wrap=True)
    rows.add_column(style="dim", no_wrap=True)
    for notice in notices:
        by_demo = notice.kind in {"slowed", "recovered"}
        rows.add_row(
            f"{notice.at:.0f} s", f"request {notice.index + 1}", Text(notice.text, style="yellow" if by_demo else "")
        )
    return rows
