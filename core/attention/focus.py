"""How each user divides attention: all on one category, or over many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.visits_kept import NOBODY, these
from core.behaviour import (
    EVERYTHING,
    IS_TRADE,
    MOST_EVENTS,
    NO_TIMES,
    Window,
    category_columns,
    resolve,
    share_interval,
    spread_sort,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store, flat

Kind = Literal["focused", "mixed", "roaming", "few"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LEAST = 5
"""Users with fewer views than this are apart: one or two views are always focused."""

BANDS = 20
"""Bars of the distribution, of equal width from 0 to 1."""

Int32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FocusSpec:
    """What is asked.

    Attributes:
        event: the event that stands for a moment of attention.
        by: category column of the items; None = the first there is, else the items themselves; "" = the items.
        focused, roaming: up to, and from, which evenness a user counts as focused, or roaming.

    Raises Refusal `bad_focus`.
    """

    event: str = "view"
    by: str | None = None
    focused: float = 0.5
    roaming: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.focused < self.roaming <= 1:
            raise Refusal(
                "bad_focus",
                f"Focused up to {self.focused} and roaming from {self.roaming} cannot both be.",
                "Choose two numbers from 0 to 1, the first below the second.",
            )


DEFAULT_FOCUS = FocusSpec()


@dataclass(frozen=True, eq=False)
class Focus:
    """How users divide attention.

    Evenness = entropy of a user's views over categories / the most that it could be: ln(min(views, categories)).

    Attributes:
        window, spec: as asked. over: the column that was used; None = the items. choices: of how many categories, or
            items, that anybody viewed.
        kinds: kind (KINDS), users, buyers (int), share (of users with a view), views_per_user, categories (the mean of
            exp(entropy): as if so many were viewed evenly), buyers_share, low, high (Wilson, 95 %), revenue_per_user
            (net; NaN without users). Buyers and revenue within the window.
        bands: low, high (of evenness; the last band takes in 1), users: users with LEAST views or more.
        problem: why nothing can be shown.
    """

    window: Window
    spec: FocusSpec
    over: str | None
    choices: int
    kinds: pd.DataFrame
    bands: pd.DataFrame
    problem: str | None = None


def focus(store: Store, spec: FocusSpec = DEFAULT_FOCUS, window: Window = EVERYTHING, *, step: Step = no_step) -> Focus:
    """How the users with views in `window` divide them. Raises Refusal `no_such_column`."""
    window = resolve(store, window)
    over = _over(store, spec)
    if window.end is None:
        return Focus(window, spec, over, 0, pd.DataFrame(), pd.DataFrame(), NO_TIMES)
    users, views, entropy, evenness, choices = _of_users(store, spec, over, window, step)
    if not len(users):
        problem = (
            f"No known user has an event “{spec.event}” with {'a category' if over else 'an item'} in this period."
        )
        return Focus(window, spec, over, 0, pd.DataFrame(), pd.DataFrame(), problem)
    kind = _kinds(spec, views, evenness)
    bought, revenue = _trade(store, window, users)
    rows = []
    for place, name in enumerate(KINDS):
        of = kind == place
        n = int(of.sum())
        rows.append(
            {
                "kind": name,
                "users": n,
                "share": n / len(users),
                "views_per_user": float(views[of].mean()) if n else np.nan,
                "categories": float(np.exp(entropy[of]).mean()) if n else np.nan,
                "buyers": int(bought[of].sum()),
                "buyers_share": float(bought[of].mean()) if n else np.nan,
                "revenue_per_user": float(revenue[of].sum()) / n if n else np.nan,
            }
        )
    kinds = pd.DataFrame(rows)
    kinds["low"], kinds["high"] = share_interval(kinds["buyers"], kinds["users"])
    told = evenness[views >= LEAST]
    band = np.minimum((told * BANDS).astype(np.int64), BANDS - 1)
    edges = np.arange(BANDS + 1) / BANDS
    bands = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "users": np.bincount(band, minlength=BANDS)})
    return Focus(window, spec, over, choices, kinds, bands)


def focus_users(
    store: Store,
    kind: str | None = None,
    band: int | None = None,
    spec: FocusSpec = DEFAULT_FOCUS,
    window: Window = EVERYTHING,
) -> Query:
    """The users (`user_no`) of a kind (KINDS), or of a band of evenness (0 to BANDS - 1). Raises `no_such_part`."""
    if (kind is None) == (band is None) or (kind is not None and kind not in KINDS) or not 0 <= (band or 0) < BANDS:
        raise Refusal("no_such_part", f"No users are called {kind!r}, {band!r}.", f"Known: {', '.join(KINDS)}.")
    window = resolve(store, window)
    if window.end is None:
        return NOBODY
    users, views, _, evenness, _ = _of_users(store, spec, _over(store, spec), window, no_step)
    if band is not None:
        return these(users[(views >= LEAST) & (np.minimum((evenness * BANDS).astype(np.int64), BANDS - 1) == band)])
    return these(users[_kinds(spec, views, evenness) == KINDS.index(kind)])


def _kinds(spec: FocusSpec, views: Ints, evenness: Floats) -> Ints:
    kind = np.where(evenness <= spec.focused, 0, np.where(evenness >= spec.roaming, 2, 1))
    return np.where(views < LEAST, 3, kind)


def _over(store: Store, spec: FocusSpec) -> str | None:
    columns = category_columns(store)
    if spec.by is None:
        return next(iter(columns), None)
    if spec.by and spec.by not in columns:
        raise Refusal(
            "no_such_column", f"Items have no category column {spec.by!r}.", f"Known: {', '.join(columns) or 'none'}."
        )
    return spec.by or None


def _of_users(
    store: Store, spec: FocusSpec, over: str | None, window: Window, step: Step
) -> tuple[Ints, Ints, Floats, Floats, int]:
    """user_no, views, entropy, evenness of each user with a view that names a category; how many categories."""
    begins, codes = _categories(store, over)
    found = [_spread_of(pair, begins, codes) for pair in _seen(store, spec.event, window, step)]
    users, views, entropy = (np.concatenate([[], *(part[n] for part in found)]) for n in range(3))
    choices = len(np.unique(np.concatenate([[], *(part[3] for part in found)])))
    most = np.log(np.maximum(np.minimum(views, choices), 1))
    evenness = np.divide(entropy, most, out=np.zeros(len(views)), where=most > 0)
    return users.astype(np.int64), views.astype(np.int64), entropy, np.clip(evenness, 0, 1), choices


def _spread_of(seen: tuple[Int32, Int32], begins: Ints, codes: Ints) -> tuple[Ints, Ints, Floats, Ints]:
    """user_no (rising), views, entropy in nats of each user; the codes that there are."""
    users, items = seen
    each = np.diff(begins)
    most = max(int(codes.max(initial=0)) + 1, 1)
    if (each <= 1).all():
        code_of = np.full(len(each), -1)
        code_of[each == 1] = codes
        code = code_of[items]
        key = users * np.int64(most)
        key += code
        key = spread_sort(key if code.min(initial=0) >= 0 else key[code >= 0])
        starts = _starts(key)
        held = key[starts]
        part: Floats = np.diff(starts, append=len(key)).astype(np.float64)
    else:  # a view of an item in several categories is shared out evenly among them
        each = each[items]
        users, items, each = users[each > 0], items[each > 0], each[each > 0]
        place = np.repeat(begins[items] - np.append(0, np.cumsum(each)[:-1]), each) + np.arange(each.sum())
        held, where = np.unique(np.repeat(users, each) * np.int64(most) + codes[place], return_inverse=True)
        part = np.bincount(where, weights=np.repeat(1 / each, each), minlength=len(held)).astype(np.float64)
    if not len(held):
        return held, held, np.empty(0), held
    whose = held // most
    fresh = _starts(whose)
    whole = np.add.reduceat(part, fresh)
    inner = np.add.reduceat(part * np.log(part), fresh)
    entropy = np.maximum(np.log(whole) - inner / whole, 0.0)
    there = np.bincount(held - whose * most)
    return whose[fresh], np.rint(whole).astype(np.int64), entropy, np.flatnonzero(there)


def _starts(rising: Ints) -> Ints:
    """Where each value of a rising row is first."""
    marks = np.ones(len(rising), np.bool_)
    np.not_equal(rising[1:], rising[:-1], out=marks[1:])
    return np.flatnonzero(marks)


def _seen(store: Store, event: str, window: Window, step: Step) -> Iterator[tuple[Int32, Int32]]:
    """user_no and item_no of each view, in no order, of some users at a time: their order is not asked for."""
    asked = Query(
        "FROM events WHERE user_no IS NOT NULL AND item_no IS NOT NULL AND at_utc IS NOT NULL AND event = ? AND ",
        (event,),
    )
    asked += window.condition()
    (size,) = store.rows(Query("SELECT count(*) AS n, max(user_no) AS most ") + asked)
    parts = -(-int(size["n"]) // MOST_EVENTS)
    edges = [(int(size["most"] or 0) + 1) * part // parts for part in range(parts + 1)] if parts else []
    for part, (low, high) in enumerate(itertools.pairwise(edges)):
        some = Query(" AND user_no >= ? AND user_no < ?", (low, high)) if parts > 1 else Query("")
        read = store.read(Query("SELECT user_no, item_no ") + asked + some, step=step.part(part / parts, 1))
        yield flat(read.column(0)), flat(read.column(1))


def _categories(store: Store, over: str | None) -> tuple[Ints, Ints]:
    """For each item_no where its codes begin in the second array (and the end of the last)."""
    (row,) = store.rows(Query("SELECT coalesce(max(item_no), -1) AS most FROM items"))
    size = int(row["most"]) + 1
    if over is None:
        return np.arange(size + 1), np.arange(size)
    pairs = category_columns(store)[over]
    found = store.read(
        Query(
            f"SELECT item_no, dense_rank() OVER (ORDER BY category) AS code FROM ({pairs}) WHERE category IS NOT NULL "
            "ORDER BY item_no, code"
        )
    )
    items, codes = found.column(0).to_numpy(), found.column(1).to_numpy()
    return np.append(0, np.cumsum(np.bincount(items, minlength=size))), codes


def _trade(store: Store, window: Window, users: Ints) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether each of `users` (rising) bought in the window, and the net revenue of each."""
    asked = Query(
        "SELECT user_no, bool_or(event = 'purchase') AS bought, coalesce(sum(value), 0)::DOUBLE AS net FROM events "
        f"WHERE user_no IS NOT NULL AND {IS_TRADE} AND "
    )
    found = store.read(asked + window.condition() + " GROUP BY user_no")
    who, did, net = (found.column(n).to_numpy(zero_copy_only=False) for n in range(3))
    place = np.searchsorted(users, who)
    known = users[np.minimum(place, len(users) - 1)] == who
    bought, revenue = np.zeros(len(users), dtype=np.bool_), np.zeros(len(users))
    bought[place[known]], revenue[place[known]] = did[known], net[known]
    return bought, revenue
