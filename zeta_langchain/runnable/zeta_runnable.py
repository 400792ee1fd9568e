"""`ZetaRunnable`: routes each input to one of several runnables."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, cast

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.base import RunnableLike
from langchain_core.runnables.utils import Input, Output
from pydantic import Field

from zeta_langchain.messages import deadline_in, session_in
from zeta_langchain.runnable.branching import Branching
from zeta_langchain.runnable.conditions import Conditions
from zeta_langchain.runnable.founding import found, named
from zeta_langchain.runnable.inputs import text_in
from zeta_langchain.runnable.runs import abegun, aclosed, begun, below, branch_config, closed
from zeta_langchain.runnable.turns import Turns
from zeta_router.errors import ConfigError
from zeta_router.keywords import fields_of, refuse_unknown
from zeta_router.objective import Objective
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter
from zeta_router.runs import run_request
from zeta_router.store import Store

Order = Literal["learned", "declared"]


class ZetaRunnable(Branching[Input, Output]):
    """Routes each input to one of several runnables: chains, agents, retrievers, functions.

    Stands where `RunnableBranch` or `with_fallbacks` stood, and learns from every run: how long each branch takes, how
    often it fails, how useful it was (`router.feedback`). A branch that fails before anything of it was shown is
    followed by the next best.

    ```python
    route = ZetaRunnable({"small": prompt | small, "large": prompt | large})
    route = ZetaRunnable({"web": web, "docs": docs}, when={"docs": lambda q: "our" in q}, accept=bool)
    route = ZetaRunnable.from_branches((is_code, code_chain), (is_math, math_chain), chat_chain)
    ```

    Which branch served, and why: the branch's run has the tag `branch:<name>`, and `zeta_branch` and
    `zeta_decision_id` in its metadata; a message has it in `response_metadata["zeta_branch"]`.

    Args:
        branches: By names of your own, under which is learned; or a list, named after its members.
        when: Name -> condition: a function of the input, or anything that can be run. A branch whose condition does
            not hold is left out; one without a condition takes every input.
        order: `learned` takes the branch of the highest expected utility; `declared` the first one, and the others,
            in their order, only after it failed.
        accept: Says whether an output is of use. One that is not counts against its branch, and the next one is tried;
            the first is returned if none does better. Of a stream only what was not shown yet can be taken back.
        handles: Errors after which the next branch is tried.
        task: What is learned apart: a word, or a function of the input; None finds it from the text in the input.
            `config["configurable"]["zeta_task"]` wins.
        quality: Name -> usefulness expected before anybody gave feedback, in [0, 1].
        objective: `balanced`, `fastest`, `best`, or numbers of your own.
        store: Where what it learns survives, and is shared: a path, a URL, `default`, or a store; None keeps it in
            memory. See `ZetaDynamicRouter`.
        router: One to use, over these branches alone; None makes one.
        name: Of its runs in traces.

    Raises:
        ConfigError: A setting is wrong.

    What was learned belongs to the router. Copies share it. A `ZetaRunnable` cannot be pickled.
    """

    when: dict[str, Any] = Field(default_factory=dict)
    order: Order = "learned"
    accept: Any = None
    handles: tuple[type[BaseException], ...] = (Exception,)
    task: Any = None
    quality: dict[str, float] = Field(default_factory=dict)
    objective: Any = "balanced"
    router: Any = Field(default=None, repr=False, exclude=True)

    def __init__(
        self,
        branches: Mapping[str, RunnableLike[Any, Any]] | Sequence[RunnableLike[Any, Any]],
        *,
        when: Mapping[str, Any] | None = None,
        order: Order = "learned",
        accept: Callable[[Any], bool] | None = None,
        handles: tuple[type[BaseException], ...] = (Exception,),
        task: str | Callable[[Any], str] | None = None,
        quality: Mapping[str, float] | None = None,
        objective: str | Objective = "balanced",
        store: str | os.PathLike[str] | Store | None = None,
        router: ZetaDynamicRouter | None = None,
        **fields: Any,
    ) -> None:
        if order not in ("learned", "declared"):
            raise ConfigError(f"order must be 'learned' or 'declared', got {order!r}")
        refuse_unknown("ZetaRunnable", fields, fields_of(type(self)))
        members = named(branches)
        if fields.get("conditions") is None:
            fields["conditions"] = Conditions(tuple(members), when or {}, first_only=False)
        fields |= {"branches": members, "when": dict(when or {}), "order": order, "accept": accept}
        fields |= {"handles": tuple(handles), "task": task, "quality": dict(quality or {}), "objective": objective}
        fields["router"] = found(members, quality or {}, router, objective, store, order)
        super().__init__(**fields)

    @classmethod
    def from_branches(cls, *branches: Any, order: Order = "declared", **keywords: Any) -> ZetaRunnable[Any, Any]:
        """Return what `RunnableBranch(*branches)` returns, with timing, learning and failover.

        Args:
            branches: Pairs of a condition and a runnable, then the default. They are named `1`, `2`, ..., `default`.
            order: With `declared`, the first branch whose condition holds runs, no further condition is asked, and the
                default stands in if it fails. With `learned`, the best of all whose conditions hold, and the default.
            keywords: As for the class.

        Raises:
            ConfigError: These are no branches.
        """
        if len(branches) < 2:
            raise ConfigError("from_branches takes at least one (condition, runnable) pair, and a default after it")
        *pairs, default = branches
        members: dict[str, Any] = {}
        when: dict[str, Any] = {}
        for number, pair in enumerate(pairs, 1):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ConfigError(f"branch {number} must be a (condition, runnable) pair, got {type(pair).__name__}")
            when[str(number)], members[str(number)] = pair
        members["default"] = default
        conditions = Conditions(tuple(members), when, first_only=order == "declared")
        return cls(members, when=when, order=order, conditions=conditions, **keywords)

    # -- running -------------------------------------------------------------------------------------------------

    def invoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        """Run the best branch for this input, and the next best while they fail."""
        config, run = begun(self, input, config)
        try:
            output = self._run(input, config, run, kwargs)
        except BaseException as error:
            run.on_chain_error(error)
            raise
        run.on_chain_end(output)
        return cast("Output", output)

    def _run(self, asked: Any, config: RunnableConfig, run: Any, kwargs: dict[str, Any]) -> Any:
        names = self.conditions.holding(asked, partial(below, config, run, "condition"))
        turns = self._turns(asked, names, config, run)
        for turn in turns:
            with turn:
                return turn.answered(turn.branch.invoke(asked, turn.config, **kwargs))
        return turns.give_up()[-1]

    async def ainvoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        """Do what `invoke` does, awaited."""
        config, run = await abegun(self, input, config)
        try:
            output = await self._arun(input, config, run, kwargs)
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(output)
        return cast("Output", output)

    async def _arun(self, asked: Any, config: RunnableConfig, run: Any, kwargs: dict[str, Any]) -> Any:
        names = await self.conditions.aholding(asked, partial(below, config, run, "condition"))
        turns = self._turns(asked, names, config, run)
        for turn in turns:
            with turn:
                return turn.answered(await turn.branch.ainvoke(asked, turn.config, **kwargs))
        return turns.give_up()[-1]

    def stream(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any | None) -> Iterator[Output]:
        """Yield the output as it comes; until its first part another branch can take over. Leaving early closes it."""
        config, run = begun(self, input, config)
        output: Any = None
        try:
            names = self.conditions.holding(input, partial(below, config, run, "condition"))
            turns = self._turns(input, names, config, run)
            for turn in turns:
                with turn:
                    with closed(turn.branch.stream(input, turn.config, **kwargs)) as coming:
                        for part in coming:
                            yield from turn.passing(part)
                    output = turn.output
                    yield from turn.ended()
                    break
            else:
                rest = turns.give_up()
                output = rest[-1] if rest else None
                yield from rest
        except BaseException as error:
            run.on_chain_error(error)
            raise
        run.on_chain_end(output)

    async def astream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> AsyncIterator[Output]:
        """Do what `stream` does, awaited."""
        config, run = await abegun(self, input, config)
        output: Any = None
        try:
            names = await self.conditions.aholding(input, partial(below, config, run, "condition"))
            turns = self._turns(input, names, config, run)
            for turn in turns:
                with turn:
                    coming: Any = turn.branch.astream(input, turn.config, **kwargs)
                    async with aclosed(coming):
                        async for part in coming:
                            for shown in turn.passing(part):
                                yield shown
                    output = turn.output
                    for shown in turn.ended():
                        yield shown
                    break
            else:
                rest = turns.give_up()
                output = rest[-1] if rest else None
                for shown in rest:
                    yield shown
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        await run.on_chain_end(output)

    def _turns(self, asked: Any, names: list[str], config: RunnableConfig, run: Any) -> Turns:
        everybody = len(names) == len(self.router.keys)  # then the router need not look for them by name
        attempts = self.router.plan(self.request(asked, config), model=None if everybody else names)
        return Turns(
            attempts, self.branches, partial(branch_config, config, run), handles=self.handles, accept=self.accept
        )

    def request(self, asked: Input, config: RunnableConfig | None = None) -> Request:
        """Return what the router is told of an input, e.g. for `router.explain`.

        Raises:
            InvalidRequest: `zeta_deadline` in the config is no time.
        """
        configurable = (config or {}).get("configurable") or {}
        task: Any = configurable.get("zeta_task", self.task)
        if callable(task):
            task = task(asked)
        return run_request(
            text=text_in(asked) if task is None else "",
            task=task,
            session=session_in(configurable),
            deadline=deadline_in(configurable),
        )
