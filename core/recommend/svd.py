"""Main tastes: the strongest singular directions of the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import ArpackError, svds
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, valued, view
from core.recommend.types import Explanation, check_rows

_DENSE = 250_000  # cells up to which the whole decomposition is made: quick, and safe where svds is not
_FEW = 1_000  # users or items up to which the rank is worked out: of more it is surely more than twice the factors
_SQUARED = 1e-13  # as _NOTHING, of squares: rounding leaves more of these
_NOTHING = 1e-10  # directions weaker than this share of the strongest are rounding noise

_ITEMS = "The past item's weight, times how alike it and this item are in the main tastes."
_USERS = "The user's weight for this item, times how alike the two users are in the main tastes."


class PureSvd(Model):
    """score(u, i) = x_u V v_i', V the right singular vectors of the strongest directions: X ~ U S V'."""

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Decompose in float64. Small matrices have fewer directions than asked for."""
        self.x, self._valued = x, Valued(x.matrix, self.spec["values"])
        step.report(0.0, "finding the main tastes")
        users, strengths, items = _decomposed(self._valued.exact, int(self.spec["factors"]), seed)
        step.report(1.0)
        return self._keep(users, strengths, items)

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the directions."""
        self.x, self._valued = x, Valued(x.matrix, self.spec["values"])
        return self._keep(*(np.asarray(arrays[name]) for name in ("users", "strengths", "items")))

    def arrays(self) -> dict[str, Array]:
        """float64: users U (n_users, k), strengths S (k,) falling, items V (n_items, k)."""
        return {"users": self._users, "strengths": self._strengths, "items": self._items}

    def explain(self, user: int, item: int) -> Explanation:
        """Both views exact: x_uj (VV')_ji over the history; (UU')_uw x_wi over the users who took the item."""
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        history, weights = self._valued.history(user)
        if not len(history):
            return self._unsaid(user, item)
        takers, theirs = self._valued.takers(item)
        by_item = weights * (self._items[history] @ self._items[item])
        by_user = theirs * (self._users[takers] @ self._users[user])
        return Explanation(
            user,
            item,
            float((self._users[user] * self._strengths) @ self._items[item]),
            0.0,
            view("items", history, by_item, _ITEMS),
            view("users", takers, by_user, _USERS),
        )

    def _score(self, users: Array, items: Array | None) -> Array:
        mine, theirs = self._narrow
        scores: Array = mine[users] @ (theirs if items is None else theirs[items]).T
        return scores

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        mine = valued(histories, self.spec["values"]) @ self._narrow[1]
        scores: Array = mine @ (self._narrow[1] if items is None else self._narrow[1][items]).T
        return scores

    def _keep(self, users: Array, strengths: Array, items: Array) -> Self:
        self._users, self._strengths, self._items = users, strengths, items
        # lists need no more than float32, which takes half the time
        self._narrow = (users * strengths).astype(np.float32), items.astype(np.float32)
        return self


def _decomposed(x: csr_matrix, factors: int, seed: int) -> tuple[Array, Array, Array]:
    """Of float64 `x`: U (n, k), S (k,) falling, V (m, k); k is `factors`, or half of the rank where that is less.

    All directions together give the matrix back as it is: what a user has not taken then scores 0, give or take a
    rounding error, and lists would be sorted by rounding errors. A shop of 60 items must not get that from 64 factors.

    The start and the signs (the largest entry of each column of V is positive) are fixed, so that the same matrix
    gives the same arrays.
    """
    least = min(x.shape)
    factors = min(factors, max(1, _half(_rank(x) if least <= _FEW else least)))
    if x.shape[0] * x.shape[1] <= _DENSE or factors >= least:
        u, s, vt = np.linalg.svd(x.toarray(), full_matrices=False)
    else:
        start = np.random.default_rng(seed).standard_normal(least)
        try:
            with threadpool_limits(1, user_api="blas"):  # its many small steps are slower on two threads than on one
                u, s, vt = svds(x, k=factors, v0=start)
        except ArpackError:  # slow, but it always ends
            u, s, vt = np.linalg.svd(x.toarray(), full_matrices=False)
    there = int(np.count_nonzero(s > _NOTHING * s.max(initial=0.0)))
    if len(s) == least or there < len(s):  # then it is the rank
        factors = min(factors, _half(there))
    order = np.argsort(-s, kind="stable")[:factors]
    u, s, v = u[:, order], s[order], vt[order].T
    signs = np.sign(v[np.abs(v).argmax(axis=0), np.arange(len(s))])
    return np.ascontiguousarray(u * signs), s, np.ascontiguousarray(v * signs)


def _rank(x: csr_matrix) -> int:
    """How many directions there are, by the squares of their strengths."""
    gram = (x.T @ x if x.shape[1] <= x.shape[0] else x @ x.T).toarray()
    squares = np.linalg.eigvalsh(gram)
    return int(np.count_nonzero(squares > _SQUARED * squares.max(initial=0.0)))


def _half(rank: int) -> int:
    return (rank + 1) // 2
