"""A workspace of many made-up events with every column that features look at: the same rows every time."""

from __future__ import annotations

from pathlib import Path

from core.store import Query, Store

USERS, ITEMS, CATEGORIES = 500_000, 20_000, 40

_EVENTS = """
INSERT INTO events BY NAME SELECT
    CAST(1 + floor(? * pow(hash(i) % 1000003 / 1000003.0, 2)) AS INTEGER) AS user_no,
    CAST(1 + floor(? * pow(hash(i * 7 + 1) % 1000003 / 1000003.0, 3)) AS INTEGER) AS item_no,
    ['view', 'view', 'view', 'view', 'click', 'impression', 'cart', 'purchase', 'purchase', 'return'][
        CAST(1 + hash(i * 3) % 10 AS INTEGER)] AS event,
    TIMESTAMP '2024-01-01' + to_microseconds(CAST(hash(i * 11) % 31536000000000 AS BIGINT)) AS at_utc,
    CASE WHEN event IN ('purchase', 'return') THEN 'O' || (i // 3) END AS order_id,
    CASE event WHEN 'purchase' THEN 1 + hash(i * 13) % 3 WHEN 'return' THEN -1 END AS quantity,
    CASE event WHEN 'purchase' THEN 1 WHEN 'return' THEN -1 END * (hash(i * 17) % 10000 / 100.0)::DECIMAL(18, 4)
        AS value,
    'S' || (i // 4) AS session,
    ['web', 'app', 'mail', 'shop', NULL][CAST(1 + hash(i * 19) % 5 AS INTEGER)] AS channel,
    ['phone', 'desk', 'tablet'][CAST(1 + hash(i * 23) % 3 AS INTEGER)] AS device,
    1 AS batch_no, i AS event_no
FROM range(1, ? + 1) AS rows(i)
"""
_BATCH = (
    "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
    "'append', 0, 0)"
)


def make_feature_shop(path: Path, rows: int) -> None:
    """`rows` events of 500,000 users (few of them with many) with 20,000 items in 40 categories, over one year."""
    with Store(path) as store, store.atomic() as writer:
        writer.run(_BATCH)
        writer.run("ALTER TABLE items ADD COLUMN category VARCHAR")
        writer.run("ALTER TABLE users ADD COLUMN country VARCHAR")
        writer.run("INSERT INTO columns VALUES ('items', 'category', 'category'), ('users', 'country', 'attribute')")
        country = "['DE', 'FR', 'SE'][CAST(1 + hash(i) % 3 AS INTEGER)]"
        users = f"INSERT INTO users BY NAME SELECT i AS user_no, 'u' || i AS user_id, {country} AS country"
        writer.run(Query(users + " FROM range(1, ? + 1) AS rows(i)", (USERS,)))
        category = f"'category ' || hash(i) % {CATEGORIES}"
        items = f"INSERT INTO items BY NAME SELECT i AS item_no, 'i' || i AS item_id, {category} AS category"
        writer.run(Query(items + " FROM range(1, ? + 1) AS rows(i)", (ITEMS,)))
        writer.run(Query(_EVENTS, (USERS, ITEMS, rows)))
