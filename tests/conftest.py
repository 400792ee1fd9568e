"""What all tests share: data that is beside the project, if a path to it is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared facts and data, given by `ZETA_SHARED`."""
    path = os.environ.get("ZETA_SHARED")
    if not path or not Path(path).is_dir():
        pytest.skip("ZETA_SHARED does not name the folder of shared data")
    return Path(path)
