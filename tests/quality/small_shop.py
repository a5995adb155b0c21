"""A workspace of a few events that a test writes down row by row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.store import Query, Store
from tests.prepared import new_store

COLUMNS = ("event_no", "user_no", "item_no", "event", "at_utc", "order_id", "quantity", "value")
TYPES = ("int64", "int32", "int32", "string", None, "string", "float64", "float64")
SCHEMA = pa.schema([(c, t or pa.timestamp("us")) for c, t in zip(COLUMNS, TYPES, strict=True)])


def shop(path: Path, rows: Iterable[dict[str, Any]], prices: dict[int, float] | None = None) -> Store:
    """A store with these events (columns left out are NULL), the users and items that they name, and list prices."""
    rows = list(rows)
    store = new_store(path)
    with store.atomic() as writer:
        writer.run(
            Query(
                "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
                "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at) "
                "VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, ?)",
                (datetime(2026, 6, 1),),
            )
        )
        if prices:
            writer.run("ALTER TABLE items ADD COLUMN price DOUBLE")
            writer.run("INSERT INTO columns VALUES ('items', 'price', 'price')")
        for table in ("user", "item"):
            for no in sorted({row[f"{table}_no"] for row in rows if row.get(f"{table}_no") is not None}):
                listed = (no, f"{table} {no}") + ((prices.get(no),) if prices and table == "item" else ())
                writer.run(Query(f"INSERT INTO {table}s VALUES ({', '.join('?' * len(listed))})", listed))
        given = [
            {**dict.fromkeys(COLUMNS), "event": "purchase", "event_no": i + 1, **row} for i, row in enumerate(rows)
        ]
        names = ", ".join(COLUMNS)
        with writer.table("given_rows", pa.Table.from_pylist(given, schema=SCHEMA)):
            writer.run(f"INSERT INTO events ({names}, batch_no) SELECT {names}, 1 FROM given_rows")
    return store
