"""A shop of six people, for windows beside an event and for looking back."""

from __future__ import annotations

from datetime import datetime

from core.segments import EventStep
from tests.segments.world import World, event

NOON = datetime(2024, 3, 31, 12)
VIEW, BUY, CART = EventStep("view"), EventStep("purchase"), EventStep("cart")
# ann   views on 1, 5 and 9 March, buys at noon of the 5th and of the 9th
# ben   buys on 5 March, an order of 10 and one of 4 at the same time, sends the first back on 7 March; never views
# cat   views only
# dan   buys without a time, views on 3 March
# eve   buys at as_of, views before
# fay   known from the users file
SHOP = World(
    users={"fay": {}},
    items={"toy": {"category": "toys"}},
    events=(
        event("ann", "view", "2024-03-01", item="toy", rating=4.0),
        event("ann", "view", "2024-03-05T12:00", item="toy", rating=2.0),
        event("ann", "purchase", "2024-03-05T12:00", item="toy", order_id="1", value=10, quantity=1),
        event("ann", "view", "2024-03-09T11:00", item="book"),
        event("ann", "purchase", "2024-03-09T12:00", item="toy", order_id="2", value=5, quantity=1),
        event("ben", "purchase", "2024-03-05T12:00", item="toy", order_id="3", value=10, quantity=2),
        event("ben", "purchase", "2024-03-05T12:00", item="book", order_id="4", value=4, quantity=1),
        event("ben", "return", "2024-03-07", item="toy", value=-10, quantity=-2),
        event("cat", "view", "2024-03-06"),
        event("dan", "purchase", None, item="toy", order_id="5", value=1),
        event("dan", "view", "2024-03-03"),
        event("eve", "view", "2024-03-30"),
        event("eve", "purchase", NOON, item="toy"),
    ),
)
ALL = {"ann", "ben", "cat", "dan", "eve", "fay"}
