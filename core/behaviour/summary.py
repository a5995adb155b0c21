"""The events of a workspace by day, made once for each version of its data, so that Home reads them once only.

Three parts, each made when it is first asked for: how many events of each kind a day has (`Counts`), who and what came
on which day, as bits (`Presence`), and the days of each order (`Orders`). A day is a whole one here, so they answer for
windows that begin and end at midnight or with the data; other windows are counted by SQL, as is all that is too large.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import pandas as pd

from core.behaviour.orders import Orders, read_orders
from core.behaviour.presence import Presence, read_presence
from core.behaviour.window import Window
from core.store import Query, Store

_MOST_COUNTS = 100_000
_MOST_BYTES = 250_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Count:
    """The events of one kind on one day.

    Attributes:
        day: None = without a time. late: after the end of the data (Store.as_of), so in no window.
        events, known, valued, ordered: all, those with a user, a value, an order number.
        loose: with neither user nor order number. first, last: moments (UTC). value: their sum; None without any.
    """

    day: date | None
    late: bool
    event: str
    events: int
    known: int
    valued: int
    ordered: int
    loose: int
    first: datetime | None
    last: datetime | None
    value: Decimal | None


Counts = tuple[Count, ...]


class Summary:
    """What one version of a workspace's data holds by day. Safe to share by threads: each part is made once.

    Every part is None where it would be too large, or where the data changed while it was read; the caller then asks
    SQL. Parts of one Summary that are not None are of the same version.
    """

    def __init__(self, version: int) -> None:
        self.version = version
        self._locks: dict[str, threading.Lock] = {name: threading.Lock() for name in ("counts", "presence", "orders")}
        self._parts: dict[str, object] = {}

    def counts(self, store: Store) -> Counts | None:
        """The events of each kind and day, in no order."""
        return self._part(store, "counts", _read_counts)

    def presence(self, store: Store) -> Presence | None:
        """Who and what came on which day."""
        made = self._part(store, "presence", read_presence)
        _make_room(self)
        return made

    def orders(self, store: Store) -> Orders | None:
        """How many orders have which days."""
        return self._part(store, "orders", read_orders)

    def holds(self, store: Store) -> bool:
        """Whether the data are still those of this summary."""
        return self.version == store.version

    def size(self) -> int:
        """Bytes of the largest part."""
        made = self._parts.get("presence")
        return made.size if isinstance(made, Presence) else 0

    def _part(self, store: Store, name: str, make: Callable[[Store], T | None]) -> T | None:
        with self._locks[name]:  # a second asker waits for the first one's answer
            if name not in self._parts:
                made = make(store) if self.holds(store) else None
                if not self.holds(store):  # some of it may be of the version after
                    return None
                self._parts[name] = made
            return cast("T | None", self._parts[name])


_summaries: WeakKeyDictionary[Store, Summary] = WeakKeyDictionary()
_changing = threading.Lock()


def summary(store: Store) -> Summary:
    """The summary of the store's present version; its parts are made when they are asked for."""
    with _changing:
        known = _summaries.get(store)
        if known is None or not known.holds(store):
            known = _summaries[store] = Summary(store.version)
        return known


def _make_room(latest: Summary) -> None:
    """Of many open workspaces the oldest summaries go first; the one just asked for stays."""
    with _changing:
        size = sum(each.size() for each in _summaries.values())
        for store, each in list(_summaries.items()):
            if size <= _MOST_BYTES:
                return
            if each is not latest:
                size -= each.size()
                del _summaries[store]


@dataclass(frozen=True)
class Days:
    """The whole days of a window: from `low` on (None = from the first, and events without a time) to before `high`
    (None = the end of the data).
    """

    low: date | None
    high: date | None

    def hold(self, day: date) -> bool:
        """Whether `day` lies in the window."""
        return (self.low is None or day >= self.low) and (self.high is None or day < self.high)

    def counted(self, counts: Counts) -> Iterator[Count]:
        """The counts of the window; those without a time where it has no start."""
        for count in counts:
            if not count.late and (self.low is None if count.day is None else self.hold(count.day)):
                yield count

    def parts(self, periods: pd.DataFrame) -> list[tuple[date, date]]:
        """Of each period (start, end) the days that lie in the window: first, and first after."""
        starts, ends = periods["start"].tolist(), periods["end"].tolist()
        return [
            (start if self.low is None else max(start, self.low), end if self.high is None else min(end, self.high))
            for start, end in zip(starts, ends, strict=True)
        ]


def whole_days(store: Store, window: Window) -> Days | None:
    """The days of a resolved window; None where it cuts a day in two, or the data have no times."""
    end = store.as_of()
    if end is None or window.end is None:
        return None
    midnight = time.min
    if window.start is not None and window.start.time() != midnight:
        return None
    if window.end != end and window.end.time() != midnight:
        return None
    return Days(None if window.start is None else window.start.date(), None if window.end == end else window.end.date())


def _read_counts(store: Store) -> Counts | None:
    # `late` is of the moment, not the day: the data may end in the midst of one.
    query = Query(
        "SELECT CAST(at_utc AS DATE) AS day, coalesce(at_utc >= ?, FALSE) AS late, event, count(*) AS events,"
        " count(user_no) AS known, count(value) AS valued, count(order_id) AS ordered,"
        " count(*) FILTER (user_no IS NULL AND order_id IS NULL) AS loose,"
        " min(at_utc) AS first, max(at_utc) AS last, sum(value) AS value FROM events GROUP BY ALL"
        f" LIMIT {_MOST_COUNTS + 1}",
        (store.as_of(),),
    )
    rows: list[dict[str, Any]] = store.rows(query)
    return tuple(Count(**row) for row in rows) if len(rows) <= _MOST_COUNTS else None
