"""Models with a vector for each user and item: prediction = baseline + the product of the two.

Whatever made the items' vectors, the users' are solved from their own ratings at the end (ridge regression). So each
past rating has its exact part in a prediction: q_i' A_u^-1 q_j (r_uj - baseline_uj), A_u = sum_j q_j q_j' + ridge I.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array
from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.types import Neighbour, Ratings, RatingWhy

_HELD = 4_000_000  # numbers held at a time: 32 MB


class Vectors(RatingModel):
    """Sets `items` (n_items, k), `ridge`, and, where what was rated speaks by itself, `implicit` (n_items, k)."""

    items: Array
    users: Array
    ridge: float
    implicit: Array | None = None

    def _finish(self, r: Ratings) -> None:
        """Solve the users' vectors with all else held fixed."""
        rest = r.values - self.biases.expected(r.users, r.items)
        shown = self._shown(r)
        if shown is not None:
            rest = rest - paired(shown, self.items, r.users, r.items)
        self.users = solve_rows(r.matrix(rest), self.items, self.ridge)
        if shown is not None:
            self.users += shown

    def _shown(self, r: Ratings) -> Array | None:
        """(n_users, k): what the choice of rated items says, whatever their ratings."""
        if self.implicit is None:
            return None
        norm = 1 / np.sqrt(np.maximum(r.per_user, 1))
        return np.asarray((r.matrix(np.ones(len(r))) @ self.implicit) * norm[:, None])

    def _rest(self, users: Array, items: Array) -> Array:
        return paired(self.users, self.items, users, items)

    def _parts(self, user: int, item: int) -> tuple[list[Neighbour], list[tuple[str, float]]]:
        r = self.r
        mine = slice(*np.searchsorted(r.users, [user, user + 1]))
        columns = r.items[mine]
        if not len(columns):
            return [], []
        expected = self.biases.expected(r.users[mine], columns)
        rest = r.values[mine] - expected
        said = np.zeros(len(columns))
        q = self.items[columns]
        if self.implicit is not None:
            own = self.implicit[columns] / np.sqrt(len(columns))
            rest = rest - q @ own.sum(axis=0)
            said = own @ self.items[item]
        gram = q.T @ q + self.ridge * np.eye(q.shape[1])
        likeness = q @ np.linalg.solve(gram, self.items[item])
        parts = likeness * rest + said
        found = [
            Neighbour("item", int(c), float(v), float(e), float(s), float(p))
            for c, v, e, s, p in zip(columns, r.values[mine], expected, likeness, parts, strict=True)
        ]
        return found, []

    def _sentence(self, why: RatingWhy) -> str:
        total = sum(near.part for near in why.neighbours)
        n = len(why.neighbours)
        if not n:
            return super()._sentence(why)
        also = ", and what its having been rated says by itself" if self.implicit is not None else ""
        return (
            f"The user's {n:,} {'rating adds' if n == 1 else 'ratings add'} {total:+.3f}: of each, its distance from "
            f"what was expected times its likeness to this item{also}."
        )

    def _arrays(self) -> dict[str, Array]:
        made = {"items": self.items, "users": self.users, "ridge": np.array([self.ridge])}
        return made if self.implicit is None else {**made, "implicit": self.implicit}

    def _load(self, arrays: Mapping[str, Array]) -> None:
        self.items, self.users = np.asarray(arrays["items"]), np.asarray(arrays["users"])
        self.ridge = float(arrays["ridge"][0])
        self.implicit = np.asarray(arrays["implicit"]) if "implicit" in arrays else None


def paired(left: Array, right: Array, rows: Array, columns: Array) -> Array:
    """float64 (n,): the product of left[rows[k]] and right[columns[k]], for each k."""
    found = np.empty(len(rows))
    size = max(1, _HELD // max(1, left.shape[1]))
    for begin in range(0, len(rows), size):
        part = slice(begin, begin + size)
        found[part] = np.einsum("nk,nk->n", left[rows[part]], right[columns[part]])
    return found


def grams(seen: csr_matrix, vectors: Array, ridge: Array) -> Array:
    """float64 (rows, k, k): of each row, sum over its entries of v v' + diag(ridge). `seen` holds ones."""
    k = vectors.shape[1]
    found = np.empty((seen.shape[0], k, k))
    for a in range(k):
        found[:, a, a:] = seen @ (vectors[:, a, None] * vectors[:, a:])
        found[:, a:, a] = found[:, a, a:]
    found[:, np.arange(k), np.arange(k)] += ridge
    return found


def solve_rows(rest: csr_matrix, vectors: Array, ridge: float | Array) -> Array:
    """float64 (rows, k): for each row the p that minimises sum (rest - p v)^2 + ridge |p|^2; 0 for an empty row."""
    k = vectors.shape[1]
    found = np.empty((rest.shape[0], k))
    size = max(1, _HELD // (k * k))
    for begin in range(0, rest.shape[0], size):
        some = rest[begin : begin + size]
        right = some @ vectors
        ones = csr_matrix((np.ones(some.nnz), some.indices, some.indptr), shape=some.shape)
        gram = grams(ones, vectors, np.broadcast_to(np.asarray(ridge, dtype=np.float64), (k,)))
        found[begin : begin + size] = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    return found
