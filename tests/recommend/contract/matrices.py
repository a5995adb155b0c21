"""The matrices that every model is asked about: small, and each with something that breaks careless code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from core.interactions import Array, Interactions
from core.recommend import Recommender, Spec, info, make, spec
from core.recommend.types import ParamValue

Maker = Callable[[], Recommender]
SILENT_USER, SILENT_ITEM = 7, 29


def maker(name: str, **params: ParamValue) -> Maker:
    """Makes the model afresh each time, not fitted."""
    return lambda: make(spec(name, params))


def given(model: Recommender, **params: ParamValue) -> Recommender:
    """The same class afresh with other parameters, of those it has."""
    known = {p.name for p in info(model.spec.model).params}
    changed = {**dict(model.spec.params), **{k: v for k, v in params.items() if k in known}}
    fresh: Callable[[Spec], Recommender] = type(model)
    return fresh(spec(model.spec.model, changed))


def sided(x: Interactions) -> Interactions:
    """With titles and attributes, by the parity of rows and columns (the tastes), and holes: none for every seventh."""
    users, items = (range(n) for n in x.shape)
    words = ("red wool", "Blauer Tee", "赤いお茶")
    user_side = {
        "country": [None if u % 7 == 6 else ("DE", "SE")[u % 2] for u in users],
        "age": pa.array([None if u % 5 == 4 else 20 + 3 * u for u in users], pa.int64()),
        "likes": pa.array([["tea"] * (u % 2) + ["cake"] * (u % 3 == 0) for u in users], pa.list_(pa.string())),
    }
    item_side = {
        "title": [None if i % 7 == 6 else f"{words[i % 3]} {i % 4}" for i in items],
        "colour": [None if i % 7 == 6 else ("even", "odd")[i % 2] for i in items],
        "price": pa.array([float(i) for i in items], pa.float64()),
    }
    return replace(x, user_side=pa.table(user_side), item_side=pa.table(item_side))


def shop() -> Interactions:
    """40 users x 30 items in two tastes. User 7 did nothing, item 29 was never taken, user 3 took all the others."""
    rng = np.random.default_rng(4)
    taste = np.where(np.arange(40)[:, None] % 2 == np.arange(30)[None, :] % 2, 0.4, 0.08)
    weights = np.where(rng.random((40, 30)) < taste, rng.integers(1, 12, (40, 30)), 0).astype(np.float32)
    weights[3] = 1
    weights[SILENT_USER] = 0
    weights[:, SILENT_ITEM] = 0
    return sided(Interactions.of(weights))


def corner() -> Interactions:
    """The first 12 users and 9 items of the shop."""
    return sided(Interactions.of(shop().matrix[:12, :9]))


def tiny() -> dict[str, Interactions]:
    """Matrices at the edge of what there can be."""
    dense_row = np.zeros((6, 8), dtype=np.float32)
    dense_row[2] = np.arange(1, 9)
    dense_row[[0, 1, 4], [3, 3, 5]] = 1
    made: dict[str, Array] = {
        "one pair": np.ones((1, 1)),
        "one user": np.array([[1.0, 0, 2, 5, 0]]),
        "one item": np.array([[1.0], [0], [3], [2]]),
        "all rows alike": np.tile([2.0, 0, 1, 0], (5, 1)),
        "everyone took everything": np.ones((4, 4)),
        "nobody shares": np.eye(5),
        "one dense row": dense_row,
        "two users": np.array([[1.0, 1, 0], [0, 1, 1]]),
    }
    return {name: sided(Interactions.of(matrix)) for name, matrix in made.items()}


def checkerboard(side: int = 20) -> Interactions:
    """Users take the items of their own colour, except the one on the diagonal: that is what to recommend."""
    place = np.arange(side)
    board = ((place[:, None] + place[None, :]) % 2 == 0).astype(np.float32)
    board[place, place] = 0
    x = sided(Interactions.of(board))
    return replace(x, item_side=pa.table({"title": [f"{('white', 'black')[i % 2]} field" for i in place]}))


def with_history(x: Interactions) -> Array:
    """Rows of the users who did something."""
    return np.flatnonzero(np.diff(x.matrix.indptr))
