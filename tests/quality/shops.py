"""Small invented shops for tests of detectors: a workspace made of plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.quality import Asked
from core.quality.ask import ask
from core.store import Query, Store
from tests.prepared import new_store

EVENTS = pa.schema(
    [
        ("user", pa.string()), ("item", pa.string()), ("event", pa.string()), ("at_utc", pa.timestamp("us")),
        ("order_id", pa.string()), ("quantity", pa.float64()), ("value", pa.float64()), ("dwell", pa.float64()),
    ]
)  # fmt: skip


def shop(
    path: Path,
    events: Sequence[dict[str, Any]],
    *,
    users: Sequence[dict[str, Any]] = (),
    items: Sequence[dict[str, Any]] = (),
) -> Store:
    """A workspace of these events (keys of EVENTS, those left out are missing), and of more users and items by `id`.

    Further keys of users and items become attributes (of items, "title" a title).
    """
    store = new_store(path)
    with store.atomic() as writer:
        writer.run(
            "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
            "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at) "
            "VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01')"
        )
        for table, what, more in (("users", "user", users), ("items", "item", items)):
            ids: dict[str, dict[str, Any]] = {str(row["id"]): {} for row in more}
            ids.update({str(e[what]): {} for e in events if e.get(what) is not None})
            for row in more:
                ids[str(row["id"])] = {name: value for name, value in row.items() if name != "id"}
            extra = {name: value for row in ids.values() for name, value in row.items()}
            for name, value in extra.items():
                kind = "BOOLEAN" if isinstance(value, bool) else "VARCHAR"
                writer.run(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
                role = "title" if name == "title" else "attribute"
                writer.run(Query("INSERT INTO columns VALUES (?, ?, ?)", (table, name, role)))
            rows = [{f"{what}_no": i, f"{what}_id": key, **row} for i, (key, row) in enumerate(ids.items(), 1)]
            if rows:
                wide = pa.table({n: [r.get(n) for r in rows] for n in [f"{what}_no", f"{what}_id", *extra]})
                with writer.table("given_rows", wide):
                    writer.run(f"INSERT INTO {table} BY NAME FROM given_rows")
        with writer.table("given_events", pa.Table.from_pylist(list(events), EVENTS)):
            writer.run(
                "INSERT INTO events BY NAME SELECT u.user_no, i.item_no, event, at_utc, order_id, quantity, "
                "value::DECIMAL(18, 4) AS value, dwell, 1::INTEGER AS batch_no, row_number() OVER () AS event_no "
                'FROM given_events e LEFT JOIN users u ON u.user_id = e."user" LEFT JOIN items i ON i.item_id = e.item'
            )
    return store


def asked_of(store: Store) -> Asked:
    """What detectors are handed for this workspace."""
    return ask(store, store.as_of() or datetime(2030, 1, 1))


def ids_of(asked: Asked, table: str, numbers: pa.Array) -> list[str]:
    """The raw ids behind numbers, in the order of the ids."""
    rows = asked.reader.rows(Query(f"SELECT {table[:-1]}_no AS k, {table[:-1]}_id AS id FROM {table}"))
    wanted = set(numbers.to_pylist())
    return sorted(row["id"] for row in rows if row["k"] in wanted)
