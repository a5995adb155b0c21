"""What a stretch of time holds: users, items, events, orders, buyers and net revenue, against the stretch before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from core.behaviour.contents import EventKind, contents, users_who
from core.behaviour.presence import how_many
from core.behaviour.sql import IS_ORDER, IS_TRADE, ORDER_KEY, TRADE
from core.behaviour.summary import summary, whole_days
from core.behaviour.window import EVERYTHING, NO_TIMES, Window, before, resolve
from core.store import Query, Store, joined

Part = Literal["users", "items", "events", "orders", "buyers", "revenue"]
NO_PURCHASES = "The data hold no purchases."
NO_VALUES = "The purchases carry neither a value nor a price."
NO_USERS = "No event names its user."


@dataclass(frozen=True)
class Metric:
    """One key figure.

    Attributes:
        value: None where it cannot be said; `problem` then tells why.
        before: the same over the window before; None where that cannot be compared (Overview.not_compared).
        problem: why there is no value.
    """

    value: int | Decimal | None
    before: int | Decimal | None = None
    problem: str | None = None

    @property
    def change(self) -> float | None:
        """(value - before) / |before|, as a share; None where there is no `before` or it is zero."""
        if self.value is None or not self.before:
            return None
        now, then = float(self.value), float(self.before)
        return (now - then) / abs(then)


@dataclass(frozen=True)
class Overview:
    """What a window holds.

    Attributes:
        window: as asked, with its end filled in.
        compared: the window of equal length before it; None where there is none.
        not_compared: why there is nothing to compare with; None where there is.
        first, last: moments (UTC) of the first and last event in the window; None without times.
        known_users: users the workspace knows, with or without events in the window.
        users: with at least one event of any kind. items: with at least one event.
        events: rows of any kind, anonymous ones included. anonymous: events that name no user.
        orders: distinct order numbers per user; where there is none, user and day. buyers: users with an order.
        revenue: sum of value over purchases and returns, in the file's currency.
        notes: what else a reader should know, in sentences.
    """

    window: Window
    compared: Window | None
    not_compared: str | None
    first: datetime | None
    last: datetime | None
    known_users: int
    users: Metric
    items: Metric
    events: Metric
    anonymous: Metric
    orders: Metric
    buyers: Metric
    revenue: Metric
    notes: tuple[str, ...]


def overview(store: Store, window: Window = EVERYTHING) -> Overview:
    """The key figures of `window`, each with that of the window before where the data reach back so far."""
    window = resolve(store, window)
    kinds = contents(store)
    now = _totals(store, window)
    earlier, not_compared = _window_before(kinds, window)
    then = _totals(store, earlier) if earlier else None
    missing = _problems(kinds)

    def metric(part: str) -> Metric:
        problem = missing.get(part)
        if problem:
            return Metric(None, None, problem)
        zero = Decimal(0) if part == "revenue" else 0
        return Metric(now[part] or zero, (then[part] or zero) if then else None)

    known = int(store.rows(Query("SELECT count(*) AS users FROM users"))[0]["users"])
    return Overview(
        window=window,
        compared=earlier,
        not_compared=not_compared,
        first=now["first"],
        last=now["last"],
        known_users=known,
        users=metric("users"),
        items=metric("items"),
        events=metric("events"),
        anonymous=metric("anonymous"),
        orders=metric("orders"),
        buyers=metric("buyers"),
        revenue=metric("revenue"),
        notes=_notes(store, kinds, now, window),
    )


def overview_users(store: Store, window: Window, part: Part) -> Query:
    """The users (`user_no`) behind a key figure: with an event, an event that names an item, an order, or a
    purchase or return.
    """
    if part in ("orders", "buyers"):
        return users_who(store, window, "purchase")
    users = users_who(store, window)
    if part == "items":
        return users + " AND item_no IS NOT NULL"
    return users + f" AND {IS_TRADE}" if part == "revenue" else users


def _totals(store: Store, window: Window) -> dict[str, Any]:
    summed = _summed(store, window)
    return _asked(store, window) if summed is None else summed


def _summed(store: Store, window: Window) -> dict[str, Any] | None:
    """The totals from the summary; None where it cannot say."""
    days, known = whole_days(store, window), summary(store)
    if days is None:
        return None
    orders, counts, presence = known.orders(store), known.counts(store), known.presence(store)
    ordered = orders.within(days.low, days.high) if orders else None
    if ordered is None or counts is None or presence is None:
        return None
    bought = Query("SELECT count(DISTINCT user_no) AS buyers FROM events WHERE event = 'purchase' AND ")
    buyers = store.rows(bought + window.condition())[0]["buyers"]
    if not known.holds(store):  # all numbers are of one moment, even while a load is being published
        return None
    of = list(days.counted(counts))
    values = [c.value for c in of if c.event in TRADE and c.value is not None]
    purchases = [c for c in of if c.event == "purchase"]
    return {
        "users": int(how_many(presence.within(presence.users, days.low, days.high))),
        "items": int(how_many(presence.within(presence.items, days.low, days.high))),
        "orders": ordered,
        "buyers": buyers,
        "events": sum(c.events for c in of),
        "anonymous": sum(c.events - c.known for c in of),
        "first": min((c.first for c in of if c.first is not None), default=None),
        "last": max((c.last for c in of if c.last is not None), default=None),
        "revenue": sum(values, Decimal(0)) if values else None,
        "untimed": sum(c.events for c in of if c.day is None),
        "loose": sum(c.loose for c in purchases),
        "unpriced": sum(c.events - c.valued for c in purchases),
    }


def _asked(store: Store, window: Window) -> dict[str, Any]:
    """The totals from SQL."""
    within = window.condition()

    def number(what: str, rows: str, name: str) -> Query:
        return Query(f"(SELECT {what} FROM {rows} AND ") + within + f") AS {name}"

    orders = f"(SELECT DISTINCT {ORDER_KEY} FROM events WHERE {IS_ORDER} AND "
    parts = [
        number("count(DISTINCT user_no)", "events WHERE user_no IS NOT NULL", "users"),
        number("count(DISTINCT user_no)", "events WHERE event = 'purchase'", "buyers"),
        number("count(DISTINCT item_no)", "events WHERE item_no IS NOT NULL", "items"),
        Query(f"(SELECT count(*) FROM {orders}") + within + ")) AS orders",
    ]
    totals = Query(
        "SELECT count(*) AS events, count(*) FILTER (user_no IS NULL) AS anonymous, min(at_utc) AS first,"
        f" max(at_utc) AS last, sum(value) FILTER ({IS_TRADE}) AS revenue, count(*) FILTER (at_utc IS NULL) AS untimed,"
        " count(*) FILTER (event = 'purchase' AND user_no IS NULL AND order_id IS NULL) AS loose,"
        " count(*) FILTER (event = 'purchase' AND value IS NULL) AS unpriced, "
    )
    # One statement, so that all numbers are of one moment even while a load is being published.
    return store.rows(totals + joined(", ", parts) + " FROM events WHERE " + within)[0]


def _window_before(kinds: tuple[EventKind, ...], window: Window) -> tuple[Window | None, str | None]:
    earlier = before(window)
    if window.end is None:
        return None, NO_TIMES
    if earlier is None or earlier.start is None:
        return None, "All the data are shown, so there is no period before."
    first = min(k.first for k in kinds if k.first is not None)
    if first.date() > earlier.start.date():
        return (
            None,
            f"The data begin on {first:%Y-%m-%d}, too late for a whole period of the same length before this one.",
        )
    return earlier, None


def _problems(kinds: tuple[EventKind, ...]) -> dict[str, str]:
    problems: dict[str, str] = {}
    purchases = [k for k in kinds if k.event == "purchase"]
    trade = [k for k in kinds if k.event in ("purchase", "return")]
    if not any(k.known for k in kinds):
        problems["users"] = problems["buyers"] = NO_USERS
    if not purchases:
        problems["orders"] = problems["buyers"] = NO_PURCHASES
    elif not any(k.known or k.ordered for k in purchases):
        problems["orders"] = "The purchases name neither a user nor an order."
    if not trade:
        problems["revenue"] = NO_PURCHASES
    elif not any(k.valued for k in trade):
        problems["revenue"] = NO_VALUES
    return problems


def _notes(store: Store, kinds: tuple[EventKind, ...], now: dict[str, Any], window: Window) -> tuple[str, ...]:
    notes, end = [], store.as_of()

    def note(n: int, one: str, many: str) -> None:
        if n:
            notes.append(f"{n:,} {one if n == 1 else many}")

    note(
        now["anonymous"],
        "event names no user: it counts in events and revenue, not among users.",
        "events name no user: they count in events and revenue, not among users.",
    )
    note(
        now["loose"],
        "purchase has neither a user nor an order number: it counts in revenue, not in orders.",
        "purchases have neither a user nor an order number: they count in revenue, not in orders.",
    )
    note(
        now["unpriced"] if any(k.valued for k in kinds) else 0,
        "purchase carries no value: it counts in orders, not in revenue.",
        "purchases carry no value: they count in orders, not in revenue.",
    )
    if end is not None:
        note(
            now["untimed"],
            "event has no time: it counts in totals, but in no figure over time.",
            "events have no time: they count in totals, but in no figure over time.",
        )
    if end is not None and window.end == end:
        note(
            int(store.rows(Query("SELECT count(*) AS n FROM events WHERE at_utc >= ?", (end,)))[0]["n"]),
            "event is dated after the day it was loaded; taken for an error, it does not count.",
            "events are dated after the day they were loaded; taken for errors, they do not count.",
        )
    return tuple(notes)
