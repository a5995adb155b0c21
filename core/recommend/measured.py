"""Explanations where a score has no exact parts: measured on the model itself, and called so.

The items' view takes each past item away and looks how much the score falls. The users' view writes this user's scores
as a mixture of the scores of users who took the item. How much of the score the parts account for is `fidelity`.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.recommend.types import Recommender, View, ViewName

MOST_TAKERS = 50
"""Users that a mixture is made of at most: those who took the item and share most with the user."""
MOST_ITEMS = 1_000
"""Items that a mixture is fitted on at most: twenty for each of its parts, beside the one explained."""

_ITEMS = "How much the score falls when this past item is taken away, all else held fixed: measured, not derived."
_USERS = (
    "How much of this user's scores those of the other user make up, times that user's score: measured, not derived."
)
_RIDGE = 1e-3  # of the mean square of the takers' scores: keeps the mixture from balancing large against large
_NOBODY = "No other user who took the item could be compared."


def measured_items(model: Recommender, user: int, item: int) -> tuple[float, View]:
    """(base, view): part j = score with the whole history - score without item j; base = score of nothing (0 if none).

    The model must fold. Parts that overlap count twice, parts that need each other not at all: the view is not exact,
    and base + parts meets the score only as far as fidelity = 1 - |what is missing| / |score - base| says.
    """
    x = model.x.matrix
    begin, end = int(x.indptr[user]), int(x.indptr[user + 1])
    columns, weights = x.indices[begin:end], x.data[begin:end]
    n = len(columns)
    seen = None if model.x.first_seen is None else model.x.first_seen[begin:end]
    whole = np.ones((n + 1, n), dtype=bool)
    whole[np.arange(n), np.arange(n)] = False  # row j lacks item j; the last row lacks none
    place = np.nonzero(whole)[1]
    indptr = np.concatenate([[0], np.cumsum(whole.sum(axis=1))])
    histories = csr_matrix((weights[place], columns[place], indptr), shape=(n + 1, x.shape[1]))
    scores = np.asarray(
        model.fold(
            histories,
            np.array([item]),
            own=np.full(n + 1, user, dtype=np.int64),
            seen=None if seen is None else seen[place],
        ),
        dtype=np.float64,
    )[:, 0]
    base = 0.0
    scores = np.where(np.isfinite(scores), scores, base)
    parts = scores[n] - scores[:n]
    return base, _view("items", columns, parts, scores[n] - base, _ITEMS)


def measured_users(model: Recommender, user: int, item: int) -> View:
    """Part w = c_w x score(w, item), c the least squares mixture of the takers' score rows that makes up the user's.

    The user is not among the takers. Least squares with a small ridge, in float64, over all items, or over MOST_ITEMS
    drawn once for all where there are more; fidelity as above.
    """
    takers = _takers(model, user, item)
    if not len(takers):
        return View("users", takers, np.empty(0), exact=False, how=_NOBODY, fidelity=0.0)
    looked = np.append(_spread(model.x.shape[1]), item)  # the last for the parts, the others for the mixture
    rows = np.nan_to_num(np.asarray(model.score(np.append(takers, user), looked), dtype=np.float64))
    asked, rows = rows[:, -1], rows[:, :-1]
    theirs, mine = rows[:-1], rows[-1]
    gram = theirs @ theirs.T
    ridge = _RIDGE * max(float(np.trace(gram)) / len(gram), 1e-300)
    share = np.linalg.solve(gram + ridge * np.eye(len(gram)), theirs @ mine)
    return _view("users", takers, share * asked[:-1], float(asked[-1]), _USERS)


def _spread(n_items: int) -> Array:
    """Columns, int64, rising: all of them, or MOST_ITEMS drawn by a fixed seed: always the same."""
    if n_items <= MOST_ITEMS:
        return np.arange(n_items, dtype=np.int64)
    drawn = np.random.default_rng(0).choice(n_items, MOST_ITEMS, replace=False)
    return np.sort(drawn).astype(np.int64)


def _takers(model: Recommender, user: int, item: int) -> Array:
    """Rows of users who took the item, without the user: those with most items in common, ties by row; int64."""
    x = model.x.matrix
    takers: Array = np.sort(x[:, [item]].tocoo().row).astype(np.int64)
    takers = takers[takers != user]
    if len(takers) <= MOST_TAKERS:
        return takers
    once = x[takers]
    once = csr_matrix((np.ones_like(once.data), once.indices, once.indptr), shape=once.shape)
    mine = np.zeros(x.shape[1], dtype=np.float32)
    mine[x.indices[x.indptr[user] : x.indptr[user + 1]]] = 1
    shared = once @ mine
    kept = np.lexsort((takers, -shared))[:MOST_TAKERS]
    return np.asarray(np.sort(takers[kept]))


def _view(of: ViewName, rows: Array, values: Array, whole: float, how: str) -> View:
    values = np.asarray(values, dtype=np.float64)
    said = np.flatnonzero(values)
    missing = abs(whole - float(values.sum()))
    fidelity = max(0.0, 1 - missing / abs(whole)) if whole else float(missing == 0)
    return View(of, np.asarray(rows, dtype=np.int64)[said], values[said], exact=False, how=how, fidelity=fidelity)
