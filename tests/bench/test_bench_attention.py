"""Visits, hours, focus, flows and ways over ten million events, beside SQL by hand; writes docs/benchmarks.md.

Cold: the first question of a freshly opened workspace, so that the timeline and the visits are made too. Warm: another
period asked of the same workspace, as an analyst does who moves the filters; the page keeps whole answers besides.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import measured_apart
from tests.bench.memory import ready_memory
from tests.bench.paper import put
from tests.bench.test_bench_pages import held_up, measured
from tests.bench.visit_shop import visit_shop

COLD, WARM, RATIO = 1.5, 0.3, 2.0
KEPT = ("visits", "visits by channel")
"""What is cut once for a version of the data is kept: the others read their rows anew, the page keeps their answers."""

_VISITS = """
WITH e AS (SELECT user_no, at_utc, event, dwell, channel, event_no, at_utc - lag(at_utc) OVER (PARTITION BY user_no
    ORDER BY at_utc, event_no) AS pause FROM events WHERE user_no IS NOT NULL AND
    event NOT IN ('impression', 'return')),
n AS (SELECT *, sum(CASE WHEN pause IS NULL OR pause >= INTERVAL 30 MINUTE THEN 1 ELSE 0 END) OVER (PARTITION BY user_no
    ORDER BY at_utc, event_no ROWS UNBOUNDED PRECEDING) AS visit FROM e),
v AS (SELECT user_no, visit, min(at_utc) AS start, max(at_utc + to_seconds(coalesce(least(dwell, 1800), 0))) AS until,
    count(*) FILTER (event = 'view') AS views, bool_or(event IN ('cart', 'purchase')) AS key,
    arg_min(channel, (at_utc, event_no)) AS channel FROM n GROUP BY user_no, visit)
"""
_CUT = _VISITS[: _VISITS.index(",\nv AS")].replace("dwell, channel,", "item_no, channel,")
_ENGAGED = "count(*) FILTER (until - start >= INTERVAL 10 SECOND OR key OR views >= 2) AS engaged"
BY_HAND = {
    "visits": f"{_VISITS} SELECT count(*) AS n, {_ENGAGED}, count(DISTINCT user_no) AS users FROM v",
    "visits by channel": f"{_VISITS} SELECT channel, count(*) AS n, {_ENGAGED} FROM v GROUP BY channel",
    "hours": (
        f"{_VISITS}, c AS (SELECT isodow(at_utc) AS d, hour(at_utc) AS h, count(*) AS events, count(DISTINCT user_no)"
        " AS users FROM events WHERE event <> 'impression' GROUP BY d, h), b AS (SELECT isodow(start) AS d, "
        "hour(start) AS h,"
        " count(*) AS n FROM v GROUP BY d, h) SELECT sum(users) AS n FROM c LEFT JOIN b USING (d, h)"
    ),
    "focus": (
        "WITH p AS (SELECT user_no, category, count(*) AS n FROM events JOIN items USING (item_no) WHERE event = "
        "'view' AND user_no IS NOT NULL GROUP BY user_no, category) SELECT count(*) AS n FROM (SELECT "
        "user_no, ln(sum(n)) - sum(n * ln(n)) / "
        "sum(n) AS entropy, sum(n) AS views FROM p GROUP BY user_no) WHERE views >= 5"
    ),
    "flow": (
        f"{_CUT}, m AS (SELECT user_no, category, lead(category) OVER (PARTITION BY user_no, visit ORDER BY at_utc, "
        "event_no) AS after FROM n JOIN items USING (item_no) WHERE event = 'view'), t AS (SELECT category, after, "
        "count(*) AS n, count(DISTINCT user_no) AS users FROM m WHERE after IS NOT NULL GROUP BY ALL) "
        "SELECT sum(n) AS n FROM t"
    ),
    "paths": (
        f"{_CUT}, s AS (SELECT *, lag(event) OVER w AS past, bool_or(event = 'purchase') OVER (w ROWS UNBOUNDED "
        "PRECEDING) AS over FROM n WINDOW w AS (PARTITION BY user_no, visit ORDER BY at_utc, event_no)), p AS (SELECT "
        "user_no, visit, list(event ORDER BY at_utc, event_no) FILTER (NOT over AND event IS DISTINCT FROM past)[:4] "
        "AS steps, bool_or(over) AS bought, arg_min(channel, (at_utc, event_no)) AS channel FROM s GROUP BY ALL), t AS "
        "(SELECT channel, steps, count(*) AS n, count(DISTINCT user_no) AS users, sum(bought::INT) AS bought FROM p "
        "GROUP BY ALL) SELECT sum(n)::BIGINT AS n FROM t"
    ),
}


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_attention_over_ten_million_events(tmp_path: Path) -> None:
    rows: dict[str, Any] = {}
    for name in BY_HAND:  # a process for each, so that each is cold
        rows[name] = measured_apart("test_bench_attention", tmp_path, name)
    listed = "\n".join(
        f"| {name} | {row['cold']['wall']:.2f} | {row['cold']['cpu']:.2f} | {row['warm']['wall']:.2f} | "
        f"{row['plain']['wall']:.2f} | {row['plain']['cpu']:.2f} |"
        for name, row in rows.items()
    )
    text = f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores.

Ten million generated events (tests/bench/visit_shop.py), core.attention beside SQL by hand \
(tests/bench/test_bench_attention.py). Cold: the first question of an opened workspace; warm: the same for another \
period, when the visits are known. Memory is \
at hand (tests/bench/memory.py). Limits: {COLD} s cold, {WARM} s warm for visits, \
{RATIO:.0f} times the CPU seconds of the SQL.

| figure | cold: seconds | CPU seconds | warm: seconds | by hand: seconds | CPU seconds |
|---|---|---|---|---|---|
{listed}
"""
    print(f"\n{text}")
    put("Attention: visits, hours, focus, ways", text)
    for name, row in rows.items():
        assert row["found"] == row["plain found"] > 0, name
        assert held_up(row["cold"], row["load"]) < COLD, name
        assert held_up(row["warm"], row["load"]) < (WARM if name in KEPT else COLD), name
        assert row["cold"]["cpu"] < RATIO * row["plain"]["cpu"], name


def main(name: str) -> None:
    """Measure one figure, and print the findings as the last line."""
    from core.attention import PartBy, clock, flow, focus, paths, visit_parts, visits
    from core.behaviour import EVERYTHING, Window
    from core.store import Query, Store

    later = Window(datetime(2024, 3, 1), datetime(2024, 11, 1))
    channel = PartBy("event", "channel")
    asked: dict[str, Callable[[Store, Window], int]] = {
        "visits": lambda store, window: _number(visits(store, window=window).figures),
        "visits by channel": lambda store, window: int(
            visit_parts(store, channel, window=window).table["visits"].sum()
        ),
        "hours": lambda store, window: int(clock(store, window=window).table["users"].sum()),
        "flow": lambda store, window: int(flow(store, window=window).moves),
        "paths": lambda store, window: int(paths(store, window=window).visits),
        "focus": lambda store, window: int(focus(store, window=window).bands["users"].sum()),
    }
    load, found = os.getloadavg()[0], {}
    with Store(visit_shop()) as store:
        store.as_of()

        def ask(key: str, window: Window) -> None:
            found[key] = asked[name](store, window)

        def by_hand() -> None:
            found["plain"] = sum(int(row["n"]) for row in store.rows(Query(BY_HAND[name])))

        ready_memory()
        cold = measured(lambda: ask("found", EVERYTHING))
        warm = measured(lambda: ask("later", later))
        by_hand()
        plain = measured(by_hand)
    print(
        json.dumps(
            {"load": load, "cold": cold, "warm": warm, "plain": plain, "found": found["found"],
             "plain found": found["plain"]}
        )
    )  # fmt: skip


def _number(figures: Any) -> int:
    return int(figures.visits)


if __name__ == "__main__":
    main(sys.argv[1])
