"""The days, weeks or months of a window: none left out, and the ones only partly covered marked."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pandas as pd

from core.behaviour.window import Unit, Window, next_period, period_start
from core.store import Query, Store

MOST_PERIODS = 4_000
"""More periods than this are not drawn: the chart would be unreadable, and one wrong year would make it so."""

_COLUMNS = ["start", "end", "complete"]
_TICK = timedelta(microseconds=1)


def grid(store: Store, window: Window, unit: Unit) -> pd.DataFrame:
    """One row per period that a resolved window touches, from the first event on: start, end (date), complete (bool).

    `end` is the first day after the period. A period is incomplete where the window or the data cover only a part of
    it. The first day of the data counts as covered from midnight, and so does the last one where all times are
    midnight (the file has dates only). Empty for data without times, and for windows without events.
    """
    span = covered(store, window)
    if span is None:
        return pd.DataFrame({"start": [], "end": [], "complete": []})
    low, high = span
    rows: list[tuple[date, date, bool]] = []
    start = period_start(low.date(), unit)
    while datetime.combine(start, time.min) < high:
        end = next_period(start, unit)
        whole = datetime.combine(start, time.min) >= low and datetime.combine(end, time.min) <= high
        rows.append((start, end, whole))
        start = end
    return pd.DataFrame(rows, columns=_COLUMNS)


def covered(store: Store, window: Window) -> tuple[datetime, datetime] | None:
    """The half-open stretch for which a resolved window's data are known, or None where it holds no timed event.

    It begins at midnight before the first event of all, or with the window where that is later; it ends with the
    window, or with the last day where that day's times are all midnight.
    """
    if window.end is None:
        return None
    row = store.rows(Query("SELECT min(at_utc) AS first FROM events WHERE at_utc < ?", (window.end,)))[0]
    first = row["first"]
    if not isinstance(first, datetime):
        return None
    low = datetime.combine(first.date(), time.min)
    if window.start is not None:
        low = max(low, window.start)
    high = window.end
    if high == store.as_of() and (high - _TICK).time() == time.min:
        high = high - _TICK + timedelta(days=1)
    return low, high


def too_many(store: Store, window: Window, unit: Unit, most: int = MOST_PERIODS) -> str | None:
    """Why more than `most` periods of a resolved window are not drawn; None where there are not so many."""
    span = covered(store, window)
    if span is None or (span[1] - span[0]).days <= most * {"day": 1, "week": 7, "month": 30}[unit]:
        return None
    return f"From {span[0]:%Y-%m-%d} on there are more than {most:,} {unit}s. Choose a later start."


def unit_for(store: Store, window: Window) -> Unit:
    """The unit that shows a resolved window in at most some 60 periods."""
    span = covered(store, window)
    days = (span[1] - span[0]).days if span else 0
    return "day" if days <= 62 else "week" if days <= 430 else "month"


def table(store: Store, query: Query) -> pd.DataFrame:
    """The answer to `query` as a data frame; dates as datetime.date, DECIMAL as Decimal."""
    frame: pd.DataFrame = store.read(query).to_pandas(date_as_object=True)
    return frame
