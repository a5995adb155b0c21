"""The funnel over ten million events, beside SQL written by hand; writes docs/benchmarks.md (`make bench`).

Both run on the same connection and take turns; nothing is kept between turns.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import measured_apart
from tests.bench.paper import put
from tests.bench.test_bench_pages import held_up, measured, typical
from tests.bench.visit_shop import visit_shop

TURNS = 3
LIMIT, RATIO = 1.5, 2.0

_STEPS = "event IN ('view', 'cart', 'purchase') AND user_no IS NOT NULL"
# As Home asks it: the earliest view, the earliest cart from then on, the earliest purchase from then on; with times.
PLAIN = f"""
WITH v AS MATERIALIZED (
    SELECT user_no, min(at_utc) FILTER (event = 'view') AS a FROM events WHERE {_STEPS} GROUP BY user_no
), c AS MATERIALIZED (
    SELECT user_no, any_value(a) AS a, min(e.at_utc) AS b FROM events e JOIN v USING (user_no)
    WHERE event = 'cart' AND e.at_utc >= a GROUP BY user_no
), p AS MATERIALIZED (
    SELECT user_no, any_value(a) AS a, any_value(b) AS b, min(e.at_utc) AS c FROM events e JOIN c USING (user_no)
    WHERE event = 'purchase' AND e.at_utc >= b GROUP BY user_no
)
SELECT (SELECT count(a) FROM v) AS s0, (SELECT count(*) FROM c) AS s1, (SELECT count(*) FROM p) AS s2,
    (SELECT median(epoch(b - a)) FROM c) AS m1, (SELECT median(epoch(c - b)) FROM p) AS m2
"""
# With a limit each view needs its own next cart, and that its own next purchase: one sort, two windows over the rest.
WITHIN = f"""
WITH e AS (
    SELECT user_no, at_utc, event, min(at_utc) FILTER (event = 'purchase') OVER later AS bought
    FROM events WHERE {_STEPS}
    WINDOW later AS (PARTITION BY user_no ORDER BY at_utc RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
), w AS (
    SELECT user_no, at_utc, event, min(CASE event WHEN 'cart' THEN at_utc END) OVER later AS carted,
        min(CASE event WHEN 'cart' THEN bought END) OVER later AS bought
    FROM e
    WINDOW later AS (PARTITION BY user_no ORDER BY at_utc RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
), u AS (
    SELECT user_no, bool_or(carted - at_utc <= INTERVAL 7 DAY) AS c, bool_or(bought - at_utc <= INTERVAL 7 DAY) AS p
    FROM w WHERE event = 'view' GROUP BY user_no
)
SELECT count(*) AS s0, count(*) FILTER (c) AS s1, count(*) FILTER (p) AS s2 FROM u
"""


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_funnels_over_ten_million_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_funnel", tmp_path)
    text = paper(found)
    print(f"\n{text}")
    for name, row in found["rows"].items():
        assert row["users"] == row["plain users"], name
        assert held_up(row["funnel"], found["load"]) < LIMIT, name
        assert row["funnel"]["cpu"] < RATIO * row["plain"]["cpu"], name
    put("Funnel", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    listed = "\n".join(
        f"| {name} | {' → '.join(f'{n:,}' for n in row['users'])} | {row['funnel']['wall']:.2f} | "
        f"{row['funnel']['cpu']:.2f} | {row['plain']['wall']:.2f} | {row['plain']['cpu']:.2f} | "
        f"{row['funnel']['cpu'] / row['plain']['cpu']:.1f} |"
        for name, row in found["rows"].items()
    )
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

Ten million generated events (tests/bench/visit_shop.py), view, cart, purchase, cold, beside SQL by hand on \
the same connection; medians of {TURNS} turns. \
Limits: {LIMIT:g} s, and {RATIO:g} times the CPU seconds of the SQL by hand.

| funnel | users | seconds | CPU seconds | by hand: seconds | CPU seconds | ratio |
|---|---|---|---|---|---|---|
{listed}
"""


def main() -> None:
    """Measure, and print the findings as the last line."""
    from core.funnel import FunnelSpec, step_funnel
    from core.funnel.ways import forget
    from core.segments import EventStep, Span
    from core.store import Query, Store

    load = os.getloadavg()[0]
    steps = tuple(map(EventStep, ("view", "cart", "purchase")))
    asked = {
        "no time limit": (FunnelSpec(steps), PLAIN),
        "within 7 days": (FunnelSpec(steps, within=Span(7, "days")), WITHIN),
    }
    rows: dict[str, dict[str, Any]] = {}
    with Store(visit_shop()) as store:
        for name, (spec, sql) in asked.items():
            said: list[list[int]] = [[], []]
            turns: tuple[list[Any], list[Any]] = ([], [])

            def ask(spec: FunnelSpec = spec, said: list[list[int]] = said) -> None:
                forget(store)
                said[0] = step_funnel(store, spec).table["users"].tolist()

            def ask_plainly(sql: str = sql, said: list[list[int]] = said) -> None:
                (row,) = store.rows(Query(sql))
                said[1] = [int(row[f"s{n}"]) for n in range(3)]

            for _ in range(TURNS):
                turns[0].append(measured(ask))
                turns[1].append(measured(ask_plainly))
            rows[name] = {
                "users": said[0], "plain users": said[1], "funnel": typical(turns[0]), "plain": typical(turns[1])
            }  # fmt: skip
    print(json.dumps({"load": load, "rows": rows}))


if __name__ == "__main__":
    main()
