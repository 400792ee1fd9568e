"""`worth_of_loading`: what it is worth to have a model in memory for the next minutes, less what must go for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

Key = tuple[str, str]

MOST_WORTH = 1.0
"""Utility; a plan from rough numbers does not outweigh a request's own quality and time without bound."""
LOAD_FOR_OTHERS = 0.3
"""Share of a load that other requests pay, by waiting behind it."""


def worth_of_loading(
    utilities: Mapping[str, Mapping[Key, float]],
    expected: Mapping[str, float],
    residents: Collection[Key],
    roomy: Mapping[Key, bool],
) -> dict[Key, float]:
    """Return for each model and host that is not in memory what loading it is worth, in utility.

    Each task goes to the best model in memory. A model that is loaded wins, on every request of a task it is better at,
    the difference; where there is no room, the model that goes for it takes with it what it won. Which one goes is
    Ollama's choice, so the mean over all of its host is taken.

    Args:
        utilities: Task -> model and host -> utility of a typical request there, in memory and idle.
        expected: Task -> requests to come.
        residents: What is in memory.
        roomy: Model and host that is not -> whether it fits beside.

    Source: the Zeta learning study, section 8.5 ("load value").
    """
    gains = dict.fromkeys(roomy, 0.0)
    losses: dict[Key, float] = {}
    for task, count in expected.items():
        of_task = utilities[task]
        held = sorted(((of_task[key], key) for key in residents if key in of_task), reverse=True)
        best = held[0][0] if held else min(of_task.values(), default=0.0)
        for key in gains:
            gains[key] += count * max(of_task.get(key, best) - best, 0.0)
        if held:
            second = held[1][0] if len(held) > 1 else min(of_task.values())
            losses[held[0][1]] = losses.get(held[0][1], 0.0) + count * (best - second)
    worth: dict[Key, float] = {}
    for key, gain in gains.items():
        at_risk = [resident for resident in residents if resident[1] == key[1]]
        loss = 0.0
        if at_risk and not roomy[key]:
            loss = sum(losses.get(resident, 0.0) for resident in at_risk) / len(at_risk)
        worth[key] = max(-MOST_WORTH, min(gain - loss, MOST_WORTH))
    return worth
