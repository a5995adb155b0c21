"""Events and revenue of each day with the limits that a clean day seldom leaves: one aggregate, one series of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import Refusal
from core.quality.ask import remember
from core.quality.series import Floats, amounts, limits
from core.quality.types import Asked
from core.store import Query

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and every command comes by here

Measure = Literal["events", "revenue"]
LEAST_DAYS = 28
"""A shorter series tells no week from chance, and has no limits."""
LEAST_EVENTS = 200
"""An event word with fewer is not looked at by itself."""
_WORDS = 20  # at most so many words, the most frequent
_BURSTS = 0.25  # a word that comes on fewer of its days than this comes in bursts
_LONELY = 31  # days with events that lie further than this before all the rest do not begin the series

_BY_DAY = (
    "SELECT CAST(at_utc AS DATE) AS day, event, count(*) AS events, min(at_utc) AS first, max(at_utc) AS last, "
    "coalesce(sum(value) FILTER (event = 'purchase'), 0)::DOUBLE AS revenue FROM events WHERE at_utc < ? GROUP BY 1, 2"
)


@dataclass(frozen=True, eq=False)
class Daily:
    """A daily series, UTC days without holes in the calendar; all arrays have one entry per day.

    Attributes:
        event: the event word; None = all events.
        measure: events, or revenue (of purchases, gross, in the file's currency).
        day: datetime64[D].
        count: events of the day, or its revenue.
        expected, low, high: what a usual day has, and the limits; NaN where there are none (a series of less than 28
            days, revenue that is too thin); on closed weekdays expected and low are 0 and high is infinite.
        flag: "" (as expected, or not judged), "gap", "spike", "drop", "closed" (a weekday that never has anything),
            "part" (first or last day, below its limit: only a part of it is in the data).
        first, last: times of the first and the last event of the series.
        bursts: the word comes on few days only; each of them is then a "spike".
    """

    event: str | None
    measure: Measure
    day: NDArray[np.datetime64]
    count: Floats
    expected: Floats
    low: Floats
    high: Floats
    flag: NDArray[np.str_]
    first: datetime
    last: datetime
    bursts: bool = False

    def on(self, flag: str) -> NDArray[np.int64]:
        """Places of the days with a flag."""
        return np.flatnonzero(self.flag == flag)

    def dates(self, at: NDArray[np.int64]) -> tuple[date, ...]:
        """The days at these places."""
        return tuple(self.day[at].tolist())


def daily(asked: Asked, event: str | None = None, *, measure: Measure = "events") -> Daily:
    """The daily series of all events or of one word, with limits; the same as the findings are made of.

    The series ends with the last event that counts (Store.as_of), begins with the first day that is not further than a
    month before all the rest, and of a word with its own first day. Raises Refusal `no_times` where no event has a
    time, `no_such_event` where there is no event of that word.
    """
    table = by_day(asked)
    if table.empty:
        raise Refusal("no_times", "No event has a time, so there is no daily volume.", "Map a time column at the load.")
    if measure == "revenue":
        event = "purchase"
    rows = table if event is None else table[table["event"] == event]
    if rows.empty:
        known = ", ".join(sorted(set(table["event"])))
        raise Refusal("no_such_event", f"There is no event {event!r} with a time.", f"There are: {known}.")
    return remember(asked, f"daily {measure} {event}", lambda: _daily(table, rows, event, measure))


def words(asked: Asked) -> list[str]:
    """Event words with enough events and days for limits of their own, the most frequent first."""
    table = by_day(asked)
    each: Any = table.groupby("event").agg(events=("events", "sum"), first=("day", "min"))
    last: Any = table["day"].max() if len(table) else None
    enough = [
        (-int(row.events), str(row.Index))
        for row in each.itertuples()
        if row.events >= LEAST_EVENTS and (last - row.first).days + 1 >= LEAST_DAYS
    ]
    return [word for _, word in sorted(enough)[:_WORDS]]


def by_day(asked: Asked) -> pd.DataFrame:
    """Columns day (datetime64), event, events, first, last, revenue: one row per day and word, from one aggregate."""

    import pandas as pd

    def make() -> pd.DataFrame:
        if asked.end is None:
            return pd.DataFrame(columns=["day", "event", "events", "first", "last", "revenue"])
        found: pd.DataFrame = asked.reader.read(Query(_BY_DAY, (asked.end,)), step=asked.step).to_pandas()
        found["day"] = pd.to_datetime(found["day"])
        return found[found["day"] >= _begin(found)]

    return remember(asked, "daily volume", make)


def _begin(table: pd.DataFrame) -> pd.Timestamp:
    """The first day: a few events dated years before the rest must not stretch the series over empty years."""
    import pandas as pd

    each = table.groupby("day")["events"].sum().sort_index()
    if each.empty:
        return pd.Timestamp(0)
    main = int(np.searchsorted(each.cumsum().to_numpy(), 0.001 * each.sum()))
    days = each.index[: main + 1]
    far = np.flatnonzero(np.diff(days.to_numpy()) > np.timedelta64(_LONELY, "D"))
    return pd.Timestamp(days[far[-1] + 1] if len(far) else days[0])


def _daily(table: pd.DataFrame, rows: pd.DataFrame, event: str | None, measure: Measure) -> Daily:
    import pandas as pd

    calendar = pd.date_range(rows["day"].min(), table["day"].max(), freq="D")
    column = "events" if measure == "events" else "revenue"
    count = rows.groupby("day")[column].sum().reindex(calendar, fill_value=0).to_numpy(np.float64)
    weekday = calendar.day_of_week.to_numpy(np.int64)
    flag = np.full(len(count), "", "<U6")
    low, high, expected = (np.full(len(count), np.nan) for _ in range(3))
    some = count[count > 0]
    bursts = bool(len(some) < _BURSTS * len(count) and len(some) and some.mean() >= 3)
    if bursts and measure == "events" and len(count) >= LEAST_DAYS:
        expected[:], low[:], high[:] = 0, 0, 0
        flag[count > 0] = "spike"
    elif len(count) >= LEAST_DAYS:
        whole = np.ones(len(count), bool)
        whole[[0, -1]] = False  # the first and the last day may be there in part only
        found = (limits if measure == "events" else amounts)(count, weekday, whole)
        expected, low, high = found.expected, found.low, found.high
        # Money that comes on few days has no limits at all.
        if measure == "revenue" and (bursts or not expected.any()):
            low, high, expected = (np.full(len(count), np.nan) for _ in range(3))
        under = (count < low) & ((count > 0) | (measure == "events"))
        flag[count > high] = "spike"
        flag[under] = np.where(whole[under], "drop", "part")
        flag[found.closed & (count == 0)] = "closed"
        flag[found.gap] = "gap"
    return Daily(
        event,
        measure,
        calendar.to_numpy().astype("datetime64[D]"),
        count,
        expected,
        low,
        high,
        flag,
        rows["first"].min().to_pydatetime(),
        rows["last"].max().to_pydatetime(),
        bursts,
    )
