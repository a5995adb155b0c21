"""The choose part of leave-last-out, made the slow way: what defaults were chosen on, and accuracy is tested on."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from core.interactions import Array, Interactions
from core.recommend import Recommender


class HeldOut(NamedTuple):
    """Interactions without anyone's last two items, and for `users` (with three or more) the last but one."""

    fit: Interactions
    users: Array
    items: Array


def choose_part(x: Interactions) -> HeldOut:
    """By time first seen, ties by column; the last item of all is dropped and never looked at."""
    assert x.first_seen is not None
    matrix, kept = x.matrix, np.ones(x.matrix.nnz, dtype=bool)
    users, items = [], []
    for user in range(x.shape[0]):
        places = range(matrix.indptr[user], matrix.indptr[user + 1])
        if len(places) < 3:
            continue
        in_order = sorted(places, key=lambda place: (x.first_seen[place], matrix.indices[place]))  # type: ignore[index]
        kept[in_order[-2:]] = False
        users.append(user)
        items.append(int(matrix.indices[in_order[-2]]))
    less = matrix.copy()
    less.data[~kept] = 0
    less.eliminate_zeros()
    return HeldOut(replace(x, matrix=less, first_seen=None), np.array(users), np.array(items))


def ndcg(model: Recommender, held: HeldOut, k: int = 10) -> float:
    """NDCG@k with one right item: 1 / log2(place + 1), 0 beyond k; mean over users."""
    listed = model.recommend(held.users, k).items
    hit = listed == held.items[:, None]
    return float((hit / np.log2(np.arange(k) + 2)).sum(axis=1).mean())
