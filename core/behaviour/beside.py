"""Columns that the timeline does not hold, for its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.behaviour.timeline import Timeline
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

_SPARSE = 4
"""Numbers may reach this many times as far as there are events; beyond it they are searched, not looked up."""


@dataclass(frozen=True, eq=False)
class Beside:
    """A value for each event of a timeline, found by event_no.

    Attributes:
        values: (m,). low: event_no of the first of them, where those of the events follow each other; else
        numbers: int64 (m,), the event_no of each, rising.
    """

    values: npt.NDArray[Any]
    low: int
    numbers: npt.NDArray[np.int64] | None = None

    def of(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The values of these events, by event_no: such as a piece's `numbers`."""
        place = numbers - self.low if self.numbers is None else np.searchsorted(self.numbers, numbers)
        found: npt.NDArray[Any] = self.values[place]
        return found


def beside(store: Store, line: Timeline, value: Query, *, step: Step = no_step) -> Beside:
    """`value`, SQL over a row of `events` that yields a number, for the events of `line`: NaN where NULL.

    `line` is whole, not a piece. Raises Refusal `data_changed` where the workspace is no longer the line's.
    """
    asked = Query("SELECT event_no, (") + value
    asked += Query(
        ") AS value FROM events WHERE user_no >= ? AND user_no <= ? AND at_utc < ?",
        (int(line.users[0]), int(line.users[-1]), store.as_of()),
    )
    found = store.read(asked, step=step)
    numbers: npt.NDArray[np.int64] = found.column(0).to_numpy()
    # the version rises a moment after a change can be seen: hence the sum too
    if store.version != line.version or len(numbers) != len(line) or numbers.sum() != line.numbers.sum():
        raise Refusal("data_changed", "The data changed while this was worked out.", "Ask again.")
    values: npt.NDArray[Any] = found.column(1).to_numpy()
    low, high = int(numbers.min()), int(numbers.max())
    if high - low < _SPARSE * len(numbers):
        table = np.empty(high - low + 1, dtype=values.dtype)
        table[numbers - low] = values
        return Beside(table, low)
    order = np.argsort(numbers)
    return Beside(values[order], low, numbers[order])
