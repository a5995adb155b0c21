"""Events by type over time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import pandas as pd

from core.behaviour.contents import users_who
from core.behaviour.periods import grid, table, too_many
from core.behaviour.sql import period_of_event
from core.behaviour.summary import summary, whole_days
from core.behaviour.window import EVERYTHING, NO_TIMES, Unit, Window, in_period, period_start, resolve
from core.store import NAMES, Query, Store


@dataclass(frozen=True, eq=False)
class EventsOverTime:
    """How many events of each type each period holds.

    Attributes:
        window: as asked, with its end filled in.
        unit: day, week (from Monday) or month, in UTC.
        events: the event types present, those of the vocabulary in its order, then the others by name.
        table: start, end (date; half-open), event (str), events (int), complete (bool); one row per period and type,
            zeros included. Empty when there is a problem.
        problem: why nothing can be shown.
    """

    window: Window
    unit: Unit
    events: tuple[str, ...]
    table: pd.DataFrame
    problem: str | None = None


def events_over_time(store: Store, unit: Unit = "day", window: Window = EVERYTHING) -> EventsOverTime:
    """Events per `unit` and type in `window`; events without a time are left out."""
    window = resolve(store, window)
    problem = NO_TIMES if window.end is None else too_many(store, window, unit)
    periods = grid(store, window, unit) if problem is None else pd.DataFrame()
    if problem is None and periods.empty:
        problem = "No event lies in this period."
    if problem is not None:
        return EventsOverTime(window, unit, (), pd.DataFrame(), problem)
    counted = _counted(store, unit, window)
    names = _in_order(set(counted["event"]))
    every = periods.merge(pd.DataFrame({"event": names}, dtype="str"), how="cross")
    filled = every.merge(counted, on=["start", "event"], how="left").fillna({"events": 0}).astype({"events": "int64"})
    return EventsOverTime(window, unit, names, filled[["start", "end", "event", "events", "complete"]])


def events_over_time_users(store: Store, window: Window, unit: Unit, start: date, event: str | None = None) -> Query:
    """The users (`user_no`) behind one bar: with an event (of type `event`) in the period that begins on `start`."""
    return users_who(store, in_period(resolve(store, window), start, unit), event)


def _counted(store: Store, unit: Unit, window: Window) -> pd.DataFrame:
    """start, event, events; periods without events are left out."""
    days = whole_days(store, window)
    counts = summary(store).counts(store) if days else None
    if days is None or counts is None:
        query = Query(
            f"SELECT {period_of_event(unit)} AS start, event, count(*) AS events FROM events"
            " WHERE at_utc IS NOT NULL AND "
        )
        return table(store, query + window.condition() + " GROUP BY ALL")
    added: Counter[tuple[date, str]] = Counter()
    for count in days.counted(counts):
        if count.day is not None:
            added[period_start(count.day, unit), count.event] += count.events
    rows = [(start, event, events) for (start, event), events in added.items()]
    return pd.DataFrame(rows, columns=["start", "event", "events"])


def _in_order(events: set[str]) -> tuple[str, ...]:
    rank = {name: i for i, name in enumerate(NAMES)}
    return tuple(sorted(events, key=lambda e: (rank.get(e, len(rank)), e)))
