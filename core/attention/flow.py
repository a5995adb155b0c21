"""From one category to the next: where attention goes within a visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.path_users import these_users
from core.attention.path_visits import (
    NO_CATEGORIES,
    NOTHING,
    Visits,
    category_of_items,
    chosen,
    cutter,
    item_events,
    leaders,
    users_by_code,
)
from core.attention.visits_rule import By
from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Timeline,
    Window,
    category_columns,
    resolve,
    share_interval,
    spread,
    timelines,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

OTHERS = "All others"
MOST = 20
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FlowQuestion:
    """Which moves are counted.

    Attributes:
        event: the event that names the item; None = views, or what items have most of.
        category: the items' column; None = the first one there is.
        most: so many categories are named, the rest are one. 2 to 20.
        gap, by: what a visit is, as in PathQuestion.
    """

    event: str | None = None
    category: str | None = None
    most: int = 10
    gap: int = 30
    by: By = "auto"


@dataclass(frozen=True, eq=False)
class Flow:
    """Moves: an event of an item, and the next one of an item within the same visit of the same user.

    Attributes:
        question, window: as asked, filled in. Visits that begin in the window.
        names: the categories, most moves first; the rest of them as OTHERS, last.
        table: source, target, moves, users (distinct), share (of the moves from the source), low, high (Wilson 95 %),
            lift (moves to another category against those to be expected if the next depended on nothing but how often
            each is left and reached; NaN within a category).
        moves, users, stays: of all; `stays` = moves within a category.
        problem: why nothing can be shown.
    """

    question: FlowQuestion
    window: Window
    names: tuple[str, ...]
    table: pd.DataFrame
    moves: int = 0
    users: int = 0
    stays: int = 0
    problem: str | None = None


def flow(
    store: Store, question: FlowQuestion | None = None, window: Window = EVERYTHING, *, step: Step = no_step
) -> Flow:
    """The moves between categories. Raises Refusal `no_such_column`, `no_such_event`, `bad_flow`, `no_own_sessions`."""
    window = resolve(store, window)
    asked = _filled(store, question or FlowQuestion())
    if window.end is None:
        return Flow(asked, window, (), pd.DataFrame(), problem=NO_TIMES)
    if asked.category is None and not category_columns(store):
        return Flow(asked, window, (), pd.DataFrame(), problem=NO_CATEGORIES)
    asked, labels, parts = _read(store, asked, window, step)
    if not sum(len(users) for users, _, _ in parts):
        said = (
            f"No visit in this period has two {asked.event} events of items with a category. "
            "Choose another event or a longer period."
        )
        return Flow(asked, window, (), pd.DataFrame(), problem=said)
    users, source, target = (np.concatenate([part[i] for part in parts]) for i in range(3))
    sizes = np.bincount(source, minlength=len(labels)) + np.bincount(target, minlength=len(labels))
    named = leaders(sizes, asked.most)
    fold = _fold(named, len(labels))
    many = len(named) + (int((sizes > 0).sum()) > len(named))
    names = tuple(labels[code] for code in named) + ((OTHERS,) if many > len(named) else ())
    cell = (fold[source] * many + fold[target]).astype(np.uint16)
    moves = np.bincount(cell, minlength=many * many)
    people = users_by_code(cell, users, many * many)
    return Flow(
        asked, window, names, _table(names, moves.reshape(many, many), people), len(cell),
        1 + int((users[1:] != users[:-1]).sum()), int((source == target).sum()),
    )  # fmt: skip


def flow_users(
    store: Store, question: FlowQuestion, source: str | None, target: str | None, window: Window = EVERYTHING
) -> Query:
    """The users (`user_no`) who moved from `source` to `target`, as Flow.names has them; None = any.

    OTHERS are the categories that are not among those named. Raises Refusal `no_such_cell`.
    """
    found = flow(store, question, window)
    if found.problem:
        return these_users(np.zeros(0, np.int32))
    for name in (source, target):
        if name is not None and name not in found.names:
            raise Refusal("no_such_cell", f"There is no {name!r} in this figure.", f"Known: {', '.join(found.names)}.")
    _asked, labels, parts = _read(store, found.question, resolve(store, window), no_step)
    named = [labels.index(name) for name in found.names if name != OTHERS or name in labels]
    fold, place = _fold(named, len(labels)), {name: n for n, name in enumerate(found.names)}
    chosen = []
    for users, left, right in parts:
        mine = np.ones(len(users), dtype=bool)
        if source is not None:
            mine &= fold[left] == place[source]
        if target is not None:
            mine &= fold[right] == place[target]
        chosen.append(users[mine])
    return these_users(np.concatenate(chosen))


Part = tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], npt.NDArray[np.int16]]


def _read(
    store: Store, question: FlowQuestion, window: Window, step: Step
) -> tuple[FlowQuestion, tuple[str, ...], list[Part]]:
    column, labels, codes = category_of_items(store, question.category)
    return (
        replace(question, category=column),
        labels,
        list(_moves(store, question, window, codes, step)) if labels else [],
    )


def _moves(
    store: Store, question: FlowQuestion, window: Window, codes: npt.NDArray[np.int16], step: Step
) -> Iterator[Part]:
    """Of some users at a time: the user, the category left and the one reached, of each move; users rise."""

    def moved(line: Timeline, cutting: Callable[[Timeline], Visits]) -> Part:
        found = cutting(line)
        seen = np.flatnonzero(line.of(question.event or "")[found.place])
        place, visit = found.place[seen], found.visit[seen]
        code = codes[line.items[place]]
        known = code != NOTHING
        if not known.all():
            code, visit = code[known], visit[known]
        same = np.flatnonzero(visit[1:] == visit[:-1])
        return found.users[visit[same]], code[same], code[same + 1]

    for line in timelines(store, step=step):
        cutting = cutter(store, line, window, question.gap, question.by)
        yield from spread(partial(moved, cutting=cutting), line.pieces)


def _filled(store: Store, question: FlowQuestion) -> FlowQuestion:
    if not 2 <= question.most <= MOST or not 1 <= question.gap <= 1440 or question.by not in get_args(By):
        raise Refusal("bad_flow", "Moves cannot be counted like that.", f"2 to {MOST} categories, 1 to 1,440 minutes.")
    kinds = item_events(store)
    if question.event is not None and kinds and question.event not in kinds:
        raise Refusal("no_such_event", f"No item has the event {question.event!r}.", f"There are: {', '.join(kinds)}.")
    event = question.event or (kinds[0] if kinds else "view")
    return replace(question, event=event, by=chosen(store, question.by))


def _fold(named: list[int], many: int) -> npt.NDArray[np.int64]:
    fold = np.full(many, len(named), dtype=np.int64)
    fold[named] = np.arange(len(named))
    return fold


def _table(names: tuple[str, ...], moves: npt.NDArray[np.int64], users: npt.NDArray[np.int64]) -> pd.DataFrame:
    many = len(names)
    left = np.repeat(moves.sum(axis=1), many)
    expected = _by_chance(moves).ravel()
    flat = moves.ravel()
    low, high = share_interval(flat, left)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "source": np.repeat(np.array(names, dtype=object), many),
                "target": np.tile(np.array(names, dtype=object), many),
                "moves": flat, "users": users, "share": flat / left, "low": low, "high": high,
                "lift": np.where(expected > 0, flat / expected, np.nan),
            }
        )  # fmt: skip


def _by_chance(moves: npt.NDArray[np.int64]) -> Floats:
    """Moves between different categories as chance alone would spread them (quasi-independence; Goodman 1968).

    Rows and columns add up to what they do, and nothing stays: fitted by scaling rows and columns in turn.
    """
    away = moves.astype(float)
    np.fill_diagonal(away, 0.0)
    fitted = 1.0 - np.eye(len(moves))
    rows, columns = away.sum(axis=1), away.sum(axis=0)
    for _ in range(200):
        fitted *= np.divide(rows, fitted.sum(axis=1), out=np.zeros(len(rows)), where=fitted.sum(axis=1) > 0)[:, None]
        fitted *= np.divide(columns, fitted.sum(axis=0), out=np.zeros(len(rows)), where=fitted.sum(axis=0) > 0)[None]
    return fitted
