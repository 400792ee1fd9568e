"""`ZetaDynamicRouter`: choose, try, settle, learn."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from random import Random
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from zeta_router.attempts import Attempts
from zeta_router.clock import Clock, steady_clock
from zeta_router.decision import Decision
from zeta_router.dispatcher import Dispatcher
from zeta_router.errors import ConfigError, InvalidRequest, NoCapableModel
from zeta_router.events import Listener
from zeta_router.limits import Limits
from zeta_router.metrics import ModelMetrics
from zeta_router.model import ModelCard
from zeta_router.objective import Objective
from zeta_router.policies.base import Policy
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.policies.shadow import Shadow
from zeta_router.request import Request
from zeta_router.savings import Savings
from zeta_router.snapshot import Snapshot
from zeta_router.store import Store, open_store
from zeta_router.tasks import TaskClassifier, TaskGuess

if TYPE_CHECKING:
    from zeta_router.ollama import Connections
    from zeta_router.signals import Answer, Verdict
    from zeta_router.signals.observer import Observer
    from zeta_router.task_run import TaskResult

TYPICAL_PROMPT_TOKENS = 250
"""Prompt that `model_preferences` compares models on."""


class ZetaDynamicRouter:
    """Picks a model for every request, learns from every answer.

    ```python
    router = ZetaDynamicRouter(["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"])
    for attempt in router.plan(Request(text="def f(x): ...")):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok, timings=Timings(total=1.2)))
    ```

    Args:
        models: Ollama tags or `ModelCard`s. A card without `host` is on every host.
        hosts: Addresses of Ollama servers; None takes `OLLAMA_HOST`, else `http://127.0.0.1:11434`. A user and password
            in an address become a header and are shown nowhere.
        headers: Sent to every host, e.g. for a proxy that wants a key; shown nowhere.
        objective: `balanced`, `fastest`, `best`, or an `Objective` of your own numbers.
        policy: Who picks; None is `PhaseTimes(objective)`.
        mode: `active`, or `shadow`: decide and learn, but serve what the `StaticRule` says; `savings` tells what
            Zeta's own picks were expected to save.
        store: Where what it learns survives: a path or `sqlite:///PATH` for one machine, `redis://HOST:PORT/N` for
            several, `default` for the user's data folder, or a store. None keeps it in memory.
        allow_cloud: Names of cloud models (`*-cloud`) that may be used: prompts leave the machine for those.
        clock: Seconds since the epoch, never going back; a simulator passes its own.
        rng: A `Random`, or a seed for one; all randomness comes from it.
        limits: Bounds on attempts, memory and context.

    Raises:
        ConfigError: A setting is wrong; the text says which and what to do.
        CloudModelRefused: A model runs in a cloud and is not in `allow_cloud`.

    Constructing a router contacts no Ollama; with a store it waits up to two seconds for what was learned before. Safe
    to use from several threads, and across `fork`.
    """

    def __init__(
        self,
        models: Iterable[str | ModelCard],
        *,
        hosts: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        objective: str | Objective = "balanced",
        policy: Policy | None = None,
        mode: str = "active",
        store: str | os.PathLike[str] | Store | None = None,
        allow_cloud: Collection[str] = (),
        clock: Clock | None = None,
        rng: Random | int | None = None,
        limits: Limits | None = None,
    ) -> None:
        from zeta_router.ollama import refuse_cloud  # here, so that `import zeta_router` stays light

        if isinstance(models, (str, ModelCard)):
            raise ConfigError(f"models must be a list of names or ModelCards, got {models!r} alone; write [{models!r}]")
        if isinstance(hosts, str):
            raise ConfigError("hosts must be a list of addresses, got one string; put it into a list")
        cards = [model if isinstance(model, ModelCard) else ModelCard.from_name(model) for model in models]
        for card in cards:
            refuse_cloud(card.name, allow_cloud)
        self.objective = objective if isinstance(objective, Objective) else Objective.named(objective)
        if limits is not None and not isinstance(limits, Limits):
            raise ConfigError(f"limits must be Limits(...), got a {type(limits).__name__}")
        self.limits = limits if limits is not None else Limits()
        self._allow_cloud = frozenset(allow_cloud)
        self._classifier = TaskClassifier()
        self._hosts = None if hosts is None else tuple(hosts)
        self._headers = dict(headers) if headers is not None else {}
        if mode not in ("active", "shadow"):
            raise ConfigError(f"mode must be 'active' or 'shadow', got {mode!r}")
        if policy is not None and (isinstance(policy, type) or not isinstance(policy, Policy)):
            given = f"the class {policy.__name__}" if isinstance(policy, type) else f"a {type(policy).__name__}"
            raise ConfigError(f"policy must be an object with the methods of a Policy, e.g. PhaseTimes(), got {given}")
        picks: Policy = policy if policy is not None else PhaseTimes(self.objective)
        self._dispatcher = Dispatcher(
            picks if mode == "active" else Shadow(picks),
            clock=clock if clock is not None else steady_clock(),
            rng=rng if isinstance(rng, Random) else Random(rng),
            limits=self.limits,
        )
        if store is not None:
            from zeta_router.store.journal import Journal

            self._dispatcher.journal = Journal(open_store(store), self._dispatcher, sets_clock=clock is None)
        self.savings = Savings() if mode == "shadow" else None
        """In shadow mode: what Zeta's own picks were expected to save, since this router began."""
        if self.savings is not None:
            self.subscribe(self.savings)
        for card in cards:
            self.join(card)
        if self._dispatcher.journal is not None:
            self._dispatcher.journal.start()

    @classmethod
    def from_ollama(
        cls,
        hosts: Sequence[str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        allow_cloud: Collection[str] = (),
        **keywords: Any,
    ) -> ZetaDynamicRouter:
        """Return a router over every model that the hosts have; `keywords` go to the constructor.

        Asks each host for its models (`/api/tags`, `/api/show`) and for those in memory (`/api/ps`). Cloud models are
        left out unless they are allowed by name. A host that is down is left out while another one answers.

        Raises:
            ServerUnreachable: No host answers.
            ConfigError: The hosts have no models.
        """
        router = cls([], hosts=hosts, headers=headers, allow_cloud=allow_cloud, **keywords)
        router.refresh()
        if not router.cards:
            where = ", ".join(router.connections)
            raise ConfigError(f"no models on {where}; pull one there first: `ollama pull llama3.2:3b`")
        return router

    def __repr__(self) -> str:
        models = len(self._dispatcher.fleet.keys)
        return f"<ZetaDynamicRouter {models} models, {self._dispatcher.fleet.in_flight} busy>"

    def __enter__(self) -> ZetaDynamicRouter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def clock(self) -> Clock:
        """Seconds since the epoch, as the router sees them."""
        return self._dispatcher.clock

    def close(self) -> None:
        """Store what waits to be stored and let go of the store. Closing twice is safe; without a store, so is never.

        The router decides and learns afterwards as before, in memory. A router that is not closed is at exit.
        """
        if self._dispatcher.journal is not None:
            self._dispatcher.journal.close()

    def sync(self) -> bool:
        """Store what waits to be stored and learn what others stored, now; a thread does so four times a second anyway.

        Returns:
            Whether the store works; `snapshot().store` says what is wrong.
        """
        return self._dispatcher.journal is None or self._dispatcher.journal.sync()

    @property
    def store(self) -> Store | None:
        """The store that was given or named; None where everything is in memory."""
        return self._dispatcher.journal.store if self._dispatcher.journal is not None else None

    # -- the fleet -----------------------------------------------------------------------------------------------

    @cached_property
    def connections(self) -> Connections:
        """How to reach each host: address, headers, timeouts. Its repr shows addresses only."""
        from zeta_router.ollama import Connections, hosts_from_environment

        return Connections.of(
            self._hosts if self._hosts is not None else hosts_from_environment(), headers=self._headers
        )

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The cards of all models, once per host."""
        return self._dispatcher.fleet.cards

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Model and host of every candidate, as `Decision.key` has them."""
        return self._dispatcher.fleet.keys

    def _serving(self, card: ModelCard) -> ModelCard:
        """Return a card whose context is what the model is loaded with, not what it was trained for."""
        if card.host is not None and card.host not in self.connections:
            return card  # somebody else's model: its context is its own
        return replace(card, context_length=min(card.context_length or self.limits.context, self.limits.context))

    def join(self, card: ModelCard, *, host: str | None = None) -> None:
        """Add a model while running, on one host or on every host of the router."""
        where = host if host is not None else card.host
        for address in (where,) if where is not None else tuple(self.connections):
            self._dispatcher.join(self._serving(card), address)

    def leave(self, model: str, *, host: str | None = None) -> None:
        """Take a model out while running, from one host or from all; attempts that run on it still end."""
        self._dispatcher.leave(model, host)

    def refresh(self) -> None:
        """Ask every host which models it has and which are in memory; models that are new join.

        Raises:
            ServerUnreachable: No host answers.
        """
        from zeta_router.errors import OllamaError
        from zeta_router.ollama import discover, resident

        failures: list[OllamaError] = []
        for address, connection in self.connections.items():
            try:
                cards = discover(connection, allow_cloud=self._allow_cloud)
                names = [model.name for model in resident(connection)]
            except OllamaError as error:
                failures.append(error)
                continue
            for card in cards:
                self.join(replace(card, host=address))
            self._dispatcher.saw_resident(address, names)
        if failures and len(failures) == len(self.connections):
            raise failures[0]

    # -- deciding ------------------------------------------------------------------------------------------------

    def plan(
        self,
        request: Request,
        *,
        model: str | Collection[str] | None = None,
        prefer: tuple[str, str] | None = None,
    ) -> Attempts:
        """Return the attempts at a request: iterate them, run each in its `with` block, settle it.

        Args:
            request: What must be answered.
            model: The only model, or the only ones, that may answer, on any of their hosts; None for all.
            prefer: Model and host that are tried first if they can take it; the others take over when they fail.

        Raises:
            NoCapableModel: No model can take it; says which need excluded which model.
            InvalidRequest: There is no model of this name.
        """
        self._dispatcher.require_capable(request, model)
        return Attempts(self._dispatcher, request, self.guess_of(request), model=model, prefer=prefer)

    def explain(self, request: Request) -> Decision:
        """Return the decision that `plan` would make now. A rehearsal: nothing runs, nothing changes.

        Raises:
            NoCapableModel: As `plan`.
        """
        self._dispatcher.require_capable(request)
        decision = self._dispatcher.rehearse(request, self.guess_of(request))
        if decision is None:  # the last capable model left between the two lines above
            raise NoCapableModel(())
        return decision

    def guess_of(self, request: Request) -> TaskGuess:
        """Return the request's task: declared, else `embedding` where vectors are asked for, else from the text.

        Of a declared task the text still tells the kind of prompt, its complexity, and how long the answer gets.
        """
        if "embedding" in request.needs:
            return TaskGuess.told(request.task or "embedding", why="vectors are asked for")
        if request.task is None:
            return self._classifier(request.text, tools="tools" in request.needs)
        if not request.text:
            return TaskGuess.told(request.task)
        return self._classifier(request.text).declared(request.task)

    # -- learning and looking ------------------------------------------------------------------------------------

    def feedback(self, decision_id: str, score: float, source: str = "user") -> None:
        """Say how good an answer was, any time later.

        Args:
            decision_id: `Decision.id`, also in `response_metadata["zeta"]["decision_id"]`.
            score: In [0, 1], higher is better.
            source: Who says so, e.g. `user`, `evaluator`.

        Raises:
            InvalidRequest: The score is out of range.
            UnknownDecision: The id is not remembered.
        """
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1 or math.isnan(score):
            raise InvalidRequest(f"score must be a number in [0, 1], got {score!r}; 1 is best")
        self._dispatcher.feedback(decision_id, float(score), source)

    def observe_answer(
        self, decision_id: str, answer: Answer, *, prompt: str = "", session: str | None = None
    ) -> Verdict | None:
        """Let the router learn from what an answer shows of itself: empty, cut off, refused, invalid, repeating.

        The adapters call it once an answer is out. It never raises, and keeps of prompt and answer only hashes.

        Args:
            decision_id: `Decision.id` of the attempt that answered.
            answer: The answer, with what was asked of it.
            prompt: What the user said last; with `session`, a request asked again counts against its last answer.
            session: Of the user or agent.

        Returns:
            What was seen, or None where `router.observer.signals` is empty.
        """
        return self.observer.observe(decision_id, answer, prompt, session)

    @property
    def observer(self) -> Observer:
        """Looks at answers; `observer.signals` are the plug-ins, yours to add to, an empty tuple to switch off."""
        return self._dispatcher.observer

    def snapshot(self) -> Snapshot:
        """Return the present state, frozen: all that dashboards, the CLI and tests read."""
        return self._dispatcher.snapshot()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event, inline, from now on; return what ends it."""
        self._dispatcher.listeners.add(listener)
        return lambda: self._dispatcher.listeners.remove(listener)

    @property
    def performance_metrics(self) -> Mapping[str, ModelMetrics]:
        """Model name -> what was measured. Read-only; models that were never tried are left out."""
        return MappingProxyType({m.model: m.metrics for m in self.snapshot().models if m.metrics is not None})

    @property
    def model_preferences(self) -> Mapping[str, Mapping[str, float]]:
        """Model name -> task -> utility that a typical request of this task would have there now. Read-only."""
        preferences: dict[str, dict[str, float]] = {}
        for task in self.objective.expected_seconds:
            needs = frozenset({"embedding"}) if task == "embedding" else frozenset[str]()
            decision = self._dispatcher.rehearse(
                Request(task=task, needs=needs, prompt_tokens=TYPICAL_PROMPT_TOKENS), TaskGuess.told(task)
            )
            for score in reversed(decision.candidates if decision is not None else ()):
                preferences.setdefault(score.model, {})[task] = round(score.utility - score.bonus, 3)
        return MappingProxyType({model: MappingProxyType(tasks) for model, tasks in preferences.items()})

    # -- the seed's vocabulary -----------------------------------------------------------------------------------

    def route_task(self, task: str, data: str | Sequence[str], *, deadline: float | None = None) -> TaskResult:
        """Run a task once on the best Ollama model for it, and learn from that very run.

        Args:
            task: `code`, `embedding`, `reasoning`, ... or a word of your own.
            data: The prompt; for `embedding` one text or several.
            deadline: Seconds after which the answer is worth nothing.

        Raises:
            InvalidRequest: The data is empty or the deadline not above 0; nothing was sent.
            NoCapableModel: No model can take it.
            EveryAttemptFailed: Models were tried, none answered.
            RequestRefused: The server refuses this request, and so would every other.
        """
        from zeta_router.task_run import run_task

        return run_task(self, task, data, deadline)

    async def aroute_task(self, task: str, data: str | Sequence[str], *, deadline: float | None = None) -> TaskResult:
        """As `route_task`, awaited; cancelling it closes the connection, and the server stops."""
        from zeta_router.task_run import arun_task

        return await arun_task(self, task, data, deadline)
