"""The tables of users and items of millions of events, beside one plain GROUP BY; writes docs/benchmarks.md
(`make bench`).

The plain question is what a person writes first: events, first, last and value of each user (item). The tables hold
97 and 63 features, with distinct items, orders, sessions, days and their rhythm.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import measured_apart
from tests.bench.feature_shop import CATEGORIES, ITEMS, USERS, make_feature_shop
from tests.bench.paper import put
from tests.bench.test_bench_pages import ROWS, held_up, measured, typical

TURNS = 3
LIMITS = {"users": 15.0, "items": 10.0}


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_features_of_millions_of_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_features", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    for table, limit in LIMITS.items():
        assert found["size"][table][0] > 0
        assert held_up(found[table], found["load"]) < limit
    put("Features", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    rows = []
    for table, limit in LIMITS.items():
        made, plain, (count, columns) = found[table], found[f"{table}: plain"], found["size"][table]
        ratio = made["cpu"] / plain["cpu"]
        rows += [
            f"| {count:,} {table}, {columns} features (limit {limit:.0f} s) | {made['wall']:.2f} | {made['cpu']:.2f} |",
            f"| bare DuckDB: one GROUP BY {table[:-1]}_no | {plain['wall']:.2f} | {plain['cpu']:.2f} |",
            f"| ratio | {made['wall'] / plain['wall']:.1f} | {ratio:.1f} |",
        ]
    listed = "\n".join(rows)
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

{ROWS:,} generated events of {USERS:,} users with {ITEMS:,} items in {CATEGORIES} categories \
(tests/bench/feature_shop.py); medians of {TURNS} turns. The GROUP BY asks for the number of events, first, last and \
summed value. On a machine that does other work at the same time the CPU seconds say more than the seconds.

| | seconds | CPU seconds |
|---|---|---|
{listed}

Peak memory of making the workspace and the tables in one process: {found["peak"]:,.0f} MB.
"""


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    from core.features import FeatureSpec, features
    from core.store import Query, Store

    load = os.getloadavg()[0]
    if not (folder / "shop.duckdb").exists():
        make_feature_shop(folder / "shop.duckdb", ROWS)
    size: dict[str, tuple[int, int]] = {}
    turns: dict[str, list[dict[str, float]]] = {}
    with Store(folder / "shop.duckdb") as store:

        def make(table: Any) -> None:
            made = features(store, FeatureSpec(table=table))
            size[table] = (made.rows().num_rows, len(made.columns))

        for _ in range(TURNS):
            for table in LIMITS:
                key = f"{table[:-1]}_no"
                plain = Query(
                    f"SELECT {key}, count(*), min(at_utc), max(at_utc), sum(value) FROM events GROUP BY {key}"
                )
                turns.setdefault(f"{table}: plain", []).append(measured(lambda plain=plain: store.read(plain)))  # type: ignore[misc]
                turns.setdefault(table, []).append(measured(lambda table=table: make(table)))  # type: ignore[misc]
    found: dict[str, Any] = {name: typical(spent) for name, spent in turns.items()} | {"load": load, "size": size}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps(found | {"peak": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
