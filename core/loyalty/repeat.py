"""How many buyers order again: the plain rate, and the fair one that gives every buyer the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Window, resolve, share_interval
from core.errors import Refusal
from core.loyalty.orders import DAY, UNDATED, Bools, Ints, Orders, read_orders, these
from core.progress import Step, no_step
from core.store import Query, Store

HORIZONS = (30, 60, 90, 180, 365)
"""Days after the first order."""

MOST_ORDERS = 10
"""Buyers with so many orders or more are one bar."""

NO_BUYERS = "No known user placed an order in this period. Choose a longer one, or load purchases that name users."
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Repeat:
    """Who orders again.

    Attributes:
        window: as asked, with its end filled in.
        buyers: known users with an order in the window; repeat: those with two or more; orders: all their orders.
        rate: repeat / buyers, with its 95 % interval (Wilson); None without buyers.
        table: one row for 1 to MOST_ORDERS orders (the last: or more): orders (int), users (int), share (float).
        fair: one row for each month (date, first day) with first orders of all in the window, buyers (int), and for
            each of HORIZONS d: watched_d (int, first order at least d days before the end), again_d (int, of these with
            a second order within d days), share_d, low_d, high_d (float; NaN where nobody was watched). Empty without
            times.
        problem: why nothing can be shown. note: why `fair` is empty.
    """

    window: Window
    buyers: int = 0
    repeat: int = 0
    orders: int = 0
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    fair: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str | None = None
    note: str | None = None


def repeat(store: Store, window: Window = EVERYTHING, *, step: Step = no_step) -> Repeat:
    """The repeat rate of a window, buyers by their number of orders, and the fair rate by month of first order.

    Orders without a time count where the window has no start. A month's buyers are known from all the data before the
    window's end, not from the window alone.
    """
    window = resolve(store, window)
    held = read_orders(store, window, step=step)
    if not len(held):
        return Repeat(window, problem=NO_BUYERS)
    counts = held.count
    buyers, again = len(counts), int((counts >= 2).sum())
    users = np.bincount(np.minimum(counts, MOST_ORDERS), minlength=MOST_ORDERS + 1)[1:]
    low, high = share_interval([again], [buyers])
    numbers = np.arange(1, MOST_ORDERS + 1)
    table = pd.DataFrame({"orders": numbers, "users": users, "share": users / buyers})
    note = NO_TIMES if window.end is None else None
    fair = pd.DataFrame() if note else _fair(_all(store, window, step), window)
    return Repeat(
        window, buyers, again, len(held), again / buyers, float(low[0]), float(high[0]), table, fair, note=note
    )  # fmt: skip


def repeat_users(store: Store, least: int, most: int | None = None, window: Window = EVERYTHING) -> Query:
    """The users (`user_no`) with `least` to `most` orders (both included; None: no limit) in the window."""
    held = read_orders(store, resolve(store, window))
    fits = (held.count >= least) & (held.count <= (most or np.iinfo(np.int64).max))
    return these(held.buyers[fits])


def fair_users(
    store: Store, month: date, horizon: int, window: Window = EVERYTHING, *, again: bool | None = True
) -> Query:
    """The buyers behind a cell of `Repeat.fair`: first order in `month`, at least `horizon` days before the end.

    again: True = who ordered again within the horizon, False = who did not, None = both.
    Raises Refusal `no_such_cell` for a horizon that is none.
    """
    if horizon not in HORIZONS:
        raise Refusal("no_such_cell", f"There is no column of {horizon} days.", f"There are {HORIZONS}.")
    window = resolve(store, window)
    held = _all(store, window, no_step)
    first, gap = _firsts(held)
    there = _watched(held, first, horizon) & (_months(first) == np.datetime64(month, "M"))
    if again is not None:
        there &= _within(gap, horizon) == again
    return these(held.buyers[there])


def _all(store: Store, window: Window, step: Step) -> Orders:
    return read_orders(store, Window(None, window.end), step=step)


def _firsts(held: Orders) -> tuple[Ints, Ints]:
    """Each buyer's first dated order (microseconds, UNDATED for none), and days to the second (-1: none)."""
    dated = held.at != UNDATED
    user, at = held.user[dated], held.at[dated]
    new = np.ones(len(user), dtype=np.bool_)
    np.not_equal(user[1:], user[:-1], out=new[1:])
    begins = np.flatnonzero(new)
    first, gap = np.full(len(held.buyers), UNDATED), np.full(len(held.buyers), -1)
    first[user[begins]] = at[begins]
    more = begins[np.append(np.diff(begins), len(user) - begins[-1]) > 1] if len(begins) else begins
    gap[user[more]] = at[more + 1] // DAY - at[more] // DAY
    return first, gap


def _watched(held: Orders, first: Ints, horizon: int) -> Bools:
    return np.asarray((held.today - first // DAY >= horizon) & (first != UNDATED), dtype=np.bool_)


def _within(gap: Ints, horizon: int) -> Bools:
    return (gap >= 0) & (gap <= horizon)


def _months(first: Ints) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.where(first == UNDATED, 0, first).astype("datetime64[us]").astype("datetime64[M]")


def _fair(held: Orders, window: Window) -> pd.DataFrame:
    first, gap = _firsts(held)
    dated = first != UNDATED
    if window.start is not None:
        dated &= first >= np.datetime64(window.start, "us").astype(np.int64)
    if not dated.any():
        return pd.DataFrame()
    month = _months(first)
    low = month[dated].min()
    place = (month - low).astype(np.int64)
    size = int(place[dated].max()) + 1
    found = {"month": [_day(low + n) for n in range(size)], "buyers": np.bincount(place[dated], minlength=size)}
    for days in HORIZONS:
        watched = dated & _watched(held, first, days)
        n = np.bincount(place[watched], minlength=size)
        k = np.bincount(place[watched & _within(gap, days)], minlength=size)
        with np.errstate(invalid="ignore"):
            found |= {f"watched_{days}": n, f"again_{days}": k, f"share_{days}": k / n}
        found[f"low_{days}"], found[f"high_{days}"] = share_interval(k, n)
    table = pd.DataFrame(found)
    return table[table["buyers"] > 0].reset_index(drop=True)


def _day(month: np.datetime64) -> date:
    return _EPOCH + timedelta(days=int(month.astype("datetime64[D]").astype(np.int64)))
