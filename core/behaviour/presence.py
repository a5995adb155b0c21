"""Who and what came on which day, as bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from core.behaviour.sql import active
from core.store import Query, Store

Bits = npt.NDArray[np.uint64]

_MOST_CELLS = 350_000_000  # one byte each while they are made
_MOST_DAYS = 20_000
_WORD = 64
_SEEN, _ACTIVE = 1, 3  # an active user has both bits


@dataclass(frozen=True, eq=False)
class Presence:
    """One bit for each user (and item) and day. Events after the end of the data (Store.as_of) are left out.

    Attributes:
        first: the day of row 1.
        users, active, items: uint64 (days + 1, words), row 0 = events without a time; bit of number n: whether user n
            had any event, was active (core.behaviour.sql.active), whether item n had an event.
    """

    first: date
    users: Bits
    active: Bits
    items: Bits

    @property
    def size(self) -> int:
        """Bytes."""
        shared = self.active is self.users
        return self.users.nbytes + (0 if shared else self.active.nbytes) + self.items.nbytes

    def row(self, day: date) -> int:
        """The row of a day; of days outside the data the nearest end, so that rows [row(a), row(b)) are the days."""
        return min(max((day - self.first).days + 1, 1), len(self.users))

    def within(self, bits: Bits, low: date | None, high: date | None) -> Bits:
        """(words,): who came on any of the days low to before high; without a `low`, or without a time."""
        return either(bits[0 if low is None else self.row(low) : None if high is None else self.row(high)])

    def each(self, bits: Bits, parts: Sequence[tuple[date, date]]) -> Bits:
        """(parts, words): who came on the days of each part (first day, first after)."""
        return np.stack([either(bits[self.row(a) : self.row(b)]) for a, b in parts])

    def reached(self, bits: Bits, days: int) -> npt.NDArray[np.int64]:
        """(days of the data,): how many came on the day or one of the `days` - 1 before it."""
        held, width = bits[1:], 1
        while width < days:  # the union of two stretches of equal length, one after the other, is one twice as long
            step = min(width, days - width)
            held, before = held.copy(), held
            held[step:] |= before[:-step]
            width += step
        return how_many(held)


def either(bits: Bits) -> Bits:
    """(words,): the union of all rows."""
    union: Bits = np.bitwise_or.reduce(bits, axis=0)
    return union


def how_many(bits: Bits) -> npt.NDArray[np.int64]:
    """The bits of each row; a scalar array for one row."""
    return np.asarray(np.bitwise_count(bits).sum(axis=-1, dtype=np.int64))


def read_presence(store: Store) -> Presence | None:
    """The presence of a workspace with times; None where it would take too much memory.

    Ten million events take half a second. NumPy sets each event's byte; the same in SQL, with its hash tables of
    nearly as many keys as events, takes four times as long for each question.
    """
    end = store.as_of()
    if end is None:
        return None
    within = Query("(at_utc < ? OR at_utc IS NULL)", (end,))
    bounds = Query("SELECT min(at_utc) AS first, max(user_no) AS users, max(item_no) AS items FROM events WHERE ")
    row = store.rows(bounds + within)[0]
    first = row["first"].date()
    days = (end.date() - first).days + 2
    users, items = (_words(row[name]) for name in ("users", "items"))
    if days > _MOST_DAYS or days * (users + items) > _MOST_CELLS:
        return None
    # The last byte takes the events that name none.
    seen, there = (np.zeros(days * numbers + 1, dtype=np.uint8) for numbers in (users, items))
    day = Query("coalesce(CAST(at_utc AS DATE) - ?::DATE + 1, 0)", (first,))

    def cell(column: str, numbers: int) -> Query:
        known = Query(f"CASE WHEN {column} < {numbers} THEN ")  # beyond: a later version, which Summary will not take
        return known + day + f" * {numbers} + {column} ELSE {days * numbers} END::INTEGER"

    passive = False
    cells = Query("SELECT ") + cell("user_no", users) + " AS user, " + cell("item_no", items) + " AS item, "
    marks = Query("CASE WHEN ") + active() + f" THEN {_ACTIVE} ELSE {_SEEN} END::UTINYINT AS mark FROM events WHERE "
    for batch in store.stream(cells + marks + within + Query(" AND (at_utc IS NULL OR at_utc >= ?)", (first,))):
        user, item, mark = (batch.column(name).to_numpy() for name in range(3))
        there[item] = _SEEN
        passive |= _mark(seen, user, mark)
    table = seen[:-1].reshape(days, users)
    came = _packed(table, _SEEN)
    did = _packed(table, _ACTIVE - _SEEN) if passive else came
    return Presence(first, came, did, _packed(there[:-1].reshape(days, items), _SEEN))


def _mark(seen: npt.NDArray[np.uint8], cells: npt.NDArray[Any], marks: npt.NDArray[Any]) -> bool:
    """Set the cells' marks; a cell that occurs twice has both. Whether some were not active."""
    passive = marks == _SEEN
    some = bool(passive.any())
    if some:
        seen[cells[passive]] |= _SEEN
        cells = cells[~passive]
    seen[cells] = _ACTIVE
    return some


def _words(largest: int | None) -> int:
    """The width of a row, in bits: whole words."""
    return ((largest or 0) // _WORD + 1) * _WORD


def _packed(table: npt.NDArray[np.uint8], bit: int) -> Bits:
    """uint64 (rows, words): the `bit` of each byte."""
    rows, numbers = table.shape
    packed = np.empty((rows, numbers // 8), dtype=np.uint8)
    slab = max(1, 2_000_000 // numbers)  # no second table of all bytes
    for at in range(0, rows, slab):
        packed[at : at + slab] = np.packbits(table[at : at + slab] & bit, axis=1, bitorder="little")
    return packed.view(np.uint64)
