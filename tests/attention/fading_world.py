"""Hand-dated events as a workspace, for the tests of fading and of ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from core.store import Query, Store
from tests.prepared import new_store

BATCH = (
    "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
    "'append', 0, 0)"
)


def shop(path: Path, events: Sequence[dict[str, Any]], categories: dict[int, str] | None = None) -> Store:
    """A store of these events: user, item (numbers or None), event, at, and by choice channel, campaign, session."""
    store = new_store(path)
    with store.atomic() as writer:
        writer.run(BATCH)
        users = sorted({e["user"] for e in events if e.get("user") is not None})
        items = sorted({e["item"] for e in events if e.get("item") is not None} | set(categories or {}))
        if users:
            writer.run(Query("INSERT INTO users BY NAME SELECT unnest(CAST(string_split(?, ',') AS INTEGER[])) AS "
                             "user_no, 'u' || user_no AS user_id", (",".join(map(str, users)),)))  # fmt: skip
        if categories is not None:
            writer.run("ALTER TABLE items ADD COLUMN category VARCHAR")
            writer.run("INSERT INTO columns VALUES ('items', 'category', 'category')")
        for item in items:
            writer.run(
                Query("INSERT INTO items BY NAME SELECT ?::INTEGER AS item_no, ? AS item_id", (item, f"i{item}"))
            )
            if categories and item in categories:
                writer.run(Query("UPDATE items SET category = ? WHERE item_no = ?", (categories[item], item)))
        for n, e in enumerate(events):
            writer.run(
                Query(
                    "INSERT INTO events BY NAME SELECT ?::INTEGER AS user_no, ?::INTEGER AS item_no, ? AS event, "
                    "?::TIMESTAMP AS at_utc, ? AS channel, ? AS campaign, ? AS session, 1 AS batch_no, "
                    "?::BIGINT AS event_no",
                    (*(e.get(name) for name in ("user", "item", "event", "at", "channel", "campaign", "session")), n),
                )
            )
    return store


def at(text: str) -> datetime:
    """A moment in January 2025: "3 10:05" is the 3rd at 10:05."""
    return datetime.strptime(f"2025-01-{text}", "%Y-%m-%d %H:%M")


def users_of(store: Store, query: Query) -> list[int]:
    """Who stands behind a figure."""
    return sorted(int(row["user_no"]) for row in store.rows(query))
