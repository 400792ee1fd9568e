"""Middleware for `langchain.agents.create_agent`: a model per step, the best of tools that do the same job."""

from zeta_langchain.middleware.model_middleware import ZetaModelMiddleware

__all__ = ["ZetaModelMiddleware"]
