"""The baseline by itself: what every other model is measured against."""

from __future__ import annotations

import numpy as np

from core.interactions import Array
from core.progress import Step
from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.biases import solve_biases
from core.recommend.ratings.types import Neighbour, Ratings


class Baseline(RatingModel):
    """mean + b_u + b_i."""

    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        self.biases = solve_biases(r, self.spec["caution_users"], self.spec["caution_items"])

    def _rest(self, users: Array, items: Array) -> Array:
        return np.zeros(len(users))

    def _parts(self, user: int, item: int) -> tuple[list[Neighbour], list[tuple[str, float]]]:
        return [], []
