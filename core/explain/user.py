"""Who a user is: what they did, how much they spend, what they like more than others do."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from core.explain import usual
from core.explain.tables import (
    ACTS,
    IS_TRADE,
    before,
    category_column,
    end_of,
    in_order,
    item_labels,
    number_of,
    own_values,
    words,
)
from core.explain.types import Did, Taste, UserPortrait
from core.store import Query, Store

MOST_LINES = 200
_DAY = timedelta(days=1)


def user_portrait(store: Store, user: str, *, until: datetime | None = None) -> UserPortrait:
    """Who a user is, by the events before `until` (None = the end of the data) and those without a time.

    A user whom only a users file names has a portrait without events. Raises Refusal `unknown_user`, `no_times`.
    """
    no, end = number_of(store, "users", user), end_of(store, until)
    mine = Query("SELECT * FROM events WHERE user_no = ?", (no,)) + before(end)
    facts = store.rows(_facts(mine))[0]
    events = {str(e["event"]): int(e["n"]) for e in facts["events"] or []}
    column = category_column(store)
    bought = "purchase" in words(store)
    orders: list[datetime | None] = facts["orders"] or []
    net = None if facts["net"] is None else float(facts["net"])
    return UserPortrait(
        user,
        own_values(store, "users", no),
        tuple((event, events[event]) for event in in_order(events)),
        int(facts["items"]),
        facts["first_seen"],
        facts["last_seen"],
        None if end is None else int(facts["days"]),
        len(orders) if bought else None,
        net,
        net / len(orders) if orders and net is not None else None,
        _rank(store, no, end) if orders else None,
        None if facts["last_order"] is None or end is None else (end - facts["last_order"]) / _DAY,
        _between(orders),
        facts["weekday"],
        facts["hour"],
        column,
        () if column is None else _tastes(store, column, mine, end),
        _shares(store, "channel", facts["channels"], end),
        _shares(store, "device", facts["devices"], end),
        _history(store, mine),
        sum(events.values()),
    )


def _facts(mine: Query) -> Query:
    """One row: what is counted over the user's events, in one pass over all events."""
    when = (
        "(SELECT {part} FROM mine WHERE "
        + ACTS
        + " AND at_utc IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
    )
    return (
        Query("WITH mine AS MATERIALIZED (")
        + mine
        + f""") SELECT
            count(DISTINCT item_no) FILTER ({ACTS}) AS items,
            min(at_utc) FILTER ({ACTS}) AS first_seen, max(at_utc) FILTER ({ACTS}) AS last_seen,
            count(DISTINCT CAST(at_utc AS DATE)) FILTER ({ACTS}) AS days,
            sum(value) FILTER ({IS_TRADE}) AS net,
            max(at_utc) FILTER (event = 'purchase') AS last_order,
            (SELECT list({{'event': event, 'n': n}}) FROM (SELECT event, count(*) AS n FROM mine GROUP BY event))
                AS events,
            (SELECT list(at_first ORDER BY at_first) FROM (SELECT min(at_utc) AS at_first FROM mine
                WHERE event = 'purchase'
                GROUP BY order_id, CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END)) AS orders,
            {_counted("channel")} AS channels,
            {_counted("device")} AS devices,
            {when.format(part="isodow(at_utc) - 1")} AS weekday,
            {when.format(part="hour(at_utc)")} AS hour
        FROM mine"""
    )


def _counted(column: usual.Of) -> str:
    return "(SELECT list(counted) FROM (" + usual.COLUMN_COUNTS.format(column=column, rows="mine") + ") counted)"


def _between(orders: list[datetime | None]) -> float | None:
    """Median days between the beginnings of two orders, one after the other."""
    timed = sorted(at for at in orders if at is not None)
    return None if len(timed) < 2 else median((later - at) / _DAY for at, later in pairwise(timed))


def _rank(store: Store, no: int, end: datetime | None) -> float | None:
    """Of the buyers whose revenue is known, the share with more than this one."""
    all_buyers = usual.buyers(store, end)
    own = all_buyers.revenue[np.searchsorted(all_buyers.numbers, no)]
    if np.isnan(own):
        return None
    return float((all_buyers.revenue > own).sum() / (~np.isnan(all_buyers.revenue)).sum())


def _tastes(store: Store, column: str, mine: Query, end: datetime | None) -> tuple[Taste, ...]:
    own = usual.category_counts(store, column, mine)
    return usual.tastes(own, usual.by_category(store, column, end)) if own.total else ()


def _shares(
    store: Store, column: usual.Of, own: list[dict[str, Any]] | None, end: datetime | None
) -> tuple[Taste, ...]:
    if not own:
        return ()
    values = {str(row["value"]): int(row["n"]) for row in own}
    return usual.tastes(usual.Counts(values, sum(values.values())), usual.by_column(store, column, end))


def _history(store: Store, mine: Query) -> tuple[Did, ...]:
    query = (
        Query("SELECT at_utc, event, item_no, item_id, quantity, value, rating, channel FROM (SELECT * FROM (")
        + mine
        + Query(") ORDER BY at_utc DESC NULLS LAST, event, item_no, order_id, value LIMIT ?", (MOST_LINES,))
        + ") LEFT JOIN items USING (item_no) ORDER BY at_utc DESC NULLS LAST, event, item_no, order_id, value"
    )
    rows: list[dict[str, Any]] = store.rows(query)
    labels = item_labels(store, (row["item_no"] for row in rows if row["item_no"] is not None))
    return tuple(
        Did(
            row["at_utc"],
            str(row["event"]),
            row["item_id"],
            labels.get(row["item_no"]),
            row["quantity"],
            None if row["value"] is None else float(row["value"]),
            row["rating"],
            row["channel"],
        )
        for row in rows
    )
