"""Drives one policy through the workload. Draws nothing: whoever watches gets each record as it is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from zeta_router.decision import Decision
from zeta_router.demo.records import Notice, Record, Run
from zeta_router.demo.stage import SLOWDOWN, Stage, phase_of
from zeta_router.demo.workload import Prompt
from zeta_router.errors import ConfigError, ZetaError
from zeta_router.events import DriftFound, DriftOver, Event, OutcomeSeen
from zeta_router.outcome import Outcome, Timings
from zeta_router.policies.base import Policy
from zeta_router.router import ZetaDynamicRouter

ANSWER_TOKENS = 512
"""Bound on an answer: on a real host, nobody wants to watch an essay being written."""


class Watcher(Protocol):
    """Sees a run as it happens."""

    def record(self, record: Record) -> None:
        """Take one answered request."""
        ...

    def notice(self, notice: Notice) -> None:
        """Take something that happened."""
        ...


def drive(
    name: str, policy: Policy | None, stage: Stage, prompts: Sequence[Prompt], *, seed: int, watcher: Watcher
) -> Run:
    """Send every prompt through `ChatZeta`, one after the other, and return what happened.

    Args:
        name: `zeta` or `static`.
        policy: Who picks; None is Zeta's own.
        stage: Where; with a simulated server the coder is slow in the second third of the requests.
        prompts: In the order to send them.
        seed: Of the router's randomness.
        watcher: Told of everything as it happens.

    Raises:
        ConfigError: LangChain is not installed.
    """
    began = time.perf_counter()
    with stage.router(policy, seed=seed) as router:
        ask = _chat(router)
        log = _Log(stage, watcher)
        router.subscribe(log.hear)
        for index, prompt in enumerate(prompts):
            log.begin(index, len(prompts))
            try:
                ask(prompt.text)
            except ZetaError:
                log.end(failed=True)
            else:
                log.end(failed=False)
    wall_s = time.perf_counter() - began
    return Run(name=name, records=tuple(log.records), notices=tuple(log.notices), wall_s=wall_s)


def _chat(router: ZetaDynamicRouter) -> Callable[[str], object]:
    try:
        from zeta_langchain import ChatZeta
    except ModuleNotFoundError as error:
        raise ConfigError(f"the demo needs {error.name}; install it: pip install 'zeta-router[demo]'") from error
    chat = ChatZeta(router=router, num_predict=ANSWER_TOKENS)
    return lambda text: chat.invoke(text)


def server_seconds(timings: Timings) -> float:
    """Return how long an attempt took by the server's own clocks: its phases, which make up `total_duration`.

    `Timings.total` is what the caller waited. Beside a simulated server that runs many times faster than life it would
    hold this machine's own work, as many times too large. Where the server said nothing, it is all there is.
    """
    phases = (timings.wait, timings.load, timings.prefill, timings.decode)
    known = [phase for phase in phases if phase is not None]
    return sum(known) if len(known) == len(phases) else timings.total or 0.0


class _Log:
    """Listens to the router, plays the story's two changes, and writes the records."""

    def __init__(self, stage: Stage, watcher: Watcher) -> None:
        self.records: list[Record] = []
        self.notices: list[Notice] = []
        self._stage = stage
        self._watcher = watcher
        self._start = stage.clock()
        self._index = 0
        self._requests = 0
        self._began_at = 0.0
        self._seen: list[tuple[Decision, Outcome, bool]] = []
        self._suspects: set[tuple[str, str]] = set()
        self._serving: dict[str, str] = {}  # task -> model that got its last request
        self._left: dict[str, str] = {}  # task -> model that it left because of a drift

    def begin(self, index: int, requests: int) -> None:
        """Start a request; at each third of them, change the coder's speed first."""
        self._index, self._requests = index, requests
        self._seen.clear()
        coder = self._stage.coder
        if coder is not None and index == requests // 3:
            self._stage.slow()
            self._add("slowed", coder, f"the demo makes {coder} {SLOWDOWN:g}x slower")
        if coder is not None and index == requests * 2 // 3:
            self._stage.recover()
            self._add("recovered", coder, f"the demo gives {coder} its speed back")
        self._began_at = self._now()

    def hear(self, event: Event) -> None:
        """Take an event of the router."""
        if isinstance(event, OutcomeSeen):
            self._seen.append((event.decision, event.outcome, event.decision.key in self._suspects))
        elif isinstance(event, DriftFound):
            self._suspects.add((event.model, event.host))
            self._add("drift_found", event.model, str(event))
        elif isinstance(event, DriftOver):
            self._suspects.discard((event.model, event.host))
            self._add("drift_over", event.model, str(event))

    def end(self, *, failed: bool) -> None:
        """Write the record of the request that began last."""
        attempts = self._seen
        last = attempts[-1][0] if attempts else None
        record = Record(
            index=self._index,
            phase=phase_of(self._index, self._requests, injected=self._stage.coder is not None),
            task=last.task if last is not None else "unknown",
            model=last.model if last is not None else "none",
            began_at=self._began_at,
            seconds=sum(server_seconds(outcome.timings) for _, outcome, _ in attempts),
            failed=failed,
            explored=any(decision.explored for decision, _, _ in attempts),
            suspected=any(suspected for _, _, suspected in attempts),
        )
        self.records.append(record)
        self._watcher.record(record)
        if last is not None and not last.explored:
            self._note_move(last)

    def _note_move(self, decision: Decision) -> None:
        """Say why a task leaves a model that has become slow, and that it is back."""
        task, model = decision.task, decision.model
        before = self._serving.get(task)
        self._serving[task] = model
        if before is None or before == model:
            return
        if any(before == suspect for suspect, _ in self._suspects):
            self._left[task] = before
        elif self._left.get(task) == model:
            del self._left[task]
        else:
            return
        self._add("moved", model, f"{task} moves to {model}, because: {decision.reason}")

    def _add(self, kind: str, model: str, text: str) -> None:
        notice = Notice(kind=kind, at=self._now(), index=self._index, model=model, text=text)
        self.notices.append(notice)
        self._watcher.notice(notice)

    def _now(self) -> float:
        return self._stage.clock() - self._start
