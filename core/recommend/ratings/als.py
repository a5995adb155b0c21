"""Biased matrix factorisation by alternating least squares (Koren, Bell and Volinsky 2009)."""

from __future__ import annotations

import numpy as np

from core.progress import Step
from core.recommend.ratings.biases import solve_biases
from core.recommend.ratings.types import Ratings
from core.recommend.ratings.vectors import Vectors, paired, solve_rows


class Als(Vectors):
    """Biases, items' and users' vectors are solved in turn, each exactly while the others are held."""

    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        spec = self.spec
        rng = np.random.default_rng(seed)
        k = spec["factors"]
        self.ridge = float(spec["caution"])
        self.items = rng.normal(0, 0.3 / np.sqrt(k), (r.shape[1], k))
        self.biases = solve_biases(r, spec["caution_users"], spec["caution_items"])
        mean = r.mean
        for epoch in range(spec["epochs"]):
            step.report(epoch / spec["epochs"], f"round {epoch + 1} of {spec['epochs']}")
            rest = r.matrix(r.values - self.biases.expected(r.users, r.items))
            users = solve_rows(rest, self.items, self.ridge)
            self.items = solve_rows(rest.T.tocsr(), users, self.ridge)
            left = r.values - paired(users, self.items, r.users, r.items)
            self.biases = solve_biases(r, spec["caution_users"], spec["caution_items"], left, mean)
        self._finish(r)
