"""The README keeps its promises: its commands are the ones that CI runs, and what it names exists."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    """Return the README's bash blocks."""
    return re.findall(r"```bash\n(.*?)\n```", README, re.DOTALL)


def test_there_are_two_commands_and_ci_runs_the_second() -> None:
    """One sets up and runs the main job, one sets up and runs the tests; CI calls the latter's test command."""
    job, tests = commands()
    assert job.endswith("zeta demo")
    assert tests.endswith("-m pytest")
    assert "\npython -m pytest\n" in (ROOT / ".ci" / "run").read_text()


def test_the_extras_that_the_readme_installs_exist() -> None:
    """`pip install ".[demo]"` and the others name extras of this project."""
    extras = metadata("zeta-router").get_all("Provides-Extra") or []
    named = set(re.findall(r"\.\[(\w+)\]|zeta-router\[(\w+)\]", README))
    assert {a or b for a, b in named} <= set(extras)


def test_every_link_into_the_project_leads_somewhere() -> None:
    """No dead links, pictures included."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
