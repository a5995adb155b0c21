"""Active users: how many a day, a week, a month; new and returning ones; stickiness.

Active means: a known user who did something in that time, whatever it was. An impression is done to the user, so it
makes nobody active.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from core.behaviour.periods import covered, grid, table, too_many
from core.behaviour.presence import either, how_many
from core.behaviour.sql import active, packed_period, period_of_key
from core.behaviour.summary import summary, whole_days
from core.behaviour.window import EVERYTHING, NO_TIMES, Unit, Window, in_period, resolve
from core.store import Query, Store

Kind = Literal["active", "new", "returning"]
WEEK, MONTH = 7, 30
_MOST_DAYS = 20_000  # a line can be longer than a row of bars
NOBODY = "No known user did anything in this period."


@dataclass(frozen=True, eq=False)
class ActiveUsers:
    """Active users per calendar period.

    Attributes:
        window, unit: as asked; periods in UTC, weeks from Monday.
        table: start, end (date; half-open), users, new, returning (int; users = new + returning), complete (bool).
            New = the user's first activity in all the data lies in this period.
        problem: why nothing can be shown.
    """

    window: Window
    unit: Unit
    table: pd.DataFrame
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class Stickiness:
    """How often those who are active in a month come: the daily active users over the active ones of 30 days.

    Attributes:
        window: as asked.
        table: day (date), dau, wau, mau (int: active on the day, in the 7 and in the 30 days that end with it),
            mean_dau (float: over those 30 days), stickiness (float, mean_dau / mau; NaN unless mau_complete),
            dau_complete, wau_complete, mau_complete (bool: all these days lie wholly within the data). One row per
            day of the window.
        latest: the last known stickiness, from 1/30 (each came once) to 1 (all came daily); None if none is.
        latest_day: its day.
        problem: why nothing can be shown.
    """

    window: Window
    table: pd.DataFrame
    latest: float | None = None
    latest_day: date | None = None
    problem: str | None = None


def active_users(store: Store, unit: Unit = "week", window: Window = EVERYTHING) -> ActiveUsers:
    """Distinct active users per `unit` of `window`, new and returning."""
    window = resolve(store, window)
    problem = NO_TIMES if window.end is None else too_many(store, window, unit)
    periods = grid(store, window, unit) if problem is None else pd.DataFrame()
    if problem is not None or periods.empty:
        return ActiveUsers(window, unit, pd.DataFrame(), problem or NOBODY)
    filled = _summed(store, window, periods)
    if filled is None:
        filled = _asked(store, window, unit, periods)
    filled["returning"] = filled["users"] - filled["new"]
    problem = None if filled["users"].any() else NOBODY
    return ActiveUsers(window, unit, filled[["start", "end", "users", "new", "returning", "complete"]], problem)


def _summed(store: Store, window: Window, periods: pd.DataFrame) -> pd.DataFrame | None:
    """`periods` with their users and new users, from the summary; None where it cannot say."""
    days = whole_days(store, window)
    presence = summary(store).presence(store) if days else None
    if days is None or presence is None:
        return None
    parts = days.parts(periods)
    came = presence.each(presence.active, parts)
    # who came before the window, then also who came in each period so far: the periods leave no day out
    before = either(presence.active[1 : presence.row(parts[0][0])])
    seen = np.bitwise_or.accumulate(np.vstack([before[None], came]), axis=0)[:-1]
    return periods.assign(users=how_many(came), new=how_many(came & ~seen))


def _asked(store: Store, window: Window, unit: Unit, periods: pd.DataFrame) -> pd.DataFrame:
    """`periods` with their users and new users, from SQL."""
    keys = (
        Query(f"SELECT DISTINCT {packed_period('user_no', unit)} AS key FROM events WHERE at_utc IS NOT NULL AND ")
        + active()
    )
    counted = table(
        store,
        Query(f"SELECT {period_of_key('key', unit)} AS start, count(*) AS users FROM (")
        + (keys + " AND " + window.condition())
        + ") GROUP BY start",
    )
    firsts = (
        Query(f"SELECT {packed_period('user_no', unit)} AS key FROM (")
        + _firsts(window)
        + ") WHERE "
        + window.condition()
    )
    new = Query(f"SELECT {period_of_key('key', unit)} AS start, count(*) AS new FROM (") + firsts + ") GROUP BY start"
    fresh = table(store, new)
    filled = periods.merge(counted, on="start", how="left").merge(fresh, on="start", how="left")
    return filled.fillna({"users": 0, "new": 0}).astype({"users": "int64", "new": "int64"})


def active_users_users(store: Store, window: Window, unit: Unit, start: date, kind: Kind = "active") -> Query:
    """The users (`user_no`) active in the period that begins on `start`: all, the new or the returning ones."""
    window = resolve(store, window)
    period = in_period(window, start, unit)
    seen = Query("SELECT DISTINCT user_no FROM events WHERE ") + active() + " AND " + period.condition()
    if kind == "active":
        return seen
    new = Query("SELECT user_no FROM (") + _firsts(window) + ") WHERE " + period.condition()
    return new if kind == "new" else seen + " EXCEPT (" + new + ")"


def stickiness(store: Store, window: Window = EVERYTHING) -> Stickiness:
    """Users active each day, in the 7 and in the 30 days that end with it, and what share of the latter a day sees."""
    window = resolve(store, window)
    span, all_data = covered(store, window), covered(store, Window(None, window.end))
    if span is None or all_data is None:
        return Stickiness(window, pd.DataFrame(), problem=NO_TIMES if window.end is None else NOBODY)
    problem = too_many(store, window, "day", _MOST_DAYS)
    if problem is not None:
        return Stickiness(window, pd.DataFrame(), problem=problem)
    since = datetime.combine(span[0].date(), time.min) - timedelta(days=MONTH - 1)
    back = Window(since, window.end)
    reach = _reach(store, back)
    shown = reach[reach["day"] >= span[0].date()].copy()
    for name, length in (("dau", 1), ("wau", WEEK), ("mau", MONTH)):
        reached = all_data[0].date() + timedelta(days=length - 1)
        shown[f"{name}_complete"] = shown["complete"] & (shown["day"] >= reached)
    shown = shown.drop(columns="complete")
    shown.loc[~shown["mau_complete"], "stickiness"] = float("nan")
    last = shown[shown["stickiness"].notna()].tail(1)
    return Stickiness(
        window,
        shown.reset_index(drop=True),
        None if last.empty else float(last["stickiness"].iloc[0]),
        None if last.empty else last["day"].iloc[0],
        None if shown["mau"].any() else NOBODY,
    )


def stickiness_users(store: Store, day: date, days: int = MONTH) -> Query:
    """The users (`user_no`) active in the `days` days that end with `day`."""
    end = datetime.combine(day, time.min) + timedelta(days=1)
    window = resolve(store, Window(end - timedelta(days=days), end))
    return Query("SELECT DISTINCT user_no FROM events WHERE ") + active() + " AND " + window.condition()


def _firsts(window: Window) -> Query:
    """Each user's first activity before the window's end: user_no, at_utc."""
    ends = Query("at_utc < ?", (window.end,))
    return (
        Query("SELECT user_no, min(at_utc) AS at_utc FROM events WHERE ")
        + ends
        + " AND "
        + active()
        + " GROUP BY user_no"
    )


def _reach(store: Store, window: Window) -> pd.DataFrame:
    """The columns of Stickiness.table on the grid of the window's days, and complete; the first 29 days lack a mean."""
    days = grid(store, window, "day")
    whole = whole_days(store, window)
    presence = summary(store).presence(store) if whole else None
    if presence is None:
        days = days.merge(_gaps(store, window), left_on="start", right_on="day", how="left")
        days = _rolling(days.drop(columns="day").fillna(0))
    else:
        place = [presence.row(day) - 1 for day in days["start"]]
        for name, length in (("dau", 1), ("wau", WEEK), ("mau", MONTH)):
            days[name] = presence.reached(presence.active, length)[place]
    mean = days["dau"].rolling(MONTH).mean()
    return pd.DataFrame(
        {
            "day": days["start"],
            **{name: days[name].astype("int64") for name in ("dau", "wau", "mau")},
            "mean_dau": mean,
            "stickiness": mean / days["mau"].where(days["mau"] > 0),
            "complete": days["complete"].astype(bool),
        }
    )


def _gaps(store: Store, window: Window) -> pd.DataFrame:
    """Per day: dau, and of those the users who had not come (new_), or will not come (lost_), for 7 or for 30 days."""
    keys = Query(f"SELECT DISTINCT {packed_period('user_no', 'day')} AS key FROM events WHERE ") + window.condition()
    keys += Query(" AND ") + active()
    # A user's keys are neighbours and two users' keys lie far more than 30 apart, so one order serves all users.
    gaps = (
        "SELECT key, key - lag(key) OVER (ORDER BY key) AS since, lead(key) OVER (ORDER BY key) - key AS until FROM ("
    )
    marked = ", ".join(
        f"count(*) FILTER (coalesce({gap}, {days}) >= {days}) AS {name}"
        for gap, days, name in (
            ("since", WEEK, "new_week"),
            ("until", WEEK, "lost_week"),
            ("since", MONTH, "new_month"),
            ("until", MONTH, "lost_month"),
        )
    )
    counts = f"SELECT {period_of_key('key', 'day')} AS day, count(*) AS dau, {marked} FROM ("
    return table(store, Query(counts + gaps) + keys + ")) GROUP BY day")


def _rolling(days: pd.DataFrame) -> pd.DataFrame:
    """`days`, a grid without missing ones, with wau and mau from the columns of `_gaps`.

    A user enters the count of the last L days on coming after L days or more of absence, and leaves it L days after
    the last visit before such an absence.
    """

    def within(length: int, name: str) -> pd.Series:
        came = days[f"new_{name}"].cumsum()
        left = days[f"lost_{name}"].cumsum().shift(length, fill_value=0)
        return (came - left).astype("int64")

    return days.assign(wau=within(WEEK, "week"), mau=within(MONTH, "month"))
