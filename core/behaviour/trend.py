"""The key figures per day, week or month: what the small lines beside them show."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import pandas as pd

from core.behaviour.periods import grid, table, too_many, unit_for
from core.behaviour.presence import how_many
from core.behaviour.sql import IS_ORDER, IS_TRADE, ORDER_KEY, TRADE, packed_period, period_of_event, period_of_key
from core.behaviour.summary import summary, whole_days
from core.behaviour.window import EVERYTHING, NO_TIMES, Unit, Window, period_start, resolve
from core.store import Query, Store


@dataclass(frozen=True, eq=False)
class Trend:
    """The key figures of each period of a window.

    Attributes:
        window: as asked, with its end filled in. unit: as asked, or chosen so that there are at most some 60 periods.
        table: start, end (date; half-open), complete (bool), users, items, events, orders (int), revenue (float, net; 0
            where nothing was bought), one row per period. Empty when there is a problem.
        problem: why nothing can be shown.
    """

    window: Window
    unit: Unit
    table: pd.DataFrame
    problem: str | None = None


_COUNTED: tuple[tuple[Literal["user_no", "item_no"], str], ...] = (("user_no", "users"), ("item_no", "items"))


def trend(store: Store, window: Window = EVERYTHING, unit: Unit | None = None) -> Trend:
    """Users, items, events, orders and net revenue per `unit` of `window`, as `overview` counts them."""
    window = resolve(store, window)
    unit = unit or unit_for(store, window)
    problem = NO_TIMES if window.end is None else too_many(store, window, unit)
    periods = grid(store, window, unit) if problem is None else pd.DataFrame()
    if problem is not None or periods.empty:
        return Trend(window, unit, pd.DataFrame(), problem or "No event lies in this period.")
    filled = _summed(store, window, unit, periods)
    if filled is None:
        filled = _asked(store, window, unit, periods)
    return Trend(
        window, unit, filled.astype({"users": "int64", "items": "int64", "events": "int64", "orders": "int64"})
    )


def _summed(store: Store, window: Window, unit: Unit, periods: pd.DataFrame) -> pd.DataFrame | None:
    """`periods` with their figures, from the summary; None where it cannot say."""
    days, known = whole_days(store, window), summary(store)
    if days is None:
        return None
    parts = days.parts(periods)
    orders = known.orders(store)
    each = orders.each(parts) if orders else None
    counts, presence = known.counts(store), known.presence(store)
    if each is None or counts is None or presence is None:
        return None
    events: Counter[date] = Counter()
    net: defaultdict[date, Decimal] = defaultdict(Decimal)
    for count in days.counted(counts):
        if count.day is not None:
            start = period_start(count.day, unit)
            events[start] += count.events
            if count.event in TRADE and count.value is not None:
                net[start] += count.value
    starts = periods["start"].tolist()
    return periods.assign(
        events=[events[start] for start in starts],
        revenue=[float(net[start]) for start in starts],
        users=how_many(presence.each(presence.users, parts)),
        items=how_many(presence.each(presence.items, parts)),
        orders=each,
    )


def _asked(store: Store, window: Window, unit: Unit, periods: pd.DataFrame) -> pd.DataFrame:
    """`periods` with their figures, from SQL."""
    within = Query("at_utc IS NOT NULL AND ") + window.condition()
    start = period_of_event(unit)
    net = f"CAST(coalesce(sum(value) FILTER ({IS_TRADE}), 0) AS DOUBLE)"
    events = Query(f"SELECT {start} AS start, count(*) AS events, {net} AS revenue FROM events WHERE ") + within
    users, things = (_distinct(column, unit, name) + within + ")" for column, name in _COUNTED)
    keys = Query(f"SELECT DISTINCT {start} AS start, {ORDER_KEY} FROM events WHERE {IS_ORDER} AND ") + within
    orders = Query("SELECT start, count(*) AS orders FROM (") + keys + ")"
    for query in (events, users, things, orders):
        periods = periods.merge(table(store, query + " GROUP BY start"), on="start", how="left")
    return periods.fillna({"users": 0, "items": 0, "events": 0, "orders": 0, "revenue": 0.0})


def _distinct(column: Literal["user_no", "item_no"], unit: Unit, name: str) -> Query:
    keys = f"SELECT DISTINCT {packed_period(column, unit)} AS key FROM events WHERE {column} IS NOT NULL AND "
    return Query(f"SELECT {period_of_key('key', unit)} AS start, count(*) AS {name} FROM (" + keys)
