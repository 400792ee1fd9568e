"""Snapshots of a fold: so that a start does not read the whole log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from zeta_router.policies.base import Policy
from zeta_router.store.fold import Fold
from zeta_router.store.records import Position
from zeta_router.store.state import Unstorable, dump, modules_of, restore

if TYPE_CHECKING:
    from zeta_router.store.base import Store

FORMAT = 2
"""Of snapshots. One of another format is not used: the log is folded instead."""


class StoredSnapshot(NamedTuple):
    """A fold as it lies in a store."""

    key: str
    """Which policy it is of, as it was before it had learned anything."""
    position: Position
    at: float
    text: str


def key_of(policy: Policy) -> str:
    """Return the key of a policy that has learned nothing yet: another class, setting or layout has another key.

    A snapshot thus never reaches a policy that it does not fit. With another setting, or another version of Zeta, the
    log is folded anew.

    Raises:
        Unstorable: The policy keeps something that is no plain data.
    """
    from zeta_router import __version__  # here: the package itself imports this module

    kind = type(policy)
    seed = json.dumps([FORMAT, __version__, kind.__module__, kind.__qualname__, dump(policy)], sort_keys=True)
    return _sha256(seed)[:24]


def digest(fold: Fold) -> str:
    """Return a short text that is equal for equal states: of the policy, the meters and what is in memory."""
    parts = fold.copy().settle().parts()
    state = dump([parts["policy"], parts["meters"], parts["resident"]])
    return _sha256(json.dumps(state))[:16]


def to_text(fold: Fold) -> str:
    """Return a fold as text, with a checksum.

    Raises:
        Unstorable: The policy keeps something that is no plain data.
    """
    body = json.dumps(dump(fold.parts()), separators=(",", ":"))
    return f"{_checksum(body)} {body}"


def from_text(text: str, policy: Policy, *, machine: str = "") -> Fold:
    """Return the fold of a snapshot; `policy` says only whose classes may be made.

    Raises:
        Unstorable: The text is damaged, or not of this policy.
    """
    checksum, _, body = text.partition(" ")
    if checksum != _checksum(body):
        raise Unstorable("the snapshot is damaged")
    parts = restore(json.loads(body), also=modules_of(policy))
    if not isinstance(parts, dict) or type(parts.get("policy")) is not type(policy):
        raise Unstorable("the snapshot is of another policy")
    return Fold.of_parts(parts, machine=machine)


def local_key(key: str, machine: str) -> str:
    """Return the key of a snapshot that holds for one machine only; `key` where a log serves no other."""
    return f"{key}@{machine}" if machine else key


def newest_fold(store: Store, key: str, policy: Policy) -> Fold | None:
    """Return the fold of the newest snapshot of a policy that holds on this machine; None where there is none.

    Raises:
        Unstorable: It is damaged.
        StoreTrouble: The store cannot be read.
    """
    found = [store.snapshot(name) for name in dict.fromkeys((key, local_key(key, store.machine)))]
    kept = max((snapshot for snapshot in found if snapshot is not None), key=lambda s: s.position, default=None)
    return None if kept is None else from_text(kept.text, policy, machine=store.machine)


def _checksum(body: str) -> str:
    return _sha256(body)[:16]


def _sha256(text: str) -> str:
    import hashlib  # here, so that `import zeta_router` stays light: it brings OpenSSL

    return hashlib.sha256(text.encode()).hexdigest()
