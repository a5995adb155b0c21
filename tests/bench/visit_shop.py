"""A workspace of many made-up events in visits, as a shop's web log has them: the same rows every time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from core.store import Query, Store

USERS, ITEMS, CATEGORIES, DAYS = 400_000, 20_000, 40, 365
_MADE = 2  # raise where what is made changes

# A visit's user, moment, channel and length hang on its number v; each of its events on v and its place k in it.
_EVENTS = f"""
INSERT INTO events BY NAME
WITH visits AS (
    SELECT v,
        CAST(1 + floor({USERS} * pow(hash(v) % 1000003 / 1000003.0, 2)) AS INTEGER) AS user_no,
        hash(v * 11) % {DAYS * 86_400} AS second,
        1 + CAST(floor(9 * pow(hash(v * 5) % 1000003 / 1000003.0, 1.5)) AS INTEGER) AS long,
        ['search', 'mail', 'social', 'direct', NULL][CAST(1 + hash(v * 19) % 5 AS INTEGER)] AS channel,
        ['phone', 'desk', 'tablet'][CAST(1 + hash(v * 23) % 3 AS INTEGER)] AS device,
        CASE WHEN hash(v * 29) % 4 = 0 THEN 'campaign ' || hash(v * 31) % 12 END AS campaign
    FROM range(1, ? + 1) AS rows(v)
), steps AS (
    SELECT *, unnest(range(long)) AS k, hash(v * 10 + k) // 1000 AS h FROM visits
)
SELECT user_no,
    CAST(1 + floor({ITEMS} * pow(hash(h * 7) % 1000003 / 1000003.0, 3)) AS INTEGER) AS item_no,
    CASE WHEN k = 0 THEN 'view' ELSE ['view', 'view', 'view', 'view', 'view', 'click', 'click', 'cart', 'purchase',
        'impression'][CAST(1 + h % 10 AS INTEGER)] END AS event,
    TIMESTAMP '2024-01-01' + to_seconds(CAST(second + k * 40 + h % 40 AS BIGINT)) AS at_utc,
    CASE WHEN event = 'purchase' THEN 'O' || v END AS order_id,
    CASE WHEN event = 'purchase' THEN 1 + h % 3 END AS quantity,
    CASE WHEN event = 'purchase' THEN (1 + h % 10000 / 100.0)::DECIMAL(18, 4) END AS value,
    CASE WHEN event = 'view' THEN h % 120 END AS dwell,
    channel, device, campaign, 1 AS batch_no, v * 10 + k AS event_no
FROM steps
ORDER BY user_no, at_utc, event_no  -- as a load writes them
"""
_BATCH = (
    "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
    "'append', 0, 0)"
)
VISITS = 2_424_000
"""Visits that make ten million events."""


def visit_shop(visits: int = VISITS) -> Path:
    """The workspace's file, made once and kept in the temp folder: open it read as it is, or copy it to change it."""
    kept = Path(tempfile.gettempdir()) / f"limelight-visits-{_MADE}-{visits}.duckdb"
    if not kept.exists():
        part = kept.with_suffix(f".{os.getpid()}.duckdb")
        make_visit_shop(part, visits)
        part.replace(kept)
    return kept


def make_visit_shop(path: Path, visits: int) -> None:
    """About 4.6 events a visit of 400,000 users (few of them with many) with 20,000 items, over one year."""
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
        writer.run(Query(_EVENTS, (visits,)))
