"""Columns that the timeline does not hold, for its events."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.behaviour.timeline import BATCH, Timeline
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store, flat

Values = npt.NDArray[Any]

_SPARSE = 4
"""Numbers may reach this many times as far as there are events; beyond it they are searched, not looked up."""


def beside(store: Store, line: Timeline, value: Query, *, step: Step = no_step) -> Values:
    """(n,): `value`, SQL over a row of `events` that yields a number, for each event of `line`; NaN where NULL.

    `line` is whole, not a piece: each piece finds its own values with `Timeline.here`.
    Raises Refusal `data_changed` where the workspace is no longer the line's.
    """
    asked = Query("SELECT event_no, (") + value
    asked += Query(
        ") AS value FROM events WHERE user_no >= ? AND user_no <= ? AND at_utc < ?",
        (int(line.users[0]), int(line.users[-1]), store.as_of()),
    )
    found = _as_stored(store, line, asked, step)
    if found is None:
        found = _looked_up(store, line, asked, step)
    # the version rises a moment after a change can be seen: hence both
    if found is None or store.version != line.version:
        raise Refusal("data_changed", "The data changed while this was worked out.", "Ask again.")
    return found


def _as_stored(store: Store, line: Timeline, asked: Query, step: Step) -> Values | None:
    """The values as they lie in the file; None where the events do not lie in the line's order."""
    parts, done = [], 0
    for batch in store.stream(asked, rows=BATCH, step=step):
        past = done + len(batch)
        if not np.array_equal(batch.column(0).to_numpy(), line.numbers[done:past]):
            return None
        parts.append(batch.column(1).to_numpy(zero_copy_only=False))
        done = past
    return np.concatenate(parts) if done == len(line) else None


def _looked_up(store: Store, line: Timeline, asked: Query, step: Step) -> Values | None:
    """The values by event_no; None where these are not the line's events."""
    found = store.read(asked, step=step)
    numbers: npt.NDArray[np.int64] = flat(found.column(0))
    if len(numbers) != len(line) or numbers.sum() != line.numbers.sum():
        return None
    values: Values = flat(found.column(1))
    low, high = int(numbers.min()), int(numbers.max())
    if high - low < _SPARSE * len(numbers):
        table = np.empty(high - low + 1, dtype=values.dtype)
        table[numbers - low] = values
        return np.asarray(table[line.numbers - low])
    order = np.argsort(numbers)
    return np.asarray(values[order[np.searchsorted(numbers, line.numbers, sorter=order)]])
