"""Items launched in a window, and their events by day since then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.fading_fit import Whole
from core.behaviour import ORDER_KEY, Window, category_columns, contents, covered, table
from core.errors import Refusal
from core.store import Query, Store

UNKNOWN_DAYS = 14
_NEVER = ("return", "impression")
_DAY_US = 86_400_000_000
Counts = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LaunchQuestion:
    """What is counted, and how long after launch.

    Attributes:
        event: the event counted; None = views, or what these data have most of. Of purchases orders are counted.
        days: days after launch that are looked at, 14 to 365.
        unknown_days: items seen in the first so many days of the data may be older: their launch is not known.
        category: the items' column to compare by; None = the first one there is.
        item: raw id of one item to set against all; None = none.
    """

    event: str | None = None
    days: int = 90
    unknown_days: int = UNKNOWN_DAYS
    category: str | None = None
    item: str | None = None


def launch_events(store: Store) -> tuple[str, ...]:
    """The events that can be followed after a launch: those of items that users do, views first."""
    kinds = [kind.event for kind in contents(store) if kind.event not in _NEVER and kind.timed]
    named = {
        str(row["event"])
        for row in store.rows(Query("SELECT event FROM events GROUP BY event HAVING count(item_no) > 0"))
    }
    return tuple(sorted((k for k in kinds if k in named), key=lambda k: k != "view"))


def filled(store: Store, question: LaunchQuestion) -> LaunchQuestion:
    """The question with its gaps filled. Raises Refusal `bad_days`, `no_such_event`, `no_such_column`."""
    if not 14 <= question.days <= 365 or not 0 <= question.unknown_days <= 365:
        raise Refusal("bad_days", f"{question.days} days after launch cannot be shown.", "Choose 14 to 365 days.")
    kinds = launch_events(store)
    if question.event is not None and kinds and question.event not in kinds:
        raise Refusal("no_such_event", f"No item has the event {question.event!r}.", f"There are: {', '.join(kinds)}.")
    columns = list(category_columns(store))
    if question.category is not None and question.category not in columns:
        raise Refusal(
            "no_such_column", f"Items have no category column {question.category!r}.",
            f"There are: {', '.join(columns) or 'none'}.",
        )  # fmt: skip
    return replace(
        question,
        event=question.event or (kinds[0] if kinds else "view"),
        category=question.category or (columns[0] if columns else None),
    )


def _since(store: Store, window: Window, question: LaunchQuestion) -> tuple[datetime, datetime, datetime] | None:
    """The earliest launch that counts, the moment launches end, and the moment watching ends."""
    span = covered(store, Window(None, window.end))
    if span is None or window.end is None:
        return None
    first = span[0] + timedelta(days=question.unknown_days)
    return (first if window.start is None else max(first, window.start)), window.end, span[1]


def _launched(window: Window) -> Query:
    """item_no, launched: each item's first event of all."""
    return Query(
        "SELECT item_no, min(at_utc) AS launched FROM events WHERE item_no IS NOT NULL AND at_utc < ? GROUP BY item_no",
        (window.end,),
    )


def born_items(store: Store, window: Window, question: LaunchQuestion) -> tuple[pd.DataFrame, int] | None:
    """item_no, launched of the items launched in the window, by number; and how many were there from the beginning."""
    since = _since(store, window, question)
    if since is None:
        return None
    found = table(store, Query("SELECT item_no, launched FROM (") + _launched(window) + ") ORDER BY item_no")
    span = covered(store, Window(None, window.end))
    assert span is not None
    unknown = int((found["launched"] < span[0] + timedelta(days=question.unknown_days)).sum())
    mine = found[(found["launched"] >= since[0]) & (found["launched"] < since[1])]
    return mine.reset_index(drop=True), unknown


def days_watched(store: Store, window: Window, born: pd.DataFrame, days: int) -> Whole:
    """Whole days after launch that each item could be watched, at most `days`."""
    span = covered(store, Window(None, window.end))
    end = pd.Timestamp(span[1]) if span else pd.Timestamp(0)
    whole = ((end - pd.to_datetime(born["launched"])) // pd.Timedelta(days=1)).to_numpy(dtype=np.int64)
    return np.clip(whole, 0, days)


def counted_events(store: Store, window: Window, question: LaunchQuestion) -> Query:
    """item_no, day, user_no (and the order): the counted events within the days that their item was watched whole."""
    since = _since(store, window, question)
    assert since is not None
    low, high, end = since
    order = question.event == "purchase"
    what = f"DISTINCT {ORDER_KEY}, item_no" if order else "user_no, item_no"
    at = "(epoch_us(e.at_utc) - epoch_us(b.launched)) // " + str(_DAY_US)
    inner = (
        Query("WITH born AS (SELECT * FROM (")
        + _launched(window)
        + Query(") WHERE launched >= ? AND launched < ?)", (low, high))
        + Query(
            f" SELECT e.user_no, e.item_no, e.order_id, e.at_utc, CAST({at} AS INTEGER) AS day"
            " FROM events e JOIN born b USING (item_no) WHERE e.event = ? AND e.at_utc < ?"
            " AND e.at_utc < b.launched + to_days(?) AND epoch_us(b.launched) + "
            f"(({at}) + 1) * {_DAY_US} <= epoch_us(CAST(? AS TIMESTAMP))",
            (question.event, window.end, question.days, end),
        )
    )
    return Query(f"SELECT {what}, day FROM (") + inner + ")"


def count_by_day(store: Store, window: Window, question: LaunchQuestion, born: pd.DataFrame, watched: Whole) -> Counts:
    """(items, days): events of each item on each day that it was watched whole."""
    found = store.read(
        Query("SELECT item_no, day, count(*) AS n FROM (") + counted_events(store, window, question) + ") GROUP BY ALL"
    )
    item, day, n = (found.column(i).to_numpy() for i in range(3))
    counts = np.zeros((len(born), question.days), dtype=np.float32)
    place = np.searchsorted(born["item_no"].to_numpy(), item)
    inside = day < watched[place]
    counts[place[inside], day[inside]] = n[inside]
    return counts
