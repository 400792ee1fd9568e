"""Trains the task classifier and writes the file that ships.

Run in the repository's root: `ZETA_SHARED=... python -m training.train_tasks`. Needs the extra `train`. Takes about a
minute; the same data and versions give the same file.
"""

from __future__ import annotations

import json

import numpy as np

from training.calibrate import temperature
from training.examples import REAL, examples
from training.fit import OBSERVATIONS, SCALE_GROUP, SCALE_SEEN, Fitted, Floats, fit, read
from training.folds import held_out_scores
from training.lexicon import GROUPS
from zeta_router.tasks.linear_model import FILE, SHARE, ZERO
from zeta_router.tasks.structure import SEEN

KEPT = 30_000
"""N-grams in the file: those with the largest weights."""


def main() -> None:
    """Train, calibrate, write."""
    found = examples()
    reads = [read(e.prompt) for e in found]
    tasks, scores = held_out_scores(found, reads, shipped_only=True)
    scored = [at for at, e in enumerate(found) if e.scored]
    heat = temperature(
        scores[scored],
        [tasks.index(found[at].task) for at in scored],
        np.array([2.0 if found[at].source in REAL else 1.0 for at in scored]),
    )
    shipped = [at for at, e in enumerate(found) if e.shipped]
    fitted = fit([found[at] for at in shipped], [reads[at] for at in shipped], kinds=True)
    FILE.write_bytes(model_file(fitted, heat))
    print(f"{len(shipped)} prompts, temperature {heat:.2f}, {FILE.stat().st_size / 1e6:.2f} MB: {FILE}")


def model_file(fitted: Fitted, heat: float) -> bytes:
    """Return the contents of the model file; see `zeta_router.tasks.linear_model`."""
    assert fitted.kinds is not None
    weights = np.vstack([fitted.tasks.coef_ / heat, fitted.kinds.coef_])  # shape (heads, columns)
    # A softmax is the same when every head of it gains as much: centred heads need the fewest steps.
    split = len(fitted.tasks.classes_)
    for heads in (weights[:split], weights[split:]):
        heads -= heads.mean(axis=0)
    biases = np.concatenate([fitted.tasks.intercept_ / heat, fitted.kinds.intercept_])
    sizes = [len(columns) for columns in fitted.vocabulary.families]
    grams = weights[:, : sum(sizes)]
    strongest = np.abs(grams).max(axis=0)
    keep = strongest >= np.sort(strongest)[-min(KEPT, len(strongest))]
    scales = np.abs(grams[:, keep]).max(axis=1) / (ZERO - 1)
    body, counts, start = [], [], 0
    for columns in fitted.vocabulary.families:
        keys = np.array(sorted(columns, key=columns.__getitem__), dtype="<u4")
        kept = keep[start : start + len(columns)]
        steps = np.round(grams[:, start : start + len(columns)][:, kept] / scales[:, None]) + ZERO
        body += [keys[kept].tobytes(), steps.T.astype(np.uint8).tobytes()]
        counts.append(int(kept.sum()))
        start += len(columns)
    about = {
        "heads": {"task": fitted.tasks.classes_.tolist(), "kind": fitted.kinds.classes_.tolist()},
        "biases": _short(biases),
        "scales": [float(scale / SHARE) for scale in scales],
        "seen": {
            name: _short(weights[:, start + at] * (SCALE_SEEN if name in SEEN else SCALE_GROUP))
            for at, name in enumerate(OBSERVATIONS)
        },
        "groups": {group: sorted(keys) for group, keys in GROUPS.items()},
        "keys": counts,
    }
    return json.dumps(about, separators=(",", ":")).encode() + b"\n" + b"".join(body)


def _short(numbers: Floats) -> list[float]:
    return [round(float(number), 4) for number in numbers]


if __name__ == "__main__":
    main()
