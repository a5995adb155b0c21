"""Small random shops, put into a workspace as rows, and the same as pandas frames for the other road."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.store import Query, Store
from tests.prepared import new_store

AS_OF = datetime(2026, 6, 1)
WORDS = ("view", "cart", "purchase", "return", "impression", "click", "open", "rating", "search")


def shop(seed: int = 1, rows: int = 3_000, users: int = 40, items: int = 15) -> dict[str, pd.DataFrame]:
    """Events over 500 days around AS_OF (a part lies after it), users and items with attributes."""
    rng = np.random.default_rng(seed)
    word = rng.choice(WORDS, rows, p=(0.4, 0.15, 0.15, 0.03, 0.1, 0.07, 0.03, 0.04, 0.03))
    sold = np.isin(word, ("purchase", "return"))
    sign = np.where(word == "return", -1, 1)
    events = pd.DataFrame(
        {
            "user_id": rng.choice([f"u{n:02d}" for n in range(users)], rows),
            "item_id": rng.choice([f"i{n:02d}" for n in range(items)], rows),
            "event": word,
            "at_utc": pd.Timestamp(AS_OF) - pd.to_timedelta(rng.integers(-40 * 86400, 460 * 86400, rows), unit="s"),
            "order_id": np.where(
                sold & (rng.random(rows) < 0.6), [f"o{n}" for n in rng.integers(0, 200, rows)], np.array(None)
            ),
            "quantity": np.where(sold, rng.integers(1, 5, rows) * sign, np.nan),
            "value": np.where(sold, rng.integers(1, 9_000, rows) / 100 * sign, np.nan),
            "rating": np.where(word == "rating", rng.integers(1, 6, rows), np.nan),
            "session": [f"s{n}" for n in rng.integers(0, 400, rows)],
            "channel": rng.choice(np.array(["web", "app", "mail", "shop", None]), rows),
            "device": rng.choice(["phone", "desk"], rows),
            "weather": rng.choice(np.array(["sun", "rain", None]), rows),
            "speed": rng.choice([1.0, 2.0, np.nan], rows),
        }
    ).sort_values("at_utc", ignore_index=True)
    events.loc[events.index % 31 == 0, "user_id"] = None
    events.loc[events.event == "search", "item_id"] = None
    people = pd.DataFrame({"user_id": [f"u{n:02d}" for n in range(users + 2)]})
    people["country"] = rng.choice(np.array(["DE", "SE", None]), len(people))
    people["age"] = np.where(rng.random(len(people)) < 0.2, np.nan, rng.integers(18, 80, len(people)).astype(float))
    people["vip"] = rng.choice([True, False], len(people))
    people["joined"] = pd.Timestamp(AS_OF) + pd.to_timedelta(rng.integers(-900, 20, len(people)), unit="D")
    people["wants_mail"] = "yes"
    goods = pd.DataFrame({"item_id": [f"i{n:02d}" for n in range(items)]})
    goods["category"] = [("Käse & Co", "käse co", "Tea", None)[n % 4] for n in range(items)]
    goods["price"] = rng.integers(1, 50, items).astype(float)
    return {"events": events, "users": people, "items": goods}


_COLUMNS = {
    "users": {"country": "VARCHAR", "age": "DOUBLE", "vip": "BOOLEAN", "joined": "TIMESTAMP", "wants_mail": "VARCHAR"},
    "items": {"category": "VARCHAR", "price": "DOUBLE"},
    "events": {"weather": "VARCHAR", "speed": "DOUBLE"},
}
_ROLES = {"category": "category", "price": "price", "wants_mail": "consent", "weather": "context", "speed": "context"}


def opened(path: Path, tables: dict[str, pd.DataFrame]) -> Store:
    """A new workspace with these rows."""
    store = new_store(path)
    with store.atomic() as writer:
        for table, columns in _COLUMNS.items():
            for name, kind in columns.items():
                writer.run(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
                writer.run(Query("INSERT INTO columns VALUES (?, ?, ?)", (table, name, _ROLES.get(name, "attribute"))))
        writer.run(
            "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
            "'append', 0, 0)"
        )
    add(store, tables)
    return store


def add(store: Store, tables: dict[str, pd.DataFrame]) -> None:
    """More rows; users and items that are there already must not come again."""
    with store.atomic() as writer:
        for table, key in (("users", "user"), ("items", "item")):
            if table in tables:
                with writer.table("new_rows", pa.Table.from_pandas(tables[table], preserve_index=False)):
                    writer.run(
                        f"INSERT INTO {table} BY NAME SELECT ((SELECT count(*) FROM {table}) + row_number() OVER ())"
                        f"::INTEGER AS {key}_no, * FROM new_rows"
                    )
        if "events" in tables:
            with writer.table("new_rows", pa.Table.from_pandas(tables["events"], preserve_index=False)):
                writer.run(
                    "INSERT INTO events BY NAME SELECT u.user_no, i.item_no, 1 AS batch_no, row_number() OVER () AS "
                    "event_no, n.* EXCLUDE (user_id, item_id) FROM new_rows n LEFT JOIN users u USING (user_id) "
                    "LEFT JOIN items i USING (item_id)"
                )
