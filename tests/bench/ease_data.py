"""Ten million interactions for the bench of EASE: the same matrix every time, Zipf items, users of all sizes.

Made once and kept in the folder for temporary files, since drawing them takes longer than some of what is measured.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions

USERS, ITEMS, PAIRS = 138_000, 20_000, 10_000_000
_DRAWN = 4_000_000
_SEED = 3


def ten_million() -> Interactions:
    """138,000 users x 20,000 items, 10,000,000 pairs, weights 1 to 9; popularity falls as rank^-0.9."""
    kept = Path(tempfile.gettempdir()) / f"limelight-ease-{PAIRS}-{_SEED}.npz"
    if not kept.exists():
        indptr, indices, weights = _drawn()
        unfinished = kept.with_name(f"unfinished-{kept.name}")
        np.savez(unfinished, indptr=indptr, indices=indices, weights=weights)
        unfinished.rename(kept)
    with np.load(kept) as held:
        parts = held["weights"].astype(np.float32), held["indices"], held["indptr"]
    matrix = csr_matrix(parts, shape=(USERS, ITEMS), copy=False)
    matrix.has_sorted_indices = True
    return Interactions.of(matrix)


def _drawn() -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(_SEED)
    popularity = np.cumsum((1.0 / np.arange(1, ITEMS + 1) ** 0.9)[rng.permutation(ITEMS)])
    activity = np.cumsum((1.0 / np.arange(1, USERS + 1) ** 0.5)[rng.permutation(USERS)])
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < PAIRS:
        users = np.searchsorted(activity, rng.random(_DRAWN) * activity[-1])
        items = np.searchsorted(popularity, rng.random(_DRAWN) * popularity[-1])
        keys = np.unique(np.concatenate([keys, users * ITEMS + items]))
    keys = np.sort(rng.permutation(keys)[:PAIRS])
    indptr = np.searchsorted(keys, np.arange(USERS + 1) * ITEMS).astype(np.int32)
    weights = rng.geometric(0.5, size=PAIRS).clip(max=9).astype(np.uint8)
    return indptr, (keys % ITEMS).astype(np.int32), weights
