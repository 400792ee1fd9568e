"""`zeta models`: which models the hosts have."""

from __future__ import annotations

from typing import Any

from zeta_router.cli.options import HostOption, JsonOption
from zeta_router.cli.output import console_for_tables, gigabytes, note, print_json, table
from zeta_router.cli.survey import HostSurvey, connections, survey
from zeta_router.model import ModelCard


def models(host: HostOption = None, as_json: JsonOption = False) -> None:
    """List the models that the hosts have.

    What they can do, how large they are, whether they are in memory. Cloud models are left out, since prompts would
    leave the machine.
    """
    surveys = [survey(connection) for connection in connections(host).values()]
    failed = [found for found in surveys if found.error is not None]
    if failed and len(failed) == len(surveys) and failed[0].error is not None:
        raise failed[0].error
    if as_json:
        print_json(
            {
                "models": [_row(found, card) for found in surveys for card in found.cards],
                "unreachable": {found.address: str(found.error) for found in failed},
            }
        )
        return
    grid = table("model", "host", "capabilities", "context", "size", "loaded", right=("context", "size"))
    for found in surveys:
        for card in found.cards:
            loaded = found.in_memory(card)
            grid.add_row(
                card.name,
                found.address,
                ", ".join(sorted(card.capabilities or ())) or "not known",
                "–" if card.context_length is None else f"{card.context_length:,}",
                gigabytes(card.size_bytes),
                "no" if loaded is None else f"yes, {gigabytes(loaded.size)}",
            )
    if grid.row_count:
        console_for_tables().print(grid)
    else:
        note("no models there; pull one: `ollama pull llama3.2:3b`")
    for found in failed:
        note(f"{found.address}: {found.error}")


def _row(found: HostSurvey, card: ModelCard) -> dict[str, Any]:
    loaded = found.in_memory(card)
    return {
        "model": card.name,
        "host": found.address,
        "capabilities": None if card.capabilities is None else sorted(card.capabilities),
        "context_length": card.context_length,
        "parameter_count": card.parameter_count,
        "quantization": card.quantization,
        "size_bytes": card.size_bytes,
        "digest": card.digest,
        "loaded": loaded is not None,
        "bytes_in_memory": None if loaded is None else loaded.size,
    }
