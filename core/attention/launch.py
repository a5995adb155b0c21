"""How an item's attention fades after its launch: events by day since then, half-life, floor, categories, items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.fading_fit import DRAWS, FEWEST_EVENTS, FROM_DAY, Fade, Whole, each_half_life, fade, spread
from core.behaviour import EVERYTHING, NO_TIMES, ORDER_KEY, Window, category_columns, contents, covered, item_names
from core.behaviour import resolve, table
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

UNKNOWN_DAYS = 14
WEEK = 7
MOST_ITEMS, MOST_CATEGORIES = 500, 12
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


@dataclass(frozen=True, eq=False)
class Launch:
    """How attention fades after launch (the item's first event of any kind).

    Attributes:
        question, window: as asked, filled in. Items launched in the window are followed to its end.
        days: day (int, 0 = the first 24 hours), items (int, watched for all of that day), events (int), users (int,
            known ones), per_item (events per item), low, high (its 95 % interval over items), each (mean over items of
            events as a multiple of the item's own average in days 1 to 7), each_low, each_high, each_items, fitted.
        fit: half-life and floor of all these items together.
        categories: category, items, events, half_life, low, high, floor, problem; the most items first.
        items: item_no, item_id, title, launched (datetime), watched (days), events, half_life, low, high: items with
            enough events, the most events first; drawn towards the others' as far as their own events are few.
        launched: items with a known launch in the window; unknown: items left out, there from the beginning.
        one: the chosen item's days (day, events, fitted), one_fit its fit, one_title its name, one_problem why it
            cannot be shown.
        problem: why nothing can be shown.
    """

    question: LaunchQuestion
    window: Window
    days: pd.DataFrame
    fit: Fade
    categories: pd.DataFrame
    items: pd.DataFrame
    launched: int = 0
    unknown: int = 0
    one: pd.DataFrame = field(default_factory=pd.DataFrame)
    one_fit: Fade | None = None
    one_title: str | None = None
    one_problem: str | None = None
    problem: str | None = None


def launch(
    store: Store, question: LaunchQuestion | None = None, window: Window = EVERYTHING, *, step: Step = no_step
) -> Launch:
    """How the attention of items launched in the window fades.

    Raises Refusal `no_such_event`, `no_such_column`, `no_such_item`, `bad_days`.
    """
    window = resolve(store, window)
    question = _filled(store, question or LaunchQuestion())
    born = _born(store, window, question)
    if born is None or window.end is None:
        return _none(question, window, NO_TIMES)
    known, unknown = born
    watched = _watched(store, window, known, question.days)
    if not len(known):
        said = (
            f"No item was launched in this period later than {question.unknown_days} days after the data begin "
            f"({unknown:,} items were there by then, so their launch is not known). Choose a longer period."
        )
        return replace(_none(question, window, said), unknown=unknown)
    step.report(0.2, "Counting by day since launch")
    counts = _counts(store, window, question, known, watched)
    if not counts.sum():
        said = f"No {question.event} of a newly launched item in this period. Choose another event."
        return replace(_none(question, window, said), launched=len(known), unknown=unknown)
    step.report(0.6, "Fitting")
    fit = fade(counts, watched)
    return Launch(
        question, window, _days(store, window, question, counts, watched, fit), fit,
        _categories(store, question, known, counts, watched), _items(store, known, counts, watched, fit),
        len(known), unknown, **_one(store, question, known, counts, watched),
    )  # fmt: skip


def launch_users(
    store: Store,
    question: LaunchQuestion,
    day: int | None = None,
    window: Window = EVERYTHING,
    *,
    item_no: int | None = None,
    category: str | None = None,
) -> Query:
    """The known users (`user_no`) whose events make up the bar of `day`, or of all days: of all, one item or category."""
    window = resolve(store, window)
    question = _filled(store, question)
    if window.end is None:
        return Query("SELECT user_no FROM users WHERE false")
    events = _events(store, window, question)
    query = Query("SELECT DISTINCT user_no FROM (") + events + ") WHERE user_no IS NOT NULL"
    if day is not None:
        query += Query(" AND day = ?", (day,))
    if item_no is not None:
        query += Query(" AND item_no = ?", (item_no,))
    if category is not None and question.category is not None:
        pairs = category_columns(store)[question.category]
        query += Query(f" AND item_no IN (SELECT item_no FROM ({pairs}) WHERE category = ?)", (category,))
    return query


def launch_events(store: Store) -> tuple[str, ...]:
    """The events that can be followed after a launch: those of items that users do, views first."""
    kinds = [kind.event for kind in contents(store) if kind.event not in _NEVER and kind.timed]
    named = {
        str(row["event"])
        for row in store.rows(Query("SELECT event FROM events GROUP BY event HAVING count(item_no) > 0"))
    }
    return tuple(sorted((k for k in kinds if k in named), key=lambda k: k != "view"))


def _filled(store: Store, question: LaunchQuestion) -> LaunchQuestion:
    if not (isinstance(question.days, int) and 14 <= question.days <= 365) or not 0 <= question.unknown_days <= 365:
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


def _born(store: Store, window: Window, question: LaunchQuestion) -> tuple[pd.DataFrame, int] | None:
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


def _watched(store: Store, window: Window, born: pd.DataFrame, days: int) -> Whole:
    """Whole days after launch that each item could be watched, at most `days`."""
    span = covered(store, Window(None, window.end))
    end = pd.Timestamp(span[1]) if span else pd.Timestamp(0)
    whole = ((end - pd.to_datetime(born["launched"])) // pd.Timedelta(days=1)).to_numpy(dtype=np.int64)
    return np.clip(whole, 0, days)


def _events(store: Store, window: Window, question: LaunchQuestion) -> Query:
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


def _counts(store: Store, window: Window, question: LaunchQuestion, born: pd.DataFrame, watched: Whole) -> Counts:
    found = store.read(
        Query("SELECT item_no, day, count(*) AS n FROM (") + _events(store, window, question) + ") GROUP BY ALL"
    )
    item, day, n = (found.column(i).to_numpy() for i in range(3))
    counts = np.zeros((len(born), question.days), dtype=np.float32)
    place = np.searchsorted(born["item_no"].to_numpy(), item)
    inside = day < watched[place]
    counts[place[inside], day[inside]] = n[inside]
    return counts


def _days(
    store: Store, window: Window, question: LaunchQuestion, counts: Counts, watched: Whole, fit: Fade
) -> pd.DataFrame:
    days = question.days
    alive = (np.arange(days)[None] < watched[:, None]).astype(np.float32)
    users = {
        int(row["day"]): int(row["users"])
        for row in store.rows(
            Query("SELECT day, count(DISTINCT user_no) AS users FROM (")
            + _events(store, window, question)
            + ") GROUP BY day"
        )
    }
    week = counts[:, FROM_DAY : FROM_DAY + WEEK].sum(axis=1)
    judged = (week >= WEEK) & (watched >= FROM_DAY + WEEK)
    own = np.divide(counts, (week / WEEK)[:, None], out=np.zeros_like(counts), where=judged[:, None])
    weights = np.random.default_rng(2).poisson(1.0, (DRAWS, len(counts))).astype(np.float32)
    rate, low, high = _means(counts, alive, weights)
    each, each_low, each_high = _means(own * alive, alive * judged[:, None], weights)
    return pd.DataFrame(
        {
            "day": np.arange(days), "items": alive.sum(axis=0).astype(np.int64),
            "events": counts.sum(axis=0).astype(np.int64), "users": [users.get(d, 0) for d in range(days)],
            "per_item": rate, "low": low, "high": high, "each": each, "each_low": each_low, "each_high": each_high,
            "each_items": (alive * judged[:, None]).sum(axis=0).astype(np.int64),
            "fitted": spread(days, fit, counts, watched),
        }
    ).query("items > 0").reset_index(drop=True)  # fmt: skip


def _means(values: Counts, alive: Counts, weights: Counts) -> tuple[npt.NDArray[np.float64], ...]:
    """Mean over items by day, with its 95 % interval over draws of items."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = values.sum(axis=0, dtype=float) / alive.sum(axis=0, dtype=float)
        drawn = np.sort((weights @ values) / (weights @ alive), axis=0)  # NaN last: a draw without any such item
    few = alive.sum(axis=0) < 2
    low, high = drawn[int(DRAWS * 0.025)].astype(float), drawn[int(DRAWS * 0.975)].astype(float)
    return mean, np.where(few, np.nan, low), np.where(few, np.nan, high)


def _categories(
    store: Store, question: LaunchQuestion, born: pd.DataFrame, counts: Counts, watched: Whole
) -> pd.DataFrame:
    names = ["category", "items", "events", "half_life", "low", "high", "floor", "problem"]
    if question.category is None:
        return pd.DataFrame(columns=names)
    pairs = table(store, Query(category_columns(store)[question.category])).dropna()
    pairs = pairs[pairs["item_no"].isin(born["item_no"])]
    place = pd.Series(born.index, index=born["item_no"])
    rows = []
    for category in pairs["category"].value_counts().head(MOST_CATEGORIES).index:
        mine = place.loc[pairs.loc[pairs["category"] == category, "item_no"]].to_numpy()
        fit = fade(counts[mine], watched[mine])
        rows.append((category, len(mine), int(counts[mine].sum()), fit.half_life, fit.low, fit.high, fit.floor,
                     fit.problem))  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def _items(store: Store, born: pd.DataFrame, counts: Counts, watched: Whole, fit: Fade) -> pd.DataFrame:
    own = counts[:, FROM_DAY:].sum(axis=1)
    chosen = np.argsort(-own, kind="stable")[:MOST_ITEMS]
    chosen = chosen[own[chosen] >= FEWEST_EVENTS]
    names = item_names(store, born["item_no"].iloc[chosen].tolist())
    half, low, high = (np.full(len(chosen), np.nan) for _ in range(3))
    together = fade(counts[chosen], watched[chosen]).floor if len(chosen) > 1 else fit.floor
    if together is not None:
        half, low, high = each_half_life(counts[chosen], watched[chosen], together)
    numbers = born["item_no"].iloc[chosen].tolist()
    return pd.DataFrame(
        {
            "item_no": numbers, "item_id": [names[n][0] for n in numbers], "title": [names[n][1] for n in numbers],
            "launched": born["launched"].iloc[chosen].tolist(), "watched": watched[chosen],
            "events": counts[chosen].sum(axis=1).astype(np.int64), "half_life": half, "low": low, "high": high,
        }
    )  # fmt: skip


def _one(
    store: Store, question: LaunchQuestion, born: pd.DataFrame, counts: Counts, watched: Whole
) -> dict[str, object]:
    """The chosen item beside the others."""
    if question.item is None:
        return {}
    rows = store.rows(Query("SELECT item_no FROM items WHERE item_id = ?", (question.item,)))
    if not rows:
        raise Refusal("no_such_item", f"There is no item {question.item!r}.", "Give its id as it stands in the file.")
    number = int(rows[0]["item_no"])
    title = item_names(store, [number])[number][1]
    places = np.flatnonzero(born["item_no"].to_numpy() == number)
    if not len(places):
        said = f"{title} was not launched in this period, or was there when the data begin: its launch is not known."
        return {"one_title": title, "one_problem": said}
    place = places[:1]
    fit = fade(counts[place], watched[place])
    whole = int(watched[place[0]])
    shown = pd.DataFrame(
        {
            "day": np.arange(whole), "events": counts[place[0], :whole].astype(np.int64),
            "fitted": spread(question.days, fit, counts[place], watched[place])[:whole],
        }
    )  # fmt: skip
    return {"one_title": title, "one": shown, "one_fit": fit}


def _none(question: LaunchQuestion, window: Window, problem: str) -> Launch:
    nothing = pd.DataFrame()
    return Launch(question, window, nothing, Fade(0, 0, problem=problem), nothing, nothing, problem=problem)
