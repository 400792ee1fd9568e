"""Does a function that a model wrote do what was asked? Found without trusting it.

Two walls, each meant to hold alone. First the code must consist of an allow-list of plain Python (`allowed.py`): no
imports, no attributes but harmless methods, no names with underscores. Then it runs in a Python process of its own,
isolated from the environment, with a handful of builtins, two seconds of processor time, a bound on memory, and neither
files to write nor processes to start. Where the operating system has no such limits, nothing is run: then the answer is
not judged.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from tempfile import gettempdir
from typing import Any

from zeta_router.own.allowed import BUILTINS, refusal, without_hints

CPU_SECONDS = 2
WALL_SECONDS = 10.0
MEMORY_BYTES = 512 * 1024 * 1024

Case = tuple[Sequence[Any], Any]
"""Arguments and the value that is right; both as JSON has them."""

_FENCE = re.compile(r"```[a-zA-Z0-9_+-]*\n(.*?)```", re.DOTALL)

_RUNNER = """
import builtins, json, resource, sys
limits = {{"RLIMIT_CPU": {cpu}, "RLIMIT_AS": {memory}, "RLIMIT_FSIZE": 0, "RLIMIT_NPROC": 0, "RLIMIT_CORE": 0}}
for name, most in limits.items():
    limit = getattr(resource, name, None)
    if limit is not None:
        try:
            resource.setrlimit(limit, (most, most))
        except (ValueError, OSError):
            if name in ("RLIMIT_CPU", "RLIMIT_FSIZE"):
                raise
told = json.load(sys.stdin)
space = {{"__builtins__": {{name: getattr(builtins, name) for name in told["builtins"]}}}}
right = 0
try:
    exec(compile(told["code"], "<answer>", "exec"), space)
    for arguments, wanted in told["cases"]:
        got = space[told["function"]](*arguments)
        right += type(got) in (int, float, str, bool, list, dict, tuple) and json.loads(json.dumps(got)) == wanted
except BaseException:
    pass
print(right)
"""


def code_of(answer: str) -> str:
    """Return the code of an answer: its fenced blocks, or all of it where there are none."""
    blocks: list[str] = _FENCE.findall(answer)
    return "\n".join(blocks) if blocks else answer


def share_right(answer: str, function: str, cases: Sequence[Case]) -> float | None:
    """Return the share of cases that a model's function gets right, 0 where it must not or cannot run.

    Args:
        answer: What the model wrote.
        function: Name that the function should have.
        cases: What it is called with, and what it should return.

    Returns:
        In [0, 1]; None where code cannot be run safely on this system.
    """
    code = without_hints(code_of(answer))
    if refusal(code) is not None:
        return 0.0
    if not can_run():
        return None
    told = {"code": code, "function": function, "cases": [[list(a), b] for a, b in cases], "builtins": BUILTINS}
    runner = _RUNNER.format(cpu=CPU_SECONDS, memory=MEMORY_BYTES)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", runner],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=WALL_SECONDS,
            env={},
            cwd=gettempdir(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 0.0
    except OSError:  # no process can be started here
        return None
    return int(done.stdout) / len(cases) if done.returncode == 0 and done.stdout.strip().isdigit() else 0.0


def can_run() -> bool:
    """Return whether this system can bound what a process takes."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    return hasattr(resource, "RLIMIT_CPU") and hasattr(resource, "RLIMIT_FSIZE")
