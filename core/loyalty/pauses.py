"""How long buyers wait between orders: lengths that ended, and how many end at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Window, resolve
from core.loyalty.limit import Limit, product_limit
from core.loyalty.orders import Bools, Ints, Orders, read_orders, these
from core.loyalty.repeat import NO_BUYERS
from core.progress import Step, no_step
from core.store import Query, Store

WITHIN = (30, 60, 90, 180)
MOST_NUMBER = 6
"""Pauses after the 6th day with an order and later ones are one row."""

_MOST_BARS = 60


@dataclass(frozen=True, eq=False)
class PauseLengths:
    """Pauses between days with an order, in days.

    Attributes:
        window: as asked, with its end filled in. Pauses begin in it; those that go on are broken off at its end.
        ended, going_on: how many.
        median, q1, q3: of the ended ones; None without any.
        again: the product limit of all. again.within(30): share that ends within 30 days.
        bars: start, end (int, days, both included), ended, going_on (int): at most 60 of equal width.
        numbers: number (int; MOST_NUMBER: and later), ended, going_on (int), q1, median, q3 (float, of the ended ones;
            NaN without any), and for d in WITHIN within_d, low_d, high_d (float, product limit; NaN: not known yet).
        problem: why nothing can be shown.
    """

    window: Window
    ended: int = 0
    going_on: int = 0
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    again: Limit = field(default_factory=lambda: Limit(pd.DataFrame(), 0))
    bars: pd.DataFrame = field(default_factory=pd.DataFrame)
    numbers: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str | None = None


def pauses(store: Store, window: Window = EVERYTHING, *, step: Step = no_step) -> PauseLengths:
    """Pauses that begin in the window. Quartiles are those of NumPy (linear between two values)."""
    window = resolve(store, window)
    if window.end is None:
        return PauseLengths(window, problem=NO_TIMES)
    held = read_orders(store, window, step=step)
    if not len(held.days.user):
        return PauseLengths(window, problem=NO_BUYERS)
    length, over = _lengths(held)
    q1, median, q3 = _quartiles(length[over])
    return PauseLengths(
        window, int(over.sum()), int((~over).sum()), median, q1, q3, product_limit(length, over),
        _bars(length, over), _numbers(held, length, over),
    )  # fmt: skip


def pauses_users(
    store: Store, start: int, end: int, window: Window = EVERYTHING, *, ended: bool | None = None
) -> Query:
    """The users (`user_no`) with a pause of `start` to `end` days (both included); `ended`: over, going on, either.

    A user may have several such pauses: a bar counts pauses, this counts users.
    """
    held = read_orders(store, resolve(store, window))
    length, over = _lengths(held)
    there = (length >= start) & (length <= end)
    if ended is not None:
        there &= over == ended
    return these(held.buyers[np.unique(held.days.user[there])])


def number_users(store: Store, number: int, window: Window = EVERYTHING, *, ended: bool) -> Query:
    """The users whose pause after their `number`th order day (MOST_NUMBER: or later) ended, or still goes on."""
    held = read_orders(store, resolve(store, window))
    _, over = _lengths(held)
    nth = np.minimum(held.days.number, MOST_NUMBER)
    return these(held.buyers[np.unique(held.days.user[(nth == number) & (over == ended)])])


def _lengths(held: Orders) -> tuple[Ints, Bools]:
    """Each pause in days, and whether it ended."""
    days = held.days
    return np.where(days.last, held.today - days.day, days.pause), ~days.last


def _quartiles(ended: Ints) -> tuple[float | None, float | None, float | None]:
    if not len(ended):
        return None, None, None
    q1, median, q3 = np.quantile(ended, [0.25, 0.5, 0.75]).tolist()
    return q1, median, q3


def _bars(length: Ints, over: Bools) -> pd.DataFrame:
    """Pauses that go on and began today are 0 days long; the first bar takes them in."""
    width = ceil(max(int(length.max()), 1) / _MOST_BARS)
    place = np.maximum(length - 1, 0) // width
    size = int(place.max()) + 1
    start = np.arange(size) * width + 1
    start[0] = 0
    return pd.DataFrame(
        {
            "start": start,
            "end": (np.arange(size) + 1) * width,
            "ended": np.bincount(place[over], minlength=size),
            "going_on": np.bincount(place[~over], minlength=size),
        }
    )


def _numbers(held: Orders, length: Ints, over: Bools) -> pd.DataFrame:
    nth = np.minimum(held.days.number, MOST_NUMBER)
    rows = []
    for number in range(1, int(nth.max()) + 1):
        there = nth == number
        own, done = length[there], over[there]
        q1, median, q3 = _quartiles(own[done])
        row: dict[str, float] = {"number": number, "ended": int(done.sum()), "going_on": int((~done).sum())}
        row |= {name: np.nan if v is None else v for name, v in (("q1", q1), ("median", median), ("q3", q3))}
        limit = product_limit(own, done)
        for days in WITHIN:
            share, low, high = limit.within(days) or (np.nan,) * 3
            row |= {f"within_{days}": share, f"low_{days}": low, f"high_{days}": high}
        rows.append(row)
    return pd.DataFrame(rows).astype({"number": "int64", "ended": "int64", "going_on": "int64"})
