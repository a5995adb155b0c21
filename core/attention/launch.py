"""How an item's attention fades after its launch: events by day since then, half-life, floor, categories, items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.fading_fit import DRAWS, FEWEST_EVENTS, FROM_DAY, Fade, Whole, each_half_life, fade, spread
from core.attention.launch_counts import (
    Counts,
    LaunchQuestion,
    born_items,
    count_by_day,
    counted_events,
    days_watched,
    filled,
)
from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Window,
    category_columns,
    item_names,
    resolve,
    table,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

WEEK = 7
MOST_ITEMS, MOST_CATEGORIES = 500, 12


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
        one: the chosen item's days (day, events, fitted, usual: what the mean of all items, brought to this one's
            level, would have been), one_fit its fit, one_title its name, one_problem why it cannot be shown.
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
    question = filled(store, question or LaunchQuestion())
    born = born_items(store, window, question)
    if born is None or window.end is None:
        return _none(question, window, NO_TIMES)
    known, unknown = born
    watched = days_watched(store, window, known, question.days)
    if not len(known):
        said = (
            f"No item was launched in this period later than {question.unknown_days} days after the data begin "
            f"({unknown:,} items were there by then, so their launch is not known). Choose a longer period."
        )
        return replace(_none(question, window, said), unknown=unknown)
    step.report(0.2, "Counting by day since launch")
    counts = count_by_day(store, window, question, known, watched)
    if not counts.sum():
        said = f"No {question.event} of a newly launched item in this period. Choose another event."
        return replace(_none(question, window, said), launched=len(known), unknown=unknown)
    step.report(0.6, "Fitting")
    fit = fade(counts, watched)
    found = Launch(
        question, window, _days(store, window, question, counts, watched, fit), fit,
        _categories(store, question, known, counts, watched), _items(store, known, counts, watched, fit),
        len(known), unknown,
    )  # fmt: skip
    return found if question.item is None else _with_one(store, found, known, counts, watched)


def launch_users(
    store: Store,
    question: LaunchQuestion,
    day: int | None = None,
    window: Window = EVERYTHING,
    *,
    item_no: int | None = None,
    category: str | None = None,
) -> Query:
    """The known users (`user_no`) behind the bar of `day`, or of all days: of all items, one item or one category."""
    window = resolve(store, window)
    question = filled(store, question)
    if window.end is None:
        return Query("SELECT user_no FROM users WHERE false")
    events = counted_events(store, window, question)
    query = Query("SELECT DISTINCT user_no FROM (") + events + ") WHERE user_no IS NOT NULL"
    if day is not None:
        query += Query(" AND day = ?", (day,))
    if item_no is not None:
        query += Query(" AND item_no = ?", (item_no,))
    if category is not None and question.category is not None:
        pairs = category_columns(store)[question.category]
        query += Query(f" AND item_no IN (SELECT item_no FROM ({pairs}) WHERE category = ?)", (category,))
    return query


def _days(
    store: Store, window: Window, question: LaunchQuestion, counts: Counts, watched: Whole, fit: Fade
) -> pd.DataFrame:
    days = question.days
    alive = (np.arange(days)[None] < watched[:, None]).astype(np.float32)
    users = {
        int(row["day"]): int(row["users"])
        for row in store.rows(
            Query("SELECT day, count(DISTINCT user_no) AS users FROM (")
            + counted_events(store, window, question)
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


def _with_one(store: Store, found: Launch, born: pd.DataFrame, counts: Counts, watched: Whole) -> Launch:
    """The chosen item beside the others."""
    question = found.question
    rows = store.rows(Query("SELECT item_no FROM items WHERE item_id = ?", (question.item,)))
    if not rows:
        raise Refusal("no_such_item", f"There is no item {question.item!r}.", "Give its id as it stands in the file.")
    number = int(rows[0]["item_no"])
    title = item_names(store, [number])[number][1]
    places = np.flatnonzero(born["item_no"].to_numpy() == number)
    if not len(places):
        said = f"{title} was not launched in this period, or was there when the data begin: its launch is not known."
        return replace(found, one_title=title, one_problem=said)
    place = places[:1]
    fit = fade(counts[place], watched[place])
    whole = int(watched[place[0]])
    events = counts[place[0], :whole].astype(np.int64)
    usual = found.days["per_item"].to_numpy()[:whole]
    shown = pd.DataFrame(
        {
            "day": np.arange(whole), "events": events,
            "fitted": spread(question.days, fit, counts[place], watched[place])[:whole],
            "usual": usual * (events[FROM_DAY:].sum() / (usual[FROM_DAY:].sum() or np.nan)),
        }
    )  # fmt: skip
    return replace(found, one_title=title, one=shown, one_fit=fit)


def _none(question: LaunchQuestion, window: Window, problem: str) -> Launch:
    nothing = pd.DataFrame()
    return Launch(question, window, nothing, Fade(0, 0, problem=problem), nothing, nothing, problem=problem)
