"""Help for tests of programs that use Zeta or Ollama: a clock by hand, and a simulated Ollama as a pytest fixture.

The fixture is opt-in: put `pytest_plugins = ["zeta_router.testing.pytest_plugin"]` into your `conftest.py`.
"""

from zeta_router.testing.clock import ManualClock

__all__ = ["ManualClock"]
