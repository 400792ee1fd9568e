"""`ZetaSingleSelector`, `ZetaMultiSelector`: choose by descriptions and by what was learned, without asking a model."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.schema import QueryBundle
from llama_index.core.tools.types import ToolMetadata

from zeta_llamaindex.choosing import Chooser, Plan
from zeta_llamaindex.fitting import FITS_ENOUGH
from zeta_router.attempts import Attempt
from zeta_router.errors import ConfigError, UnknownDecision
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.router import ZetaDynamicRouter

UNTOLD = 256
"""Selections that are kept until somebody tells how they went."""


class ZetaSelection(SingleSelection):
    """A selection that can be told how it went, and be given feedback: `selector.router.feedback(decision_id, 1.0)`."""

    decision_id: str
    fit: float
    """How well its description fits, of the best one's; in (0, 1]."""


class ZetaSingleSelector(BaseSelector):
    """Selects the choice that answers a query best: whose description fits, that is fast, works, and was liked.

    ```python
    engine = ZetaRouterQueryEngine(ZetaSingleSelector(), query_engine_tools)
    ```

    Descriptions are compared with the query by their words, and by those of past queries that went well (hashed, in
    memory only). Times, failures and feedback are learned by a `ZetaDynamicRouter` over the choices. Our own
    `ZetaRouterQueryEngine` and `ZetaRouterRetriever` tell it how each selection went; with other engines, say so by
    `tell`.

    Args:
        router: Made by `choice_router`, e.g. to share what is learned; None makes one.
        prior: A selector of LlamaIndex's that is asked first, e.g. `LLMSingleSelector`. What it names fits best;
            answers that are none are counted in `prior_failures`, and the words decide.
    """

    most = 1
    """How many it selects at most."""

    def __init__(self, *, router: ZetaDynamicRouter | None = None, prior: BaseSelector | None = None) -> None:
        self.chooser = Chooser("choice", router, prior)
        self._untold: OrderedDict[str, Attempt] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.router!r}>"

    @property
    def router(self) -> ZetaDynamicRouter:
        """The router over the choices: `feedback`, `snapshot`, `subscribe`."""
        return self.chooser.router

    @property
    def prior_failures(self) -> int:
        """How often the prior raised, or named a choice that is none."""
        return self.chooser.prior_failures

    def plan(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> Plan:
        """Return who answers a query, and who answers it if that one fails.

        Raises:
            ConfigError: There are no choices.
        """
        return self.chooser.plan(choices, query.query_str, self.chooser.named(choices, query))

    async def aplan(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> Plan:
        """Do what `plan` does, awaiting the prior."""
        return self.chooser.plan(choices, query.query_str, await self.chooser.anamed(choices, query))

    def numbers(self, plan: Plan) -> list[int]:
        """Return the numbers of the choices that a plan selects, best first."""
        ranked = plan.ranked()
        return [number for number in ranked if number == ranked[0] or plan.fits[number] >= FITS_ENOUGH][: self.most]

    def several(self, plan: Plan) -> list[int]:
        """Return the choices that are asked together; none where one alone will do, and the next if that fails."""
        chosen = self.numbers(plan) if self.most > 1 else []
        return chosen if len(chosen) > 1 else []

    def selection(self, attempt: Attempt, plan: Plan) -> ZetaSelection:
        """Return an attempt at a choice as a selection."""
        decision = attempt.decision
        number = plan.number(decision.model)
        return ZetaSelection(index=number, reason=decision.reason, decision_id=decision.id, fit=plan.fits[number])

    def tell(self, selection: ZetaSelection, *, seconds: float | None = None, error: str | None = None) -> None:
        """Say how a selection went that `select` made for an engine of your own.

        Args:
            selection: From the result of `select`.
            seconds: That it took; None where nobody measured.
            error: A word on what failed; None where it answered.

        Raises:
            UnknownDecision: It was told before, or is too long ago.
            InvalidRequest: The seconds cannot be; it can be told again.
        """
        fate = Fate.ok if error is None else Fate.error
        outcome = Outcome(fate=fate, timings=Timings(total=seconds), error=error)
        with self._lock:
            attempt = self._untold.pop(selection.decision_id, None)
        if attempt is None:
            raise UnknownDecision(selection.decision_id)
        with attempt:
            attempt.settle(outcome)

    def _selected(self, plan: Plan) -> SelectorResult:
        selections: list[SingleSelection] = []
        for chosen in self.numbers(plan):
            attempt, _ = next(iter(plan.attempts([chosen])))
            selection = self.selection(attempt, plan)
            with self._lock:
                self._untold[selection.decision_id] = attempt
                while len(self._untold) > UNTOLD:
                    self._untold.popitem(last=False)
            selections.append(selection)
        return SelectorResult(selections=selections)

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return self._selected(self.plan(choices, query))

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return self._selected(await self.aplan(choices, query))

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts_dict: PromptDictType) -> None:
        """Nothing is asked of a model here."""

    def _get_prompt_modules(self) -> PromptMixinType:
        return {} if self.chooser.prior is None else {"prior": self.chooser.prior}


class ZetaMultiSelector(ZetaSingleSelector):
    """Selects every choice that fits a query at least half as well as the best one, best first.

    Args:
        most: How many it selects at most.
        router: As in `ZetaSingleSelector`.
        prior: The same, e.g. `LLMMultiSelector`.

    Raises:
        ConfigError: `most` is not above 0.
    """

    def __init__(
        self, most: int = 3, *, router: ZetaDynamicRouter | None = None, prior: BaseSelector | None = None
    ) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ConfigError(f"most must be a whole number above 0, got {most!r}")
        super().__init__(router=router, prior=prior)
        self.most = most


def selector_of(selector: BaseSelector | None, *, select_multi: bool) -> ZetaSingleSelector:
    """Return a selector of ours: as given, over another selector as its prior, or a new one."""
    if isinstance(selector, ZetaSingleSelector):
        return selector
    return ZetaMultiSelector(prior=selector) if select_multi else ZetaSingleSelector(prior=selector)
