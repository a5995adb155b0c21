"""Where each user's time begins: the first event of a kind, the cohort it puts the user into, and the user's part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.behaviour import Unit, Window
from core.retention.ways import MOST_PARTS, OTHERS, absent_part, part_query
from core.segments import EventStep, event_query, read_schema
from core.store import Query, Store

Ints = npt.NDArray[np.int64]
DAY_US = 86_400_000_000
OWN_DAYS: dict[Unit, int] = {"day": 1, "week": 7, "month": 30}
"""Days of 24 hours in a stretch that counts from the user's own start."""


@dataclass(frozen=True, eq=False)
class Starts:
    """Users by their start, one row each.

    Attributes:
        users: int32, user_no. first: int64, microseconds since 1970 (UTC). part: int64, code of the part.
        parts: names of the parts, the largest first, "Others" and the part without a value last; ("",) if not parted.
    """

    users: npt.NDArray[np.int32]
    first: Ints
    part: Ints
    parts: tuple[str, ...]


def did(store: Store, event: str, end: datetime | None) -> Query:
    """The condition on events `e` that a known user did this before `end`, at a known time. Raises BadRule."""
    what = event_query(EventStep(event), read_schema(store), end)
    return Query("e.user_no IS NOT NULL AND e.at_utc < ? AND ", (end,)) + what


def start_query(store: Store, event: str, window: Window) -> Query:
    """`user_no`, `first` (TIMESTAMP): users whose first such event before the window's end lies in the window."""
    made = (
        Query("SELECT e.user_no, min(e.at_utc) AS first FROM events e WHERE ")
        + did(store, event, window.end)
        + " GROUP BY e.user_no"
    )
    return made if window.start is None else made + Query(" HAVING min(e.at_utc) >= ?", (window.start,))


def read_starts(store: Store, event: str, by: str | None, window: Window) -> Starts:
    """Everyone whose start lies in a resolved window, with the part each is in by the way `by`."""
    starts = start_query(store, event, window)
    if by is None:
        found = store.read(Query("SELECT user_no, epoch_us(first) AS first FROM (") + starts + ")")
        users, first = (found.column(n).to_numpy() for n in range(2))
        return Starts(users.astype(np.int32), first.astype(np.int64), np.zeros(len(users), dtype=np.int64), ("",))
    parts = part_query(store, by, starts, did(store, event, window.end), window.end)
    query = (
        Query("SELECT s.user_no, epoch_us(s.first) AS first, p.part FROM (")
        + starts
        + ") s LEFT JOIN ("
        + parts
        + ") p USING (user_no)"
    )
    frame: pd.DataFrame = store.read(query).to_pandas()
    codes, names = _coded(frame["part"], absent_part(by))
    return Starts(frame["user_no"].to_numpy(np.int32), frame["first"].to_numpy(np.int64), codes, names)


def _coded(values: pd.Series, absent: str) -> tuple[Ints, tuple[str, ...]]:
    """The largest parts by name (of equal size by name), then the rest, then those without a value."""
    codes, kinds = pd.factorize(values, use_na_sentinel=True)
    sizes = np.bincount(codes[codes >= 0], minlength=len(kinds))
    order = sorted(range(len(kinds)), key=lambda code: (-sizes[code], str(kinds[code])))
    kept = order if len(order) <= MOST_PARTS + 1 else order[:MOST_PARTS]
    names = [str(kinds[code]) for code in kept]
    rest, missing = len(order) > len(kept), bool((codes < 0).any())
    place = np.full(len(kinds) + 1, len(kept), dtype=np.int64)
    for n, code in enumerate(kept):
        place[code] = n
    place[-1] = len(kept) + rest
    return place[codes], (*names, *([OTHERS] if rest else []), *([absent] if missing else []))


def part_condition(parts: tuple[str, ...], part: str, by: str) -> Query:
    """The condition on `p.part` that a user is in this part of `parts` (as Starts has them)."""
    absent = absent_part(by)
    named = [name for name in parts if name not in (OTHERS, absent)]
    if part == absent and part not in named:
        return Query("p.part IS NULL")
    if part == OTHERS and part not in named:
        marks = ", ".join("?" for _ in named)
        return Query(f"p.part IS NOT NULL AND p.part NOT IN ({marks})", tuple(named))
    return Query("p.part = ?", (part,))


def period_numbers(at: npt.NDArray[Any], unit: Unit) -> Ints:
    """The number of the calendar day, week or month that each moment (microseconds since 1970) lies in."""
    return number_days(at // DAY_US, unit)


def number_days(days: npt.NDArray[Any], unit: Unit) -> Ints:
    """The same of days since 1970; weeks begin on Monday (1970-01-01 was a Thursday)."""
    if unit == "day":
        return days.astype(np.int64)
    if unit == "week":
        return np.asarray((days.astype(np.int64) + 3) // 7)
    if not len(days):
        return np.zeros(0, dtype=np.int64)
    low = int(days.min())  # one look-up for each day that occurs, not a calendar for each event
    months = np.arange(low, int(days.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months[days - low])


def period_sql(moment: str, unit: Unit) -> str:
    """SQL: the same number of a TIMESTAMP."""
    days = f"(CAST({moment} AS DATE) - DATE '1970-01-01')"
    if unit == "month":
        return f"((year({moment}) - 1970) * 12 + month({moment}) - 1)"
    return days if unit == "day" else f"(({days} + 3) // 7)"
