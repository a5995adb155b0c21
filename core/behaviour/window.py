"""The stretch of time a question is about: half-open, in UTC, never past the end of the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from core.errors import Refusal
from core.store import Query, Store

Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")

NO_TIMES = "These events carry no time, so nothing can be shown over time. Load a file with a time column to see this."


@dataclass(frozen=True)
class Window:
    """The events with `start <= at_utc < end` (UTC, no time zone attached).

    Attributes:
        start: None = from the first event on; events without a time then count too.
        end: None = the end of the data (Store.as_of). Events dated after the end of the data never count.

    Raises Refusal `empty_window` when the start is not before the end.

    >>> Window(datetime(2025, 3, 1), datetime(2025, 3, 31)).length
    datetime.timedelta(days=30)
    """

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise Refusal(
                "empty_window",
                f"The period ends ({self.end:%Y-%m-%d %H:%M}) before it begins ({self.start:%Y-%m-%d %H:%M}).",
                "Choose a start that lies before the end.",
            )

    @property
    def length(self) -> timedelta | None:
        """The time between start and end; None where either is open."""
        return None if self.start is None or self.end is None else self.end - self.start

    def condition(self) -> Query:
        """The SQL condition on `at_utc`; the window must be resolved."""
        if self.end is None:
            return Query("TRUE")
        if self.start is None:
            return Query("(at_utc < ? OR at_utc IS NULL)", (self.end,))
        return Query("(at_utc >= ? AND at_utc < ?)", (self.start, self.end))


EVERYTHING = Window()
"""All events, those without a time included."""


def resolve(store: Store, window: Window) -> Window:
    """`window` with its end filled in and cut at the end of the data.

    The end stays None only in a workspace without times. Raises Refusal `window_after_data` when the window begins
    after the last event, and `no_times` when a bounded window is asked of data without times.
    """
    last = store.as_of()
    if last is None:
        if window != EVERYTHING:
            raise Refusal(
                "no_times", "These events carry no time, so no period can be chosen.", "Look at all the data."
            )
        return EVERYTHING
    if window.start is not None and window.start >= last:
        raise Refusal(
            "window_after_data",
            f"The period begins on {window.start:%Y-%m-%d}, but the data end on {last:%Y-%m-%d}.",
            "Choose an earlier period.",
        )
    return Window(window.start, last if window.end is None else min(window.end, last))


def last_days(store: Store, days: int) -> Window:
    """The `days` times 24 hours before the end of the data; all of a workspace without times.

    The same stretch that a segment's "in the last 30 days" means, so that both count the same users.
    """
    last = store.as_of()
    return EVERYTHING if last is None else Window(last - timedelta(days=days), last)


def between(first: date, last: date) -> Window:
    """From the beginning of the day `first` to the end of the day `last`, both included.

    >>> between(date(2025, 3, 1), date(2025, 3, 31)).end
    datetime.datetime(2025, 4, 1, 0, 0)
    """
    return Window(datetime.combine(first, time.min), datetime.combine(last, time.min) + timedelta(days=1))


def before(window: Window) -> Window | None:
    """The stretch of equal length that ends where a resolved `window` begins; None where the window has no start.

    >>> before(Window(datetime(2025, 3, 8), datetime(2025, 3, 15)))
    Window(start=datetime.datetime(2025, 3, 1, 0, 0), end=datetime.datetime(2025, 3, 8, 0, 0))
    """
    if window.start is None or window.length is None:
        return None
    return Window(window.start - window.length, window.start)


def period_start(day: date, unit: Unit) -> date:
    """The first day of the day, week (from Monday) or month that holds `day`.

    >>> period_start(date(2025, 3, 13), "week"), period_start(date(2025, 3, 13), "month")
    (datetime.date(2025, 3, 10), datetime.date(2025, 3, 1))
    """
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def next_period(start: date, unit: Unit) -> date:
    """The first day of the period after the one that begins on `start`.

    >>> next_period(date(2025, 12, 1), "month")
    datetime.date(2026, 1, 1)
    """
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if unit == "week" else 1)


def in_period(window: Window, start: date, unit: Unit) -> Window:
    """The part of a resolved `window` that lies in the period beginning on `start`: what one bar of a chart counts."""
    low = datetime.combine(start, time.min)
    high = datetime.combine(next_period(start, unit), time.min)
    if window.start is not None:
        low = max(low, window.start)
    return Window(low, high if window.end is None else min(high, window.end))
