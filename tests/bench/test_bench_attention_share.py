"""Shares, concentration, outcome, launch and fatigue over ten million events, beside SQL by hand (`make bench`).

Each question is asked once in a fresh Store, as the first that a page asks. By hand: the same counts, without
intervals, verdicts, names and measures.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.memory import ready_memory
from tests.bench.paper import put
from tests.bench.test_bench_pages import held_up, measured
from tests.bench.visit_shop import visit_shop

LIMIT, RATIO, SMALL = 1.5, 2.0, 0.5
_WEEK = "date_trunc('week', at_utc)"
_PAIR = "(item_no::BIGINT << 32) + user_no"
BY_HAND = {
    "share by item, weeks": f"WITH top AS (SELECT item_no FROM events WHERE event = 'view' GROUP BY 1 ORDER BY count(*)"
    f" DESC LIMIT 7) SELECT {_WEEK}, t.item_no, count(*) FROM events e LEFT JOIN top t USING (item_no)"
    " WHERE event = 'view' GROUP BY ALL",
    "share by category, weeks": f"SELECT {_WEEK}, category, count(*) FROM events JOIN items USING (item_no)"
    " WHERE event = 'view' GROUP BY ALL",
    "share by channel, weeks": f"SELECT {_WEEK}, channel, count(*) FROM events WHERE event = 'view' GROUP BY ALL",
    "concentration by item, weeks": f"SELECT {_WEEK}, item_no, count(*) FROM events WHERE event = 'view' GROUP BY ALL",
    "outcome by item": f"WITH p AS (SELECT {_PAIR} AS pair, max(at_utc) AS bought FROM events"
    f" WHERE event = 'purchase' GROUP BY 1), v AS (SELECT {_PAIR} AS pair, min(at_utc) AS seen FROM events"
    " WHERE event = 'view' GROUP BY 1) SELECT pair >> 32, count(*), count(*) FILTER (bought >= seen) FROM v"
    " LEFT JOIN p USING (pair) GROUP BY 1",
    "after launch": "WITH first AS (SELECT item_no, min(at_utc) AS launched FROM events WHERE item_no IS NOT NULL"
    " GROUP BY 1) SELECT date_diff('day', launched, at_utc) AS age, count(*), count(DISTINCT item_no) FROM events JOIN"
    " first USING (item_no) WHERE event = 'view' AND at_utc < launched + INTERVAL 90 DAY GROUP BY age",
    "with every repetition": "WITH e AS (SELECT user_no, campaign, event, at_utc, lead(event) OVER w AS next,"
    " lead(at_utc) OVER w AS soon, count(*) FILTER (event = 'impression') OVER (w ROWS UNBOUNDED PRECEDING) AS n"
    " FROM events WHERE user_no IS NOT NULL AND campaign IS NOT NULL AND event IN ('impression', 'click')"
    " WINDOW w AS (PARTITION BY user_no, campaign ORDER BY at_utc, event_no)) SELECT least(n, 10) AS nth, count(*),"
    " count(*) FILTER (next = 'click' AND soon <= at_utc + INTERVAL 1 DAY) FROM e WHERE event = 'impression'"
    " GROUP BY 1",
}


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_attention_over_millions_of_events(tmp_path: Path) -> None:
    from core.attention import ITEM, OutcomeSpec, ShareSpec, area_named, concentration, fatigue, launch, outcome, share
    from core.store import Query, Store

    load = os.getloadavg()[0]
    file = Path(shutil.copyfile(visit_shop(), tmp_path / "visits.duckdb"))
    ours: dict[str, Callable[[Store], Any]] = {
        "share by item, weeks": lambda s: share(s, ShareSpec(ITEM), "week"),
        "share by category, weeks": lambda s: share(s, ShareSpec(area_named(s, "category")), "week"),
        "share by channel, weeks": lambda s: share(s, ShareSpec(area_named(s, "channel")), "week"),
        "concentration by item, weeks": lambda s: concentration(s, unit="week"),
        "outcome by item": lambda s: outcome(s, OutcomeSpec()),
        "after launch": launch,
        "with every repetition": fatigue,
    }
    rows = []
    with Store(file) as warm:  # imports, and the file in the machine's memory
        outcome(warm, OutcomeSpec())
    for name, ask in ours.items():
        ready_memory()
        with Store(file) as store:
            mine = measured(lambda ask=ask, store=store: ask(store))  # type: ignore[misc]
        with Store(file) as store:
            plain = measured(lambda name=name, store=store: store.read(Query(BY_HAND[name])))  # type: ignore[misc]
        rows.append((name, mine, plain))
    listed = "\n".join(
        f"| {name} | {mine['wall']:.2f} | {mine['cpu']:.2f} | {plain['wall']:.2f} | {plain['cpu']:.2f} | "
        f"{mine['cpu'] / plain['cpu']:.1f} |"
        for name, mine, plain in rows
    )
    text = f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {load:.1f} at the start.

Ten million generated events (tests/bench/visit_shop.py), each question asked once in a fresh Store, beside SQL by \
hand that counts the same without intervals, verdicts and names. Limits: {LIMIT} s, {RATIO:.0f} times the CPU seconds \
of the SQL by hand (or {SMALL:g} s more).

| question | seconds | CPU seconds | by hand: seconds | CPU seconds | ratio |
|---|---|---|---|---|---|
{listed}
"""
    print(f"\n{text}")
    put("Who gets the attention, and what it becomes", text)
    for name, mine, plain in rows:
        assert held_up(mine, load) < LIMIT, name
        assert mine["cpu"] < RATIO * plain["cpu"] + SMALL, name
