"""Visits cut out of the timeline, and the categories of the items in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.attention.visits_rule import NO_VISIT, SESSION, By, VisitRule, choose_rule
from core.behaviour import NOT_ACTIVE, Timeline, Window, beside, category_columns, spread
from core.errors import Refusal
from core.store import NAMES, Query, Store

Whole = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NOTHING = -1
NO_CATEGORIES = "The items of these data have no categories. Load a file of items with a category column to see this."
_MINUTE_US = 60_000_000
_PART = 300_000
_SIDE = ("return",)


@dataclass(frozen=True, eq=False)
class Visits:
    """The visits of one slab of users that begin in a window: their events, in order.

    Attributes:
        place: (events,) where each event stands in the timeline; not rising throughout where sessions
            cross.
        visit: int32 (events,), the visit of each, from 0 on, rising.
        starts: (visits,) where each visit's events begin among `place`.
        users: int32 (visits,), user_no.
    """

    place: Whole
    visit: npt.NDArray[np.int32]
    starts: Whole
    users: npt.NDArray[np.int32]


def visits(
    line: Timeline, window: Window, gap: int, session: npt.NDArray[Any] | None = None, goal: str | None = None
) -> Visits:
    """Cut a slab into visits: a pause of `gap` minutes or more ends one, however long the visit.

    Events of NO_VISIT (impressions, returns) are in none, but for the goal. With `session` (events,), the data's own
    sessions as numbers, a visit is what a user did in one of them, also where two run side by side; events of none (0)
    are in no visit. A visit belongs to the window that it begins in; events from the window's end on are not seen.
    """
    assert window.end is not None
    aside = [kind for kind in line.kinds if kind in NO_VISIT and kind != goal]
    active = ~line.of(*aside) if aside else None
    if len(line) and window.end < _moment(int(line.at.max())):
        before = line.at < microseconds(window.end)
        active = before if active is None else active & before
    if session is not None:
        active = session != 0 if active is None else active & (session != 0)
    place = np.arange(len(line)) if active is None else np.flatnonzero(active)
    if session is not None:  # stable: within a session the order of time stays
        place = place[np.lexsort((session[place], line.users[place]))]
    users, at = (line.users, line.at) if active is None else (line.users[place], line.at[place])
    begins = np.ones(len(place), dtype=np.bool_)
    if session is None:
        begins[1:] = (users[1:] != users[:-1]) | (np.diff(at) >= gap * _MINUTE_US)
    else:
        begins[1:] = (users[1:] != users[:-1]) | (np.diff(session[place]) != 0)
    starts = np.flatnonzero(begins)
    if window.start is not None and len(starts):
        inside = at[starts] >= microseconds(window.start)
        kept = np.repeat(inside, np.diff(np.append(starts, len(place))))
        place, begins = place[kept], begins[kept]
        starts = np.flatnonzero(begins)
    number = np.cumsum(begins, dtype=np.int32)
    number -= 1
    return Visits(place, number, starts, line.users[place[starts]])


def chosen(store: Store, by: By) -> Literal["gap", "own"]:
    """Whether visits are told by pauses or by the data's own sessions. Raises Refusal `no_own_sessions`."""
    return "gap" if by == "gap" else choose_rule(store, VisitRule(by=by)).used


def cutter(
    store: Store, line: Timeline, window: Window, gap: int, by: By, goal: str | None = None
) -> Callable[[Timeline], Visits]:
    """What cuts pieces of `line` into visits; `by` is "gap" or "own"."""
    session = beside(store, line, SESSION) if by == "own" else None
    return lambda piece: visits(piece, window, gap, None if session is None else piece.here(session), goal)


def microseconds(moment: datetime) -> int:
    """Since 1970, of a moment in UTC without a zone."""
    whole = moment.replace(tzinfo=UTC, microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + moment.microsecond


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1_000_000, UTC).replace(tzinfo=None, microsecond=at % 1_000_000)


def category_of_items(store: Store, column: str | None) -> tuple[str, tuple[str, ...], npt.NDArray[np.int16]]:
    """The column, its categories, and each item's (by item_no; NOTHING without one, and for the place after the last).

    An item in several counts in the first by the alphabet. Raises Refusal `no_such_column`.
    """
    columns = category_columns(store)
    name = column or next(iter(columns), None)
    if name is None or name not in columns:
        raise Refusal(
            "no_such_column",
            f"Items have no category column {column!r}." if column else "The items of these data have no categories.",
            f"There are: {', '.join(columns)}." if columns else "Load a file of items with a category column.",
        )
    found = store.read(
        Query(f"SELECT item_no, min(category) AS category FROM ({columns[name]}) GROUP BY item_no ORDER BY 2, 1")
    )
    items, labels = found.column(0).to_numpy(), found.column(1).to_pylist()
    names = tuple(dict.fromkeys(label for label in labels if label is not None))[: np.iinfo(np.int16).max - 8]
    code = {label: n for n, label in enumerate(names)}
    # item_no -1 (no item) looks at the last place
    codes = np.full(int(items.max() if len(items) else 0) + 2, NOTHING, dtype=np.int16)
    codes[items] = [code.get(label, NOTHING) for label in labels]
    return name, names, codes


@dataclass(frozen=True)
class Kind:
    """What events of a type carry: how many have a time, a known user; a known user and an item."""

    event: str
    events: int
    timed: int
    known: int
    items: int


def kinds_held(store: Store) -> list[Kind]:
    """The event types, in the order of core.behaviour.contents; less is read for them than for those."""
    asked = (
        "SELECT event, count(*) AS events, count(at_utc) AS timed, count(user_no) AS known, "
        "count(CASE WHEN user_no IS NOT NULL THEN item_no END) AS items FROM events GROUP BY event"
    )
    rank = {name: place for place, name in enumerate(NAMES)}
    found = [Kind(**row) for row in store.rows(Query(asked))]
    return sorted(found, key=lambda kind: (rank.get(kind.event, len(rank)), -kind.events, kind.event))


def item_events(store: Store) -> tuple[str, ...]:
    """Events of items that users do, views first."""
    kinds = [k.event for k in kinds_held(store) if k.items and k.timed and k.event not in (*NOT_ACTIVE, *_SIDE)]
    return tuple(sorted(kinds, key=lambda k: k != "view"))


def leaders(counts: Mapping[int, int] | Whole, most: int) -> list[int]:
    """The `most` codes with the highest counts, zero left out; ties by code."""
    pairs = counts.items() if isinstance(counts, Mapping) else enumerate(counts.tolist())
    return [code for code, n in sorted(pairs, key=lambda pair: (-pair[1], pair[0])) if n > 0][:most]


def users_by_code(codes: npt.NDArray[np.uint16], users: npt.NDArray[np.int32], many: int) -> Whole:
    """How many different users stand beside each code below `many`; `users` rise."""
    cuts = [0, *(int(np.searchsorted(users, users[n])) for n in range(_PART, len(users), _PART)), len(users)]

    def counted(part: tuple[int, int]) -> Whole:
        here = slice(*part)
        order = np.argsort(codes[here], kind="stable")  # a radix sort; users still rise within a code
        code, user = codes[here][order], users[here][order]
        first = np.ones(len(code), dtype=np.bool_)
        first[1:] = (code[1:] != code[:-1]) | (user[1:] != user[:-1])
        return np.bincount(code[first], minlength=many)

    found: Whole = np.sum(spread(counted, list(itertools.pairwise(cuts))), axis=0)
    return found
