"""Options that several commands share, with one meaning and one help text."""

from __future__ import annotations

from typing import Annotated

import typer

HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="URL",
        help="Ollama server, e.g. http://gpu-box:11434; may be repeated. Default: OLLAMA_HOST, else 127.0.0.1:11434.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
TaskOption = Annotated[
    str | None,
    typer.Option("--task", metavar="TASK", help="code, math, chat, qa, embedding, …; default: found from the text."),
]
ObjectiveOption = Annotated[
    str, typer.Option("--objective", metavar="NAME", help="What you want: balanced, fastest or best.")
]
PromptArgument = Annotated[str, typer.Argument(metavar="TEXT", help="The prompt; - reads it from standard input.")]
