"""Ten million interactions for benchmarks: the same matrix every time, made once and kept in the temp folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions

USERS, ITEMS, PAIRS = 138_000, 20_000, 10_000_000
_TASTES = 60
_OWN = 0.6  # share of a user's draws that come from the user's own tastes, the rest from all items
_MADE = 1  # raise where what is made changes


def ten_million(seed: int = 1) -> Interactions:
    """138,000 users x 20,000 items, 10,000,000 pairs: Zipf activity and popularity, weights 1 to 9.

    As `interactions_1m.million`: every item belongs to one of 60 tastes and every user to three of them, so that
    co-occurrence means something. Making them takes about a minute, reading them again under a second.
    """
    kept = Path(tempfile.gettempdir()) / f"limelight-10m-{_MADE}-{seed}.npz"
    if not kept.exists():
        keys, weights = _made(seed)
        part = kept.with_suffix(f".{os.getpid()}.npz")  # two makers at once must not meet in one file
        np.savez(part, keys=keys, weights=weights)
        part.replace(kept)
    with np.load(kept) as found:
        keys, weights = found["keys"], found["weights"].astype(np.float32)
    indptr = np.searchsorted(keys, np.arange(USERS + 1, dtype=np.int64) * ITEMS).astype(np.int32)
    matrix = csr_matrix((weights, (keys % ITEMS).astype(np.int32), indptr), shape=(USERS, ITEMS))
    return Interactions.of(matrix)


def _made(seed: int) -> tuple[Array, Array]:
    """Keys int64 (user x ITEMS + item), rising; weights uint8."""
    rng = np.random.default_rng(seed)
    popularity = (1.0 / np.arange(1, ITEMS + 1) ** 0.9)[rng.permutation(ITEMS)]
    activity = (1.0 / np.arange(1, USERS + 1) ** 0.6)[rng.permutation(USERS)]
    taste_of = rng.integers(_TASTES, size=ITEMS)
    tastes = rng.integers(_TASTES, size=(USERS, 3))
    inside = [np.flatnonzero(taste_of == t) for t in range(_TASTES)]
    by_user, by_item = _cumulated(activity), _cumulated(popularity)
    of_taste = [_cumulated(popularity[members]) for members in inside]
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < PAIRS:
        users = np.searchsorted(by_user, rng.random(4_000_000))
        items = np.searchsorted(by_item, rng.random(len(users)))
        own = rng.random(len(users)) < _OWN
        chosen = tastes[users, rng.integers(3, size=len(users))]
        for taste, members in enumerate(inside):
            here = np.flatnonzero(own & (chosen == taste))
            items[here] = members[np.searchsorted(of_taste[taste], rng.random(len(here)))]
        keys = np.unique(np.concatenate([keys, users * np.int64(ITEMS) + items]))
    keys = np.sort(rng.permutation(keys)[:PAIRS])
    return keys, rng.geometric(0.5, size=PAIRS).clip(max=9).astype(np.uint8)


def _cumulated(weights: Array) -> Array:
    shares = np.cumsum(weights)
    return np.asarray(shares / shares[-1] * (1 - 1e-12))
