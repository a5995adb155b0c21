"""Events put together into visits: each visit's events one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.attention.visits_rule import NO_VISIT, Choice, VisitRule, may_visit
from core.behaviour import Timeline, beside, timelines
from core.progress import Step, no_step
from core.store import Query, Store

Int32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ANONYMOUS = -1
"""In place of user_no in visits of nobody known."""

_SECOND = 1_000_000
# the same id for the same session; two sessions of one user share one with a chance of 1 in 10^19
_SESSION = Query("CASE WHEN session IS NULL THEN 0 ELSE greatest(hash(session), 1) END")


@dataclass(frozen=True, eq=False)
class Strand:
    """Visits of some users, and their events.

    Attributes:
        users: int32 (n,), user_no or ANONYMOUS. at: int64 (n,), microseconds since 1970 UTC, rising in a visit.
        kinds: event types by code. kind: (n,), codes. dwell: seconds (n,), NaN = not known; None = of no event.
        begins: (visits + 1,), where each visit begins, and n.
        order, stored_numbers: event_no of event i is stored_numbers[order[i]].
    """

    users: Int32
    at: Ints
    kinds: tuple[str, ...]
    kind: npt.NDArray[np.uint16]
    dwell: Floats | None
    begins: Ints
    order: npt.NDArray[Any]
    stored_numbers: Ints

    def of(self, *events: str) -> Bools:
        """(n,): whether the event is one of these types."""
        marked = np.fromiter((kind in events for kind in self.kinds), np.bool_, len(self.kinds))
        return marked[self.kind]

    def numbers(self, place: npt.NDArray[Any]) -> Ints:
        """event_no of the events at `place`."""
        found: Ints = self.stored_numbers[self.order[place]]
        return found

    def each(self, marks: Bools) -> Int32:
        """How many of the marked events each visit holds."""
        counted: Int32 = np.add.reduceat(marks, self.begins[:-1], dtype=np.int32)
        return counted

    def any(self, marks: Bools) -> Bools:
        """Whether each visit holds a marked event."""
        held: Bools = np.logical_or.reduceat(marks, self.begins[:-1])
        return held


def strands(
    store: Store, rule: VisitRule, choice: Choice, *, dwell: bool = False, step: Step = no_step
) -> Iterator[Strand]:
    """All visits: those of known users, then those of session ids without a user."""
    for line in timelines(store, step=step.part(0, 0.7)):
        spent = beside(store, line, Query("dwell"), step=step.part(0.7, 0.9)) if dwell and choice.dwelt else None
        yield from _own(store, line, spent, step) if choice.used == "own" else _by_gap(line, spent, rule.gap_minutes)
    yield from _nameless(store, dwell, step)


def _by_gap(line: Timeline, dwell: Floats | None, minutes: int) -> Iterator[Strand]:
    barred = line.of(*NO_VISIT)
    users, at, kind, order = line.users, line.at, line.kind, line.order
    if barred.any():
        kept = np.flatnonzero(~barred)
        users, at, kind, order = users[kept], at[kept], kind[kept], order[kept]
        dwell = None if dwell is None else dwell[kept]
    if not len(users):
        return
    new = np.ones(len(users), dtype=np.bool_)
    np.greater_equal(at[1:] - at[:-1], minutes * 60 * _SECOND, out=new[1:])
    new[1:] |= users[1:] != users[:-1]
    begins = np.append(np.flatnonzero(new), len(users))
    yield Strand(users, at, line.kinds, kind, dwell, begins, order, line.stored_numbers)


def _own(store: Store, line: Timeline, dwell: Floats | None, step: Step) -> Iterator[Strand]:
    """Visits by the data's own session ids, also where two of one user run side by side."""
    session = beside(store, line, _SESSION, step=step)
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
        None if dwell is None else dwell[kept],
        np.append(np.flatnonzero(new), len(kept)),
        line.order[kept],
        line.stored_numbers,
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
        np.arange(len(session)),
        found.column(3).to_numpy(),
    )
