"""What is usual over all users, against which one user or item is seen. Kept while the data stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from core.explain.tables import (
    ACTS,
    IS_TRADE,
    ORDER_KEY,
    before,
    own_columns,
    pairs,
    remembered,
)
from core.explain.types import Taste
from core.interactions import Array
from core.store import Query, Store, joined

KNOWN = "SELECT * FROM events WHERE user_no IS NOT NULL"
Of = Literal["channel", "device"]
COLUMN_COUNTS = (
    "SELECT {column} AS value, count(*) AS n FROM {rows} "
    f"WHERE {ACTS} AND trim({{column}}) <> '' GROUP BY {{column}}"
)
"""Events by channel or device, impressions left out: the same for one user and for all."""


@dataclass(frozen=True)
class Counts:
    """Events by value, and how many events have a value at all: less than their sum where an event has several."""

    values: Mapping[str, int]
    total: int


@dataclass(frozen=True, eq=False)
class Buyers:
    """All users with an order.

    Attributes:
        numbers: int32 (n,), rising, the user_no.
        orders: int64 (n,).
        revenue: float64 (n,), net of returns; NaN where no purchase or return carries a value.
    """

    numbers: Array
    orders: Array
    revenue: Array


def by_category(store: Store, column: str, end: datetime | None) -> Counts:
    """Events of all known users by category; see `category_counts`."""
    rows = Query(KNOWN) + before(end)
    return remembered(store, ("category", column, end), lambda: category_counts(store, column, rows))


def category_counts(store: Store, column: str, rows: Query) -> Counts:
    """Of these events by their items' categories; impressions and returns say nothing of what a user likes."""
    query = (
        Query("WITH per AS MATERIALIZED (SELECT item_no, count(*) AS n FROM (")
        + rows
        + f") WHERE item_no IS NOT NULL AND {ACTS} AND event <> 'return' GROUP BY item_no), "
        + f"named AS MATERIALIZED ({pairs(store, 'items', column)}) "
        + "SELECT value, sum(n)::BIGINT AS n FROM per JOIN named USING (item_no) GROUP BY value "
        + "UNION ALL SELECT NULL, coalesce(sum(n), 0)::BIGINT FROM per WHERE item_no IN (SELECT item_no FROM named)"
    )
    found = {row["value"]: int(row["n"]) for row in store.rows(query)}
    total = found.pop(None, 0)
    return Counts({str(value): n for value, n in found.items()}, total)


def by_column(store: Store, column: Of, end: datetime | None) -> Counts:
    """Events of all known users by channel or device."""
    rows = f"({KNOWN} " + before(end).sql + ")"
    query = Query(COLUMN_COUNTS.format(column=column, rows=rows), before(end).params)

    def ask() -> Counts:
        values = {str(row["value"]): int(row["n"]) for row in store.rows(query)}
        return Counts(values, sum(values.values()))

    return remembered(store, (column, end), ask)


def tastes(own: Counts, usual: Counts, most: int = 8) -> tuple[Taste, ...]:
    """The user's values beside everyone's, most events first, then by name."""
    told = []
    for name, n in sorted(own.values.items(), key=lambda pair: (-pair[1], pair[0]))[:most]:
        share, everyone = n / own.total, usual.values[name] / usual.total
        told.append(Taste(name, n, share, everyone, share / everyone))
    return tuple(told)


def buyers(store: Store, end: datetime | None) -> Buyers:
    """All who ever ordered, whether or not they returned it, with their orders and net revenue."""
    query = (
        Query(
            "SELECT o.user_no, o.orders, r.revenue FROM (SELECT user_no, count(*) AS orders FROM (SELECT DISTINCT "
            f"{ORDER_KEY} FROM events WHERE event = 'purchase' AND user_no IS NOT NULL"
        )
        + before(end)
        + f") GROUP BY user_no) o JOIN (SELECT user_no, sum(value)::DOUBLE AS revenue FROM events WHERE {IS_TRADE}"
        + before(end)
        + " GROUP BY user_no) r USING (user_no) ORDER BY user_no"
    )

    def ask() -> Buyers:
        table = store.read(query)
        return Buyers(
            table["user_no"].to_numpy(),
            table["orders"].to_numpy(),
            table["revenue"].to_numpy().astype(np.float64),
        )

    return remembered(store, ("buyers", end), ask)


def user_values(store: Store, users: Query) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Of these users (`user_no`): (column, value) -> users, and column -> users with a value.

    Columns of words, lists of words and yes or no; contact and consent never.
    """
    kinds = own_columns(store, "users")
    columns = [name for name, (_, kind) in kinds.items() if kind in ("VARCHAR", "VARCHAR[]", "BOOLEAN")]
    if not columns:
        return {}, {}
    each = [
        Query(f"SELECT {n} AS c, value, user_no FROM ({pairs(store, 'users', name)})") for n, name in enumerate(columns)
    ]
    query = (
        Query("WITH chosen AS MATERIALIZED (")
        + users
        + "), told AS MATERIALIZED (SELECT * FROM ("
        + joined(" UNION ALL ", each)
        + ") WHERE user_no IN (SELECT user_no FROM chosen)) "
        + "SELECT c, value, count(*) AS n FROM told GROUP BY c, value "
        + "UNION ALL SELECT c, NULL, count(DISTINCT user_no) FROM told GROUP BY c"
    )
    counts: dict[tuple[str, str], int] = {}
    totals: dict[str, int] = {}
    for row in store.rows(query):
        column = columns[int(row["c"])]
        if row["value"] is None:
            totals[column] = int(row["n"])
        else:
            yes_no = {"true": "yes", "false": "no"} if kinds[column][1] == "BOOLEAN" else {}
            counts[column, yes_no.get(str(row["value"]), str(row["value"]))] = int(row["n"])
    return counts, totals
