"""How users behave, as numbers on one scale: features of core.features, made comparable and kept from doubling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.features import FeatureColumn, FeatureSpec, FeatureTable, features
from core.interactions import Array
from core.progress import Step, no_step
from core.store import Query, Store

USUAL = (
    "tenure_days", "days_since_event", "days_since_purchase", "events_90d", "orders_90d", "active_days_all",
    "sessions_all", "views_all", "orders_all", "revenue_all", "order_value_all", "share_returned", "items_all",
    "items_bought_all", "top_category_share", "category_entropy", "active_gap_mean", "active_gap_regularity",
    "share_night", "share_weekend", "trend_events_30d", "view_to_cart", "cart_to_purchase",
)  # fmt: skip
"""Features that users are compared by where the analyst names none; of those the data can tell."""

_FAMILIES = ("tenure", "recency", "frequency", "value", "breadth", "rhythm", "rates")
_SKEWED = 1.0  # skewness above which amounts are taken by their logarithm
_ALIKE = 0.95  # correlation above which the later of two features says nothing new
_KNOWN = 0.5  # share of users who must have a usual feature
_TOLD = 0.005  # share of missing values that is worth a word
_CLIP = 3.0  # robust standard deviations beyond which values count as that far


@dataclass(frozen=True, eq=False)
class Numbers:
    """Users by how they behave; n users in the order of their raw ids.

    Attributes:
        user_nos: int32 (n,); user_ids: their raw ids.
        values: float32 (n, d): (value - median) / (interquartile range / 1.349), -3 to 3, amounts by logarithm.
        raw: float64 (n, d): as measured, NaN = missing.
        columns: the d features, with unit and definition.
        left_out: known users who are not in it.
        until: UTC, end of the data seen; None without times.
        model: JSON; `numbers(..., like=model)` puts other users on the same scale.
        notes: what the reader must know.
    """

    user_nos: Array
    user_ids: pa.Array
    values: Array
    raw: Array
    columns: tuple[FeatureColumn, ...]
    left_out: int
    until: datetime | None
    model: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def numbers(
    store: Store,
    *,
    columns: Sequence[str] = (),
    as_of: datetime | None = None,
    min_events: int = 1,
    like: Mapping[str, Any] | None = None,
    step: Step = no_step,
) -> Numbers:
    """The behaviour of users with at least `min_events` events before `as_of`, on one scale.

    Raises Refusal `no_such_feature` for a column that is not there, `not_a_number` for one that is no number,
    `no_features` where nothing tells users apart, `too_few_users` where there is nobody.
    """
    names = [str(one["name"]) for one in like["columns"]] if like else list(columns)
    spec = FeatureSpec(as_of=as_of, min_events=min_events)
    if not set(names) - set(USUAL):
        spec = replace(spec, families=_FAMILIES, windows=(30, 90, 365))
    table = features(store, spec, step=step.part(0.0, 0.8))
    if not table.data.num_rows:
        raise Refusal("too_few_users", "No user has so many events.", "Ask for fewer events a user.")
    wanted = [_number(table, name) for name in names] if names else _usual(table)
    raw = (
        np.column_stack([_values(table, column) for column in wanted]) if wanted else np.empty((table.data.num_rows, 0))
    )
    step.report(0.9, "Putting features on one scale")
    notes: list[str] = []
    if like:
        recipe = [dict(one) for one in like["columns"]]
        values = np.column_stack([_scaled(raw[:, n], one) for n, one in enumerate(recipe)])
        kept = list(range(len(wanted)))
    else:
        kept, recipe, values = _fitted(wanted, raw, notes, named=bool(names))
    ids, nos = _people(store, table)
    known = int(store.rows(Query("SELECT count(*) AS n FROM users"))[0]["n"])
    return Numbers(
        nos, ids, values.astype(np.float32), raw[:, kept], tuple(wanted[n] for n in kept), known - len(nos),
        table.spec.as_of, {"columns": recipe}, tuple(notes),
    )  # fmt: skip


def _usual(table: FeatureTable) -> list[FeatureColumn]:
    """Those that more than half of the users have."""
    there = {column.name: column for column in table.columns}
    most = (1 - _KNOWN) * table.data.num_rows
    return [there[n] for n in USUAL if n in there and table.data[n].null_count <= most]


def _number(table: FeatureTable, name: str) -> FeatureColumn:
    column = table.column(name)
    if column.type != "number":
        raise Refusal("not_a_number", f"The feature {name!r} is no number.", "Clusters compare numbers; leave it out.")
    return column


def _values(table: FeatureTable, column: FeatureColumn) -> Array:
    return np.asarray(pc.cast(table.data[column.name], pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _fitted(
    wanted: Sequence[FeatureColumn], raw: Array, notes: list[str], *, named: bool
) -> tuple[list[int], list[dict[str, Any]], Array]:
    """Which columns stay, how each is put on the scale, and the values."""
    kept: list[int] = []
    recipe: list[dict[str, Any]] = []
    made: list[Array] = []
    constant, twice, filled = [], [], []
    for n, column in enumerate(wanted):
        one = _recipe(column, raw[:, n])
        values = _scaled(raw[:, n], one) if one else np.zeros(len(raw))
        if one is None or values.std() < 1e-9:
            constant.append(column.name)
            continue
        other = next((m for m, v in zip(kept, made, strict=True) if abs(_correlation(v, values)) > _ALIKE), None)
        if other is not None:
            twice.append(f"{column.name} (like {wanted[other].name})")
            continue
        missing = float(np.isnan(raw[:, n]).mean())
        if missing >= _TOLD:
            filled.append(f"{column.name} {missing:.0%}")
        kept.append(n)
        recipe.append(one)
        made.append(values)
    if not kept:
        raise Refusal(
            "no_features", "No feature tells these users apart.", "Choose other features, or group users by taste."
        )
    if constant:
        notes.append(f"Left out, the same for nearly all: {', '.join(constant)}.")
    if twice:
        notes.append(f"Left out, since another says the same: {', '.join(twice)}.")
    if filled:
        notes.append(f"Missing values count as the median: {', '.join(filled)} of users.")
    if not named:
        notes.append(f"Compared by {len(kept)} usual features: {', '.join(wanted[n].name for n in kept)}.")
    return kept, recipe, np.column_stack(made)


def _recipe(column: FeatureColumn, raw: Array) -> dict[str, Any] | None:
    """How a column is put on the scale; None where nearly all have the same value."""
    known = raw[~np.isnan(raw)]
    if not len(known) or known.min() == known.max():
        return None
    spread = known.std()
    skew = float(np.mean(((known - known.mean()) / spread) ** 3)) if spread > 0 else 0.0
    log = skew > _SKEWED and column.unit not in ("share", "0 to 1", "-1 to 1")
    taken = _signed_log(known) if log else known
    low, middle, high = (float(v) for v in np.quantile(taken, [0.25, 0.5, 0.75]))
    scale = (high - low) / 1.349
    if scale < 1e-9 * max(abs(middle), 1.0):
        scale = float(taken.std())  # more than half have one value: the range between quartiles says nothing
    if scale <= 0:
        return None
    return {"name": column.name, "log": log, "centre": middle, "scale": scale}


def _scaled(raw: Array, recipe: Mapping[str, Any]) -> Array:
    taken = _signed_log(raw) if recipe["log"] else raw
    scaled = (taken - recipe["centre"]) / recipe["scale"]
    return np.clip(np.where(np.isnan(scaled), 0.0, scaled), -_CLIP, _CLIP)


def _signed_log(values: Array) -> Array:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _correlation(a: Array, b: Array) -> float:
    return float(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() * b.std()))


def _people(store: Store, table: FeatureTable) -> tuple[pa.Array, Array]:
    """Raw ids in order, and the number of each."""
    ids = table.data["user_id"].combine_chunks().cast(pa.string())
    known = store.read(Query("SELECT user_no, user_id FROM users"))
    place = pc.index_in(ids, value_set=known["user_id"].combine_chunks().cast(pa.string()))
    return ids, known["user_no"].to_numpy()[place.to_numpy(zero_copy_only=False)].astype(np.int32)
