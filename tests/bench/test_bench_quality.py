"""The report on what is wrong with millions of events, beside DuckDB's own SUMMARIZE; writes docs/benchmarks.md
(`make bench`).

The report looks for everything and works out every effect; SUMMARIZE says of each column how many values are missing,
least, greatest, mean and quartiles, and about how many different ones: what a person gets without Limelight.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import measured_apart
from tests.bench.paper import put
from tests.bench.test_bench_pages import ROWS, fill, held_up, measured, typical

TURNS = 3
AIM, LIMIT = 10.0, 13.0  # the aim was met on clean data (7.0 s), not on these

_NEW = "event_no + (1::BIGINT << 39)"  # numbers that no loaded event has
SOIL = (
    "UPDATE events SET dwell = 5 + hash(event_no) % 90 WHERE event = 'view' AND hash(event_no) % 10 < 7",
    "UPDATE events SET user_no = NULL WHERE hash(event_no, 1) % 25 = 0",
    "UPDATE events SET value = 0 WHERE event = 'purchase' AND hash(event_no, 2) % 1000 = 0",
    "UPDATE events SET value = value * 100 WHERE event = 'purchase' AND hash(event_no, 3) % 5000 = 0",
    "UPDATE events SET quantity = quantity * 5000, value = value * 5000 WHERE event = 'purchase' "
    "AND hash(event_no, 4) % 50000 = 0",
    f"INSERT INTO events BY NAME SELECT * REPLACE ('return' AS event, -quantity AS quantity, -value AS value, "
    f"at_utc + INTERVAL 2 HOUR AS at_utc, {_NEW} AS event_no) FROM events WHERE event = 'purchase' "
    "AND hash(event_no, 5) % 20 = 0",
    f"INSERT INTO events BY NAME SELECT * REPLACE ({_NEW} + 1 AS event_no) FROM events WHERE event <> 'return' "
    "AND hash(event_no, 6) % 200 = 0",
    "INSERT INTO events (user_no, item_no, event, at_utc, dwell, batch_no, event_no) SELECT 1000 + n // 500, "
    "1 + hash(n) % 5000, 'view', TIMESTAMP '2024-02-01 02:00:00' + INTERVAL (n % 500 * 4) SECOND "
    "+ INTERVAL (n // 500 % 60) DAY, 2, 1, (1::BIGINT << 38) + n FROM range(100000) t(n)",
    "UPDATE users SET user_id = 'test_' || user_id WHERE user_no BETWEEN 1 AND 8",
)
"""Dirt of every large kind, so that the report has something to look at: no values, zero and slipped prices, crates,
returns, repeats, bots, test ids."""


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_report_over_millions_of_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_quality", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    assert found["events"] > ROWS
    assert found["findings"] > 12
    assert not found["not_checked"]
    assert held_up(found["report"], found["load"]) < LIMIT
    put("Data quality", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    rows = [
        ("the report with all effects", found["report"]),
        ("the report without effects", found["plain"]),
        ("bare DuckDB: SUMMARIZE events", found["summarize"]),
    ]
    listed = "\n".join(f"| {name} | {spent['wall']:.2f} | {spent['cpu']:.2f} |" for name, spent in rows)
    ratio = found["report"]["wall"] / found["summarize"]["wall"]
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

{found["events"]:,} generated events (tests/bench/shop_file.py, with missing values, slips, returns, repeats, bots \
and test ids added) in an open workspace; medians of {TURNS} turns. \
{found["findings"]} findings. The report takes {ratio:.1f} times as long as SUMMARIZE, which looks at one column at a \
time.

| | seconds | CPU seconds |
|---|---|---|
{listed}

Peak memory of loading and of the report in one process: {found["peak"]:,.0f} MB. Aim: {AIM:.0f} s; limit of the \
test: {LIMIT:.0f} s.
"""


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    from core.quality import report
    from core.store import Query, Store

    load = os.getloadavg()[0]
    if not (folder / "shop.duckdb").exists():
        fill(folder)
        with Store(folder / "shop.duckdb") as store, store.atomic() as writer:
            for statement in SOIL:
                writer.run(statement)
    with Store(folder / "shop.duckdb") as store:
        summarize = Query("SUMMARIZE main.events")
        store.read(summarize)  # the first one reads the file
        turns: dict[str, list[dict[str, float]]] = {"report": [], "plain": [], "summarize": []}
        for _ in range(TURNS):
            turns["report"].append(measured(lambda: report(store)))
            turns["plain"].append(measured(lambda: report(store, effects=False)))
            turns["summarize"].append(measured(lambda: store.read(summarize)))
        made = report(store)
    found: dict[str, Any] = {name: typical(spent) for name, spent in turns.items()}
    found |= {"load": load, "events": made.figures.events, "findings": len(made.findings)}
    found["not_checked"] = [finding.title for finding in made.findings if finding.code == "not_checked"]
    found["spread"] = statistics.pstdev(spent["wall"] for spent in turns["report"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps(found | {"peak": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
