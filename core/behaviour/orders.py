"""The days of each order: how many orders there are in which period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from core.behaviour.sql import IS_ORDER, ORDER_KEY
from core.store import Query, Store

_NEVER, _EVER = -(2**31), 2**31 - 1  # before and after every day
_EPOCH = date(1970, 1, 1)
_FIELDS = ("first", "last", "untimed", "between", "orders")


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders by their first and last day, one row for each pair of days that occurs.

    Attributes:
        first, last: int32, days since 1970; _NEVER for orders without a time.
        untimed: bool, some of their rows have no time.
        orders: int64, how many.
        clear: no order has days between its first and its last that are not known here; all but odd data are clear.
    """

    first: npt.NDArray[Any]
    last: npt.NDArray[Any]
    untimed: npt.NDArray[Any]
    orders: npt.NDArray[Any]
    clear: bool

    def within(self, low: date | None, high: date | None) -> int | None:
        """Orders with a row on the days low to before high; without a `low`, or without a time. None: not known."""
        if low is None:
            there = self.untimed | ((self.first != _NEVER) & (self.first < _day(high, _EVER)))
            return int(self.orders[there].sum())
        if not self.clear:
            return None
        begin, end = _day(low, 0), _day(high, _EVER)
        there = ((self.first >= begin) & (self.first < end)) | ((self.last >= begin) & (self.last < end))
        return int(self.orders[there].sum())

    def each(self, parts: Sequence[tuple[date, date]]) -> npt.NDArray[np.int64] | None:
        """Orders with a row on the days of each part (first day, first after), in their order; None: not known."""
        if not self.clear:
            return None
        first, last = (self._place(days, parts) for days in (self.first, self.last))
        counted = np.zeros(len(parts), dtype=np.int64)
        np.add.at(counted, first[first >= 0], self.orders[first >= 0])
        other = (last >= 0) & (last != first)
        np.add.at(counted, last[other], self.orders[other])
        return counted

    def _place(self, days: npt.NDArray[Any], parts: Sequence[tuple[date, date]]) -> npt.NDArray[np.int64]:
        """The part that each day lies in; -1 for none."""
        starts, ends = (np.array([_day(part[n], 0) for part in parts], dtype=np.int64) for n in (0, 1))
        place = np.searchsorted(starts, days, side="right") - 1
        return np.where((place >= 0) & (days < ends[place]), place, -1)


def read_orders(store: Store) -> Orders | None:
    """The orders of a workspace with times, up to the end of the data."""
    end = store.as_of()
    if end is None:
        return None
    rows = Query(
        f"SELECT {ORDER_KEY}, CAST(at_utc AS DATE) AS day FROM events WHERE {IS_ORDER} AND "
        "(at_utc < ? OR at_utc IS NULL)",
        (end,),
    )
    each = Query(
        "SELECT min(day) AS first, max(day) AS last, count(*) > count(day) AS untimed,"
        " count(day) > 2 AND max(day) - min(day) > 1 AS between FROM ("
    )
    keys = ", ".join(f"coalesce({name} - DATE '1970-01-01', {_NEVER})::INTEGER AS {name}" for name in ("first", "last"))
    query = Query(f"SELECT {keys}, untimed, between, count(*) AS orders FROM (") + each + rows
    table = store.read(query + ") GROUP BY user_no, order_id, order_day) GROUP BY ALL")
    first, last, untimed, between, orders = (table[name].to_numpy() for name in _FIELDS)
    return Orders(first, last, untimed, orders, not between.any())


def _day(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else (day - _EPOCH).days
