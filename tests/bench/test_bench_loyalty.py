"""Each figure of loyalty over ten million events, cold and again, beside SQL by hand; writes docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
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

LIMIT, RATIO = 1.5, 2.0

_PLACED = (
    "WITH placed AS (SELECT user_no, order_id, min(at_utc) AS placed FROM events WHERE event ="
    " 'purchase' AND user_no IS"
    " NOT NULL GROUP BY user_no, order_id, CASE WHEN order_id IS NULL THEN at_utc::DATE END)"
)
_WAITS = (
    ", days AS (SELECT DISTINCT user_no, placed::DATE AS day FROM placed), waits AS (SELECT user_no,"
    " day, lead(day) OVER"
    " (PARTITION BY user_no ORDER BY day) - day AS wait FROM days)"
)
# What an analyst would write for the same figure; stages and score by hand stop at their main figures.
BY_HAND = {
    "repeat": _PLACED + " SELECT count(*) AS n, count_if(o >= 2) FROM (SELECT count(*) AS o FROM placed"
    " GROUP BY user_no)",
    "pauses": _PLACED + _WAITS + " SELECT count(wait) AS n, quantile_cont(wait, [0.25, 0.5, 0.75]) FROM waits",
    "stages": _PLACED + ", ends AS (SELECT unnest(range(TIMESTAMP '2024-02-01', TIMESTAMP '2025-01-02',"
    " INTERVAL 1 MONTH))"
    " AS e), at_end AS (SELECT user_no, e, count(*) AS o, max(placed) AS last, min(placed) AS first FROM"
    " placed JOIN ends"
    " ON placed < e GROUP BY user_no, e), staged AS (SELECT user_no, e, CASE WHEN e - last > INTERVAL"
    " 270 DAY THEN 'lost'"
    " WHEN e - last > INTERVAL 160 DAY THEN 'slipping' WHEN o >= 7 THEN 'loyal' WHEN e - first <= INTERVAL 160 DAY THEN"
    " 'new' ELSE 'active' END AS stage FROM at_end), moved AS (SELECT stage, lead(stage) OVER (PARTITION"
    " BY user_no ORDER"
    " BY e) AS next FROM staged) SELECT sum(k) AS n FROM (SELECT stage, next, count(*) AS k FROM moved GROUP BY ALL)",
    "score": _PLACED + ", own AS (SELECT user_no, max(placed) AS r, min(placed) AS t FROM placed GROUP"
    " BY user_no), worth"
    " AS (SELECT user_no, sum(value) AS v, count(DISTINCT category) AS b FROM events JOIN items USING (item_no) WHERE"
    " event IN ('purchase', 'return') GROUP BY user_no) SELECT count(*) AS n, avg(p) FROM (SELECT percent_rank() OVER"
    " (ORDER BY r) + percent_rank() OVER (ORDER BY t DESC) + percent_rank() OVER (ORDER BY v) + percent_rank() OVER"
    " (ORDER BY b) AS p FROM own JOIN worth USING (user_no))",
    "slipping": _PLACED + _WAITS + ", own AS (SELECT user_no, avg(wait) AS m, stddev(wait) AS s, max(day) AS last FROM"
    " waits GROUP BY user_no HAVING count(wait) >= 2) SELECT count_if(DATE '2024-12-31' - last > m + 2 *"
    " s) AS n FROM own",
}  # fmt: skip


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_loyalty_over_millions_of_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_loyalty", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    for name, row in found["rows"].items():
        assert held_up(row["cold"], found["load"]) < LIMIT, name
        assert row["cold"]["cpu"] < max(RATIO * row["plain"]["cpu"], 0.1), name
    put("Loyalty", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    listed = "\n".join(
        f"| {name} | {row['cold']['wall']:.2f} | {row['cold']['cpu']:.2f} | {row['again']['wall']:.2f} | "
        f"{row['plain']['wall']:.2f} | {row['plain']['cpu']:.2f} | {row['cold']['cpu'] / row['plain']['cpu']:.1f} |"
        for name, row in found["rows"].items()
    )
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

Ten million generated events of 400,000 users in one year (tests/bench/visit_shop.py). Cold: the first question to a \
freshly opened workspace; again: the same question in the same process; by hand: SQL for the same figure (of stages, \
score and slipping the main part alone: no intervals, no fitted rhythm). Limits: {LIMIT} s cold, {RATIO:.0f} times the \
CPU seconds by hand.

| figure | cold, s | CPU s | again, s | by hand, s | CPU s | ratio |
|---|---|---|---|---|---|---|
{listed}
"""


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    import scipy.optimize
    import scipy.special  # noqa: F401  # imported before: a page has them long since

    from core.loyalty import pauses, repeat, score, slipping, stages
    from core.store import Query, Store

    load = os.getloadavg()[0]
    file = Path(shutil.copyfile(visit_shop(), folder / "shop.duckdb"))
    rows: dict[str, dict[str, Any]] = {}
    for ask in (repeat, pauses, stages, score, slipping):
        name = ask.__name__
        with Store(file) as store:
            store.as_of()
            ready_memory()
            cold = measured(lambda: ask(store))  # noqa: B023  # asked at once
            again = measured(lambda: ask(store))  # noqa: B023
        with Store(file) as store:
            plain = measured(lambda: store.rows(Query(BY_HAND[name])))  # noqa: B023
        rows[name] = {"cold": cold, "again": again, "plain": plain}
    print(json.dumps({"load": load, "rows": rows}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
