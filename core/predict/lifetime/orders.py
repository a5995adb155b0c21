"""Days with an order, user by user, and what the models make of them: how many, how long ago, what they were worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.behaviour import NO_TIMES, UNITS, Unit, Window, covered, resolve
from core.errors import Refusal
from core.predict.lifetime.maximum import Floats
from core.progress import Step, no_step
from core.store import Query, Store

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAYS: dict[Unit, float] = {"day": 1.0, "week": 7.0, "month": 30.4375}
"""Days of a unit; a month is a twelfth of 365.25 days."""

YEAR = 365.25
_EPOCH = date(1970, 1, 1)


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day that `number_of` counts."""
    return _EPOCH + timedelta(days=int(number))


@dataclass(frozen=True, eq=False)
class OrderDays:
    """Days (UTC) on which known users bought, by user, then day. Several orders of one day are one purchase here.

    Attributes:
        users: int32 (n,), user_no. days: int64 (n,), since 1970-01-01. net: float64 (n,), value of the day's purchases
            less its returns, in the file's currency; 0 where none has a value.
        valued: whether any purchase has a value.
        apart_days, apart: days with returns but no purchase, and their value, zero or less: they are in no `net`.
        last: the last whole day of all the data (days since 1970-01-01).
    """

    users: npt.NDArray[np.int32]
    days: Ints
    net: Floats
    valued: bool
    apart_days: Ints
    apart: Floats
    last: int

    @cached_property
    def begins(self) -> Ints:
        """(users,): where each user's days begin."""
        marks = np.ones(len(self.users), dtype=np.bool_)
        np.not_equal(self.users[1:], self.users[:-1], out=marks[1:])
        return np.flatnonzero(marks)

    def until(self, last: int) -> OrderDays:
        """What is known at the end of the day `last`."""
        kept, apart = self.days <= last, self.apart_days <= last
        return OrderDays(
            self.users[kept],
            self.days[kept],
            self.net[kept],
            self.valued,
            self.apart_days[apart],
            self.apart[apart],
            last,
        )


@dataclass(frozen=True, eq=False)
class Buyers:
    """Buyers as the models see them, one row each, by rising user_no; times in whole days.

    Attributes:
        users: user_no. x: repeat purchases: days with an order after the first one.
        first: the first such day. recency: age at the last one. age: age at the end of the last whole day.
        paid: repeat purchases worth more than zero. value: their mean worth, 0 where there are none.
        left_out: how many repeat purchases were worth zero or less (given away, or returned on the day).
    """

    users: npt.NDArray[np.int32]
    x: Ints
    first: Ints
    recency: Ints
    age: Ints
    paid: Ints
    value: Floats
    left_out: int

    def __len__(self) -> int:
        return len(self.users)

    def rows(self, chosen: Bools | npt.NDArray[np.intp]) -> Buyers:
        """Some of them."""
        return Buyers(
            self.users[chosen],
            self.x[chosen],
            self.first[chosen],
            self.recency[chosen],
            self.age[chosen],
            self.paid[chosen],
            self.value[chosen],
            self.left_out,
        )


def check_unit(unit: str) -> None:
    """Raises Refusal `bad_unit`."""
    if unit not in UNITS:
        raise Refusal("bad_unit", f"{unit!r} is no unit of time.", f"Choose one of {', '.join(UNITS)}.")


def order_days(store: Store, *, step: Step = no_step) -> OrderDays | str:
    """All of the workspace up to its last whole day, or why there are none, in words.

    A day is whole where the data go on after it, and the last one where all of its times are midnight (dates only).
    """
    window = resolve(store, Window())
    span = covered(store, window)
    if window.end is None or span is None:
        return NO_TIMES
    end = datetime.combine(span[1].date(), time.min)
    # Returns alone make no purchase; their value is summed, so that what the worth of orders leaves out can be said.
    query = Query(
        "SELECT user_no, CAST(at_utc AS DATE) - DATE '1970-01-01' AS day, coalesce(sum(value), 0)::DOUBLE AS net, "
        "bool_or(event = 'purchase') AS bought, count(value) FILTER (event = 'purchase') AS valued FROM events "
        "WHERE event IN ('purchase', 'return') AND user_no IS NOT NULL AND at_utc < ? GROUP BY ALL ORDER BY ALL",
        (end,),
    )
    found = store.read(query, step=step)
    users, days, net, bought, valued = (found.column(n).to_numpy() for n in range(5))
    if not bought.any():
        return "No known user has bought anything on a whole day. Load purchases with users and times to see this."
    return OrderDays(
        users[bought].astype(np.int32),
        days[bought].astype(np.int64),
        net[bought].astype(np.float64),
        bool(valued[bought].any()),
        days[~bought].astype(np.int64),
        net[~bought].astype(np.float64),
        number_of(end.date()) - 1,
    )


def last_whole_day(store: Store, days: OrderDays, as_of: datetime | None) -> int:
    """The last whole day before `as_of`, or of the data where that is earlier. Raises Refusal `window_after_data`."""
    if as_of is None:
        return days.last
    end = resolve(store, Window(None, as_of)).end
    assert end is not None
    return days.last if as_of >= end and end == store.as_of() else min(number_of(end.date()) - 1, days.last)


def buyers(days: OrderDays) -> Buyers:
    """Who bought by the end of the data of `days`, and how."""
    begins, n = days.begins, len(days.users)
    ends = np.append(begins[1:], n) - 1
    first, last = days.days[begins], days.days[ends]
    worth = np.where(days.net > 0, days.net, 0.0)
    worth[begins] = 0.0  # the first order is often unlike the others: the worth of repeat purchases, as in the source
    more = (days.net > 0).astype(np.int64)
    more[begins] = 0
    paid, spent = np.add.reduceat(more, begins), np.add.reduceat(worth, begins)
    x = ends - begins
    return Buyers(
        days.users[begins],
        x,
        first,
        last - first,
        days.last - first,
        paid,
        np.divide(spent, paid, out=np.zeros(len(begins)), where=paid > 0),
        int(x.sum() - paid.sum()),
    )


def bought_between(days: OrderDays, who: Buyers, after: int, last: int) -> tuple[Ints, Floats]:
    """For each of `who`: purchases in the days after `after` to `last`, and what they were worth, net."""
    held = (days.days > after) & (days.days <= last)
    place = np.searchsorted(who.users, days.users[held])
    place = np.minimum(place, len(who) - 1)
    known = who.users[place] == days.users[held]
    many = np.bincount(place[known], minlength=len(who)).astype(np.int64)
    return many, np.bincount(place[known], days.net[held][known], len(who)).astype(np.float64)
