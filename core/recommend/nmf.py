"""Tastes that add up: non-negative matrix factorisation, finished exactly so that every score can be taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, valued, view
from core.recommend.nonnegative import free_part, solve_nonnegative
from core.recommend.types import Explanation, check_rows

_LEAST = 1e-6  # of the mean square of a theme: a ridge so small changes no score, but keeps the solution one

_ITEMS = "How much having taken this past item adds, in the themes that the whole history gives this user."
_USERS = "What the user adds to the score by having taken this item, in the themes of the item."


class Nmf(Model):
    """score(u, i) = w_u'h_i, w and h >= 0, so that W H' is near the valued matrix, zeros included (Frobenius, ridge).

    Coordinate descent from a random start; then once more exactly: items against W_old, the users as they were left,
    then users against those items, each by non-negative least squares to the end. Where an entry is 0 the others do
    not see it: among the entries above 0 both are plain least squares, linear in the row, so that both views hold.
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """`epochs` rounds in float32 (Cichocki and Phan 2009, HALS), the last one exact and in float64."""
        self.x, self._valued = x, Valued(x.matrix, self.spec["values"])
        rows, ridge = self._valued.rows, np.float32(self.spec["ridge"])
        columns, epochs, k = rows.T.tocsr(), int(self.spec["epochs"]), int(self.spec["factors"])
        rng = np.random.default_rng(seed)
        size = np.sqrt(float(rows.sum()) / max(1, x.shape[0] * x.shape[1]) / k)
        users, items = (np.float32(size) * (rng.random((k, n), dtype=np.float32) + np.float32(0.1)) for n in x.shape)
        with threadpool_limits(1, user_api="blas"):  # they would round by how many they are
            for epoch in range(1, epochs):
                step.report((epoch - 1) / (epochs + 1), f"round {epoch} of {epochs}")
                _descend(items, users, columns, ridge)
                _descend(users, items, rows, ridge)
            last = step.part((epochs - 1) / (epochs + 1), 1.0)
            last.report(0.0, f"round {epochs} of {epochs}, solved exactly")
            before = np.ascontiguousarray(users.T)
            new_items = _Side(before, float(ridge)).solve(columns, items.T > 0, last.part(0.0, 0.5))
            new_users = _Side(new_items, float(ridge)).solve(rows, users.T > 0, last.part(0.5, 1.0))
        return self._keep(before, new_users, new_items)

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the themes."""
        self.x, self._valued = x, Valued(x.matrix, self.spec["values"])
        return self._keep(*(np.asarray(arrays[name]) for name in ("users_before", "users", "items")))

    def arrays(self) -> dict[str, Array]:
        """float32, 0 or more: users_before (W_old) and users (n_users, factors), items (n_items, factors)."""
        return {"users_before": self._before.factors, "users": self._users, "items": self._after.factors}

    def explain(self, user: int, item: int) -> Explanation:
        """Both views exact, of the score w'h solved anew in float64.

        w = (H_A'H_A + ridge I)^-1 sum_j x_uj h_jA over the user's themes A (entries above 0): an item j of the history
        adds x_uj h_jA'(...)^-1 h_A; likewise, over the item's themes, each user who took it.
        """
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        history, weights = self._valued.history(user)
        if not len(history):
            return self._unsaid(user, item)
        takers, theirs = self._valued.takers(item)
        of_user, of_item = self._after.equations(history, weights), self._before.equations(takers, theirs)
        return Explanation(
            user,
            item,
            float(of_user.solution @ of_item.solution),
            0.0,
            view("items", history, of_user.parts(of_item.solution), _ITEMS),
            view("users", takers, of_item.parts(of_user.solution), _USERS),
        )

    def _score(self, users: Array, items: Array | None) -> Array:
        h = self._after.factors if items is None else self._after.factors[items]
        scores: Array = self._users[users] @ h.T
        return scores

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        """Each history's themes against the final items, as in the last step of the fit."""
        h = self._after.factors if items is None else self._after.factors[items]
        with threadpool_limits(1, user_api="blas"):
            mine = self._after.solve(valued(histories, self.spec["values"]))
        scores: Array = mine @ h.T
        return scores

    def _keep(self, before: Array, users: Array, items: Array) -> Self:
        ridge = float(np.float32(self.spec["ridge"]))
        self._before, self._after, self._users = _Side(before, ridge), _Side(items, ridge), users
        return self


class _Side:
    """Themes against which the other side is solved."""

    def __init__(self, factors: Array, ridge: float) -> None:
        self.factors = factors
        self._wide = factors.astype(np.float64)
        gram = self._wide.T @ self._wide
        least = _LEAST * max(float(np.trace(gram)) / len(gram), float(np.finfo(np.float32).tiny))
        self._left = gram + (ridge + least) * np.eye(len(gram))

    def solve(self, rows: csr_matrix, guess: Array | None = None, step: Step = no_step) -> Array:
        """float32 (n, factors): the themes of each row, to the end."""
        right = rows.astype(np.float64) @ self._wide
        return solve_nonnegative(self._left, right, guess=guess, step=step).astype(np.float32)

    def equations(self, rows: Array, weights: Array) -> _Equations:
        """Those of one user (or item) whose pairs are with `rows` of these themes."""
        y = self._wide[rows]
        free = free_part(self._left, y.T @ weights)
        inverse = np.zeros_like(self._left)
        inverse[np.ix_(free, free)] = np.linalg.inv(self._left[np.ix_(free, free)])
        return _Equations(inverse, y, weights, inverse @ (y.T @ weights))


class _Equations(NamedTuple):
    """`solution` = `inverse` (0 outside the themes above 0) @ sum of weight x row of `y`, in float64."""

    inverse: Array
    y: Array
    weights: Array
    solution: Array

    def parts(self, other: Array) -> Array:
        """What each pair adds to `solution` @ `other`."""
        found: Array = self.weights * (self.y @ (self.inverse @ other))
        return found


def _descend(mine: Array, other: Array, rows: csr_matrix, ridge: np.float32) -> None:
    """One pass over the themes of `mine` (factors, n), in place: each the best, at 0 or above, with the others held."""
    gram = other @ other.T
    pull = np.ascontiguousarray((rows @ np.ascontiguousarray(other.T)).T)
    for k in range(len(mine)):
        down = gram[k, k] + ridge
        if down <= 0:
            mine[k] = 0
            continue
        step = (pull[k] - gram[k] @ mine - ridge * mine[k]) / down
        np.maximum(mine[k] + step, 0, out=mine[k])
