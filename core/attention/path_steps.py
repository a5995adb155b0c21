"""The steps of every visit, as columns: what came first, second, third, and whether the goal was reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.attention.path_visits import NOTHING, Visits, category_of_items, cutter, leaders
from core.behaviour import Timeline, Window, beside, spread, timelines
from core.progress import Step
from core.store import Query, Store

if TYPE_CHECKING:
    from core.attention.paths import PathQuestion

LEFT = "\0left"
"""What stands where a visit ended without the goal; its name is in `step_names`."""

NO_CHANNEL = "No channel"
_MOST_LABELS = 60  # so that six steps fit one number; what is rarer is one
_RARE = "Rarer ones"
Codes = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Steps:
    """Every visit's way: rows are visits, by user and time.

    Attributes:
        labels: what codes stand for. channels: the same for the entry.
        users: int32. bought: whether the goal was reached. length: steps before the goal or the end, in all.
        seconds: float32, to the goal or the last event. steps: a column for each of the first steps, -1 = none.
        channel: the entry's codes, or None without one. goal: the goal's name, or None.
        empty: visits left out, without any step and without the goal.
    """

    labels: tuple[str, ...]
    channels: tuple[str, ...]
    users: npt.NDArray[np.int32]
    bought: npt.NDArray[np.bool_]
    length: npt.NDArray[np.int32]
    seconds: npt.NDArray[np.float32]
    steps: tuple[Codes, ...]
    channel: Codes | None
    goal: str | None
    empty: int

    @property
    def entry(self) -> int:
        """How many places the entry takes: 0 or 1."""
        return int(self.channel is not None)

    @property
    def columns(self) -> int:
        """How many places there are in all."""
        return len(self.steps) + self.entry

    def column(self, place: int) -> tuple[Codes, tuple[str, ...]]:
        """The codes at one place (-1 = the visit has ended before) and what they stand for: goal and end among them."""
        if self.channel is not None and place == 0:
            return self.channel, self.channels
        n = place - self.entry
        codes = self.steps[n].copy()
        over = self.length == n
        codes[over & self.bought] = len(self.labels)
        codes[over & ~self.bought] = len(self.labels) + 1
        return codes, (*self.labels, self.goal or "\0none", LEFT)


def step_names(label: str) -> str:
    """What people read for a label."""
    return "Left" if label == LEFT else label


def many_steps(store: Store, question: PathQuestion, window: Window, step: Step) -> Steps:
    """The ways of all visits that begin in a resolved window, with their steps as the question has them."""
    by_category = question.of == "category"
    names: tuple[str, ...] = ()
    codes: Codes | None = None
    if by_category:
        _, names, codes = category_of_items(store, question.category)
        names, codes = _fewer(store, names, codes)
    kinds: dict[str, int] = {}
    channels: dict[str, int] = {}
    parts: list[tuple[Any, ...]] = []
    for line in timelines(store, step=step):
        here = np.array([kinds.setdefault(kind, len(kinds)) for kind in line.kinds], dtype=np.int16)
        entry = _channels(store, line, channels) if question.entry == "channel" else None
        cutting = cutter(store, line, window, question.gap, question.by, question.goal)

        def cut(
            piece: Timeline,
            here: Codes = here,
            entry: Codes | None = entry,
            cutting: Callable[[Timeline], Visits] = cutting,
        ) -> tuple[Any, ...]:
            found = cutting(piece)
            code = here[piece.kind[found.place]] if codes is None else codes[piece.items[found.place]]
            begun = None if entry is None else piece.here(entry)[found.place[found.starts]]
            return *_ways(piece, found, code, question), begun

        parts += spread(cut, line.pieces)
    if not parts:
        parts = [(*_nothing(question.depth), None)]
    users, bought, length, seconds = (np.concatenate([part[n] for part in parts]) for n in range(4))
    columns = [np.concatenate([part[4][n] for part in parts]) for n in range(question.depth)]
    channel = np.concatenate([part[5] for part in parts]) if all(part[5] is not None for part in parts) else None
    # a visit of nothing that is a step (no item with a category, say) has no way
    there = (length > 0) | bought
    if not there.all():
        users, bought, length, seconds = users[there], bought[there], length[there], seconds[there]
        columns = [column[there] for column in columns]
        channel = None if channel is None else channel[there]
    labels = names if by_category else tuple(kinds)
    return Steps(
        labels, tuple(channels), users, bought, length, seconds, tuple(columns), channel, question.goal,
        int((~there).sum()),
    )  # fmt: skip


def _fewer(store: Store, names: tuple[str, ...], codes: Codes) -> tuple[tuple[str, ...], Codes]:
    """The categories of most items; the rest together."""
    if len(names) <= _MOST_LABELS:
        return names, codes
    named = leaders(np.bincount(codes[codes >= 0], minlength=len(names)), _MOST_LABELS - 1)
    fold = np.full(len(names) + 1, len(named), dtype=np.int16)
    fold[named] = np.arange(len(named))
    fold[-1] = NOTHING
    return (*(names[code] for code in named), _RARE), fold[codes]


def _ways(line: Timeline, found: Visits, code: Codes, question: PathQuestion) -> tuple:  # type: ignore[type-arg]
    """users, bought, length, seconds, columns of one slab."""
    many = len(found.starts)
    at = line.at[found.place]
    last = np.append(found.starts[1:], len(found.place)) - 1
    until = at[last] if many else np.zeros(0, np.int64)
    bought = np.zeros(many, dtype=bool)
    counts = code != NOTHING if question.of == "category" else None
    goals = np.flatnonzero(line.of(question.goal)[found.place]) if question.goal is not None else np.zeros(0, np.int64)
    if len(goals):
        reached = found.visit[goals]
        first = np.append(True, reached[1:] != reached[:-1])
        goals, reached = goals[first], reached[first]
        bought[reached] = True
        until = until.copy()
        until[reached] = at[goals]
        ends = last + 1
        ends[reached] = goals
        before = np.arange(len(found.place)) < ends[found.visit]
        counts = before if counts is None else counts & before
    visit = found.visit if counts is None else found.visit[counts]
    code = code if counts is None else code[counts]
    new = np.ones(len(code), dtype=bool)
    new[1:] = (visit[1:] != visit[:-1]) | (code[1:] != code[:-1])
    visit, code = visit[new], code[new]
    length = np.bincount(visit, minlength=many).astype(np.int32)
    begin = np.cumsum(length) - length
    columns = []
    for n in range(question.depth):
        column = np.full(many, NOTHING, dtype=np.int16)
        has = length > n
        column[has] = code[begin[has] + n]
        columns.append(column)
    seconds = ((until - at[found.starts]) / 1e6).astype(np.float32)
    return found.users, bought, length, seconds, columns


def _nothing(depth: int) -> tuple:  # type: ignore[type-arg]
    none = np.zeros(0)
    return (
        none.astype(np.int32), none.astype(bool), none.astype(np.int32), none.astype(np.float32),
        [none.astype(np.int16)] * depth,
    )  # fmt: skip


def _channels(store: Store, line: Timeline, known: dict[str, int]) -> Codes:
    """The channel of each event, since the timeline does not hold it."""
    listed = store.rows(Query("SELECT DISTINCT channel FROM events WHERE channel IS NOT NULL ORDER BY channel"))
    for row in listed:
        known.setdefault(str(row["channel"]), len(known))
    known.setdefault(NO_CHANNEL, len(known))
    case = Query("CASE channel ") if listed else Query("CASE WHEN false THEN 0 ")
    for row in listed:
        case += Query(f"WHEN ? THEN {known[str(row['channel'])]} ", (row["channel"],))
    return beside(store, line, Query("CAST(") + case + f"ELSE {known[NO_CHANNEL]} END AS SMALLINT)")
