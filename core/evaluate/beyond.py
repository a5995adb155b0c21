"""Beyond accuracy: what kind of items lists are made of. For each user, and of the lists as a whole.

Words and conventions: types.DEFINITIONS. A figure that cannot be said of a user is NaN: the diversity of a list of one
item, calibration without a category, anything but AUC of an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from core.evaluate.metrics import hits
from core.evaluate.types import BEYOND
from core.interactions import Array, Interactions
from core.recommend import cosines, unit_columns

_BLEND = 0.01  # Steck's alpha: so much of the history in the list's shares, that no category of the history is at 0
_PAIRS = 2_000_000  # of listed items looked at at a time


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What lists are held against: the fit part, and what is known of items' categories.

    Attributes:
        x: the fit part.
        categories: CSR float64 (n_items, n_categories), rows that sum to 1, or empty ones; None without a category.
    """

    x: Interactions
    categories: csr_matrix | None = None

    @cached_property
    def takers(self) -> Array:
        """int64 (n_items,): users who took each item."""
        return np.bincount(self.x.matrix.indices, minlength=self.x.shape[1])

    @cached_property
    def popular_place(self) -> Array:
        """int64 (n_items,): each item's place in the list of bestsellers, from 0; equal ones by column."""
        places = np.empty(self.x.shape[1], dtype=np.int64)
        places[np.argsort(-self.takers, kind="stable")] = np.arange(len(places))
        return places

    @cached_property
    def units(self) -> csc_matrix:
        """Items as vectors of those who took them, of length 1."""
        return unit_columns(self.x.matrix)


def shares_of(n_items: int, columns: Array, categories: Array, n_categories: int) -> csr_matrix:
    """`Backdrop.categories` from pairs of column and category: an item in two of them is half in each."""
    made = csr_matrix((np.ones(len(columns)), (columns, categories)), shape=(n_items, n_categories))
    made.data[:] = 1.0 / np.repeat(np.diff(made.indptr), np.diff(made.indptr))
    return made


def each_user(items: Array, rows: Array, relevant: csr_matrix, auc: Array | None, back: Backdrop) -> Array:
    """float64 (n, len(BEYOND)), in the order of BEYOND; NaN where a figure cannot be said.

    Args:
        items: int (n, k), columns, best first; -1 = no item.
        rows: int (n,), rows of `back.x.matrix`.
        relevant: CSR (n, n_items) of ones.
        auc: float64 (n,) of `ranking.rank_all`; None = not measured.
    """
    nothing = np.full(len(items), np.nan)
    found: Mapping[str, Array] = {
        "auc": nothing if auc is None else auc,
        "diversity": diversity(items, back.units),
        "category_diversity": nothing if back.categories is None else category_diversity(items, back.categories),
        "serendipity": serendipity(items, rows, relevant, back),
        "novelty": _mean_listed(items, -np.log2(np.maximum(back.takers, 1) / back.x.shape[0])),
        "popularity": _mean_listed(items, back.takers / back.x.shape[0]),
        "calibration": nothing if back.categories is None else calibration(items, rows, back),
    }
    return np.stack([found[name] for name in BEYOND], axis=1)


def whole(items: Array, rows: Array, back: Backdrop) -> dict[str, float]:
    """WHOLE of the lists; without `popularity_bias` where no list holds anything."""
    listed = np.bincount(items[items >= 0], minlength=back.x.shape[1])
    found = {"gini": gini(listed)}
    share = back.takers / back.x.shape[0]
    lists, own = _mean_listed(items, share), _history_mean(rows, share, back.x.matrix)
    both = np.isfinite(lists) & np.isfinite(own)
    if both.any():
        found["popularity_bias"] = float(lists[both].mean() / own[both].mean())
    return found


def diversity(items: Array, units: csc_matrix) -> Array:
    """1 - the mean cosine over every two items of a list (Smyth and McClave 2001; Ziegler et al. 2005)."""
    return _pairwise(items, lambda a, b: 1.0 - cosines(units, a, b).astype(np.float64))


def category_diversity(items: Array, categories: csr_matrix) -> Array:
    """1 - the mean overlap of categories, the sum over categories of the lesser of the two items' shares.

    Of lists' items that have a category; an item in one category overlaps by 1 or 0 with another such.
    """
    known = np.diff(categories.indptr) > 0
    those = np.where((items >= 0) & known[items.clip(min=0)], items, -1)

    def apart(a: Array, b: Array) -> Array:
        return 1.0 - np.asarray(categories[a].minimum(categories[b]).sum(axis=1), dtype=np.float64).ravel()

    return _pairwise(those, apart)


def serendipity(items: Array, rows: Array, relevant: csr_matrix, back: Backdrop) -> Array:
    """Right items listed that the user's list of k bestsellers lacks / k.

    Ge, Delgado-Battenfeld and Jannach 2010: what is useful among what a primitive model would not have recommended;
    the primitive model is the list of bestsellers without what the user has taken. An item stands in that list where
    fewer than k items stand before it that the user has not taken.
    """
    hit = hits(items, relevant)
    user, place = np.nonzero(hit)
    found = np.zeros(len(items))
    if len(user):
        mine = back.popular_place[items[user, place]]
        x = back.x.matrix
        begins, lengths = x.indptr[rows[user]], np.diff(x.indptr)[rows[user]]
        pair = np.repeat(np.arange(len(user)), lengths)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        seen = back.popular_place[x.indices[np.repeat(begins, lengths) + within]]
        before = np.bincount(pair[seen < mine[pair]], minlength=len(user))
        found = np.bincount(user[mine - before >= items.shape[1]], minlength=len(items)) / items.shape[1]
    return np.where((items >= 0).any(axis=1), found, np.nan)


def calibration(items: Array, rows: Array, back: Backdrop) -> Array:
    """Kullback-Leibler divergence sum p log(p / q) of a history's shares of categories p and a list's q (Steck 2018).

    Each item counts once; as there, q is taken as 0.99 q + 0.01 p, so that it is never 0 where p is not.
    """
    assert back.categories is not None
    once = back.x.matrix[rows]
    history = _shares(csr_matrix((np.ones(once.nnz), once.indices, once.indptr), shape=once.shape) @ back.categories)
    lists = _shares(_as_matrix(items, back.x.shape[1]) @ back.categories)
    blended = (1 - _BLEND) * lists + _BLEND * history
    p = history.tocoo()
    q = np.asarray(blended.tocsr()[p.row, p.col]).ravel()
    parts = np.bincount(p.row, weights=p.data * np.log(p.data / q), minlength=len(items))
    known = (np.diff(history.indptr) > 0) & (np.diff(lists.indptr) > 0)
    return np.where(known, np.maximum(parts, 0.0), np.nan)


def gini(listed: Array) -> float:
    """Gini coefficient of how often items are listed: 0 = all alike, (n - 1) / n = one of n alone; 0 without lists.

    >>> gini(np.array([0, 0, 0, 4])), gini(np.array([2, 2]))
    (0.75, 0.0)
    """
    ordered, n = np.sort(listed).astype(np.float64), len(listed)
    total = ordered.sum()
    if not total:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def _pairwise(items: Array, of_pairs) -> Array:  # type: ignore[no-untyped-def]  # (Array, Array) -> Array
    """The mean over every two items of each list; NaN where there are not two."""
    n, k = items.shape
    a, b = np.triu_indices(k, 1)
    found = np.full(n, np.nan)
    size = max(1, _PAIRS // max(1, len(a)))
    width = int(items.max(initial=0)) + 1
    for begin in range(0, n, size):
        part = items[begin : begin + size].astype(np.int64)
        first, second = np.minimum(part[:, a], part[:, b]), np.maximum(part[:, a], part[:, b])
        both = first >= 0
        keys, places = np.unique(first[both] * width + second[both], return_inverse=True)
        if not len(keys):
            continue
        values = of_pairs(keys // width, keys % width)[places]
        row = np.nonzero(both)[0]
        many = np.bincount(row, minlength=len(part))
        sums = np.bincount(row, weights=values, minlength=len(part))
        found[begin : begin + size] = np.divide(sums, many, out=np.full(len(part), np.nan), where=many > 0)
    return found


def _mean_listed(items: Array, values: Array) -> Array:
    listed = items >= 0
    many = listed.sum(axis=1)
    sums = np.where(listed, values[items.clip(min=0)], 0.0).sum(axis=1)
    return np.asarray(np.divide(sums, many, out=np.full(len(items), np.nan), where=many > 0))


def _history_mean(rows: Array, values: Array, matrix: csr_matrix) -> Array:
    lengths = np.diff(matrix.indptr)
    sums = np.bincount(
        np.repeat(np.arange(matrix.shape[0]), lengths), weights=values[matrix.indices], minlength=matrix.shape[0]
    )
    return np.asarray(np.divide(sums, lengths, out=np.full(len(lengths), np.nan), where=lengths > 0)[rows])


def _as_matrix(items: Array, n_items: int) -> csr_matrix:
    row, place = np.nonzero(items >= 0)
    return csr_matrix((np.ones(len(row)), (row, items[row, place])), shape=(len(items), n_items))


def _shares(counts: csr_matrix) -> csr_matrix:
    """Rows that sum to 1; empty ones stay so."""
    made = counts.tocsr()
    sums = np.asarray(made.sum(axis=1)).ravel()
    made.data = made.data / np.repeat(sums, np.diff(made.indptr))
    return made
