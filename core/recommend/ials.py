"""Hidden tastes: implicit matrix factorisation, finished exactly so that every score can be taken apart exactly."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, threads, view
from core.recommend.exact import solve_rows
from core.recommend.types import Explanation, Spec, check_rows

_SMALL = 20_000  # pairs up to which threads would wait for each other longer than they work

_ITEMS = "How much having taken this past item adds, in the tastes that the whole history gives this user."
_USERS = "What the user adds to the score by having taken this item; the user explained is among them where that is so."


class Ials(Model):
    """score(u, i) = z_u'y_i, with z and y solved in turn from the confidences c = 1 + alpha x weight.

    The last round is solved exactly, items against U_old, the users as the round before left them, then users against
    those items: only so do both views of an explanation hold (see `explain`).
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._ridge, self._alpha = float(spec["ridge"]), float(spec["alpha"])

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """`epochs` rounds (items, then users), in float32: all but the last by conjugate gradients (implicit)."""
        from implicit.cpu._als import least_squares_cg

        self.x = x
        rng, factors, epochs = np.random.default_rng(seed), int(self.spec["factors"]), int(self.spec["epochs"])
        users, items = (rng.random((n, factors), dtype=np.float32) * np.float32(0.01) for n in x.shape)
        self._valued = Valued(x.matrix, self.spec["values"])
        rows = self._extra(self._valued.rows)
        columns, cores = rows.T.tocsr(), threads() if rows.nnz > _SMALL else 1
        by_user, by_item = _confidence(rows), _confidence(columns)
        with threadpool_limits(1, user_api="blas"):  # as implicit advises: its own threads take the cores
            for epoch in range(1, epochs):
                step.report((epoch - 1) / (epochs + 1), f"round {epoch} of {epochs}")
                least_squares_cg(by_item, items, users, self._ridge, num_threads=cores)
                step.check()
                least_squares_cg(by_user, users, items, self._ridge, num_threads=cores)
        last = step.part((epochs - 1) / (epochs + 1), 1.0)
        last.report(0.0, f"round {epochs} of {epochs}, solved exactly")
        new_items = solve_rows(columns, users, self._ridge, threads=cores, step=last.part(0.0, 0.5))
        new_users = solve_rows(rows, new_items, self._ridge, threads=cores, step=last.part(0.5, 1.0))
        return self._keep(users, new_users, new_items)

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the factors."""
        self.x, self._valued = x, Valued(x.matrix, self.spec["values"])
        return self._keep(*(np.asarray(arrays[name]) for name in ("users_before", "users", "items")))

    def arrays(self) -> dict[str, Array]:
        """float32: users_before (U_old) and users (n_users, factors), items (n_items, factors)."""
        return {"users_before": self._before.factors, "users": self._users, "items": self._after.factors}

    def explain(self, user: int, item: int) -> Explanation:
        """Both views exact (items: Hu, Koren and Volinsky 2008, section 5), of the score z'y solved anew in float64.

        z = A_u^-1 sum_j c_uj y_j with A_u = Y'C_uY + ridge I over the fitted item factors y_j, and
        y = A_i^-1 sum_w c_wi u_w with A_i = U_old'C_iU_old + ridge I over the users as they entered the last item step.
        An item j of the history adds c_uj y'A_u^-1 y_j; a user w who took the item adds c_wi z'A_i^-1 u_w.
        """
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        history, weights = self._valued.history(user)
        if not len(history):
            return self._unsaid(user, item)
        takers, theirs = self._valued.takers(item)
        of_user = self._after.equations(history, self._alpha * weights)
        of_item = self._before.equations(takers, self._alpha * theirs)
        return Explanation(
            user,
            item,
            float(of_user.solution @ of_item.solution),
            0.0,
            view("items", history, of_user.parts(of_item.solution), _ITEMS),
            view("users", takers, of_item.parts(of_user.solution), _USERS),
        )

    def _score(self, users: Array, items: Array | None) -> Array:
        y = self._after.factors if items is None else self._after.factors[items]
        scores: Array = self._users[users] @ y.T
        return scores

    def _extra(self, x: csr_matrix) -> csr_matrix:
        """How much the confidence exceeds 1: alpha x weight, float32."""
        return csr_matrix((np.float32(self._alpha) * x.data, x.indices, x.indptr), shape=x.shape)

    def _keep(self, before: Array, users: Array, items: Array) -> Self:
        self._before, self._after, self._users = _Side(before, self._ridge), _Side(items, self._ridge), users
        return self


class _Side:
    """Factors against which the other side is solved."""

    def __init__(self, factors: Array, ridge: float) -> None:
        self.factors, self._ridge = factors, ridge

    @cached_property
    def _left(self) -> Array:
        wide = self.factors.astype(np.float64)
        found: Array = wide.T @ wide + self._ridge * np.eye(wide.shape[1])
        return found

    def equations(self, rows: Array, extra: Array) -> _Equations:
        """Those of one user (or item) whose pairs are with `rows` of these factors."""
        y = self.factors[rows].astype(np.float64)
        return _Equations(self._left + (y.T * extra) @ y, y, 1 + extra)


class _Equations:
    """A z = sum of c y over the pairs of one row, in float64."""

    def __init__(self, left: Array, y: Array, confidence: Array) -> None:
        self._left, self._y, self._confidence = left, y, confidence
        self.solution: Array = np.linalg.solve(left, y.T @ confidence)

    def parts(self, other: Array) -> Array:
        """What each pair adds to `solution` @ `other`; A is symmetric."""
        found: Array = self._confidence * (self._y @ np.linalg.solve(self._left, other))
        return found


def _confidence(extra: csr_matrix) -> csr_matrix:
    """1 + extra; arrays of its own, since the compiled kernel refuses read-only ones (memory maps)."""
    return csr_matrix((1 + extra.data, extra.indices.copy(), extra.indptr.copy()), shape=extra.shape)
