"""People of the same kind: what users with the same attributes take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, view
from core.recommend.types import Explanation, check_rows
from core.recommend.values import Values, values_of

_HOW = (
    "What each attribute value of this user lifts the item by, divided equally among the users who took the item and "
    "have the value too."
)
_ALL = "Nothing known of this user speaks: each user who took the item has an equal share of how popular it is."
_NOT = "This model looks at what is known of the user, not at what the user did."
_HALF = 0.5  # of a taker is given to each item, so that one that nobody took has a share that is small, not none


class Demographic(Model):
    """score(u, i) = ln p_i + strength x sum over u's values g of ln(p_gi / p_i): naive Bayes, tempered.

    p_i = (takers of i + 1/2) / (active users + 1): the item's share of all who did anything. p_gi = (takers with g +
    caution x p_i) / (active users with g + caution): its share among those with the value, drawn towards the whole.
    A value nobody active has says nothing, nor does a missing one: users without any get ln p_i, popularity.
    """

    scores_everyone: ClassVar[bool] = True
    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Count takers, in all and by attribute value."""
        self._take(x)
        active = np.flatnonzero(np.diff(x.matrix.indptr))
        takers = np.bincount(x.matrix.indices, minlength=x.shape[1]).astype(np.float64)
        self._share = (takers + _HALF) / (len(active) + 2 * _HALF)
        self._sizes = np.bincount(self._values.matrix[active].indices, minlength=len(self._values.names))
        counts = csr_matrix(self._values.matrix.T @ self._v.rows)
        counts.sort_indices()
        self._taken = counts  # whole numbers: the same in any order
        step.report(1.0, "counted")
        return self._ready()

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the counts; who has which value is read from the users' side again."""
        self._take(x)
        self._share, self._sizes = np.asarray(arrays["share"]), np.asarray(arrays["sizes"])
        parts = tuple(np.asarray(arrays[name]) for name in ("data", "indices", "indptr"))
        self._taken = csr_matrix(parts, shape=(len(self._sizes), x.shape[1]))
        return self._ready()

    def arrays(self) -> dict[str, Array]:
        """share: float64 (n_items,), p; sizes: int64 (n_values,); data, indices, indptr: CSR of takers by value."""
        taken = self._taken
        told = {"data": taken.data, "indices": taken.indices, "indptr": taken.indptr}
        return {"share": self._share, "sizes": self._sizes, **told}

    def because(self, user: int) -> list[tuple[str, str, int]]:
        """(column, value, active users who have it) of each attribute of a user that speaks; empty: popularity."""
        (row,) = check_rows([user], self.x.shape[0])
        return [(*self._values.names[k], int(self._sizes[k])) for k in self._of(int(row))]

    def of_kind(self, user: int, rows: Array) -> Array:
        """Bool (len(rows),): which of these users have one of the user's values."""
        return np.diff(self._values.matrix[rows][:, self._of(user)].indptr) > 0

    def _take(self, x: Interactions) -> None:
        self.x, self._v = x, Valued(x.matrix, "once")
        self._values: Values = values_of(x.user_side, x.shape[0])

    def _ready(self) -> Self:
        """The lift in two parts: of a value whatever the item, and of a value and an item that somebody took."""
        caution, strength = float(self.spec["caution"]), float(self.spec["strength"])
        known = self._sizes > 0
        self._least = np.where(known, strength * np.log(caution / (self._sizes + caution)), 0.0)
        lift = self._taken.astype(np.float64)
        lift.data = strength * np.log1p(lift.data / (caution * self._share[lift.indices]))
        self._lift = lift
        return self

    def _of(self, user: int) -> Array:
        """The numbers of the values that speak for a user."""
        m = self._values.matrix
        has = m.indices[m.indptr[user] : m.indptr[user + 1]]
        return has[self._sizes[has] > 0]

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._said(self._values.matrix[users], items)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        picked = csr_matrix(
            (np.ones(int((own >= 0).sum())), own[own >= 0], np.concatenate([[0], np.cumsum(own >= 0)])),
            shape=(len(own), self.x.shape[0]),
        )
        return self._said(csr_matrix(picked @ self._values.matrix), items)

    def _said(self, values: csr_matrix, items: Array | None) -> Array:
        lift, share = (self._lift, self._share) if items is None else (self._lift[:, items], self._share[items])
        scores: Array = (values.astype(np.float64) @ lift).toarray()
        scores += np.log(share)
        scores += (values @ self._least)[:, None]
        return scores

    def explain(self, user: int, item: int) -> Explanation:
        """Users: each value's lift, divided among the takers who have it, exact. What the user did plays no part.

        The base is what the score were if nobody who took the item had any of the user's values; for users without
        any, if nobody at all had taken it.
        """
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        has = self._of(user)
        takers, _ = self._v.takers(item)
        parts: Array
        how, score = _HOW if len(has) else _ALL, float(np.log(self._share[item]) + self._least[has].sum())
        if len(has):
            lift = self._lift[has][:, [item]].toarray().ravel()
            each = lift / np.maximum(self._taken[has][:, [item]].toarray().ravel(), 1)
            parts = self._values.matrix[takers][:, has].astype(np.float64) @ each
            base, score = score, score + float(lift.sum())
        else:
            popular = float(np.log1p(len(takers) / _HALF))
            parts = np.full(len(takers), popular / max(len(takers), 1))
            base = score - popular
        none = np.empty(0)
        return Explanation(
            user,
            item,
            score,
            base,
            view("items", none, none, _NOT, exact=False, fidelity=0.0),
            view("users", takers, parts, how),
        )
