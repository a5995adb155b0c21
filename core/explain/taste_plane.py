"""Two hidden tastes as a plane with items on it, and the users whom one taste describes best."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from core.errors import Refusal
from core.explain.tables import item_labels
from core.interactions import Array
from core.recommend import FACTOR_MODELS, Readable, Recommender, readable
from core.store import Store

__all__ = ["FACTOR_MODELS", "TastePlane", "TastePoint", "taste_plane", "taste_users", "turned"]

_turned: WeakKeyDictionary[Recommender, Readable] = WeakKeyDictionary()


@dataclass(frozen=True)
class TastePoint:
    """An item on the plane: raw id, title, how strongly each taste is in it (-1 to 1, of the strongest item of each);
    `named` where it is among the strongest at an end of either.
    """

    item: str
    label: str
    x: float
    y: float
    named: bool


@dataclass(frozen=True)
class TastePlane:
    """Items on two tastes (numbers from 1): those farthest from the middle, of `of` items with any."""

    across: int
    up: int
    points: tuple[TastePoint, ...]
    of: int


def turned(model: Recommender) -> Readable:
    """`core.recommend.rotate.readable` of a fitted model, worked out once while the model is open."""
    if model not in _turned:
        _turned[model] = readable(model)
    return _turned[model]


def taste_plane(
    store: Store, model: Recommender, across: int, up: int, *, most: int = 400, named: int = 3
) -> TastePlane:
    """The `most` items that two tastes say most of; the `named` strongest of each end have their name beside them.

    Raises Refusal `no_tastes`, `no_such_taste`.
    """
    found = turned(model)
    values = np.stack([_scaled(found.items[:, _column(found, number)]) for number in (across, up)], axis=1)
    far = np.hypot(values[:, 0], values[:, 1])
    some = np.flatnonzero(far > 0)
    rows = some[np.lexsort((some, -far[some]))][:most]
    ends = {int(row) for axis in (0, 1) for sign in (1, -1) for row in _strongest(sign * values[:, axis], named)}
    rows = np.union1d(rows, np.array(sorted(ends), dtype=np.int64))
    x = model.x
    labels = item_labels(store, x.items.numbers[rows])
    points = tuple(
        TastePoint(
            raw := x.items.raw(row),
            labels.get(int(x.items.numbers[row]), raw),
            float(values[row, 0]),
            float(values[row, 1]),
            row in ends,
        )
        for row in rows.tolist()
    )
    return TastePlane(across, up, points, len(some))


def taste_users(model: Recommender, number: int, *, low: bool = False, most: int = 100) -> tuple[int, ...]:
    """user_no of the users whom this end of a taste describes best, strongest first; fewer where fewer lean to it.

    Raises Refusal `no_tastes`, `no_such_taste`.
    """
    found = turned(model)
    values = found.users[:, _column(found, number)] * (-1 if low else 1)
    return tuple(int(model.x.users.numbers[row]) for row in _strongest(values, most))


def _column(found: Readable, number: int) -> int:
    if not 1 <= number <= len(found.weights):
        raise Refusal(
            "no_such_taste", f"There is no taste {number}.", f"The model has tastes 1 to {len(found.weights)}."
        )
    return number - 1


def _scaled(values: Array) -> Array:
    return np.asarray(values / max(float(np.abs(values).max(initial=0.0)), np.finfo(float).tiny))


def _strongest(values: Array, most: int) -> Array:
    above = np.flatnonzero(values > 0)
    return np.asarray(above[np.lexsort((above, -values[above]))][:most])
