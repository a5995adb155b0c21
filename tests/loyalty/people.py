"""Hand-dated people and random shops for the tests of loyalty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from core.store import Query, Store
from tests.behaviour.world import E
from tests.prepared import new_store

# The data end with a view on 31 March 2025.
PEOPLE = [
    E("ann", "mug", "purchase", "2025-01-01 09:00", "1", 1, 10.0),
    E("ann", "tea", "purchase", "2025-01-01 09:00", "1", 1, 4.0),  # a second line of the same order
    E("ann", "mug", "purchase", "2025-01-21 10:00", "2", 1, 10.0),
    E("bob", "pot", "purchase", "2025-01-10 12:00", "1", 1, 20.0),  # his order 1 is not ann's
    E("cat", "pot", "purchase", "2025-01-05 12:00", "3", 1, 20.0),
    E("cat", "tea", "purchase", "2025-01-05 18:00", "4", 1, 4.0),  # two orders on one day: no pause between them
    E("cat", "mug", "purchase", "2025-03-01 12:00", "5", 1, 10.0),
    E("cat", "mug", "return", "2025-03-02 12:00", "5", -1, -10.0),
    E("dan", "mug", "view", "2025-02-01 12:00"),
    E(None, "mug", "purchase", "2025-02-02 12:00", "9", 1, 10.0),
    E(None, "mug", "view", "2025-03-31 12:00"),
]

_RANDOM = """
INSERT INTO events BY NAME SELECT (hash(i // 2) % 120)::INTEGER AS user_no, (hash(i * 3) % 30)::INTEGER AS item_no,
    CASE WHEN hash(i * 5) % 12 = 0 THEN 'return' WHEN hash(i * 5) % 12 < 3 THEN 'share' ELSE 'purchase' END AS event,
    TIMESTAMP '2024-01-01' + to_seconds((hash(i // 2 * 7) % (86400 * 400))::BIGINT) AS at_utc,
    'o' || i // 2 AS order_id, CASE WHEN event = 'return' THEN -1 ELSE 1 END AS quantity,
    (CASE WHEN event = 'return' THEN -1 ELSE 1 END * (1 + hash(i * 11) % 9000 / 100.0))::DECIMAL(18, 4) AS value,
    i AS event_no, 1 AS batch_no FROM range(1400) AS rows(i)
"""


@contextmanager
def random_shop(path: Path) -> Iterator[tuple[Store, pd.DataFrame]]:
    """400 days of some 560 orders of 120 users, and the same events as a frame."""
    with new_store(path) as store:
        with store.atomic() as writer:
            writer.run(
                "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', "
                "NULL, 'append', 0, 0)"
            )
            writer.run("INSERT INTO users SELECT i, 'u' || i FROM range(120) AS rows(i)")
            writer.run("INSERT INTO items SELECT i, 'i' || i FROM range(30) AS rows(i)")
            writer.run("ALTER TABLE items ADD COLUMN category VARCHAR")
            writer.run("INSERT INTO columns VALUES ('items', 'category', 'category')")
            writer.run("UPDATE items SET category = 'c' || item_no % 7 WHERE item_no > 2")
            writer.run(_RANDOM)
        yield store, store.read(Query("SELECT * FROM events ORDER BY event_no")).to_pandas()
