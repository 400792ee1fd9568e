"""Lines that an older Zeta wrote."""

from __future__ import annotations

import json

import pytest

from tests.store.world import records_of
from zeta_router.store import AttemptBegan
from zeta_router.store.lines import decode, encode


def test_bounds_of_an_older_line_are_kept() -> None:
    """They were stored themselves, before there was a `decode_sd` to work them out from."""
    record = records_of(20)[-2]
    assert isinstance(record, AttemptBegan)
    body = json.loads(encode(record, 1).text)
    del body["decision"]["decode_sd"]
    body["decision"]["bounds"] = record.decision.bounds
    again = decode(json.dumps(body))
    assert isinstance(again, AttemptBegan)
    assert again.decision.bounds == pytest.approx(record.decision.bounds)
