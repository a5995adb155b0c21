"""Most popular: what most users take. The yardstick of every comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend.base import Model, Valued, view
from core.recommend.types import Explanation, check_rows

_HOW = {
    "users": "Each user who took the item counts once.",
    "weight": "Each user who took the item counts as much as they took of it.",
}


class Popular(Model):
    """score(u, i) = users who took i, or the sum of their weights; the same for every user."""

    scores_everyone: ClassVar[bool] = True

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Count."""
        self._take(x)
        weights = x.matrix.data.astype(np.float64) if self.spec["count"] == "weight" else None
        self._counts = np.bincount(x.matrix.indices, weights=weights, minlength=x.shape[1]).astype(np.float64)
        step.report(1.0, "counted")
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back the counts."""
        self._take(x)
        self._counts = np.asarray(arrays["counts"])
        return self

    def arrays(self) -> dict[str, Array]:
        """counts: float64 (n_items,)."""
        return {"counts": self._counts}

    def _take(self, x: Interactions) -> None:
        self.x, self._v = x, Valued(x.matrix, "sum" if self.spec["count"] == "weight" else "once")

    def _score(self, users: Array, items: Array | None) -> Array:
        counts = self._counts if items is None else self._counts[items]
        return np.tile(counts, (len(users), 1))

    def explain(self, user: int, item: int) -> Explanation:
        """By users: each who took the item counts 1 (or its weight), exact. The user's own items play no part."""
        user, item = (int(check_rows([row], n)[0]) for row, n in zip((user, item), self.x.shape, strict=True))
        takers, weights = self._v.takers(item)
        none = np.empty(0)
        return Explanation(
            user,
            item,
            float(self._counts[item]),
            0.0,
            view("items", none, none, "Popularity does not look at what this user did.", exact=False, fidelity=0.0),
            view("users", takers, weights, _HOW[self.spec["count"]]),
        )
