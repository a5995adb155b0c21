"""What Home and Data ask of core, and the matrix, over millions of events; writes docs/benchmarks.md (`make bench`).

The workspace is open and warm, and nothing is kept: each question is asked once, as a first visitor's page asks it.
Each turn comes after a change of the data, so that nothing that core keeps for a version is of use to the next turn.
A rerun is the same page with its answers kept, drawn through Streamlit's own test runner.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import ROOT, measured_apart
from tests.bench.paper import put
from tests.bench.shop_file import write_shop_file

ROWS = int(os.environ.get("LIMELIGHT_BENCH_ROWS", "10_000_000"))
TURNS = 5
HOME_LIMIT, MATRIX_LIMIT, RERUN_LIMIT = 1.5, 5.0, 0.5
_BUSY, _SLACK = 0.5, 1.5  # load average at the start from which on other programs are at work; see `held_up`


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_pages_and_matrix_over_millions_of_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_pages", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    assert found["held"] == ROWS
    assert found["matrix"]["pairs"] > 0
    assert found["rerun"]["cpu"] < RERUN_LIMIT
    assert held_up(found["all"], found["load"]) < HOME_LIMIT
    assert held_up(found["matrix"], found["load"]) < MATRIX_LIMIT
    put("Pages and matrix", text)


def held_up(spent: dict[str, float], load: float) -> float:
    """Seconds by the clock; on a machine with other work, whose clock says little, CPU seconds if they are less.

    Of those some slack is taken off: half of the work is done by two processors at once, and processors that share
    their caches and memory with other work are slower too.
    """
    return min(spent["wall"], spent["cpu"] / _SLACK) if load > _BUSY else spent["wall"]


def measured(work: Callable[[], object]) -> dict[str, float]:
    """Seconds by the clock and of all processors."""
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}


def typical(turns: list[dict[str, float]]) -> dict[str, float]:
    """The median of each measure."""
    return {what: statistics.median(turn[what] for turn in turns) for what in turns[0]}


def fill(folder: Path) -> None:
    """The workspace shop.duckdb with ROWS events."""
    from core.ingest import ColumnMap, Mapping, load, open_source
    from core.store import Store

    file = folder / "shop.csv"
    write_shop_file(file, ROWS)
    roles = {"user_id": "user", "item_id": "item", "event_type": "event", "event_time": "time", "quantity": "quantity",
             "price": "price", "order_id": "order"}  # fmt: skip
    mapping = Mapping("events", tuple(ColumnMap(name, role) for name, role in roles.items()))  # type: ignore[arg-type]
    with Store(folder / "shop.duckdb", reads=[file]) as store:
        source = open_source(file, spool=store.spool)
        with store.atomic() as writer:
            load(writer, [source], mapping)
    file.unlink()


def questions(store: Any) -> dict[str, Callable[[], object]]:
    """Every question that Data and then Home's first view ask, in their order."""
    from core import behaviour as b

    unit = b.trend(store, b.last_days(store, 7)).unit  # warms the file's first pages, as an open workspace has
    assert unit == "day"
    return {
        "Data: contents": lambda: b.contents(store),
        "Data, Home: overview": lambda: b.overview(store),
        "Home: data_span": lambda: b.data_span(store),
        "Home: trend": lambda: b.trend(store),
        "Home: events_over_time": lambda: b.events_over_time(store, "week"),
        "Home: stickiness": lambda: b.stickiness(store),
        "Home: active_users": lambda: b.active_users(store, "week"),
    }


def rerun() -> dict[str, float]:
    """Home drawn a second time, its answers kept."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_file(str(ROOT / "pages" / "_ui" / "frame.py"), default_timeout=3600)
    page.query_params["ws"] = "shop"
    page.run()
    page.switch_page("../home.py").run()
    if page.exception or len(page.main.metric) < 5:
        raise RuntimeError(f"Home was not drawn: {page.exception}")
    return measured(page.run)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    asked = found["asked"]
    rows = [f"| {name} | {spent['wall']:.2f} | {spent['cpu']:.2f} |" for name, spent in asked.items()]
    whole, matrix = found["all"], found["matrix"]
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

{ROWS:,} generated events (tests/bench/shop_file.py) in an open workspace, nothing kept by the pages; medians of \
{TURNS} turns, each after a change of the data, so that the summary by day (core/behaviour/summary.py) is made anew: \
the first question that needs a part of it waits for it, the others do not. On a machine that does other work at the \
same time the CPU seconds say more than the seconds.

| | seconds | CPU seconds |
|---|---|---|
{chr(10).join(rows)}
| all of these (limit {HOME_LIMIT} s) | {whole["wall"]:.2f} | {whole["cpu"]:.2f} |
| Home, rerun (limit {RERUN_LIMIT} CPU s) | {found["rerun"]["wall"]:.2f} | {found["rerun"]["cpu"]:.2f} |
| matrix, {matrix["pairs"]:,.0f} pairs (limit {MATRIX_LIMIT:.0f} s) | {matrix["wall"]:.2f} | {matrix["cpu"]:.2f} |

Peak memory of loading, asking and the matrix in one process: {found["peak"]:,.0f} MB.
"""


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    from core.interactions import build
    from core.store import Query, Store

    load = os.getloadavg()[0]
    fill(folder)
    with Store(folder / "shop.duckdb") as store:
        held = store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"]
        turns, matrix, pairs = [], [], 0
        for _ in range(TURNS + 1):
            with store.atomic():  # the version rises
                pass
            turns.append({name: measured(work) for name, work in questions(store).items()})
        for _ in range(TURNS):
            made: list[int] = []
            matrix.append(measured(lambda made=made: made.append(build(store).facts["pairs"])))  # type: ignore[misc]
            pairs = made[0]
    turns = turns[1:]  # the first one read the file
    asked = {name: typical([turn[name] for turn in turns]) for name in turns[0]}
    whole = typical([{what: sum(spent[what] for spent in turn.values()) for what in ("wall", "cpu")} for turn in turns])
    found = {"held": held, "asked": asked, "all": whole, "matrix": typical(matrix) | {"pairs": pairs}}
    found |= {"rerun": rerun(), "load": load}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps(found | {"peak": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
