"""Every figure of Home on ten million events: a page that answers slowly is not asked twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from core.behaviour import (
    MEASURES,
    UNITS,
    active_users,
    contents,
    count_people,
    events_over_time,
    funnel,
    funnel_users,
    overview,
    overview_users,
    sample_people,
    stickiness,
    top_categories,
    top_items,
    trend,
)
from core.behaviour.window import EVERYTHING
from core.store import Store

# Seconds, the better of two runs: processor time divided among the processors, which is what it takes on a machine
# with nothing else to do, whatever else this one does.
MOST = 1.5

# A worst case: 138,000 users, 20,000 items, a year, times and users drawn apart from each other, so that nearly
# every event is a user's only one of its day.
_EVENTS = """
INSERT INTO events BY NAME SELECT
    CASE WHEN random() < 0.05 THEN NULL ELSE floor(138000 * random() ** 2.5)::INTEGER END AS user_no,
    floor(20000 * random() ** 3)::INTEGER AS item_no,
    event,
    TIMESTAMP '2025-01-01' + to_seconds((random() * 365 * 86400)::INTEGER) AS at_utc,
    CASE WHEN event IN ('purchase', 'return') THEN 'o' || (i // 3) END AS order_id,
    CASE event WHEN 'purchase' THEN 1 + floor(random() * 3) WHEN 'return' THEN -1 END AS quantity,
    CASE event WHEN 'purchase' THEN 1 + random() * 50 WHEN 'return' THEN -1 - random() * 20 END AS value,
    1 AS batch_no
FROM (
    SELECT i, CASE WHEN r < 0.8 THEN 'view' WHEN r < 0.92 THEN 'cart' WHEN r < 0.99 THEN 'purchase' ELSE 'return' END
        AS event
    FROM (SELECT i, random() AS r FROM range(10_000_000) t(i))
)
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("big") / "big.duckdb") as store:
        with store.atomic() as w:
            w.run("INSERT INTO users SELECT i, 'u' || i FROM range(138000) t(i)")
            w.run("INSERT INTO items SELECT i, 'i' || i FROM range(20000) t(i)")
            w.run("ALTER TABLE items ADD COLUMN category VARCHAR")
            w.run("UPDATE items SET category = 'c' || (item_no % 40)")
            w.run("INSERT INTO columns VALUES ('items', 'category', 'category')")
            w.run(
                "INSERT INTO batches VALUES "
                "(1, 'events', '[]', '{}', 1, 1, 0, 0, 0, 0, 1, '2026-01-02', NULL, 'append', 0, 0)"
            )
            w.run(_EVENTS)
        yield store


FIGURES: dict[str, Callable[[Store], object]] = {
    "contents": contents,
    "overview": overview,
    "trend": trend,
    "stickiness": stickiness,
    "funnel": funnel,
    "funnel in any order": lambda s: funnel(s, order="any"),
    **{f"events by {unit}": partial(events_over_time, unit=unit) for unit in UNITS},
    **{f"active users by {unit}": partial(active_users, unit=unit) for unit in UNITS},
    **{f"items by {measure}": partial(top_items, measure=measure) for measure in MEASURES},
    **{f"categories by {measure}": partial(top_categories, measure=measure) for measure in MEASURES},
    "count": lambda s: count_people(s, overview_users(s, EVERYTHING, "users")),
    "sample": lambda s: sample_people(s, overview_users(s, EVERYTHING, "users")),
    "lost on the way": lambda s: count_people(s, funnel_users(s, ("view", "cart", "purchase"), 2, lost=True)),
}


@pytest.mark.bench
@pytest.mark.parametrize("name", FIGURES)
def test_speed(big: Store, name: str) -> None:
    seconds = []
    for _ in range(2):
        with big.atomic():  # a new version: nothing kept of the one before is of use
            pass
        started = time.process_time()
        FIGURES[name](big)
        seconds.append((time.process_time() - started) / (os.cpu_count() or 1))
    print(f"{name}: {min(seconds):.2f} s")
    assert min(seconds) < MOST
