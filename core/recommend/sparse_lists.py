"""Lists of models whose scores are a sparse row times a sparse matrix: only what is reached is looked at.

Dense blocks of scores, as `Model.recommend` makes them, cost every user the same, however few items they reach.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.recommend.base import Model
from core.recommend.compiled import Best
from core.recommend.nearest import kernel, kernel_rows
from core.recommend.topk import topk

_OUT = -1e30  # no sum of likenesses comes near it


class SparseLists(Model):
    """score(u, .) = row u of `_left` times `_right`, with nothing below 0 in either."""

    @property
    @abstractmethod
    def _left(self) -> csr_matrix:
        """float32 CSR (n_users, m)."""

    @property
    @abstractmethod
    def _right(self) -> csr_matrix:
        """float32 CSR (m, n_items)."""

    _left_is_history = True
    """Row u of `_left` has its entries where u has theirs."""

    def _best(
        self, users: Array, k: int, exclude_seen: bool, among: Array | None, best: Best = topk
    ) -> tuple[Array, Array]:
        """The k best as `Model._best` has them.

        Rows where equal scores, or zeros, would have to be chosen from are left to it: those are few.
        """
        n_items = self.x.shape[1]
        if among is not None or 4 * k > n_items or not self._right.nnz:
            return super()._best(users, k, exclude_seen, among, best)
        rows = self._left[users].astype(np.float64)  # a copy: the kernel wants to be allowed to write
        remove = exclude_seen and self._left_is_history
        if exclude_seen and not remove:
            rows = _with(rows, users, _OUT)
        columns, sums = kernel_rows(self._scorer, rows, range(len(users)), k + 1, remove=remove)
        values = np.where(columns < 0, 0, sums).astype(np.float32)
        order = np.lexsort((columns, -values), axis=1)
        columns, values = np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)
        again = np.flatnonzero((values[:, k - 1] <= 0) | (values[:, k - 1] == values[:, k]))
        items, scores = columns[:, :k], values[:, :k]
        if len(again):
            items[again], scores[again] = super()._best(users[again], k, exclude_seen, among, best)
        return items, scores

    @property
    def _scorer(self) -> Any:
        """The kernel with its sums, one for each thread: it holds one row's at a time."""
        found = getattr(self._scorers, "kernel", None)
        if found is None:
            found = self._scorers.kernel = kernel(self._right)
        return found

    @cached_property
    def _scorers(self) -> threading.local:
        return threading.local()

    def _forget(self) -> None:
        """To be called where what `_right` says has changed."""
        self.__dict__.pop("_scorers", None)


def _with(rows: csr_matrix, columns: Array, value: float) -> csr_matrix:
    """`rows` with one more entry at the end of each."""
    lengths = np.diff(rows.indptr)
    ends = rows.indptr[1:]
    data = np.insert(rows.data, ends, value)
    indices = np.insert(rows.indices, ends, columns).astype(rows.indices.dtype)
    indptr = np.concatenate([[0], np.cumsum(lengths + 1)]).astype(rows.indptr.dtype)
    return csr_matrix((data, indices, indptr), shape=rows.shape)
