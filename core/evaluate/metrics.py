"""How good lists are: for each user, and of the lists as a whole. Words and conventions: types.DEFINITIONS.

Every judged user has at least one relevant item, and counts the same. A list shorter than k (a model that can say no
more) is judged as if its missing places held wrong items: k stays k. Metrics are over the full ranking of all items the
user has not had to do with in the fit part, never over a sample of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_matrix

from core.evaluate.types import METRICS
from core.interactions import Array


def hits(items: Array, relevant: csr_matrix) -> Array:
    """Bool (n, k): whether the item at each place of each list is relevant for its user.

    Args:
        items: int (n, k), columns; -1 = no item. No column twice in a row.
        relevant: CSR (n, n_items), ones, indices sorted.

    >>> hits(np.array([[2, 0, -1]]), csr_matrix([[1, 1, 0]]))
    array([[False,  True, False]])
    """
    n, n_items = relevant.shape
    if items.shape[0] != n:
        raise ValueError("one list for each user")
    rows = np.repeat(np.arange(n, dtype=np.int64), np.diff(relevant.indptr))
    right = rows * n_items + relevant.indices
    asked = np.arange(n, dtype=np.int64)[:, None] * n_items + items
    place = np.searchsorted(right, asked).clip(max=max(0, len(right) - 1))
    return np.asarray((items >= 0) & (right[place] == asked)) if len(right) else np.zeros(items.shape, dtype=bool)


def per_user(items: Array, relevant: csr_matrix) -> Array:
    """float64 (n, len(METRICS)), in the order of METRICS, each from 0 to 1. Arguments as `hits`."""
    hit = hits(items, relevant)
    right = np.diff(relevant.indptr)
    found: Mapping[str, Array] = {
        "ndcg": ndcg(hit, right),
        "recall": recall(hit, right),
        "precision": precision(hit),
        "f1": f1(hit, right),
        "map": average_precision(hit, right),
        "mrr": reciprocal_rank(hit),
        "hit_rate": np.asarray(hit.any(axis=1), dtype=np.float64),
    }
    return np.stack([found[name] for name in METRICS], axis=1)


def ndcg(hit: Array, right: Array) -> Array:
    """Sum over right places r of 1 / log2(r + 1), over the same sum for places 1 to min(k, relevant).

    Järvelin and Kekäläinen 2002, with gains of 0 and 1; the ideal is the best list that could be made.

    >>> ndcg(np.array([[False, True]]), np.array([5])).round(4)  # (1 / log2 3) / (1 / log2 2 + 1 / log2 3)
    array([0.3869])
    """
    k = hit.shape[1]
    gains = 1.0 / np.log2(np.arange(k) + 2.0)
    best = np.concatenate([[0.0], np.cumsum(gains)])[np.minimum(right, k)]
    # summed in order, as the ideal is, so that a perfect list is 1 to the last digit
    return _over(np.cumsum(hit * gains, axis=1)[:, -1], best)


def recall(hit: Array, right: Array) -> Array:
    """Right items listed / relevant items."""
    return _over(hit.sum(axis=1), right)


def precision(hit: Array) -> Array:
    """Right items listed / k."""
    return np.asarray(hit.mean(axis=1))


def f1(hit: Array, right: Array) -> Array:
    """2 x precision x recall / (precision + recall) = 2 x right items listed / (k + relevant)."""
    return _over(2.0 * hit.sum(axis=1), right + hit.shape[1])


def average_precision(hit: Array, right: Array) -> Array:
    """Sum over right places r of precision@r, over min(k, relevant).

    >>> average_precision(np.array([[True, False, True]]), np.array([2])).round(4)  # (1/1 + 2/3) / 2
    array([0.8333])
    """
    k = hit.shape[1]
    at_each = np.cumsum(hit, axis=1) / np.arange(1, k + 1)
    return _over((at_each * hit).sum(axis=1), np.minimum(right, k))


def reciprocal_rank(hit: Array) -> Array:
    """1 / place of the first right item, 0 where none is listed.

    >>> reciprocal_rank(np.array([[False, True, True], [False, False, False]]))
    array([0.5, 0. ])
    """
    return np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1.0), 0.0)


def coverage(items: Array, n_items: int) -> float:
    """Items that stand in at least one list / all items of the fit part.

    >>> coverage(np.array([[0, 1], [0, -1]]), 4)
    0.5
    """
    return len(np.unique(items[items >= 0])) / n_items


def novelty(items: Array, takers: Array, n_users: int) -> float | None:
    """Mean over all listed places of -log2(users of the fit part who took the item / all of them); None without lists.

    Zhou et al. 2010 (there: self-information). 0 = everybody took it; one more is half as common.

    >>> novelty(np.array([[0, 1]]), np.array([4, 1]), 4)
    1.0
    """
    listed = items[items >= 0]
    if not len(listed):
        return None
    # one sum over items, so that the order of users cannot change the last digit
    times = np.bincount(listed, minlength=len(takers))
    rarity = -np.log2(np.maximum(takers, 1) / n_users)
    return float(times @ rarity / len(listed)) + 0.0


def _over(part: Array, whole: Array) -> Array:
    """Part / whole, 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros(len(part), dtype=np.float64), where=np.asarray(whole) > 0)
