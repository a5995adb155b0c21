"""Events as they stand in the file: text cells, one label a row that says which dirt it is (empty: none)."""

import numpy as np
from numpy.typing import NDArray

from data.sample_model.journeys import QUERIES
from data.sample_model.log import Log
from data.sample_model.settings import (
    CAMPAIGNS,
    CHANNELS,
    DAY,
    DEVICES,
    EVENTS,
    START_S,
    WEATHER,
    Bools,
    Floats,
    Ints,
    iso,
)
from data.sample_model.shop import Shop

Texts = NDArray[np.object_]
HEADER = (
    "event_time", "user_id", "session_id", "event_type", "item_id", "order_id", "quantity", "unit_price", "rating",
    "dwell_seconds", "channel", "device", "campaign", "query", "weather",
)  # fmt: skip


class Sheet:
    """Rows of text cells. `place` says where a row stands in the file, `label` which dirt it carries."""

    def __init__(self, cells: dict[str, Texts], place: Floats, label: Texts) -> None:
        self.cells = cells
        self.place = place
        self.label = label

    def __len__(self) -> int:
        return len(self.place)

    def rows(self, which: Bools | Ints) -> "Sheet":
        """Copies of some rows."""
        return Sheet({name: cells[which] for name, cells in self.cells.items()}, self.place[which], self.label[which])

    def extended(self, more: "Sheet") -> "Sheet":
        """This sheet with rows of another added."""
        cells = {name: np.concatenate([self.cells[name], more.cells[name]]) for name in HEADER}
        return Sheet(cells, np.concatenate([self.place, more.place]), np.concatenate([self.label, more.label]))

    def in_order(self) -> "Sheet":
        """Rows in the order of the file."""
        return self.rows(np.argsort(self.place, kind="stable"))


def make_sheet(shop: Shop) -> Sheet:
    """The clean log as text, in order of time."""
    log, world = shop.log, shop.world
    day = (log["at"] - START_S) // DAY
    sky = np.where(log["session"] < 0, -1, world.weather[world.people.country[log["user"]], day])
    cells = {
        "event_time": np.array([iso(at) for at in log["at"].tolist()], object),
        "user_id": named(log["user"], world.people.ids),
        "session_id": _coded("S{:07d}", log["session"]),
        "event_type": named(log["event"], EVENTS),
        "item_id": named(log["item"], world.items.ids()),
        "order_id": _coded("O{:06d}", log["order"]),
        "quantity": _coded("{:d}", log["quantity"]),
        "unit_price": np.array([pounds(price) if price >= 0 else "" for price in log["price"].tolist()], object),
        "rating": _coded("{:d}", log["rating"]),
        "dwell_seconds": _coded("{:d}", log["dwell"]),
        "channel": named(log["channel"], CHANNELS),
        "device": named(log["device"], DEVICES),
        "campaign": named(log["campaign"], CAMPAIGNS),
        "query": named(log["query"], QUERIES),
        "weather": named(sky, WEATHER),
    }
    return Sheet(cells, np.arange(len(log), dtype=float), np.full(len(log), "", object))


def pounds(pence: int) -> str:
    """12345 -> 123.45"""
    return f"{pence / 100:.2f}"


def named(numbers: Ints, names: tuple[str, ...] | list[str]) -> Texts:
    """The name of each number; empty for a missing one."""
    return np.array([*names, ""], object)[numbers]


def _coded(form: str, numbers: Ints) -> Texts:
    return np.array([form.format(number) if number >= 0 else "" for number in numbers.tolist()], object)


def of_log(log: Log, event: str) -> Ints:
    """Positions of the events of one type."""
    return np.flatnonzero(log.of_type(event))
