"""Six people whose every answer is known by eye."""

from __future__ import annotations

from datetime import datetime

from core.segments import Compare, Did
from tests.segments.world import World, event

AS_OF = datetime(2024, 3, 31)
# ann    two orders on one day under two ids; a toy, kept
# ben    two lines of one order without an id; sent everything back
# cat    one order long ago, views since
# dan    only looks
# eve    known from the users file only
# 007    bought once exactly 30 days before as_of
PEOPLE = World(
    users={
        "ann": {"country": "France", "age": 30.0, "tags": ["new", "vip"], "joined": datetime(2024, 3, 1), "vip": True},
        "ben": {"country": "Spain", "age": 41.5, "tags": []},
        "cat": {"country": None, "age": None, "vip": False},
        "eve": {"country": "Îles", "age": 18.0, "tags": ["old"]},
    },
    items={"toy": {"category": "toys", "price": 5.0}, "book": {"category": "books"}},
    events=(
        event("ann", "view", "2024-03-20T10:00", item="toy", channel="email", dwell=5.0),
        event("ann", "purchase", "2024-03-20T12:00", item="toy", order_id="A1", quantity=1, value=10, channel="email"),
        event("ann", "purchase", "2024-03-20T13:00", item="book", order_id="A2", quantity=2, value=20.5, channel="web"),
        event("ben", "purchase", "2024-03-25T09:00", item="toy", quantity=2, value=20),
        event("ben", "purchase", "2024-03-25T21:00", item="book", quantity=1, value=5),
        event("ben", "return", "2024-03-28", item="toy", quantity=-2, value=-20),
        event("ben", "return", "2024-03-28", item="book", quantity=-1, value=-5),
        event("cat", "purchase", "2023-01-05", item="toy", order_id="C1", quantity=1, value=7),
        event("cat", "view", "2024-03-30", item="book", dwell=60.0),
        event("cat", "view", "2024-03-30T23:59:59", item="toy"),
        event("dan", "view", "2024-03-30", item="toy", channel="web"),
        event("dan", "impression", "2024-03-30T12:00", item="toy"),
        event("007", "purchase", "2024-03-01", item="toy", order_id="J1", value=3),
        event(None, "purchase", "2024-03-02", item="toy", order_id="X1", value=99),
        event("dan", "purchase", "2024-03-31", item="toy", order_id="D1", value=1),  # at as_of: not seen
    ),
)
EVERYONE = {"ann", "ben", "cat", "dan", "eve", "007"}
BUYERS = {"ann", "ben", "cat", "007"}


def bought(op: str = "at_least", n: float = 1, **more: object) -> Did:
    return Did("purchase", compare=Compare(op, n), **more)  # type: ignore[arg-type]
