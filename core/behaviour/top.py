"""The items and categories that get the most: events, users, orders, buyers, units or revenue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.behaviour.catalogue import category_columns, item_names
from core.behaviour.periods import table
from core.behaviour.sql import IS_ORDER, IS_TRADE, NET_UNITS, ORDER_KEY, wholly_returned
from core.behaviour.window import EVERYTHING, Window, resolve
from core.errors import Refusal
from core.store import Query, Store

Measure = Literal["events", "users", "orders", "buyers", "units", "revenue"]
MEASURES: tuple[Measure, ...] = ("events", "users", "orders", "buyers", "units", "revenue")
_ADDS = ("events", "units", "revenue")
NO_CATEGORIES = "No categories are known. Load an items file with a category column to see this."
_NOTHING = {
    "events": "No event in this period names an item.",
    "users": "No event in this period names both a user and an item.",
    "orders": "No order in this period names an item.",
    "buyers": "Nobody bought an item in this period without returning it.",
    "units": "Nothing was bought or returned in this period.",
    "revenue": "No purchase or return in this period carries a value.",
}


@dataclass(frozen=True, eq=False)
class Top:
    """The leading items or categories by one measure.

    Attributes:
        by: "item" or "category". column: the category column. measure, event, window: as asked.
        table: key (int item_no, or str category; None = items without one), id (str, the item's own id or the
            category; None likewise), label (str), value (int, float for units
            and revenue), share (float or NaN). Highest first, ties by label; at most n rows.
        total: what the shares are of: the sum over all items for events, units and revenue; all distinct users,
            orders or buyers in the window for the others, whose shares add up to more than 1.
        groups: how many items or categories have a value at all.
        problem: why nothing can be shown.
    """

    by: Literal["item", "category"]
    column: str | None
    measure: Measure
    event: str | None
    window: Window
    table: pd.DataFrame
    total: float
    groups: int
    problem: str | None = None


def top_items(
    store: Store, measure: Measure = "events", n: int = 10, window: Window = EVERYTHING, event: str | None = None
) -> Top:
    """The `n` items with the most of `measure`; `event` keeps one event type (measures events and users only).

    A buyer of an item bought it in the window and had not returned all of it by the window's end. Units and revenue
    are net.
    """
    window = resolve(store, window)
    ranked = _ranked(store, measure, n, window, event, None)
    keys = [int(key) for key in ranked[0]["key"]]
    names = item_names(store, keys)
    return _top("item", None, measure, event, window, ranked, [names[key] for key in keys])


def top_categories(
    store: Store,
    measure: Measure = "events",
    n: int = 10,
    window: Window = EVERYTHING,
    event: str | None = None,
    column: str | None = None,
) -> Top:
    """The `n` categories with the most of `measure`, by the category column `column` (the first one by default).

    Where an item has several categories (a list), what it gets counts in each of them. Raises Refusal
    `no_such_column` for a column that is not a category.
    """
    window = resolve(store, window)
    columns = category_columns(store)
    if column is not None and column not in columns:
        raise Refusal(
            "no_such_column", f"Items have no category column {column!r}.", f"There are: {', '.join(columns)}."
        )
    if not columns:
        return Top("category", None, measure, event, window, pd.DataFrame(), 0.0, 0, NO_CATEGORIES)
    column = column or next(iter(columns))
    ranked = _ranked(store, measure, n, window, event, columns[column])
    names = [(None, "(no category)") if pd.isna(key) else (str(key), str(key)) for key in ranked[0]["key"]]
    return _top("category", column, measure, event, window, ranked, names)


def top_users(
    store: Store,
    measure: Measure,
    window: Window,
    key: int | str | None,
    event: str | None = None,
    column: str | None = None,
) -> Query:
    """The users (`user_no`) behind one row of a Top: of an item (item_no), or of a category in `column`.

    For events and users: those with such an event; for orders: who ordered; for buyers: who bought and kept; for
    units and revenue: who bought or returned.
    """
    if column is None:
        mine = Query(" AND item_no = ?", (key,))
    elif key is None:
        mine = Query(
            f" AND item_no NOT IN (SELECT item_no FROM ({category_columns(store)[column]}) WHERE category IS NOT NULL)"
        )
    else:
        mine = Query(
            f" AND item_no IN (SELECT item_no FROM ({category_columns(store)[column]}) WHERE category = ?)", (key,)
        )
    window = resolve(store, window)
    rows = _rows(measure, window, event) + " AND user_no IS NOT NULL" + mine
    if measure == "buyers":
        return Query("SELECT DISTINCT user_no FROM (") + _kept(rows, window) + ")"
    return Query("SELECT DISTINCT user_no FROM events WHERE ") + rows


def _rows(measure: Measure, window: Window, event: str | None) -> Query:
    """The condition on events that `measure` counts."""
    rows = Query("item_no IS NOT NULL AND ") + window.condition()
    if measure in ("events", "users"):
        rows = rows if event is None else rows + Query(" AND event = ?", (event,))
    else:
        rows += f" AND {IS_TRADE if measure in ('units', 'revenue') else IS_ORDER}"
    return rows + " AND user_no IS NOT NULL" if measure in ("users", "buyers") else rows


def _kept(rows: Query, window: Window) -> Query:
    """user_no, item_no of the purchases `rows`, without those wholly returned by the window's end."""
    bought = Query("SELECT DISTINCT user_no, item_no FROM events WHERE ") + rows
    return bought + " EXCEPT (" + wholly_returned(Window(None, window.end).condition()) + ")"


def _sums(measure: Measure, rows: Query) -> Query:
    """item_no, value of a measure that adds up over items."""
    value = {"events": "count(*)", "units": NET_UNITS, "revenue": "CAST(sum(value) AS DOUBLE)"}[measure]
    return Query(f"SELECT item_no, {value} AS value FROM events WHERE ") + rows + " GROUP BY item_no"


def _pairs(measure: Measure, rows: Query, window: Window, categories: str | None) -> Query:
    """Distinct key, who, for a measure that counts users or orders; key is an item_no or a category."""
    if measure == "buyers":
        pairs = Query("SELECT item_no, user_no AS who FROM (") + _kept(rows, window) + ")"
    elif measure == "orders":
        distinct = Query(f"SELECT DISTINCT item_no, {ORDER_KEY} FROM events WHERE ") + rows
        pairs = Query("SELECT item_no, row(user_no, order_id, order_day) AS who FROM (") + distinct + ")"
    else:
        return _user_pairs(rows, categories)
    if categories is None:
        return Query("SELECT item_no AS key, who FROM (") + pairs + ")"
    return Query("SELECT DISTINCT category AS key, who FROM (") + pairs + f") LEFT JOIN ({categories}) USING (item_no)"


def _user_pairs(rows: Query, categories: str | None) -> Query:
    """Distinct key, who of any event. Both are packed into one integer: twice as quick on many events."""
    if categories is None:
        packed = Query("SELECT DISTINCT (CAST(item_no AS BIGINT) << 32) + user_no AS pair FROM events WHERE ") + rows
        return Query("SELECT pair >> 32 AS key, pair & 4294967295 AS who FROM (") + packed + ")"
    numbered = f"SELECT item_no, category, dense_rank() OVER (ORDER BY category) AS number FROM ({categories})"
    packed = (
        Query(f"WITH named AS MATERIALIZED ({numbered}) SELECT category AS key, pair & 4294967295 AS who FROM (")
        + "SELECT DISTINCT (coalesce(number, 0) << 32) + user_no AS pair"
        " FROM (SELECT item_no, user_no FROM events WHERE "
        + rows
        + ") LEFT JOIN named USING (item_no)) LEFT JOIN (SELECT DISTINCT number, category FROM named)"
    )
    # An item without any pair and one whose category is NULL are alike: both have no category.
    return Query("SELECT DISTINCT key, who FROM (") + packed + " ON number = pair >> 32)"


def _ranked(
    store: Store, measure: Measure, n: int, window: Window, event: str | None, categories: str | None
) -> tuple[pd.DataFrame, float, int]:
    """The best `n` (key, value), the total that shares are of, and the number of keys."""
    rows = _rows(measure, window, event)
    if measure in _ADDS:
        each = _sums(measure, rows)
        join = "" if categories is None else f" LEFT JOIN ({categories}) USING (item_no)"
        key = "item_no" if categories is None else "category"
        grouped = Query(f"SELECT {key} AS key, sum(value) AS value FROM (") + each + f"){join} GROUP BY ALL"
        total = Query("SELECT sum(value) AS total FROM (") + each + ")"
    else:
        grouped = (
            Query("SELECT key, count(*) AS value FROM (") + _pairs(measure, rows, window, categories) + ") GROUP BY key"
        )
        total = _whole(measure, rows, window)
    best = Query("SELECT key, value, count(*) OVER () AS groups FROM (") + grouped + ") WHERE value IS NOT NULL"
    counted = table(store, best + Query(" ORDER BY value DESC, key NULLS LAST LIMIT ?", (n,)))
    whole = store.rows(total)[0]["total"]
    return counted, float(whole or 0), int(counted["groups"].iloc[0]) if len(counted) else 0


def _whole(measure: Measure, rows: Query, window: Window) -> Query:
    """All distinct users, orders or buyers: what the shares of these measures are of."""
    if measure == "users":
        return Query("SELECT count(DISTINCT user_no) AS total FROM events WHERE ") + rows
    return Query("SELECT count(DISTINCT who) AS total FROM (") + _pairs(measure, rows, window, None) + ")"


def _top(
    by: Literal["item", "category"],
    column: str | None,
    measure: Measure,
    event: str | None,
    window: Window,
    ranked: tuple[pd.DataFrame, float, int],
    names: Sequence[tuple[str | None, str]],
) -> Top:
    counted, total, groups = ranked
    value = counted["value"].astype("float64" if measure in ("units", "revenue") else "int64")
    share = value / total if total > 0 else value * float("nan")
    shown = pd.DataFrame(
        {
            "key": counted["key"].astype("object"),
            "id": pd.Series([own for own, _ in names], dtype="object"),
            "label": pd.Series([label for _, label in names], dtype="object"),
            "value": value,
            "share": share,
        }
    )
    return Top(by, column, measure, event, window, shown, total, groups, None if len(shown) else _NOTHING[measure])
