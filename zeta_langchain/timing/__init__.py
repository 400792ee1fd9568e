"""Learning from chat models that are called outside the router, by callbacks alone."""

from zeta_langchain.timing.calls import TimedCall
from zeta_langchain.timing.handler import ZetaTimingHandler
from zeta_langchain.timing.scopes import install_global, uninstall_global, zeta_timings

__all__ = ["TimedCall", "ZetaTimingHandler", "install_global", "uninstall_global", "zeta_timings"]
