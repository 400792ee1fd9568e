"""The command `zeta`: parse, call, print. The only reader of environment variables beside the core's `OLLAMA_HOST`."""

from zeta_router.cli.app import app, main

__all__ = ["app", "main"]
