"""Several models of ratings, weighed by how each predicts what it has not seen (stacking)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.interactions import Array
from core.progress import Step
from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.biases import Biases
from core.recommend.ratings.registry import make_rating, rating_info, rating_parts
from core.recommend.ratings.types import Neighbour, Ratings, RatingWhy


class Blend(RatingModel):
    """prediction = mean + sum of weight x (part's prediction - mean), weights from inner folds, never below 0."""

    weights: Array
    parts: tuple[RatingModel, ...]

    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        specs = rating_parts(self.spec)
        folds = min(int(self.spec["folds"]), len(r))
        of = np.random.default_rng([seed, 7]).permutation(len(r)) % folds
        held = np.zeros((len(r), len(specs)))
        rounds, done = len(specs) * (folds + 1), 0
        for fold in range(folds if folds > 1 else 0):
            out = of == fold
            for n, spec in enumerate(specs):
                mine = step.part(done / rounds, (done + 1) / rounds)
                model = make_rating(spec).fit(r.only(~out), seed=seed, step=mine)
                held[out, n] = model.raw(r.users[out], r.items[out])
                done += 1
        mean = r.mean
        even = np.full(len(specs), 1 / len(specs))
        self.weights = _weights(held - mean, r.values - mean, float(self.spec["caution"])) if folds > 1 else even
        self.parts = tuple(
            make_rating(spec).fit(r, seed=seed, step=step.part((done + n) / rounds, (done + n + 1) / rounds))
            for n, spec in enumerate(specs)
        )
        self._join()

    def _join(self) -> None:
        """The baseline of the whole: the weighted baselines of the parts (each has the mean of the same ratings)."""
        mean = self.r.mean
        user = sum(
            (w * p.biases.user for w, p in zip(self.weights, self.parts, strict=True)), np.zeros(self.r.shape[0])
        )
        item = sum(
            (w * p.biases.item for w, p in zip(self.weights, self.parts, strict=True)), np.zeros(self.r.shape[1])
        )
        self.biases = Biases(mean, user, item)

    def _rest(self, users: Array, items: Array) -> Array:
        found = np.zeros(len(users))
        for weight, part in zip(self.weights, self.parts, strict=True):
            if weight > 0:
                found += weight * part._rest(users, items)
        return found

    def _parts(self, user: int, item: int) -> tuple[list[Neighbour], list[tuple[str, float]]]:
        """One line for each rating that speaks: its parts added up, its likeness the weighted one."""
        found: dict[tuple[str, int], Neighbour] = {}
        for weight, part in zip(self.weights, self.parts, strict=True):
            if weight == 0:
                continue
            for near in part._parts(user, item)[0]:
                own = replace(near, part=weight * near.part, similarity=weight * near.similarity)
                before = found.get((near.of, near.row))
                if before is not None:
                    own = replace(before, part=before.part + own.part, similarity=before.similarity + own.similarity)
                found[near.of, near.row] = own
        return list(found.values()), []

    def shares(self, user: int, item: int) -> list[tuple[str, float, float]]:
        """(plain name, weight, what it adds to the mean) of each part, for one pair."""
        return [
            (rating_info(p.spec.model).plain, float(w), float(w * (p.raw([user], [item])[0] - self.biases.mean)))
            for w, p in zip(self.weights, self.parts, strict=True)
        ]

    def _sentence(self, why: RatingWhy) -> str:
        told = ", ".join(
            f"{name} {share:+.3f}" for name, weight, share in self.shares(why.user, why.item) if weight > 0
        )
        return f"Each model's part beside the mean: {told}. {super()._sentence(why)}"

    def _arrays(self) -> dict[str, Array]:
        made: dict[str, Array] = {"weights": self.weights}
        for n, part in enumerate(self.parts):
            made |= {f"part{n}_{name}": array for name, array in part.arrays().items()}
        return made

    def _load(self, arrays: Mapping[str, Array]) -> None:
        self.weights = np.asarray(arrays["weights"])
        self.parts = tuple(
            make_rating(spec).load(
                self.r,
                {name.removeprefix(f"part{n}_"): a for name, a in arrays.items() if name.startswith(f"part{n}_")},
            )
            for n, spec in enumerate(rating_parts(self.spec))
        )


def _weights(held: Array, wanted: Array, caution: float) -> Array:
    """The weights w >= 0 that minimise |held w - wanted|^2 + caution |w - 1/m|^2."""
    from scipy.optimize import nnls

    m = held.shape[1]
    pull = np.sqrt(max(caution, 1e-9)) * np.eye(m)
    left = np.vstack([held, pull])
    right = np.concatenate([wanted, pull.sum(axis=1) / m])
    # the triangular factor is as exact, and no larger than the number of parts
    triangle = np.asarray(np.linalg.qr(np.column_stack([left, right]), mode="r"))
    return np.asarray(nnls(triangle[:, :m], triangle[:, m])[0])
