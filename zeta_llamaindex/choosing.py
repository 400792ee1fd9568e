"""Choices with descriptions as candidates of a router: what fits a query, is fast, works, was liked."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from llama_index.core.base.base_selector import BaseSelector, SelectorResult
from llama_index.core.schema import QueryBundle
from llama_index.core.tools.types import ToolMetadata

from zeta_llamaindex.fitting import TASK, USEFUL, choice_router, fit_tags
from zeta_llamaindex.matching import Matcher, words_of
from zeta_llamaindex.options import pop_options
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import ConfigError, EveryAttemptFailed
from zeta_router.events import Event, FeedbackGiven, OutcomeSeen
from zeta_router.model import canonical
from zeta_router.outcome import Fate
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter
from zeta_router.runs import run_card, run_request

logger = logging.getLogger("zeta_llamaindex")

PRIOR_SHARE = 0.5
"""What is left of the fit of those that another selector has not named."""

WENT_WELL = 0.2
"""Weight of the words of a query that was answered, and of which nobody said how well; an opinion weighs up to 1."""

REMEMBERED = 1_000
"""Queries whose words are kept until somebody has an opinion."""


class Plan:
    """Which of some choices answers one query, and which one if that fails.

    Args:
        router: Where the choices are.
        request: The query, as the router is told of it.
        names: Of the choices, in the order they were offered.
        fits: How well each of them fits.
        note: Told the id of each decision.
    """

    def __init__(
        self,
        router: ZetaDynamicRouter,
        request: Request,
        names: Sequence[str],
        fits: Sequence[float],
        note: Callable[[str], None],
    ) -> None:
        self.fits = fits
        self._router = router
        self._request = request
        self._names = names
        self._note = note

    def attempts(self, numbers: Sequence[int] | None = None) -> Tries:
        """Return the attempts at the query.

        Args:
            numbers: The only choices that may answer; None for all.
        """
        names = self._names if numbers is None else [self._names[number] for number in numbers]
        return Tries(self, self._router.plan(self._request, model=names), self._note)

    def number(self, model: str) -> int:
        """Return the number among those offered of the choice that the router knows by this name."""
        return self._names.index(model)

    def ranked(self) -> list[int]:
        """Return the numbers of all choices, best first."""
        attempt, _ = next(iter(self.attempts()))
        return [self.number(score.model) for score in attempt.decision.candidates]

    def others(self, chosen: Sequence[int]) -> list[int] | None:
        """Return who is left when all that were chosen have failed; None, for all, where there is nobody else."""
        return [number for number in range(len(self._names)) if number not in chosen] or None


class Tries:
    """Attempts at one query, each with the number of its choice: the best one, and the next best while they fail."""

    def __init__(self, plan: Plan, attempts: Attempts, note: Callable[[str], None]) -> None:
        self._plan = plan
        self._attempts = attempts
        self._note = note

    def __iter__(self) -> Iterator[tuple[Attempt, int]]:
        for attempt in self._attempts:
            self._note(attempt.decision.id)
            yield attempt, self._plan.number(attempt.decision.model)

    def error(self) -> EveryAttemptFailed:
        """Return the error to raise when none has answered."""
        return self._attempts.error()


class Chooser:
    """Plans which of some choices answers a query, and hears how it went.

    Args:
        kind: What the choices are, e.g. `engine`; the first half of their hosts.
        router: Made by `choice_router`; None makes one.
        prior: A selector of LlamaIndex's, e.g. one that asks an LLM; what it names fits best.
    """

    def __init__(self, kind: str, router: ZetaDynamicRouter | None = None, prior: BaseSelector | None = None) -> None:
        self.kind = kind
        self.router = router if router is not None else choice_router()
        self.prior = prior
        self.prior_failures = 0
        """How often the prior raised, or named a choice that is none."""
        self._matcher = Matcher()
        self._asked: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._lock = threading.Lock()
        self.router.subscribe(self._hear)

    def __repr__(self) -> str:
        return f"<Chooser of {self.kind}s over {self.router!r}>"

    def plan(self, choices: Sequence[ToolMetadata], query: str, named: Sequence[int] | None = None) -> Plan:
        """Return who answers a query.

        Args:
            choices: What may answer.
            query: Its words are compared, and never kept.
            named: What the prior said.

        Raises:
            ConfigError: There are no choices.
        """
        if not choices:
            raise ConfigError("there is nothing to choose from: give at least one tool")
        names = self._join(choices)
        words = tuple(words_of(query))
        described = [(name, choice.description or "") for name, choice in zip(names, choices, strict=True)]
        with self._lock:
            fits = self._matcher.fits(words, described)
        if named:
            fits = [1.0 if number in named else fit * PRIOR_SHARE for number, fit in enumerate(fits)]
        options = pop_options({})
        request = replace(
            run_request(task=TASK, session=options.session, deadline=options.deadline),
            tags=fit_tags(names, fits),
        )
        return Plan(self.router, request, names, fits, lambda decision_id: self._note(decision_id, words))

    def named(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> Sequence[int] | None:
        """Return what the prior names; None where there is none, or it did not answer with choices that are some."""
        if self.prior is None:
            return None
        try:
            return self._valid(self.prior.select(choices, query), len(choices))
        except Exception as error:  # local models often miss the form of their answer; the words do without them
            self._failed(error)
            return None

    async def anamed(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> Sequence[int] | None:
        """Do what `named` does, awaited."""
        if self.prior is None:
            return None
        try:
            return self._valid(await self.prior.aselect(choices, query), len(choices))
        except Exception as error:  # as above
            self._failed(error)
            return None

    def _valid(self, result: SelectorResult, choices: int) -> Sequence[int]:
        """Return the indices. LlamaIndex subtracts 1 from a model's number unchecked: 0 becomes the last choice.

        https://github.com/run-llama/llama_index/issues/23072
        """
        if not result.inds or not all(0 <= index < choices for index in result.inds):
            raise ValueError("no choice of those offered")
        return result.inds

    def _failed(self, error: Exception) -> None:
        self.prior_failures += 1
        if self.prior_failures == 1:
            logger.warning("the prior of a selector failed with %s; the words decide", type(error).__name__)

    def _join(self, choices: Sequence[ToolMetadata]) -> list[str]:
        """Return a name for each choice, after letting those join that are new; the router's spelling wins."""
        known = {canonical(card.name): card.name for card in self.router.cards}
        names: list[str] = []
        taken: set[str] = set()
        for number, choice in enumerate(choices):
            unique = choice.name or f"choice {number}"
            while canonical(unique) in taken:
                unique = f"{unique}'"
            taken.add(canonical(unique))
            if canonical(unique) not in known:
                self.router.join(run_card(unique, kind=self.kind, quality=USEFUL, tasks=(TASK,)))
            names.append(known.get(canonical(unique), unique))
        return names

    def _note(self, decision_id: str, words: tuple[int, ...]) -> None:
        with self._lock:
            self._asked[decision_id] = words
            while len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)

    def _hear(self, event: Event) -> None:
        """Learn the words of a query from how it went, and from what was said of it."""
        if isinstance(event, OutcomeSeen) and event.outcome.fate is Fate.ok:
            weight = WENT_WELL
        elif isinstance(event, FeedbackGiven):
            weight = (2.0 * event.score - 1.0) * event.weight
        else:
            return
        with self._lock:
            words = self._asked.get(event.decision.id)
            if words is not None:
                self._matcher.learn(event.decision.model, words, weight)
