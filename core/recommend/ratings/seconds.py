"""About how long models of ratings take: by the work that they do, at the pace of a machine that was measured.

The work is counted (sparse products by their entries, comparisons by pairs of ratings); what one unit takes was fitted
to 57 runs on two cores. tests/bench/test_bench_rating_seconds.py shows how told and taken compare. Another machine's
pace is learnt from its own comparisons (core.evaluate.ratings_pace).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.recommend.ratings.registry import rating_parts
from core.recommend.ratings.types import Ratings
from core.recommend.types import Spec


@dataclass(frozen=True)
class RatingsSize:
    """What the time of a model depends on.

    Attributes:
        ratings, users, items: how many.
        by_users: pairs of ratings by one user, in both orders and each with itself: the sum of squares of how many
            ratings each user gave.
        by_items: the same of each item.
    """

    ratings: int
    users: int
    items: int
    by_users: float
    by_items: float

    @classmethod
    def of(cls, r: Ratings) -> RatingsSize:
        """Of these ratings.

        >>> RatingsSize.of(Ratings.of([0, 0, 0, 1], [0, 1, 2, 0], [5, 3, 4, 5]))
        RatingsSize(ratings=4, users=2, items=3, by_users=10.0, by_items=6.0)
        """
        users, items = (float((n.astype(float) ** 2).sum()) for n in (r.per_user, r.per_item))
        return cls(len(r), *r.shape, users, items)

    def share(self, share: float) -> RatingsSize:
        """What is expected of this share of the ratings, drawn by chance."""
        n = self.ratings
        pairs = (share**2 * (s - n) + share * n for s in (self.by_users, self.by_items))
        return RatingsSize(round(n * share), self.users, self.items, *pairs)


def rating_seconds(spec: Spec, size: RatingsSize, *, predict: bool = False) -> float:
    """About how many seconds it takes to fit a model on data of this size; with `predict` also to predict, once for
    each user and item, about a quarter as many ratings.

    For telling people to wait, or to choose another model: not an upper limit.
    """
    parts = rating_parts(spec)
    if not parts:
        return _BASE + _FIT[spec.model](spec, size) + (_PREDICT[spec.model](spec, size) if predict else 0.0)
    folds = int(spec["folds"])
    inner = size.share(1 - 1 / folds)
    weighed = sum(rating_seconds(part, inner, predict=True) for part in parts)
    return folds * weighed + sum(rating_seconds(part, size, predict=predict) for part in parts)


_BASE = 0.01  # of anything


def _biases(s: RatingsSize) -> float:
    return 3.2e-8 * s.ratings + 1.6e-7 * (s.users + s.items)


def _baseline(spec: Spec, s: RatingsSize) -> float:
    return _biases(s)


def _near(spec: Spec, s: RatingsSize) -> float:
    return _biases(s) + 6e-8 * s.ratings


def _descent(product: float, vector: float) -> Callable[[Spec, RatingsSize], float]:
    """Rounds of products over all ratings and of steps of all vectors, then each user's equations once."""

    def seconds(spec: Spec, s: RatingsSize) -> float:
        k, rounds = int(spec["factors"]), int(spec["epochs"])
        each = product * s.ratings + vector * (s.users + s.items)
        return _biases(s) + rounds * k * each + _equations(s.ratings, s.users, k)

    return seconds


def _als(spec: Spec, s: RatingsSize) -> float:
    """Rounds of equations of users and items, and of the biases."""
    k, rounds = int(spec["factors"]), int(spec["epochs"])
    return rounds * (1.1e-7 * s.ratings + _equations(s.ratings, s.users + s.items, k))


def _equations(ratings: int, rows: int, k: int) -> float:
    return k * k * (3.2e-10 * ratings + 9.4e-9 * rows)


def _kernel(spec: Spec, s: RatingsSize) -> float:
    """The directions, each user's equations and their inverse, and rounds over all ratings."""
    k = int(spec["directions"])
    return 0.05 + (1.3e-6 + 6.6e-10 * k * k) * s.ratings + (3e-8 + 2.8e-10 * k) * k * k * s.users


def _none(spec: Spec, s: RatingsSize) -> float:
    return 2e-8 * s.ratings / 4


def _compared(of: str) -> Callable[[Spec, RatingsSize], float]:
    """Similarities of all items (users) asked for: their ratings in common, then a cell for each pair."""

    def seconds(spec: Spec, s: RatingsSize) -> float:
        pairs, things = (s.by_users, s.items) if of == "item" else (s.by_items, s.users)
        more = 1.6 if spec["similarity"] == "pearson" else 1.0
        asked = min(things, s.ratings / 4)
        return more * (pairs * (4.2e-8 if of == "item" else 3.1e-8) + asked * things * 6e-9)

    return seconds


_FIT: Mapping[str, Callable[[Spec, RatingsSize], float]] = {
    "baseline": _baseline,
    "user-knn": _near,
    "item-knn": _near,
    "svd": _descent(3.4e-9, 2.6e-9),
    "svdpp": _descent(4.0e-9, 7.0e-9),
    "als": _als,
    "kernel": _kernel,
}
_PREDICT: Mapping[str, Callable[[Spec, RatingsSize], float]] = {
    **dict.fromkeys(_FIT, _none),
    "user-knn": _compared("user"),
    "item-knn": _compared("item"),
}
