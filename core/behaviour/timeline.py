"""Every known user's events one after the other, as arrays: what needs their order reads it here.

Visits, paths, funnels with a time limit and answers to the n-th showing all ask "what came before, what after, for the
same user". SQL would sort the events anew for each such question; here DuckDB sorts them once for each version of the
data, and every question is then some passes over arrays.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from core.behaviour.spread import spread
from core.progress import Step, no_step
from core.store import Query, Store

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_EVENTS = 16_000_000
"""Held at once: 26 bytes each, 34 where some carry dwell. More are gone through in slabs of users; nothing is kept."""

NO_ITEM = -1

_PIECE = 600_000
_DWELL = ", coalesce(dwell, 'nan'::DOUBLE) AS dwell"

_SIZE = "SELECT count(*) AS n, max(user_no) AS most, count(dwell) AS dwelt FROM events WHERE "


@dataclass(frozen=True, eq=False)
class Timeline:
    """Timed events of known users before the end of the data (Store.as_of): by user, then time, then event_no.

    A slab holds all events of its users, so that no question about one user needs a second slab.

    Attributes:
        users: int32 (n,), user_no, rising.
        at: int64 (n,), microseconds since 1970-01-01 UTC, rising within a user.
        kinds: event types by code, in alphabetical order. kind: uint16 (n,), codes.
        items: int32 (n,), item_no; NO_ITEM where the event names none.
        numbers: int64 (n,), event_no: to look up what the timeline does not hold (core.behaviour.beside).
        dwell: float64 (n,), seconds, NaN where the event carries none; None where none does.
        version: of the data (Store.version).
        cuts: (parts + 1,), places where `pieces` are cut: 0, ..., n.
    """

    users: npt.NDArray[np.int32]
    at: Ints
    kinds: tuple[str, ...]
    kind: npt.NDArray[np.uint16]
    items: npt.NDArray[np.int32]
    numbers: Ints
    dwell: npt.NDArray[np.float64] | None
    version: int
    cuts: Ints

    @cached_property
    def pieces(self) -> tuple[Timeline, ...]:
        """The same events, some 600,000 at a time and no user in two: quicker to go through, and side by side.

        Memory is shared, but for what a piece works out when first asked for it.
        """
        if len(self.cuts) < 3:
            return (self,)
        return tuple(
            replace(
                self, users=self.users[low:high], at=self.at[low:high], kind=self.kind[low:high],
                items=self.items[low:high], numbers=self.numbers[low:high], cuts=np.array([0, high - low]),
                dwell=None if self.dwell is None else self.dwell[low:high],
            )
            for low, high in itertools.pairwise(self.cuts.tolist())
            if low < high
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def first(self) -> Bools:
        """(n,): whether it is its user's first event."""
        marks = np.ones(len(self), dtype=np.bool_)
        np.not_equal(self.users[1:], self.users[:-1], out=marks[1:])
        return marks

    @cached_property
    def begins(self) -> Ints:
        """(users + 1,): where each user's events begin, and len(self)."""
        return np.append(np.flatnonzero(self.first), len(self))

    def of(self, *events: str) -> Bools:
        """(n,): whether the event is one of these types."""
        marks = np.zeros(len(self), dtype=np.bool_)
        for code, kind in enumerate(self.kinds):
            if kind in events:
                marks |= self.kind == code
        return marks


def timelines(store: Store, *, step: Step = no_step, most: int = MOST_EVENTS) -> Iterator[Timeline]:
    """The slabs of all known users; no slab without timed events.

    One slab where there are at most `most` events, kept for the next question about the same data.
    """
    version, end = store.version, store.as_of()
    if end is None:
        return
    with _lock:
        kept = _kept.get(store)
    if kept is not None and kept[0] == version:
        yield kept[1]
        return
    known = Query("user_no IS NOT NULL AND at_utc < ?", (end,))
    (found,) = store.rows(Query(_SIZE) + known)
    n, highest, dwelt = int(found["n"]), int(found["most"] or 0), bool(found["dwelt"])
    if not n:
        return
    if n <= most:
        with _making:  # a second asker waits for the first one's arrays
            with _lock:
                kept = _kept.get(store)
            if kept is None or kept[0] != version:
                kept = (version, _read(store, version, known, dwelt, step))
                if store.version == version:
                    with _lock:
                        _make_room(len(kept[1]))
                        _kept[store] = kept
        yield kept[1]
        return
    slabs = -(-n // most)
    for slab in range(slabs):
        low, high = (highest + 1) * slab // slabs, (highest + 1) * (slab + 1) // slabs
        part = Query(" AND user_no >= ? AND user_no < ?", (low, high))
        made = _read(store, version, known + part, dwelt, step.part(slab / slabs, (slab + 1) / slabs))
        if len(made):
            yield made


_kept: WeakKeyDictionary[Store, tuple[int, Timeline]] = WeakKeyDictionary()
_lock, _making = threading.Lock(), threading.Lock()


def _make_room(coming: int) -> None:
    """Of many open workspaces the oldest go first."""
    size = coming + sum(len(line) for _, line in _kept.values())
    for other in list(_kept):
        if size <= MOST_EVENTS:
            return
        size -= len(_kept.pop(other)[1])


def _read(store: Store, version: int, known: Query, dwelt: bool, step: Step) -> Timeline:
    """A slab."""
    kinds = tuple(str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events ORDER BY event")))
    code = Query("CASE event ")
    for number, kind in enumerate(kinds):
        code += Query(f"WHEN ? THEN {number} ", (kind,))
    query = (
        Query(f"SELECT user_no, epoch_us(at_utc) AS at, event_no, coalesce(item_no, {NO_ITEM})::INTEGER AS item, (")
        + code
        + f"END)::USMALLINT AS kind{_DWELL if dwelt else ''} FROM events WHERE "
        + known
        + " ORDER BY user_no, at_utc, event_no"
    )
    found = store.read(query, step=step)
    columns: list[Any] = spread(lambda n: found.column(n).combine_chunks().to_numpy(), range(found.num_columns))
    users, at, numbers, items, kind_of = columns[:5]
    there = np.bincount(kind_of, minlength=len(kinds)) > 0
    if not there.all():  # words that only anonymous events have, or events after the end of the data
        kind_of = (np.cumsum(there) - 1).astype(np.uint16)[kind_of]
        kinds = tuple(kind for kind, some in zip(kinds, there, strict=True) if some)
    return Timeline(users, at, kinds, kind_of, items, numbers, columns[5] if dwelt else None, version, _cuts(users))


def _cuts(users: npt.NDArray[np.int32]) -> Ints:
    """Where pieces begin: at the first event of the user whose event stands every _PIECE places; and the end."""
    near = users[::_PIECE]
    return np.unique(np.append(np.searchsorted(users, near), len(users))) if len(users) else np.zeros(1, np.int64)
