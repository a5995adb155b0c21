"""A million interactions for benchmarks: the same matrix every time, Zipf items, tastes that models can find."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Interactions

USERS, ITEMS, PAIRS = 18_000, 7_400, 1_000_000
_TASTES = 40
_OWN = 0.6  # share of a user's draws that come from the user's own tastes, the rest from all items


def million(seed: int = 1) -> Interactions:
    """18,000 users x 7,400 items, 1,000,000 pairs: activity and popularity fall off as powers, weights are 1 to 9.

    Every item belongs to one of 40 tastes and every user to three of them, so that co-occurrence means something.
    """
    rng = np.random.default_rng(seed)
    popularity = (1.0 / np.arange(1, ITEMS + 1) ** 0.9)[rng.permutation(ITEMS)]
    activity = (1.0 / np.arange(1, USERS + 1) ** 0.6)[rng.permutation(USERS)]
    taste_of = rng.integers(_TASTES, size=ITEMS)
    tastes = rng.integers(_TASTES, size=(USERS, 3))
    inside = [np.flatnonzero(taste_of == t) for t in range(_TASTES)]
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < PAIRS:
        users = rng.choice(USERS, size=400_000, p=activity / activity.sum())
        items = rng.choice(ITEMS, size=len(users), p=popularity / popularity.sum())
        own = rng.random(len(users)) < _OWN
        chosen = tastes[users, rng.integers(3, size=len(users))]
        for taste, members in enumerate(inside):
            here = np.flatnonzero(own & (chosen == taste))
            items[here] = rng.choice(members, size=len(here), p=popularity[members] / popularity[members].sum())
        keys = np.unique(np.concatenate([keys, users * ITEMS + items]))
    keys = np.sort(rng.permutation(keys)[:PAIRS])
    weights = rng.geometric(0.5, size=PAIRS).clip(max=9).astype(np.float32)
    return Interactions.of(csr_matrix((weights, (keys // ITEMS, keys % ITEMS)), shape=(USERS, ITEMS)))
