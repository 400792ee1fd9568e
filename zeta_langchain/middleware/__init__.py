"""Middleware for `langchain.agents.create_agent`: a model per step, the best of tools that do the same job."""

from zeta_langchain.middleware.model_middleware import ZetaModelMiddleware
from zeta_langchain.middleware.tool_middleware import ZetaToolMiddleware

__all__ = ["ZetaModelMiddleware", "ZetaToolMiddleware"]
