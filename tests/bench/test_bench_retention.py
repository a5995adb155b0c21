"""Users' retention over ten million events, beside SQL written by hand; writes docs/benchmarks.md (`make bench`)."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import measured_apart
from tests.bench.paper import put
from tests.bench.test_bench_pages import held_up, measured, typical

TURNS = 3
LIMIT, RATIO, SMALL = 1.5, 2.0, 0.1

_DOES = "user_no IS NOT NULL AND event <> 'impression'"
_COHORTS = f"""
WITH firsts AS (
    SELECT user_no, date_trunc('{{unit}}', min(at_utc)) AS cohort FROM events WHERE {_DOES} GROUP BY user_no
),
came AS (SELECT DISTINCT user_no, date_trunc('{{unit}}', at_utc) AS period FROM events WHERE {_DOES})
SELECT cohort, period, count(*) AS users FROM came JOIN firsts USING (user_no) GROUP BY cohort, period
"""
_LIVES = f"""
SELECT days, gone, count(*) AS users FROM (
    SELECT date_diff('day', min(at_utc), max(at_utc)) AS days,
        max(at_utc) < (SELECT max(at_utc) FROM events) - INTERVAL 30 DAY AS gone
    FROM events WHERE {_DOES} GROUP BY user_no) GROUP BY ALL
"""


def questions() -> dict[str, tuple[Any, str | None]]:
    """Name -> what asks it of a store, and the SQL by hand (None where nobody would write it)."""
    from core.retention import Retain, Survive, retention, survival

    found: dict[str, tuple[Any, str | None]] = {}
    for unit in ("day", "week", "month"):
        sql = _COHORTS.format(unit=unit)
        for kind in ("n-day", "unbounded", "bracket"):
            question = Retain(unit, kind)
            found[f"{kind}, {unit}"] = (lambda store, q=question: retention(store, q), sql)
    by = Retain("month", by="event:channel")
    found["n-day, month, by first channel"] = (lambda store: retention(store, by), None)
    found["n-day, day, own clocks"] = (lambda store: retention(store, Retain("day", clock="own")), None)
    found["survival, 30 days of silence"] = (lambda store: survival(store, Survive(silence=30)), _LIVES)
    found["survival, silence learned"] = (lambda store: survival(store, Survive()), None)
    found["time to the second order"] = (lambda store: survival(store, Survive("again")), None)
    return found


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_retention_over_millions_of_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_retention", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    for name, row in found["rows"].items():
        assert held_up(row["asked"], found["load"]) < LIMIT, name
        if row["plain"]:
            assert row["asked"]["cpu"] < RATIO * row["plain"]["cpu"] + SMALL, name
    put("Retention", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    listed = "\n".join(
        f"| {name} | {row['asked']['wall']:.2f} | {row['asked']['cpu']:.2f} | "
        + (f"{row['plain']['wall']:.2f} | {row['plain']['cpu']:.2f} |" if row["plain"] else "| |")
        for name, row in found["rows"].items()
    )
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

{found["events"]:,} events in visits (tests/bench/visit_shop.py); nothing is kept from one question to the next; \
medians of {TURNS} turns. Limits: {LIMIT} s, and {RATIO:.0f} times the CPU seconds of the SQL by hand, which \
yields the counts alone (or {SMALL} s more).

| question | seconds | CPU seconds | by hand: seconds | CPU seconds |
|---|---|---|---|---|
{listed}
"""


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    from core.store import Query, Store
    from tests.bench.visit_shop import visit_shop

    load = os.getloadavg()[0]
    file = Path(shutil.copyfile(visit_shop(), folder / "shop.duckdb"))
    rows: dict[str, Any] = {}
    with Store(file) as store:
        events = int(store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"])
        for name, (ask, sql) in questions().items():
            turns = [measured(partial(ask, store)) for _ in range(TURNS)]
            plain = [measured(partial(store.read, Query(sql))) for _ in range(TURNS)] if sql else []
            rows[name] = {"asked": typical(turns), "plain": typical(plain) if plain else None}
    print(json.dumps({"load": load, "events": events, "rows": rows}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
