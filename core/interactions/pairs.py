"""One row for each user and item that have to do with each other, sorted, from the events or from SQL's sums of them.

Sorting is by counting, first by item, then by user (two passes of scipy's compiled kernel): users and items are small
whole numbers, and ten million pairs take half a second. Added up are whole billionths, so that no order matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix

from core.interactions.types import NO_TIME, Array
from core.progress import Step, no_step
from core.store import Query, Store, flat

MOST_EVENTS = 30_000_000
"""More events than this are added up by SQL, which spills what does not fit in memory; here an event takes 50 bytes."""

_NEVER = np.iinfo(np.int64).max
_COLUMNS = ("user_no", "item_no", "weight")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Arrays of equal length, by user, then item.

    Attributes:
        users, items: int32, user_no and item_no. weights: float64, whole billionths, above 0.
        events: int64, how many weigh something.
        first: int64, microseconds since 1970 (UTC) of the first of them; the least int64 where none has a time; None
            where the data have no times.
    """

    users: Array
    items: Array
    weights: Array
    events: Array
    first: Array | None

    def only(self, kept: Array) -> Pairs:
        """The pairs where `kept` (bool)."""
        if kept.all():
            return self
        first = None if self.first is None else self.first[kept]
        return Pairs(self.users[kept], self.items[kept], self.weights[kept], self.events[kept], first)


def of_events(store: Store, each: Query, *, timed: bool, step: Step = no_step) -> Pairs:
    """The pairs of events: `each` yields user_no, item_no, weight (BIGINT) and, where `timed`, seen (microseconds).

    Every row counts as an event, also with weight 0; pairs whose weights add up to 0 are left out.
    """
    table = store.read(each, step=step.part(0.0, 0.3))
    if not table.num_rows:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none.astype(np.int32), none.astype(np.int32), none.astype(np.float64), none, none)
    users, items, weights = (flat(table[name]) for name in _COLUMNS)
    seen = flat(table["seen"]) if timed else None
    del table
    step.report(0.3, "sorting events")
    users, items, order = _sorted(users, items)
    step.report(0.7, "adding up weights")
    new = np.ones(len(users), dtype=bool)
    new[1:] = (items[1:] != items[:-1]) | (users[1:] != users[:-1])
    start = np.flatnonzero(new)
    total = np.add.reduceat(weights[order], start)
    first = None
    if seen is not None:
        first = np.minimum.reduceat(seen[order], start)
        first[first == _NEVER] = NO_TIME
    pairs = Pairs(users[start], items[start], total.astype(np.float64), np.diff(start, append=len(users)), first)
    return pairs.only(total > 0)


def seen_at(timed: bool) -> Query:
    """SQL: the column `seen` that `of_events` reads, after a comma; nothing without times."""
    return Query(f", coalesce(epoch_us(at_utc), {_NEVER}) AS seen" if timed else "")


def of_table(table: Any, *, timed: bool) -> Pairs:
    """The pairs of a table of user_no, item_no, weight, events and first_seen (NULL without a time), in any order."""
    users, items, order = _sorted(flat(table["user_no"]), flat(table["item_no"]))
    weights, events = (flat(table[name])[order] for name in ("weight", "events"))
    first = _times(flat(table["first_seen"])[order]) if timed else None
    return Pairs(users, items, weights, events, first)


def _sorted(users: Array, items: Array) -> tuple[Array, Array, Array]:
    """Users and items in order of user, then item, and the place where each was (int32)."""
    if not len(users):
        return users, items, np.zeros(0, dtype=np.int32)
    places = np.arange(len(users), dtype=np.int32)
    by_item = coo_matrix((places, (items, users)), shape=(int(items.max()) + 1, int(users.max()) + 1))
    by_item.has_canonical_format = True  # else places that share a cell would be added
    by_user = by_item.tocsr().T.tocsr()
    rows = np.repeat(np.arange(by_user.shape[0], dtype=np.int32), np.diff(by_user.indptr))
    return rows, by_user.indices, by_user.data


def _times(first: Array) -> Array:
    """int64; a pair whose events have no time was seen before everything else."""
    if first.dtype.kind == "f":
        return np.where(np.isnan(first), NO_TIME, first).astype(np.int64)
    return first.astype(np.int64)
