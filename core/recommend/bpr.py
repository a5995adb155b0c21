"""Tastes by preference: what a user took should stand before what they did not (Bayesian personalised ranking)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal, Self, cast

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, valued, view
from core.recommend.measured import measured_users
from core.recommend.types import Explanation, Recommender, View, check_rows

_SURE = 1e-3  # of the mean square of what histories look like: the ridge of the map from histories to tastes

_ITEMS = (
    "How much this past item adds to the tastes that a history like this one usually goes with: measured, not derived; "
    "what all users alike are drawn by is counted first."
)
_USERS_MORE = " The part that all users alike are drawn by is counted first."


class Bpr(Model):
    """score(u, i) = u'y_i + b_i: learnt from draws of an item that the user took and one that they did not.

    implicit's kernel, on one thread: with two it races, and no run is like another. The last column of `items` is
    the bias b_i, how much everyone is drawn to the item; the last column of `users` is 1.

    The way the tastes were learnt cannot be gone again for one user alone. `fold` goes a shorter one: a linear map from
    histories, sum of y_j / sqrt(n) over n items, to tastes, found by ridge regression over all users of the fit.
    """

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "nearly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """`epochs` rounds of as many draws as there are pairs, in float32. Raises Refusal `diverged`."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking
        from implicit.recommender_base import ModelFitError

        self.x = x
        epochs, once = int(self.spec["epochs"]), valued(x.matrix, "once")
        # arrays of its own: the compiled kernel refuses read-only ones (memory maps)
        once = csr_matrix((once.data, once.indices.copy(), once.indptr.copy()), shape=once.shape)
        once.has_sorted_indices = True

        def told(epoch: int, *_: object) -> None:
            step.report((epoch + 1) / (epochs + 1), f"round {epoch + 1} of {epochs}")

        kernel = BayesianPersonalizedRanking(
            int(self.spec["factors"]),
            learning_rate=float(self.spec["rate"]),
            regularization=float(self.spec["ridge"]),
            iterations=epochs,
            num_threads=1,
            random_state=seed,
        )
        step.report(0.0, f"round 1 of {epochs}")
        try:
            kernel.fit(once, show_progress=False, callback=told)
        except ModelFitError:  # not a number
            raise self._diverged() from None
        users, items = np.asarray(kernel.user_factors), np.asarray(kernel.item_factors)
        if not (np.isfinite(users).all() and np.isfinite(items).all()):
            raise self._diverged()
        with threadpool_limits(1, user_api="blas"):  # they round by how many they are
            self._keep(users, items, _mapped(once, users[:, :-1], items[:, :-1]))
        step.report(1.0)
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the tastes."""
        self.x = x
        return self._keep(*(np.asarray(arrays[name]) for name in ("users", "items", "map")))

    def arrays(self) -> dict[str, Array]:
        """float32: users (n_users, factors + 1), items (n_items, factors + 1), map (factors, factors) for `fold`."""
        return {"users": self._users, "items": self._items, "map": self._map}

    def explain(self, user: int, item: int) -> Explanation:
        """Base = the bias of the item. Both views measured, of the score less the bias.

        Items: the folded score is linear in the history, for as many items: j adds y_j'M y_i / sqrt(n). It is not the
        fitted score: how near it comes is the view's fidelity. Users: core.recommend.measured.
        """
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        begin, end = self.x.matrix.indptr[user], self.x.matrix.indptr[user + 1]
        history = self.x.matrix.indices[begin:end]
        if not len(history):
            return self._unsaid(user, item)
        mine, y = self._users[user].astype(np.float64), self._items.astype(np.float64)
        score, base = float(mine @ y[item]), float(y[item, -1])
        parts = y[history, :-1] @ (self._map.astype(np.float64) @ y[item, :-1]) / np.sqrt(len(history))
        by_item = view("items", history, parts, _ITEMS, exact=False, fidelity=_fidelity(score - base, parts))
        by_user = measured_users(cast(Recommender, _Centred(self)), user, item)
        return Explanation(user, item, score, base, by_item, _more(by_user, score - base))

    def _score(self, users: Array, items: Array | None) -> Array:
        scores: Array = self._users[users] @ (self._items if items is None else self._items[items]).T
        return scores

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        y = self._items if items is None else self._items[items]
        mine = _looks(valued(histories, "once"), self._items[:, :-1]) @ self._map
        scores: Array = mine @ y[:, :-1].T + y[:, -1]
        return scores

    def _diverged(self) -> Refusal:
        return Refusal(
            "diverged",
            f"With steps of {self.spec['rate']:g} the tastes grew without end.",
            "Choose a smaller step, or more caution.",
        )

    def _keep(self, users: Array, items: Array, linear: Array) -> Self:
        self._users, self._items, self._map = users, items, linear
        return self


class _Centred:
    """The model without its bias, as `measured_users` asks for one: the mixture is to make up tastes alone."""

    def __init__(self, of: Bpr) -> None:
        self._of, self.x = of, of.x
        self._items = of.arrays()["items"][:, :-1]

    def score(self, users: Array, items: Array | None = None) -> Array:
        found: Array = self._of.arrays()["users"][users, :-1] @ self._items.T
        return found


def _looks(once: csr_matrix, items: Array) -> Array:
    """float32 (n, factors): what a history looks like, sum of y_j / sqrt(n)."""
    n = np.maximum(np.diff(once.indptr), 1).astype(np.float32)
    found: Array = (once @ np.ascontiguousarray(items)) / np.sqrt(n)[:, None]
    return found


def _mapped(once: csr_matrix, users: Array, items: Array) -> Array:
    """float32 (factors, factors): the map from looks to tastes, least squares with a small ridge over all users."""
    looks = _looks(once, items).astype(np.float64)
    gram = looks.T @ looks
    ridge = max(_SURE * float(np.trace(gram)) / len(gram), 1e-12)
    found = np.linalg.solve(gram + ridge * np.eye(len(gram)), looks.T @ users.astype(np.float64))
    return found.astype(np.float32)


def _fidelity(whole: float, parts: Array) -> float:
    missing = abs(whole - float(parts.sum()))
    return max(0.0, 1 - missing / abs(whole)) if whole else float(missing == 0)


def _more(found: View, whole: float) -> View:
    if not len(found.rows):
        return found
    return replace(found, how=found.how + _USERS_MORE, fidelity=_fidelity(whole, found.values))
