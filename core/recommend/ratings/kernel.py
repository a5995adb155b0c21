"""Ratings from what is rated together: for each user a ridge regression on where items stand among each other.

Items are described by the main directions of who rated what (truncated SVD of the 0/1 matrix, light users counting
more): two items that the same people choose lie near each other, whatever they thought of them. Each user's taste is
then a Gaussian process over that space (Rasmussen and Williams 2006, chapter 2), solved together with both biases.
"""

from __future__ import annotations

import numpy as np

from core.errors import Refusal
from core.interactions import Array
from core.progress import Step
from core.recommend.base import memory
from core.recommend.ratings.biases import Biases
from core.recommend.ratings.types import Ratings
from core.recommend.ratings.vectors import Vectors, grams, paired

_SHARE = 0.5  # of the memory, what the users' equations may take
_BLOCK = 4096  # users whose equations are inverted at a time


class Kernel(Vectors):
    """b_i, b_u, p_u of least squared error + caution_items b_i^2 + caution_users b_u^2 + caution |p_u|^2."""

    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        check_room(r.shape[0], min(self.spec["directions"], min(r.shape) - 1) + 1)
        self.items = places(r, self.spec["directions"], self.spec["slope"], self.spec["damp"])
        self.ridge = float(self.spec["caution"])
        step.report(0.3, "solving users and items together")
        self.biases = self._solve(r, step.part(0.3, 0.9))
        self._finish(r)

    def _solve(self, r: Ratings, step: Step) -> Biases:
        """The users' equations are eliminated; the items' biases are found by conjugate gradients."""
        from scipy.sparse.linalg import LinearOperator, cg

        n = r.shape[1]
        wide = np.column_stack([np.ones(n), self.items])  # the first direction is the user's bias
        ridges = np.concatenate([[self.spec["caution_users"]], np.full(self.items.shape[1], self.ridge)])
        seen = r.matrix(np.ones(len(r)))
        back = grams(seen, wide, ridges)
        for begin in range(0, len(back), _BLOCK):  # one by one the inverses take no second room
            back[begin : begin + _BLOCK] = np.linalg.inv(back[begin : begin + _BLOCK])
        counts = r.per_item + float(self.spec["caution_items"])

        def users(rest: Array) -> Array:
            return np.asarray(np.einsum("nab,nb->na", back, r.matrix(rest) @ wide))

        def left(rest: Array) -> Array:
            """What the users' own regressions leave of `rest` (n,), summed for each item."""
            p = users(rest)
            return np.bincount(r.items, rest - paired(p, wide, r.users, r.items), minlength=n)

        mean = r.mean
        b, _ = cg(
            LinearOperator((n, n), matvec=lambda b: left(b[r.items]) + self.spec["caution_items"] * b),
            left(r.values - mean),
            rtol=1e-6,
            maxiter=200,
            M=LinearOperator((n, n), matvec=lambda b: b / counts),
            callback=lambda _: step.check(),
        )
        return Biases(mean, users(r.values - mean - b[r.items])[:, 0], b)


def check_room(users: int, directions: int) -> None:
    """Raises Refusal `too_many_users` where the equations of so many users would not fit."""
    each = 8 * directions * directions
    if 1.3 * users * each > _SHARE * memory():
        most = max(1, int((_SHARE * memory() / (1.3 * 8 * users)) ** 0.5) - 1)
        raise Refusal(
            "too_many_users",
            f"This model keeps {directions} x {directions} numbers for each of {users:,} users: "
            f"{users * each / 1e9:.1f} GB, more than this machine has to spare.",
            f"Ask for at most {most:,} directions, or compare the other models.",
        )


def places(r: Ratings, directions: int, slope: float, damp: float) -> Array:
    """float64 (n_items, k): where each item stands by who rated it, at length 1; items without a rating at 0.

    k is `directions`, or fewer where the data have no more. Columns are scaled by (singular value)^slope.
    """
    from scipy.sparse.linalg import svds

    k = min(directions, min(r.shape) - 1)
    if k < 1:
        return np.zeros((r.shape[1], 1))
    weights = 1 / np.sqrt(np.maximum(r.per_user, 1))[r.users] / np.sqrt(r.per_item + damp)[r.items]
    _, sizes, found = svds(r.matrix(weights), k=k, v0=np.ones(min(r.shape)))
    kept = np.flatnonzero(sizes > 1e-9)[::-1]
    made = found[kept].T * sizes[kept] ** slope
    lengths = np.sqrt((made * made).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(made, lengths, out=np.zeros_like(made), where=lengths > 1e-12))
