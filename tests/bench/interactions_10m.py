"""Ten million interactions for benchmarks, kept in the temporary folder: Zipf items, falling activity, tastes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Interactions

USERS, ITEMS, PAIRS = 138_000, 20_000, 10_000_000
_TASTES = 40
_OWN = 0.6  # share of a user's draws that come from one of the user's three tastes


def ten_million(seed: int = 1) -> Interactions:
    """138,000 users x 20,000 items, 10,000,000 pairs; the same every time. Made in a minute, then read from a file."""
    path = Path(tempfile.gettempdir()) / f"limelight-bench-evaluate-10m-{seed}.npz"
    if not path.exists():
        unfinished = path.with_suffix(".part.npz")
        np.savez(unfinished, **_made(seed))
        unfinished.rename(path)
    with np.load(path) as kept:
        parts = (kept["data"].astype(np.float32), kept["indices"], kept["indptr"])
        return Interactions.of(csr_matrix(parts, shape=(USERS, ITEMS)))


def _made(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    popularity = (1.0 / np.arange(1, ITEMS + 1) ** 0.9)[rng.permutation(ITEMS)]
    activity = (1.0 / np.arange(1, USERS + 1) ** 0.5)[rng.permutation(USERS)]
    taste_of = rng.integers(_TASTES, size=ITEMS)
    tastes = rng.integers(_TASTES, size=(USERS, 3))
    inside = [np.flatnonzero(taste_of == t) for t in range(_TASTES)]
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < PAIRS:
        users = rng.choice(USERS, size=4_000_000, p=activity / activity.sum())
        items = rng.choice(ITEMS, size=len(users), p=popularity / popularity.sum())
        own = rng.random(len(users)) < _OWN
        chosen = tastes[users, rng.integers(3, size=len(users))]
        for taste, members in enumerate(inside):
            here = np.flatnonzero(own & (chosen == taste))
            items[here] = rng.choice(members, size=len(here), p=popularity[members] / popularity[members].sum())
        keys = np.unique(np.concatenate([keys, users.astype(np.int64) * ITEMS + items]))
    keys = np.sort(rng.permutation(keys)[:PAIRS])
    rows = keys // ITEMS
    return {
        "indptr": np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=USERS))]),
        "indices": (keys % ITEMS).astype(np.int32),
        "data": rng.geometric(0.5, size=PAIRS).clip(max=9).astype(np.uint8),
    }
