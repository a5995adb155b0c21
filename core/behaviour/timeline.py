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
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store, flat

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_EVENTS = 16_000_000
"""Held at once: 26 bytes each, 34 where some carry dwell. More are gone through in slabs of users; nothing is kept."""

NO_ITEM = -1

_PIECE = 600_000
BATCH = 100_000
_DWELL = ", coalesce(dwell, 'nan'::DOUBLE) AS dwell"
_TYPES = (np.int32, np.int64, np.int64, np.int32, np.uint16, np.float64)  # of the columns that _columns asks for

_SIZE = "SELECT event, count(*) AS n, max(user_no) AS most, count(dwell) AS dwelt FROM events WHERE "


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
        place: of a piece, where its first event stands in the whole.
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
    place: int = 0

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
                items=self.items[low:high], numbers=self.numbers[low:high], cuts=np.array([0, high - low]), place=low,
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

    def here(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Of values for each event of the whole those for this piece's."""
        return values[self.place : self.place + len(self)]

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
    found = store.rows(Query(_SIZE) + known + " GROUP BY event ORDER BY event")
    n = sum(int(row["n"]) for row in found)
    if not n:
        return
    highest = max(int(row["most"]) for row in found)
    kinds, dwelt = tuple(str(row["event"]) for row in found), any(row["dwelt"] for row in found)
    if n <= most:
        with _making:  # a second asker waits for the first one's arrays
            with _lock:
                kept = _kept.get(store)
            if kept is None or kept[0] != version:
                kept = (version, _read(store, version, known, kinds, dwelt, step))
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
        made = _read(store, version, known + part, kinds, dwelt, step.part(slab / slabs, (slab + 1) / slabs))
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


def _read(store: Store, version: int, known: Query, kinds: tuple[str, ...], dwelt: bool, step: Step) -> Timeline:
    """A slab."""
    columns = _columns(known, kinds, dwelt)
    found = _as_stored(store, columns, known, dwelt, step)
    if found is None:
        table = store.read(columns + " ORDER BY user_no, at_utc, event_no", step=step)
        found = spread(lambda n: flat(table.column(n)), range(table.num_columns))
    users, at, numbers, items, kind = found[:5]
    if kind.dtype != np.uint16:  # a new word has come since the words were listed
        raise Refusal("data_changed", "The data changed while this was worked out.", "Ask again.")
    return Timeline(users, at, kinds, kind, items, numbers, found[5] if dwelt else None, version, _cuts(users))


def _columns(known: Query, kinds: tuple[str, ...], dwelt: bool) -> Query:
    code = Query("CASE event ")
    for number, kind in enumerate(kinds):
        code += Query(f"WHEN ? THEN {number} ", (kind,))
    asked = Query(f"SELECT user_no, epoch_us(at_utc) AS at, event_no, coalesce(item_no, {NO_ITEM})::INTEGER AS item, (")
    return asked + code + f"END)::USMALLINT AS kind{_DWELL if dwelt else ''} FROM events WHERE " + known


def _as_stored(store: Store, columns: Query, known: Query, dwelt: bool, step: Step) -> list[Any] | None:
    """The columns as they lie in the file, which is in order where one load wrote them; None where they are not.

    The first batch out of order ends it. Batches go where they belong at once: half the memory of a whole answer, and
    handing out memory is what the system takes longest for.
    """
    (size,) = store.rows(Query("SELECT count(*) AS n FROM events WHERE ") + known)
    n, done = int(size["n"]), 0
    made: list[Any] = [np.empty(n, dtype=kind) for kind in _TYPES[: 6 if dwelt else 5]]
    for batch in store.stream(columns, rows=BATCH, step=step):
        past = done + len(batch)
        if past > n or any(column.null_count for column in batch.columns):
            return None
        for array, column in zip(made, batch.columns, strict=True):
            array[done:past] = column.to_numpy()
        if not _rising(*(array[max(done - 1, 0) : past] for array in made[:3])):
            return None
        done = past
    return made if done == n else None


def _rising(users: npt.NDArray[np.int32], at: Ints, numbers: Ints) -> bool:
    """Whether these are in order of user, then time, then event_no."""
    tied = at[1:] == at[:-1]
    after = (at[1:] > at[:-1]) | (tied & (numbers[1:] > numbers[:-1]))
    rising: np.bool_ = ((users[1:] > users[:-1]) | ((users[1:] == users[:-1]) & after)).all()
    return bool(rising)


def _cuts(users: npt.NDArray[np.int32]) -> Ints:
    """Where pieces begin: at the first event of the user whose event stands every _PIECE places; and the end."""
    near = users[::_PIECE]
    return np.unique(np.append(np.searchsorted(users, near), len(users))) if len(users) else np.zeros(1, np.int64)
