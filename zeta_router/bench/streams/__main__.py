"""`python -m zeta_router.bench.streams --data FOLDER`: the table of the quality streams."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from zeta_router.bench.streams.outcomes import PRIORS, STREAMS, stream
from zeta_router.bench.streams.players import PLAYERS
from zeta_router.bench.streams.run import PROTOCOLS, best_single, play


def main(arguments: Sequence[str] | None = None) -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="python -m zeta_router.bench.streams", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that has routing/ and model_map.csv")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--stream", choices=[*STREAMS, "all"], default="all")
    parser.add_argument("--priors", choices=PRIORS, default="left out", help="what Zeta knows of the models before")
    parser.add_argument("--protocols", choices=["first", "all"], default="all")
    parser.add_argument("--rivals", action=argparse.BooleanOptionalAction, default=True)
    told = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    for name in STREAMS if told.stream == "all" else [told.stream]:
        played = stream(told.data, name, told.priors)
        console.print(
            f"{name}: {len(played.steps)} prompts, {len(played.cards)} models, best single {best_single(played):.3f}; "
            f"{told.seeds} seeds, Zeta's priors: {told.priors}"
        )
        for protocol in PROTOCOLS if told.protocols == "all" else PROTOCOLS[:1]:
            for player in PLAYERS if told.rivals else ["Zeta"]:
                found = play(played, player, protocol, range(told.seeds))
                console.print(
                    f"  {protocol.name:14} {player:24} whole {found.whole:.4f} ± {found.spread:.4f}  last quarter "
                    f"{found.last_quarter:.4f}  to the best single after 1,000: mean {found.against_best:+.3f}, "
                    f"worst seed {found.worst:+.3f}"
                )


if __name__ == "__main__":
    main()
