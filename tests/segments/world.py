"""Small worlds written out in Python, put into a workspace for the queries under test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.store import Query, Store

EVENT_TYPES: dict[str, pa.DataType] = {
    "user_id": pa.string(), "item_id": pa.string(), "event": pa.string(), "at_utc": pa.timestamp("us"),
    "order_id": pa.string(), "quantity": pa.float64(), "value": pa.decimal128(18, 4), "rating": pa.float64(),
    "dwell": pa.float64(), "channel": pa.string(), "weather": pa.string(),
}  # fmt: skip
USER_TYPES: dict[str, pa.DataType] = {
    "user_id": pa.string(), "country": pa.string(), "age": pa.float64(), "joined": pa.timestamp("us"),
    "vip": pa.bool_(), "tags": pa.list_(pa.string()), "email": pa.string(),
}  # fmt: skip
ITEM_TYPES: dict[str, pa.DataType] = {"item_id": pa.string(), "category": pa.string(), "price": pa.float64()}
_SQL = {
    "country": "VARCHAR",
    "age": "DOUBLE",
    "joined": "TIMESTAMP",
    "vip": "BOOLEAN",
    "tags": "VARCHAR[]",
    "email": "VARCHAR",
}


@dataclass(frozen=True)
class World:
    """Users and items by id with their attributes, and events as dicts (`user`, `item`, `event`, `at`, ...)."""

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()

    def user_ids(self) -> set[str]:
        """Every id that any part of the world mentions."""
        return set(self.users) | {e["user"] for e in self.events if e.get("user") is not None}


def event(user: str | None, word: str, at: str | datetime | None = None, **more: Any) -> dict[str, Any]:
    """One event; `at` may be an ISO text, `value` any number."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    if more.get("value") is not None:
        more["value"] = Decimal(str(more["value"]))
    return {"user": user, "event": word, "at": moment, **more}


def prepare(store: Store) -> None:
    """Add the attribute and context columns that worlds use."""
    with store.atomic() as writer:
        for column, kind in _SQL.items():
            writer.run(f"ALTER TABLE users ADD COLUMN {column} {kind}")
        writer.run("ALTER TABLE items ADD COLUMN category VARCHAR")
        writer.run("ALTER TABLE items ADD COLUMN price DOUBLE")
        writer.run("ALTER TABLE events ADD COLUMN weather VARCHAR")


def put(store: Store, world: World) -> None:
    """Make the workspace hold exactly this world."""
    items = set(world.items) | {e["item"] for e in world.events if e.get("item") is not None}
    with store.atomic() as writer:
        for table in ("events", "users", "items", "batches"):
            writer.run(f"DELETE FROM {table}")
        values = (len(world.events), datetime(2030, 1, 1))
        row = "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, ?, ?, NULL, 'append', 0, 0)"
        writer.run(Query(row, values))
        with writer.table(
            "new_users",
            _table(USER_TYPES, ({"user_id": u, **world.users.get(u, {})} for u in sorted(world.user_ids()))),
        ):
            writer.run("INSERT INTO users BY NAME SELECT row_number() OVER ()::INTEGER AS user_no, * FROM new_users")
        with writer.table(
            "new_items", _table(ITEM_TYPES, ({"item_id": i, **world.items.get(i, {})} for i in sorted(items)))
        ):
            writer.run("INSERT INTO items BY NAME SELECT row_number() OVER ()::INTEGER AS item_no, * FROM new_items")
        rows = ({"user_id": e["user"], "item_id": e.get("item"), "at_utc": e["at"], **e} for e in world.events)
        with writer.table("new_events", _table(EVENT_TYPES, rows)):
            writer.run(
                "INSERT INTO events BY NAME SELECT u.user_no, i.item_no, n.* EXCLUDE (user_id, item_id), 1 AS batch_no "
                "FROM new_events n LEFT JOIN users u USING (user_id) LEFT JOIN items i USING (item_id)"
            )


def ids(store: Store, query: Query) -> set[str]:
    """The user ids behind a query that yields user_no; fails when it yields one twice."""
    found = store.rows(Query("SELECT u.user_id FROM (") + query + ") JOIN users u USING (user_no)")
    names = [str(row["user_id"]) for row in found]
    assert len(names) == len(set(names)), "each user at most once"
    return set(names)


def _table(types: Mapping[str, pa.DataType], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    found = list(rows)
    return pa.table({name: pa.array([row.get(name) for row in found], kind) for name, kind in types.items()})
