"""Workspaces written by hand, with attributes, roles, channels and ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.store import Query, Store, ident
from tests.prepared import new_store

_EVENT_TYPES: dict[str, pa.DataType] = {
    "event": pa.string(), "at_utc": pa.timestamp("us"), "order_id": pa.string(), "quantity": pa.float64(),
    "value": pa.decimal128(18, 4), "rating": pa.float64(), "channel": pa.string(), "device": pa.string(),
}  # fmt: skip
_SQL_TYPES = {str: "VARCHAR", bool: "BOOLEAN", float: "DOUBLE", list: "VARCHAR[]", datetime: "TIMESTAMP"}
_ARROW_TYPES = {
    "VARCHAR": pa.string(), "BOOLEAN": pa.bool_(), "DOUBLE": pa.float64(), "VARCHAR[]": pa.list_(pa.string()),
    "TIMESTAMP": pa.timestamp("us"),
}  # fmt: skip
Attributes = Mapping[str, Mapping[str, Any]]


def did(user: str | None, event: str, item: str | None, at: str | None = None, **more: Any) -> dict[str, Any]:
    """One event; `at` as ISO text; more: order_id, quantity, value, rating, channel, device."""
    return {"user": user, "event": event, "item": item, "at_utc": None if at is None else _time(at), **more}


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at)


def build(
    path: Path,
    events: Sequence[Mapping[str, Any]],
    *,
    users: Attributes | None = None,
    items: Attributes | None = None,
    roles: Mapping[tuple[str, str], str] | None = None,
) -> Store:
    """A workspace of these events and attributes; `roles` by (table, column). Numbers follow the sorted ids, from 1."""
    names = {
        "user": sorted({e["user"] for e in events if e["user"] is not None} | set(users or {})),
        "item": sorted({e["item"] for e in events if e["item"] is not None} | set(items or {})),
    }
    numbers = {what: {name: n for n, name in enumerate(found, 1)} for what, found in names.items()}
    store = new_store(path)
    with store.atomic() as w:
        batch = (
            "INSERT INTO batches VALUES "
            "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, 'append', 0, 0)"
        )
        w.run(batch)
        for what, told in (("user", users or {}), ("item", items or {})):
            kinds = {c: _SQL_TYPES[type(v)] for row in told.values() for c, v in row.items() if v is not None}
            columns: dict[str, Any] = {
                f"{what}_no": pa.array(numbers[what].values(), pa.int32()),
                f"{what}_id": pa.array(names[what], pa.string()),
            }
            for column, kind in kinds.items():
                w.run(f"ALTER TABLE {what}s ADD COLUMN {ident(column)} {kind}")
                role = (roles or {}).get((f"{what}s", column), "attribute")
                w.run(Query("INSERT INTO columns VALUES (?, ?, ?)", (f"{what}s", column, role)))
                cells = [told.get(name, {}).get(column) for name in names[what]]
                columns[column] = pa.array(cells, _ARROW_TYPES[kind])
            if names[what]:
                with w.table("incoming", pa.table(columns)):
                    w.run(f"INSERT INTO {what}s BY NAME SELECT * FROM incoming")
        rows: dict[str, Any] = {
            f"{what}_no": pa.array([numbers[what].get(e[what]) for e in events], pa.int32()) for what in names
        }
        for column, arrow in _EVENT_TYPES.items():
            found = [e.get(column) for e in events]
            if column == "value":
                found = [None if v is None else Decimal(str(v)) for v in found]
            rows[column] = pa.array(found, arrow)
        with w.table("incoming", pa.table(rows)):
            w.run("INSERT INTO events BY NAME SELECT *, 1 AS batch_no FROM incoming")
    return store
