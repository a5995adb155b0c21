"""Columns that the timeline does not hold, in its order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.behaviour.timeline import Timeline
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store


def beside(store: Store, line: Timeline, value: Query, *, step: Step = no_step) -> npt.NDArray[Any]:
    """`value`, SQL over a row of `events` that yields a number, for each event of `line`: (n,), NaN where NULL.

    Raises Refusal `data_changed` where the workspace no longer has the line's events.
    """
    found: npt.NDArray[Any] = stored_beside(store, line, value, step=step)[line.order]
    return found


def stored_beside(store: Store, line: Timeline, value: Query, *, step: Step = no_step) -> npt.NDArray[Any]:
    """Like `beside`, in the order of stored_items and stored_numbers: each of the line's pieces takes its part of it.

    `line` is whole, not a piece. Raises Refusal `data_changed`.
    """
    asked = Query("SELECT event_no, (") + value
    asked += Query(
        ") AS value FROM events WHERE user_no >= ? AND user_no <= ? AND at_utc < ?",
        (int(line.users[0]), int(line.users[-1]), store.as_of()),
    )
    found = store.read(asked, step=step)
    numbers: npt.NDArray[np.int64] = found.column(0).to_numpy()
    values: npt.NDArray[Any] = found.column(1).to_numpy()
    if np.array_equal(numbers, line.stored_numbers):  # DuckDB reads rows as they are stored, unless it changes its mind
        return values
    by_number = np.argsort(numbers)
    place = np.searchsorted(numbers, line.stored_numbers, sorter=by_number)
    there = by_number[np.minimum(place, len(numbers) - 1)]
    if not len(numbers) or not np.array_equal(numbers[there], line.stored_numbers):
        raise Refusal("data_changed", "The data changed while this was worked out.", "Ask again.")
    return values[there]
