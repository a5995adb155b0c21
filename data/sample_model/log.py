"""A log of events as columns of whole numbers; every other module adds rows to one."""

from collections.abc import Iterable, Mapping

import numpy as np

from data.sample_model.settings import EVENTS, MISSING, Bools, Ints

COLUMNS = (
    "at", "user", "session", "event", "item", "order", "quantity", "price", "rating", "dwell", "channel", "device",
    "campaign", "query",
)  # fmt: skip


class Log:
    """Events in columns of equal length; MISSING (-1) is an empty cell.

    `at` is in seconds since 1970, `price` in pence, `dwell` in seconds; the rest are row numbers of other tables.
    """

    def __init__(self, columns: Mapping[str, Ints]) -> None:
        self.columns = dict(columns)

    def __len__(self) -> int:
        return len(self.columns["at"])

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    @classmethod
    def of(cls, event: str, at: Ints, **columns: Ints | int) -> "Log":
        """Events of one type; a single number stands for all rows, columns not given are empty."""
        given: dict[str, Ints | int] = {"at": at, "event": EVENTS.index(event), **columns}
        return cls({name: np.array(np.broadcast_to(given.get(name, MISSING), len(at)), np.int64) for name in COLUMNS})

    @classmethod
    def join(cls, logs: Iterable["Log"]) -> "Log":
        """All rows of several logs, in the order given."""
        parts = list(logs)
        return cls({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})

    def where(self, rows: Bools | Ints) -> "Log":
        """The rows chosen by a mask or by position."""
        return Log({name: column[rows] for name, column in self.columns.items()})

    def replaced(self, **columns: Ints | int) -> "Log":
        """The same rows with some columns changed."""
        new = {name: np.array(np.broadcast_to(column, len(self)), np.int64) for name, column in columns.items()}
        return Log({**self.columns, **new})

    def of_type(self, event: str) -> Bools:
        """Mask of the rows of one event type."""
        return np.equal(self["event"], EVENTS.index(event))

    def by_time(self) -> "Log":
        """Rows in order of time; ties keep the order in which they were added."""
        return self.where(np.argsort(self["at"], kind="stable"))
