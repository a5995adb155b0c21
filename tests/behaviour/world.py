"""Small workspaces written by hand: every event is one line, so every answer can be counted by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from core.store import Query, Store
from tests.prepared import new_store

LOADED_AT = datetime(2026, 1, 1)


class E(NamedTuple):
    """One event; the time as "2025-03-01" or "2025-03-01 10:30"."""

    user: str | None
    item: str | None
    event: str
    at: str | None
    order: str | None = None
    quantity: float | None = None
    value: float | None = None

    @property
    def moment(self) -> datetime | None:
        return None if self.at is None else datetime.fromisoformat(self.at)


def build(
    path: Path,
    events: Sequence[E],
    *,
    titles: Mapping[str, str] | None = None,
    categories: Mapping[str, str | list[str]] | None = None,
    silent: Sequence[str] = (),
) -> Store:
    """A workspace of these events. `silent` users have no events. Numbers follow first mention."""
    users = list(dict.fromkeys([e.user for e in events if e.user is not None] + list(silent)))
    items = list(dict.fromkeys([e.item for e in events if e.item is not None] + list(categories or {})))
    rows = pa.table(
        {
            "user_no": pa.array([None if e.user is None else users.index(e.user) for e in events], pa.int32()),
            "item_no": pa.array([None if e.item is None else items.index(e.item) for e in events], pa.int32()),
            "event": pa.array([e.event for e in events], pa.string()),
            "at_utc": pa.array([e.moment for e in events], pa.timestamp("us")),
            "order_id": pa.array([e.order for e in events], pa.string()),
            "quantity": pa.array([e.quantity for e in events], pa.float64()),
            "value": pa.array(
                [None if e.value is None else Decimal(str(e.value)) for e in events], pa.decimal128(18, 4)
            ),
        }
    )
    store = new_store(path)
    with store.atomic() as w:
        w.run(
            Query(
                "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
                "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at) "
                "VALUES (1, 'events', '[]', '{}', ?, ?, 0, 0, 0, 0, ?, ?)",
                (len(events), len(events), len(events), LOADED_AT),
            )
        )
        for no, name in enumerate(users):
            w.run(Query("INSERT INTO users (user_no, user_id) VALUES (?, ?)", (no, name)))
        for no, name in enumerate(items):
            w.run(Query("INSERT INTO items (item_no, item_id) VALUES (?, ?)", (no, name)))
        with w.table("incoming", rows):
            w.run(
                "INSERT INTO events BY NAME SELECT *, 1 AS batch_no, "
                "(1::BIGINT << 40) + row_number() OVER () - 1 AS event_no FROM incoming"
            )
        if titles is not None:
            w.run("ALTER TABLE items ADD COLUMN title VARCHAR")
            w.run("INSERT INTO columns VALUES ('items', 'title', 'title')")
            for name, title in titles.items():
                w.run(Query("UPDATE items SET title = ? WHERE item_id = ?", (title, name)))
        if categories is not None:
            several = any(isinstance(c, list) for c in categories.values())
            w.run(f"ALTER TABLE items ADD COLUMN category {'VARCHAR[]' if several else 'VARCHAR'}")
            w.run("INSERT INTO columns VALUES ('items', 'category', 'category')")
            for name, category in categories.items():
                cell = "string_split(?, '|')" if several else "?"
                text = "|".join(category) if isinstance(category, list) else category
                w.run(Query(f"UPDATE items SET category = {cell} WHERE item_id = ?", (text, name)))
    return store


def ids(store: Store, users: Query) -> set[str]:
    """The user ids that a users-query yields; fails if it yields one twice or an anonymous one."""
    rows = store.rows(Query("SELECT q.user_no, u.user_id FROM (") + users + ") q LEFT JOIN users u USING (user_no)")
    found = [row["user_id"] for row in rows]
    assert None not in found
    assert len(set(found)) == len(found)
    return set(found)


# A shop in March 2025, from Saturday the 1st to Friday the 14th, 18:00.
SHOP = [
    E("ann", "mug", "view", "2025-03-01 09:00"),
    E("ann", "mug", "cart", "2025-03-01 09:05"),
    E("ann", "mug", "purchase", "2025-03-01 09:10", "o1", 2, 10.0),
    E("ann", "tea", "purchase", "2025-03-01 09:10", "o1", 1, 4.5),
    E("ann", "mug", "return", "2025-03-04 12:00", "o1", -2, -10.0),  # the mugs go back: no buyer of mugs
    E("bob", "mug", "view", "2025-03-03 10:00"),
    E("bob", "mug", "purchase", "2025-03-03 10:30", None, 1, 5.0),  # no order numbers: two lines of one day,
    E("bob", "pot", "purchase", "2025-03-03 16:00", None, None, 20.0),  # so one order
    E("bob", "pot", "purchase", "2025-03-10 16:00", None, 1, 20.0),  # and one a week later
    E("cat", "tea", "cart", "2025-03-05 08:00"),  # a cart before any view
    E("cat", "tea", "view", "2025-03-05 08:30"),
    E("dan", None, "impression", "2025-03-06 07:00"),  # nothing that dan did
    E(None, "tea", "view", "2025-03-08 11:00"),
    E(None, "tea", "purchase", "2025-03-08 11:05", "o9", 3, 13.5),
    E(None, "pot", "purchase", "2025-03-09 12:00", None, 1, 20.0),  # neither user nor order number
    E("eve", "pot", "view", "2025-03-12 20:00"),
    E("eve", "pot", "cart", "2025-03-12 20:00"),
    E("eve", "pot", "purchase", "2025-03-14 18:00", "o2", 1, None),  # no price known
]
TITLES = {"mug": "A mug", "tea": "Green tea"}
CATEGORIES = {"mug": "kitchen", "pot": "kitchen"}
