"""When in the week attention falls: hours by weekdays, in the time zone that people live by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.visits_kept import NOBODY, all_visits, microseconds
from core.attention.visits_rule import DEFAULT_RULE, VisitRule
from core.behaviour import (
    EVERYTHING,
    IS_ORDER,
    NO_TIMES,
    NOT_ACTIVE,
    ORDER_KEY,
    Timeline,
    Window,
    active,
    resolve,
    share_interval,
    spread,
    timelines,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

Count = Literal["events", "visits", "users", "purchases", "conversion"]
CLOCK_COUNTS: tuple[Count, ...] = get_args(Count)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UTC = "UTC"
NOTHING = "Nothing was done in this period."

_HOURS = 24
_CELLS = 7 * _HOURS
_QUARTER = 900_000_000  # microseconds: some zones stand apart by quarters of an hour
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clock:
    """Attention by hour and weekday.

    Attributes:
        window, rule, zone: as asked.
        table: weekday (0 = Monday), hour (0 to 23, of the zone's own clock), events (anonymous ones too; impressions
            not), users (known, active), purchases (orders, by their first line), visits (by their beginning), bought
            (visits with a purchase), conversion, low, high (bought / visits, Wilson, 95 %; NaN without visits). 168
            rows.
        problem: why nothing can be shown. dates_only: all times are midnight, so that hours say nothing.
    """

    window: Window
    rule: VisitRule
    zone: str
    table: pd.DataFrame
    problem: str | None = None


def clock(
    store: Store,
    zone: str = UTC,
    rule: VisitRule = DEFAULT_RULE,
    window: Window = EVERYTHING,
    *,
    step: Step = no_step,
) -> Clock:
    """What is done in each hour of the week. Raises Refusal `no_such_zone`."""
    window = resolve(store, window)
    if window.end is None:
        return Clock(window, rule, zone, pd.DataFrame(), NO_TIMES)
    low, cells = _cells(store, zone)
    if not len(cells):
        return Clock(window, rule, zone, pd.DataFrame(), NOTHING)

    def counted(query: Query) -> Ints:
        found = store.read(
            Query(f"SELECT epoch_us(at_utc) // {_QUARTER} AS quarter, count(*) AS n FROM (")
            + query
            + ") GROUP BY quarter",
            step=step,
        )
        return _summed(cells, found.column(0).to_numpy() - low, found.column(1).to_numpy())

    events = counted(
        Query("SELECT at_utc FROM events WHERE user_no IS NULL AND ") + _doing() + " AND " + _timed(window)
    )
    known, users = _known(store, window, low, cells, step)
    events += known
    orders = counted(_orders(window))
    held = all_visits(store, rule, step=step)
    inside = held.begun_in(window)
    begun = cells[held.start[inside] // _QUARTER - low]
    visits = np.bincount(begun, minlength=_CELLS)
    bought = np.bincount(begun[held.bought[inside]], minlength=_CELLS)
    if not events.any():
        return Clock(window, rule, zone, pd.DataFrame(), NOTHING)
    share_low, share_high = share_interval(bought, visits)
    table = pd.DataFrame(
        {
            "weekday": np.arange(_CELLS) // _HOURS,
            "hour": np.arange(_CELLS) % _HOURS,
            "events": events,
            "users": users,
            "purchases": orders,
            "visits": visits,
            "bought": bought,
            "conversion": np.divide(bought, visits, out=np.full(_CELLS, np.nan), where=visits > 0),
            "low": share_low,
            "high": share_high,
        }
    )
    problem = "The data hold days and no times of day, so no hour can be told." if held.dates_only else None
    return Clock(window, rule, zone, table, problem)


def clock_users(
    store: Store,
    count: Count,
    weekday: int,
    hour: int,
    zone: str = UTC,
    rule: VisitRule = DEFAULT_RULE,
    window: Window = EVERYTHING,
) -> Query:
    """The known users (`user_no`) behind a cell: who did something, began a visit, or placed an order in that hour.

    `conversion` yields those who began a visit with a purchase. Raises Refusal `no_such_part`, `no_such_zone`.
    """
    if count not in CLOCK_COUNTS or not 0 <= weekday < 7 or not 0 <= hour < _HOURS:
        raise Refusal("no_such_part", f"There is no cell {count!r}, day {weekday}, hour {hour}.", "Hours are 0 to 23.")
    window = resolve(store, window)
    if window.end is None:
        return NOBODY
    low, cells = _cells(store, zone)
    cell = weekday * _HOURS + hour
    if count in ("visits", "conversion"):
        held = all_visits(store, rule)
        chosen = held.begun_in(window)
        chosen &= cells[np.clip(held.start // _QUARTER - low, 0, len(cells) - 1)] == cell if len(cells) else False
        return held.people_query(chosen & held.bought if count == "conversion" else chosen)
    quarters = ",".join(map(str, (np.flatnonzero(cells == cell) + low).tolist()))
    if not quarters:
        return NOBODY
    inside = Query(
        f"epoch_us(at_utc) // {_QUARTER} IN (SELECT CAST(unnest(string_split(?, ',')) AS BIGINT))", (quarters,)
    )
    if count == "purchases":
        placed = Query("SELECT user_no, at_utc FROM (") + _orders(window) + ") WHERE user_no IS NOT NULL"
        return Query("SELECT DISTINCT user_no FROM (") + placed + ") WHERE " + inside
    return Query("SELECT DISTINCT user_no FROM events WHERE ") + active() + " AND " + _timed(window) + " AND " + inside


def zones(store: Store) -> list[str]:
    """The names of time zones that can be chosen: UTC first, then places ("Europe/Berlin") by name."""
    rows = store.rows(Query("SELECT DISTINCT name FROM pg_timezone_names() WHERE name LIKE '%/%' ORDER BY name"))
    apart = ("Etc/", "SystemV/", "posix/", "right/")
    return [UTC, *(str(row["name"]) for row in rows if not str(row["name"]).startswith(apart))]


def _cells(store: Store, zone: str) -> tuple[int, Ints]:
    """The number of the data's first quarter of an hour since 1970, and the cell of each quarter from there on.

    Each quarter is converted by DuckDB's own calendar, so that summer time begins and ends where the zone has it.
    """
    if zone != UTC and zone not in zones(store):
        raise Refusal("no_such_zone", f"There is no time zone {zone!r}.", "Write a place, as Europe/Berlin, or UTC.")
    (span,) = store.rows(
        Query(
            f"SELECT epoch_us(min(at_utc)) // {_QUARTER} AS low, epoch_us(max(at_utc)) // {_QUARTER} AS high "
            "FROM events WHERE at_utc < ?",
            (store.as_of(),),
        )
    )
    if span["low"] is None:
        return 0, np.empty(0, np.int64)
    low, high = int(span["low"]), int(span["high"])
    local = "timezone(?, timezone('UTC', make_timestamp(quarter * 900000000)))"
    asked = Query(
        f"SELECT (isodow(l) - 1) * {_HOURS} + hour(l) AS cell FROM (SELECT quarter, {local} AS l FROM range(?, ?) "
        "AS rows(quarter)) ORDER BY quarter",
        (zone, low, high + 1),
    )
    return low, store.read(asked).column(0).to_numpy().astype(np.int64)


def _summed(cells: Ints, quarters: Ints, n: Ints) -> Ints:
    return np.bincount(cells[quarters], weights=n, minlength=_CELLS).astype(np.int64)


def _known(store: Store, window: Window, low: int, cells: Ints, step: Step) -> tuple[Ints, Ints]:
    """In each cell: what known users did, and how many different ones of them did anything."""
    since = None if window.start is None else microseconds(window.start)
    until = microseconds(window.end)

    def counted(line: Timeline) -> tuple[Ints, Ints]:
        kept = ~line.of(*NOT_ACTIVE)
        if since is not None:
            kept &= line.at >= since
        kept &= line.at < until
        cell = cells[line.at[kept] // _QUARTER - low]
        person = np.cumsum(line.first, dtype=np.int64)[kept] - 1
        came = np.zeros((len(line.begins) - 1) * _CELLS, dtype=np.uint8)
        person *= _CELLS
        person += cell
        came[person] = 1
        # bytes are added quickest; 255 users are the most that one can count
        some = np.add.reduceat(
            came.reshape(-1, _CELLS), np.arange(0, len(line.begins) - 1, 255), axis=0, dtype=np.uint8
        )
        return np.bincount(cell, minlength=_CELLS), some.sum(axis=0, dtype=np.int64)

    did, people = np.zeros(_CELLS, dtype=np.int64), np.zeros(_CELLS, dtype=np.int64)
    for line in timelines(store, step=step):
        for events, users in spread(counted, line.pieces):
            did += events
            people += users
    return did, people


def _doing() -> Query:
    return Query(f"event NOT IN ({', '.join('?' * len(NOT_ACTIVE))})", NOT_ACTIVE)


def _timed(window: Window) -> Query:
    return Query("at_utc IS NOT NULL AND ") + window.condition()


def _orders(window: Window) -> Query:
    """user_no, at_utc: each order and its first moment."""
    return (
        Query(f"SELECT user_no, min(at_utc) AS at_utc FROM events WHERE {IS_ORDER} AND ")
        + _timed(window)
        + f" GROUP BY {ORDER_KEY.replace(' AS order_day', '')}"
    )
