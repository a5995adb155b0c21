"""The baseline: mean + user + item, by regularised least squares, solved exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.interactions import Array
from core.recommend.ratings.types import Ratings


@dataclass(frozen=True, eq=False)
class Biases:
    """How far users and items are from the mean. mean: float. user, item: float64 (n_users,), (n_items,)."""

    mean: float
    user: Array
    item: Array

    def expected(self, users: Array, items: Array) -> Array:
        """float64 (n,): mean + user + item; -1 adds nothing."""
        mine = np.append(self.user, 0.0)[users]
        its = np.append(self.item, 0.0)[items]
        return np.asarray(self.mean + mine + its, dtype=np.float64)

    def arrays(self) -> dict[str, Array]:
        """As arrays; `load` takes them back."""
        return {"mean": np.array([self.mean]), "user_bias": self.user, "item_bias": self.item}

    @classmethod
    def load(cls, arrays: Mapping[str, Array]) -> Self:
        """What `arrays` gave."""
        return cls(float(arrays["mean"][0]), np.asarray(arrays["user_bias"]), np.asarray(arrays["item_bias"]))


def solve_biases(
    r: Ratings, ridge_user: float, ridge_item: float, values: Array | None = None, mean: float | None = None
) -> Biases:
    """The b_u, b_i that minimise sum (r - mean - b_u - b_i)^2 + ridge_user sum b_u^2 + ridge_item sum b_i^2.

    `values` (n,): instead of the ratings. The items are eliminated (their equations are diagonal given the users), and
    the users' equations solved by conjugate gradients to 1e-10; both ridges above 0.
    """
    from scipy.sparse.linalg import LinearOperator, cg

    values = r.values if values is None else values
    mean = float(values.mean()) if mean is None else mean
    seen = r.matrix(np.ones(len(r)))
    back = seen.T.tocsr()
    rest = r.matrix(values - mean)
    users, items = r.per_user + ridge_user, r.per_item + ridge_item
    sum_user, sum_item = np.asarray(rest.sum(axis=1)).ravel(), np.asarray(rest.sum(axis=0)).ravel()
    n = r.shape[0]

    def times(b: Array) -> Array:
        return np.asarray(users * b - seen @ ((back @ b) / items))

    right = sum_user - seen @ (sum_item / items)
    scale = LinearOperator((n, n), matvec=lambda b: b / users)
    mine, _ = cg(LinearOperator((n, n), matvec=times), right, rtol=1e-10, maxiter=500, M=scale)
    return Biases(mean, mine, (sum_item - back @ mine) / items)
