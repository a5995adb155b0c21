"""What all models of ratings share: the baseline, the scale, and how a prediction is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from core.interactions import Array
from core.progress import Step, no_step
from core.recommend.ratings.biases import Biases
from core.recommend.ratings.types import Neighbour, Ratings, RatingWhy, check_pairs
from core.recommend.types import Spec


class RatingModel(ABC):
    """A model of ratings: prediction = baseline (mean, user, item) + what it learnt beside it, kept within the scale.

    Users and items that are not known (-1), or have no rating in the fit, are predicted by what is known of the other:
    their own part is 0. The same ratings, spec and seed give the same model.
    """

    r: Ratings
    biases: Biases

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def fit(self, r: Ratings, *, seed: int = 0, step: Step = no_step) -> Self:
        """Learn from the ratings (at least one); returns itself. Keeps r."""
        if not len(r):
            raise ValueError("no ratings to learn from")
        self.r = r
        self._fit(r, seed, step)
        return self

    def raw(self, users: Sequence[int] | Array, items: Sequence[int] | Array) -> Array:
        """float64 (n,): as `predict`, before it is kept within the scale."""
        u, i = check_pairs(users, items, self.r.shape)
        found = self.biases.expected(u, i)
        both = np.flatnonzero((u >= 0) & (i >= 0))
        if len(both):
            found[both] += self._rest(u[both], i[both])
        return found

    def predict(self, users: Sequence[int] | Array, items: Sequence[int] | Array) -> Array:
        """float64 (n,): the rating of each pair of row and column (-1: not known), within the scale."""
        return np.clip(self.raw(users, items), self.r.low, self.r.high)

    def formula(self, user: int, item: int) -> RatingWhy:
        """Why this rating: the baseline and each rating that speaks, adding up to the prediction."""
        raw = float(self.raw([user], [item])[0])
        told, others = self._parts(user, item) if user >= 0 and item >= 0 else ([], [])
        told = sorted(told, key=lambda n: (-abs(n.part), n.of, n.row))
        b = self.biases
        why = RatingWhy(
            user,
            item,
            float(np.clip(raw, self.r.low, self.r.high)),
            raw,
            b.mean,
            float(b.user[user]) if user >= 0 else 0.0,
            float(b.item[item]) if item >= 0 else 0.0,
            tuple(told),
            tuple(others),
        )
        return _worded(why, self._sentence(why))

    explain = formula

    def save(self, folder: Path) -> None:
        """Write what was learnt into `folder` as `NAME.npy`."""
        for name, array in self.arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    def arrays(self) -> dict[str, Array]:
        """What was learnt, by name; not the ratings."""
        return {**self.biases.arrays(), **self._arrays()}

    def load(self, r: Ratings, arrays: Mapping[str, Array]) -> Self:
        """Take back what `arrays` gave, with the ratings it was fitted on."""
        self.r = r
        self.biases = Biases.load(arrays)
        self._load(arrays)
        return self

    @abstractmethod
    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        """Learn; sets `biases`."""

    @abstractmethod
    def _rest(self, users: Array, items: Array) -> Array:
        """float64 (n,): what is added to the baseline; rows and columns are known."""

    @abstractmethod
    def _parts(self, user: int, item: int) -> tuple[list[Neighbour], list[tuple[str, float]]]:
        """What `_rest` is made of."""

    def _arrays(self) -> dict[str, Array]:
        return {}

    def _load(self, arrays: Mapping[str, Array]) -> None:  # noqa: B027  # most models have nothing beside the baseline
        """Take back what `_arrays` gave."""

    def _sentence(self, why: RatingWhy) -> str:
        """How the parts come about, in words; empty where there are none."""
        n = len(why.neighbours)
        if not n:
            return "No past rating speaks for or against it, so the baseline stands alone."
        total = sum(near.part for near in why.neighbours)
        what = "past rating adds" if n == 1 else "past ratings add"
        return f"{n:,} {what} {total:+.3f} together."


def _worded(why: RatingWhy, sentence: str) -> RatingWhy:
    said = [
        f"Baseline {why.baseline:.3f} = mean {why.mean:.3f}, this user {why.user_bias:+.3f}, "
        f"this item {why.item_bias:+.3f}.",
        sentence,
        *(f"{name}: {part:+.3f}." for name, part in why.others if abs(part) >= 5e-4),
        f"Prediction {why.prediction:.3f}.",
    ]
    if why.clipped:
        said.append(f"The sum, {why.raw:.3f}, lies outside the scale and is kept within it.")
    return replace(why, text=" ".join(part for part in said if part))
