"""Which addresses mean another server on every machine."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit


@functools.lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Return whether an address names the machine that says it."""
    from ipaddress import ip_address  # here, so that `import zeta_router` stays light

    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
