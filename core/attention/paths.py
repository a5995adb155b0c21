"""From entry to purchase: what users do in a visit, step by step, and which ways end in a purchase."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.path_steps import LEFT, Steps, many_steps, step_names
from core.attention.path_users import these_users
from core.attention.path_visits import NO_CATEGORIES, chosen, item_events, kinds_held, leaders, users_by_code
from core.attention.visits_rule import NO_VISIT, By
from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Window,
    category_columns,
    resolve,
    share_interval,
    spread,
    spread_sort,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

Of = Literal["event", "category"]
Entry = Literal["channel", "none"]
OTHERS, MORE = "All others", "…"
LEAST, DEEPEST, MOST_NODES, MOST_PATHS = 3, 6, 12, 100


@dataclass(frozen=True)
class PathQuestion:
    """Which steps are shown.

    Attributes:
        of: steps are kinds of events, or the categories of the items that events name.
        entry: the first place is the channel of the visit's first event, or there is none; None = channel where
            events name channels.
        goal: the event that a way leads to; None = purchase where the data hold any.
        category: the items' column, for steps by category; None = the first one there is.
        depth: steps shown, 3 to 6. most: so many are named at each step, the rest are one. 2 to 12.
        by: what a visit is: "own" = the data's own sessions, "gap" = pauses, "auto" = own where 90 % of known users'
            events carry one, as in core.attention.visits.
        gap: minutes without an event that end a visit told by pauses. 1 to 1,440.
        paths: how many of the commonest ways are listed, up to 100.
    """

    of: Of = "event"
    entry: Entry | None = None
    goal: str | None = None
    category: str | None = None
    depth: int = 4
    most: int = 6
    gap: int = 30
    paths: int = 30
    by: By = "auto"


@dataclass(frozen=True, eq=False)
class Paths:
    """The first steps of visits. A step that repeats the one before is not counted again.

    A way ends at the first goal (what comes after it in the same visit is not shown), or where the visit ends (LEFT).

    Attributes:
        question, window: as asked, filled in. Visits that begin in the window.
        bands: step (int, the place on the left, from 0), source, target, visits, users (distinct).
        table: path (tuple of names, the goal not among them; MORE last where more steps follow than are shown), visits,
            users, bought (visits that came to the goal), share, low, high (Wilson 95 %), seconds (median from the
            first event to the goal, or to the last event where the goal was not reached).
        visits, users, bought: of all. empty: visits left out, as no event of theirs is a step.
        problem: why nothing can be shown.
    """

    question: PathQuestion
    window: Window
    bands: pd.DataFrame
    table: pd.DataFrame
    visits: int = 0
    users: int = 0
    bought: int = 0
    empty: int = 0
    nodes: tuple[tuple[str, ...], ...] = field(default=())
    problem: str | None = None


def paths(
    store: Store, question: PathQuestion | None = None, window: Window = EVERYTHING, *, step: Step = no_step
) -> Paths:
    """The first steps of visits, and the commonest ways.

    Raises Refusal `bad_paths`, `no_such_column`, `no_own_sessions`.
    """
    window = resolve(store, window)
    asked = _filled(store, question or PathQuestion())
    if isinstance(asked, str) or window.end is None:
        said = asked if isinstance(asked, str) else NO_TIMES
        return Paths(question or PathQuestion(), window, pd.DataFrame(), pd.DataFrame(), problem=said)
    found = many_steps(store, asked, window, step)
    if not len(found.users):
        said = "No visit of a known user begins in this period, or none has such a step. Choose a longer period."
        return Paths(asked, window, pd.DataFrame(), pd.DataFrame(), problem=said)
    step.report(0.8, "Counting ways")
    places = spread(lambda place: _place(found, asked, place), range(found.columns))
    return Paths(
        asked, window, _bands(found, places), _table(found, asked), len(found.users), _distinct(found.users),
        int(found.bought.sum()), found.empty, tuple(names for names, _ in places),
    )  # fmt: skip


def paths_users(
    store: Store,
    question: PathQuestion,
    window: Window = EVERYTHING,
    *,
    band: tuple[int, str | None, str | None] | None = None,
    path: tuple[str, ...] | None = None,
    bought: bool | None = None,
) -> Query:
    """The users (`user_no`) of a band (step, source, target; None = any), of a way, or of all visits.

    `bought` narrows them to those with such a visit that came to the goal, or did not.
    Raises Refusal `no_such_path` for a band or way that is not in the figure.
    """
    window = resolve(store, window)
    asked = _filled(store, question)
    if isinstance(asked, str) or window.end is None:
        return these_users(np.zeros(0, np.int32))
    found = many_steps(store, asked, window, no_step)
    mine = np.ones(len(found.users), dtype=bool)
    if band is not None:
        for place, name in ((band[0], band[1]), (band[0] + 1, band[2])):
            if not 0 <= place < found.columns:
                raise Refusal("no_such_path", f"There is no step {place}.", f"The figure has {found.columns} places.")
            names, code = _place(found, asked, place)
            if name is not None and name not in names:
                raise Refusal("no_such_path", f"{name!r} is not at this place.", f"There: {', '.join(names)}.")
            mine &= (code == names.index(name)) if name is not None else (code != len(names))
    if path is not None:
        mine &= _key(found, asked) == _key_of(found, asked, path)
    if bought is not None:
        mine &= found.bought == bought
    return these_users(found.users[mine])


def _filled(store: Store, question: PathQuestion) -> PathQuestion | str:
    if (
        question.of not in get_args(Of)
        or question.entry not in (None, *get_args(Entry))
        or question.by not in get_args(By)
        or not LEAST <= question.depth <= DEEPEST
        or not 2 <= question.most <= MOST_NODES
        or not 1 <= question.gap <= 1440
        or not 1 <= question.paths <= MOST_PATHS
    ):
        raise Refusal(
            "bad_paths", "Ways cannot be shown like that.",
            f"Steps by event or category, {LEAST} to {DEEPEST} of them, 2 to {MOST_NODES} named, 1 to 1,440 minutes.",
        )  # fmt: skip
    kinds = [kind.event for kind in kinds_held(store) if kind.known and kind.timed and kind.event != "impression"]
    goal = question.goal or ("purchase" if "purchase" in kinds else None)
    if question.goal is not None and question.goal not in kinds:
        raise Refusal("bad_paths", f"No user has the event {question.goal!r}.", f"There are: {', '.join(kinds)}.")
    steps = [kind for kind in kinds if kind != goal and kind not in NO_VISIT]
    if question.of == "event" and not steps:
        held = " and ".join(sorted(kinds)) or "no timed event of a known user"
        return f"These data hold {held} alone: nothing says what users did before they bought. Load views or clicks."
    if question.of == "event" and goal is None and len(steps) == 1:
        return f"These data hold {steps[0]} events alone, so every visit has one step. Look at steps by category."
    if question.of == "category" and question.category is None and not category_columns(store):
        return NO_CATEGORIES
    if question.of == "category" and not item_events(store):
        return "No event of a known user names an item, so there are no categories to go through."
    entry = question.entry
    if entry is None:
        named = store.rows(Query("SELECT 1 FROM events WHERE channel IS NOT NULL LIMIT 1"))
        entry = "channel" if named else "none"
    return replace(question, goal=goal, entry=entry, by=chosen(store, question.by))


def _place(found: Steps, question: PathQuestion, place: int) -> tuple[tuple[str, ...], npt.NDArray[np.uint16]]:
    """The names at one place of the figure, and each visit's; a visit that has ended before has the code after them."""
    codes, labels = found.column(place)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    ends = [code for code in range(len(labels)) if labels[code] in (LEFT, question.goal) and place >= found.entry]
    middle = counts.copy()
    middle[ends] = 0
    named = leaders(middle, question.most)
    rest = int((middle > 0).sum()) > len(named)
    shown = named + [code for code in ends if counts[code]]
    names = [step_names(labels[code]) for code in named] + ([OTHERS] if rest else [])
    names += [step_names(labels[code]) for code in shown[len(named) :]]
    fold = np.full(len(labels) + 1, len(named), dtype=np.uint16)  # the others
    fold[named] = np.arange(len(named))
    for n, code in enumerate(shown[len(named) :]):
        fold[code] = len(named) + rest + n
    fold[-1] = len(names)  # code -1 looks here
    return tuple(names), fold[codes]


def _bands(found: Steps, places: list[tuple[tuple[str, ...], npt.NDArray[np.uint16]]]) -> pd.DataFrame:
    rows: list[tuple[int, str, str, int, int]] = []
    for place, ((left, a), (right, b)) in enumerate(itertools.pairwise(places)):
        there = (a < len(left)) & (b < len(right))
        cell = a[there] * np.uint16(len(right)) + b[there]
        many = len(left) * len(right)
        visits, users = np.bincount(cell, minlength=many), users_by_code(cell, found.users[there], many)
        rows += [
            (place, left[n // len(right)], right[n % len(right)], int(visits[n]), int(users[n]))
            for n in np.flatnonzero(visits).tolist()
        ]
    return pd.DataFrame(rows, columns=["step", "source", "target", "visits", "users"])


def _table(found: Steps, question: PathQuestion) -> pd.DataFrame:
    key = _key(found, question)
    ordered = spread_sort(key)
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    counts = np.diff(begins, append=len(key))
    top = np.argsort(-counts, kind="stable")[: question.paths]

    def row(way: int) -> tuple[tuple[str, ...], int, int, int, float]:
        mine = np.flatnonzero(key == way)
        return (
            _path(found, question, int(mine[0])), len(mine), _distinct(found.users[mine]),
            int(np.count_nonzero(found.bought[mine])), float(np.median(found.seconds[mine])),
        )  # fmt: skip

    rows = spread(row, ordered[begins[top]].tolist())
    shown = pd.DataFrame(rows, columns=["path", "visits", "users", "bought", "seconds"])
    low, high = share_interval(shown["bought"], shown["visits"])
    return shown.assign(share=shown["bought"] / shown["visits"], low=low, high=high)[
        ["path", "visits", "users", "bought", "share", "low", "high", "seconds"]
    ]


def _key(found: Steps, question: PathQuestion) -> npt.NDArray[np.int64]:
    """One number for each way: its steps, and whether more follow than are shown."""
    base = len(found.labels) + 1
    key = (found.length > question.depth).astype(np.int64)
    for n in range(question.depth):
        key *= base
        key += found.steps[n]
        key += 1
    return key


def _key_of(found: Steps, question: PathQuestion, path: tuple[str, ...]) -> int:
    names = {step_names(label): code for code, label in enumerate(found.labels)}
    more = bool(path) and path[-1] == MORE
    steps = path[:-1] if more else path
    if len(steps) > question.depth or any(name not in names for name in steps):
        raise Refusal("no_such_path", f"No such way: {' > '.join(path)}.", "Take one of those listed.")
    key = int(more)
    for n in range(question.depth):
        key = key * (len(found.labels) + 1) + (names[steps[n]] + 1 if n < len(steps) else 0)
    return key


def _path(found: Steps, question: PathQuestion, visit: int) -> tuple[str, ...]:
    codes = [int(column[visit]) for column in found.steps]
    names = tuple(step_names(found.labels[code]) for code in codes if code >= 0)
    return (*names, MORE) if found.length[visit] > question.depth else names


def _distinct(users: npt.NDArray[np.int32]) -> int:
    """How many different ones of rising numbers."""
    return int(len(users) > 0) + int((users[1:] != users[:-1]).sum())
