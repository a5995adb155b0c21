"""Ratings as a value, and the contract of models that predict them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, IdMap, as_bytes, from_bytes


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who rated what, and how: one value a pair. 0 and halves are values like any other; a pair without one is absent.

    Attributes:
        users, items: int64 (n,), rows and columns, by user, then item; no pair twice.
        values: float64 (n,).
        times: int64 (n,), microseconds since 1970 (UTC) of each rating; None where the data have no times.
        user_map, item_map: what rows and columns are.
        low, high: the least and the greatest rating in the data: predictions stay within.
        version: the workspace's data version.
    """

    users: Array
    items: Array
    values: Array
    times: Array | None
    user_map: IdMap
    item_map: IdMap
    low: float
    high: float
    version: int = 0

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, int]:
        """(number of users, number of items)."""
        return len(self.user_map), len(self.item_map)

    @property
    def mean(self) -> float:
        """The mean of all ratings; the middle of the scale where there are none."""
        return float(self.values.mean()) if len(self.values) else (self.low + self.high) / 2

    @cached_property
    def per_user(self) -> Array:
        """int64 (n_users,): how many ratings each user gave."""
        return np.bincount(self.users, minlength=self.shape[0])

    @cached_property
    def per_item(self) -> Array:
        """int64 (n_items,): how many ratings each item has."""
        return np.bincount(self.items, minlength=self.shape[1])

    def matrix(self, values: Array | None = None) -> csr_matrix:
        """float64 CSR (n_users, n_items) of `values` (n,), by default the ratings. Stored zeros are kept."""
        indptr = np.concatenate([[0], np.cumsum(self.per_user)])
        data = np.asarray(self.values if values is None else values, dtype=np.float64)
        made = csr_matrix((data, self.items, indptr), shape=self.shape)
        made.has_sorted_indices = True
        return made

    def only(self, kept: Array) -> Ratings:
        """The ratings where `kept` (bool), with rows, columns and scale as they are."""
        times = None if self.times is None else self.times[kept]
        return replace(self, users=self.users[kept], items=self.items[kept], values=self.values[kept], times=times)

    @classmethod
    def of(
        cls, users: Any, items: Any, values: Any, times: Any = None, shape: tuple[int, int] | None = None
    ) -> Ratings:
        """Ratings of bare rows and columns, in any order. For tests and benchmarks.

        Raises ValueError where a pair stands twice.
        """
        u, i = np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)
        v = np.asarray(values, dtype=np.float64)
        order = np.lexsort((i, u))
        u, i, v = u[order], i[order], v[order]
        if ((np.diff(u) == 0) & (np.diff(i) == 0)).any():
            raise ValueError("a pair stands twice")
        n_users, n_items = shape or (int(u.max()) + 1, int(i.max()) + 1)
        at = None if times is None else np.asarray(times, dtype=np.int64)[order]
        return cls(u, i, v, at, _plain(n_users, "user"), _plain(n_items, "item"), float(v.min()), float(v.max()))

    def to_arrays(self) -> dict[str, Array]:
        """All a worker needs, as arrays for `core.jobs`: never a raw id."""
        arrays = {
            "r_users": self.users,
            "r_items": self.items,
            "r_values": self.values,
            "r_user_numbers": self.user_map.numbers,
            "r_item_numbers": self.item_map.numbers,
            "r_told": as_bytes({"low": self.low, "high": self.high, "version": self.version}),
        }
        return arrays if self.times is None else {**arrays, "r_times": self.times}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Ratings:
        """What `to_arrays` wrote, without raw ids."""
        told = from_bytes(arrays["r_told"])
        return cls(
            np.asarray(arrays["r_users"]),
            np.asarray(arrays["r_items"]),
            np.asarray(arrays["r_values"]),
            np.asarray(arrays["r_times"]) if "r_times" in arrays else None,
            IdMap(np.asarray(arrays["r_user_numbers"])),
            IdMap(np.asarray(arrays["r_item_numbers"]), what="item"),
            float(told["low"]),
            float(told["high"]),
            int(told["version"]),
        )


@dataclass(frozen=True)
class Neighbour:
    """What one rating adds to a prediction.

    Attributes:
        of: "item": the user's own rating of item `row`; "user": the rating that user `row` gave the item.
        row: column or row.
        rating: as given.
        expected: what the baseline expects there; rating - expected is what the rating says beyond it.
        similarity: how much the two have in common, by the model's own measure.
        part: what it adds to the prediction; may be negative.
        label: what people call it; empty where nobody has looked it up (core.explain.rating_why does).
        id: its raw id, likewise.
    """

    of: Literal["item", "user"]
    row: int
    rating: float
    expected: float
    similarity: float
    part: float
    label: str = ""
    id: str = ""


@dataclass(frozen=True)
class RatingWhy:
    """Why a model predicts this rating: `mean + user_bias + item_bias + sum(parts) == raw`, to 1e-6.

    Attributes:
        user, item: row and column; -1 = not known.
        prediction: `raw` kept within the scale.
        raw: before that; `clipped` where the two differ.
        mean, user_bias, item_bias: the baseline: mean rating, how far the user and the item are from it.
        neighbours: the ratings that speak, the largest part first.
        others: (name, part): what is not from one rating alone, such as a part of a blend that speaks otherwise.
        text: the formula with its numbers, in words.
    """

    user: int
    item: int
    prediction: float
    raw: float
    mean: float
    user_bias: float
    item_bias: float
    neighbours: tuple[Neighbour, ...]
    others: tuple[tuple[str, float], ...] = ()
    text: str = ""

    @property
    def baseline(self) -> float:
        """Mean + user_bias + item_bias."""
        return self.mean + self.user_bias + self.item_bias

    @property
    def clipped(self) -> bool:
        """Whether the sum lay outside the scale."""
        return self.raw != self.prediction


def no_ratings() -> Refusal:
    """Where a workspace holds none."""
    return Refusal(
        "no_ratings",
        "These data have no ratings of items by users.",
        "Load a file with a column of ratings (stars, points), or compare the ranking models instead.",
    )


def check_pairs(
    users: Sequence[int] | Array, items: Sequence[int] | Array, shape: tuple[int, int]
) -> tuple[Array, Array]:
    """Both as int64 (n,). Raises IndexError for a row or column that cannot be; -1 = not known."""
    u, i = np.atleast_1d(np.asarray(users, dtype=np.int64)), np.atleast_1d(np.asarray(items, dtype=np.int64))
    if u.shape != i.shape or u.ndim != 1:
        raise ValueError("as many users as items")
    if len(u) and (u.min() < -1 or i.min() < -1 or u.max() >= shape[0] or i.max() >= shape[1]):
        raise IndexError(f"rows must be from 0 to {shape[0] - 1}, columns from 0 to {shape[1] - 1}; -1 = not known")
    return u, i


def _plain(n: int, what: str) -> IdMap:
    return IdMap(np.arange(n, dtype=np.int32), pa.array([str(k) for k in range(n)], pa.string()), what)
