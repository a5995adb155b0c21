"""Events put together into visits: each visit's events one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from core.attention.visits_rule import NO_VISIT, SESSION, Choice, VisitRule, may_visit
from core.behaviour import Timeline, beside, spread, timelines
from core.progress import Step, no_step
from core.store import Query, Store

Int32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ANONYMOUS = -1
"""In place of user_no in visits of nobody known."""

_SECOND = 1_000_000


@dataclass(frozen=True, eq=False)
class Strand:
    """Visits of some users, and their events.

    Attributes:
        users: int32 (n,), user_no or ANONYMOUS. at: int64 (n,), microseconds since 1970 UTC, rising in a visit.
        kinds: event types by code. kind: (n,), codes. dwell: seconds (n,), NaN = not known; None = of no event.
        begins: (visits + 1,), where each visit begins, and n.
        numbers: int64 (n,), event_no.
    """

    users: Int32
    at: Ints
    kinds: tuple[str, ...]
    kind: npt.NDArray[np.uint16]
    dwell: Floats | None
    begins: Ints
    numbers: Ints

    def of(self, *events: str) -> Bools:
        """(n,): whether the event is one of these types."""
        marked = np.fromiter((kind in events for kind in self.kinds), np.bool_, len(self.kinds))
        return marked[self.kind]

    def each(self, marks: Bools) -> Int32:
        """How many of the marked events each visit holds."""
        so_far = np.cumsum(marks, dtype=np.int32)[self.begins[1:] - 1]
        counted: Int32 = np.diff(so_far, prepend=np.int32(0))
        return counted

    def any(self, marks: Bools) -> Bools:
        """Whether each visit holds a marked event."""
        return self.each(marks) > 0


def strands(store: Store, rule: VisitRule, choice: Choice, *, step: Step = no_step) -> Iterator[Strand]:
    """All visits: those of known users by number, then those of session ids without a user. Dwell is left out."""
    for line in timelines(store, step=step.part(0, 0.7)):
        cut = _cutter(store, line, rule, choice, False, step)
        for piece in line.pieces:
            yield from cut(piece)
    yield from _nameless(store, False, step)


def of_strands(
    store: Store, rule: VisitRule, choice: Choice, work: Callable[[Strand], R], *, step: Step = no_step
) -> list[R]:
    """What `work` makes of each of all strands (see strands), with dwell; several are worked on at once."""
    done: list[R] = []
    for line in timelines(store, step=step.part(0, 0.7)):
        cut = _cutter(store, line, rule, choice, choice.dwelt, step.part(0.7, 0.9))

        def made(piece: Timeline, cut: Cutter = cut) -> list[R]:
            return [work(strand) for strand in cut(piece)]

        done += itertools.chain.from_iterable(spread(made, line.pieces))
    return done + [work(strand) for strand in _nameless(store, True, step)]


Cutter = Callable[[Timeline], Iterator[Strand]]
R = TypeVar("R")


def _cutter(store: Store, line: Timeline, rule: VisitRule, choice: Choice, dwell: bool, step: Step) -> Cutter:
    """What cuts pieces of `line` into visits."""
    if choice.used == "gap":
        return lambda piece: _by_gap(piece, dwell, rule.gap_minutes)
    session = beside(store, line, SESSION, step=step)
    return lambda piece: _own(piece, dwell, session)


def _by_gap(line: Timeline, dwell: bool, minutes: int) -> Iterator[Strand]:
    barred = line.of(*NO_VISIT)
    users, at, kind, numbers = line.users, line.at, line.kind, line.numbers
    spent = line.dwell if dwell else None
    if barred.any():
        kept = np.flatnonzero(~barred)
        users, at, kind, numbers = users[kept], at[kept], kind[kept], numbers[kept]
        spent = None if spent is None else spent[kept]
    if not len(users):
        return
    new = np.ones(len(users), dtype=np.bool_)
    np.greater_equal(at[1:] - at[:-1], minutes * 60 * _SECOND, out=new[1:])
    new[1:] |= users[1:] != users[:-1]
    begins = np.append(np.flatnonzero(new), len(users))
    yield Strand(users, at, line.kinds, kind, spent, begins, numbers)


def _own(line: Timeline, dwell: bool, sessions: npt.NDArray[Any]) -> Iterator[Strand]:
    """Visits by the data's own session ids, also where two of one user run side by side."""
    session = line.here(sessions)
    kept = np.flatnonzero((session != 0) & ~line.of(*NO_VISIT))
    if not len(kept):
        return
    kept = kept[np.lexsort((session[kept], line.users[kept]))]  # stable: within a session the order of time stays
    users, session = line.users[kept], session[kept]
    new = np.ones(len(kept), dtype=np.bool_)
    new[1:] = (users[1:] != users[:-1]) | (session[1:] != session[:-1])
    yield Strand(
        users,
        line.at[kept],
        line.kinds,
        line.kind[kept],
        line.dwell[kept] if dwell and line.dwell is not None else None,
        np.append(np.flatnonzero(new), len(kept)),
        line.numbers[kept],
    )


def _nameless(store: Store, dwell: bool, step: Step) -> Iterator[Strand]:
    """Visits of events that name a session and no user."""
    asked = Query("SELECT session, epoch_us(at_utc) AS at, event, event_no, dwell FROM events WHERE user_no IS NULL ")
    asked += Query("AND session IS NOT NULL AND at_utc < ? AND ", (store.as_of(),)) + may_visit()
    found = store.read(asked + " ORDER BY session, at_utc, event_no", step=step)
    if not found.num_rows:
        return
    session = found.column(0).combine_chunks().dictionary_encode().indices.to_numpy()
    events = found.column(2).combine_chunks().dictionary_encode()
    new = np.ones(len(session), dtype=np.bool_)
    new[1:] = session[1:] != session[:-1]
    yield Strand(
        np.full(len(session), ANONYMOUS, dtype=np.int32),
        found.column(1).to_numpy(),
        tuple(events.dictionary.to_pylist()),
        events.indices.to_numpy().astype(np.uint16),
        found.column(4).to_numpy() if dwell else None,
        np.append(np.flatnonzero(new), len(session)),
        found.column(3).to_numpy(),
    )
