"""Every known user's orders one after the other, as arrays: read once for each version of the data and window.

Orders are few beside events (a tenth, or a hundredth), so all that is asked about repeating, pauses, stages by month,
scores and slipping are passes over these arrays, and no figure reads the events again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.behaviour import IS_ORDER, ORDER_KEY, Window
from core.loyalty.kept import Kept
from core.progress import Step, no_step
from core.store import Query, Store, flat

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAY = 86_400_000_000
"""Microseconds."""

UNDATED = int(np.iinfo(np.int64).min)
_EPOCH = datetime(1970, 1, 1)
_FEW = 2_000


@dataclass(frozen=True, eq=False)
class Days:
    """The days on which users placed orders: by user, then day; dated orders alone.

    Attributes:
        user: int64 (n,), place of the user in Orders.buyers.
        day: int64 (n,), days since 1970 (UTC), rising within a user.
        orders: int64 (n,), orders placed on it.
        began, latest: int64 (n,), microseconds of the first and the last of them.
    """

    user: Ints
    day: Ints
    orders: Ints
    began: Ints
    latest: Ints

    @cached_property
    def first(self) -> Bools:
        """(n,): whether it is the user's first."""
        return _changes(self.user)

    @cached_property
    def last(self) -> Bools:
        """(n,): whether it is the user's last."""
        return np.append(self.first[1:], True) if len(self.user) else self.first

    @cached_property
    def number(self) -> Ints:
        """(n,): 1 for a user's first day with an order, 2 for the second, ..."""
        begins = np.flatnonzero(self.first)
        return np.arange(len(self.user)) - np.repeat(begins, np.diff(np.append(begins, len(self.user)))) + 1

    @cached_property
    def pause(self) -> Ints:
        """(n,): days until the user's next day with an order; 0 for the last one, whose pause still goes on."""
        out = np.zeros(len(self.user), dtype=np.int64)
        if len(out):
            out[:-1] = np.where(self.last[:-1], 0, self.day[1:] - self.day[:-1])
        return out


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders of known users with a row in a window: by user, then time; undated ones first.

    Attributes:
        user: int64 (n,), place of the user in `buyers`.
        at: int64 (n,), microseconds since 1970 (UTC) of the order's first row; UNDATED without a time.
        value: float64 (n,), of its purchases, returns not taken off; NaN where no row has a value.
        buyers: int32 (b,), user_no, rising.
        end: end of the window; None without times.
    """

    user: Ints
    at: Ints
    value: Floats
    buyers: npt.NDArray[np.int32]
    end: datetime | None

    def __len__(self) -> int:
        return len(self.user)

    @cached_property
    def count(self) -> Ints:
        """(b,): orders of each buyer."""
        return np.bincount(self.user, minlength=len(self.buyers))

    @cached_property
    def today(self) -> int:
        """The day (since 1970) at which pauses that go on are broken off: that of `end`, as stages of loyalty do."""
        return 0 if self.end is None else micros(self.end) // DAY

    @cached_property
    def days(self) -> Days:
        """The days with orders."""
        dated = self.at != UNDATED
        user, at = self.user[dated], self.at[dated]
        day = at // DAY
        new = _changes(user) | _changes(day)
        begins = np.flatnonzero(new)
        ends = np.append(begins[1:], len(user))
        return Days(user[begins], day[begins], ends - begins, at[begins], at[ends - 1] if len(begins) else at)


def read_orders(store: Store, window: Window, *, step: Step = no_step) -> Orders:
    """The orders of a resolved window; the last few answers are kept while the data stay as they are."""
    return _kept.get(store, window, lambda: _read(store, window, step))


def placed_before(held: Orders, moment: datetime) -> Orders:
    """The orders that had begun before a moment, as of that moment; what they are worth is not cut at it."""
    then = held.at < micros(moment)
    there = np.bincount(held.user[then], minlength=len(held.buyers)) > 0
    return Orders(
        (np.cumsum(there) - 1)[held.user[then]], held.at[then], held.value[then], held.buyers[there], moment
    )  # fmt: skip


def these(user_nos: Iterable[int] | npt.NDArray[np.integer]) -> Query:
    """The query that yields these users (`user_no`), each once.

    Few are written out; many are a text of one bit for each number up to the largest.
    """
    numbers = np.unique(np.asarray(user_nos, dtype=np.int64))
    if not len(numbers):
        return Query("SELECT user_no FROM users WHERE false")
    if len(numbers) <= _FEW:
        return Query(f"SELECT user_no FROM users WHERE user_no IN ({', '.join(map(str, numbers.tolist()))})")
    marks = np.full(int(numbers[-1]) + 1, ord("0"), dtype=np.uint8)
    marks[numbers] = ord("1")
    return Query(
        "SELECT user_no FROM (SELECT user_no FROM users WHERE user_no < ?) WHERE get_bit(CAST(? AS BIT), user_no) = 1",
        (len(marks), marks.tobytes().decode()),
    )


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a moment in UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


_kept: Kept[Orders] = Kept()


def _read(store: Store, window: Window, step: Step) -> Orders:
    query = Query(
        f"SELECT user_no, coalesce(epoch_us(min(at_utc)), {UNDATED + 1} - 1) AS placed, sum(value)::DOUBLE AS value"
        f" FROM (SELECT {ORDER_KEY}, at_utc, value FROM events WHERE {IS_ORDER} AND user_no IS NOT NULL AND "
    )
    found = store.read(
        query + window.condition() + ") GROUP BY user_no, order_id, order_day ORDER BY user_no, placed, value",
        step=step,
    )
    numbers, at = (flat(found.column(n)) for n in (0, 1))
    first = _changes(numbers)
    return Orders(
        np.cumsum(first) - 1,
        at.astype(np.int64, copy=False),
        found.column(2).to_pandas().to_numpy(dtype=np.float64, na_value=np.nan),
        numbers[first].astype(np.int32),
        window.end,
    )


def _changes(values: npt.NDArray[np.integer]) -> Bools:
    """Whether each value differs from the one before it; the first does."""
    marks = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=marks[1:])
    return marks
