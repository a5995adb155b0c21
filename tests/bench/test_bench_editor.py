"""The page Segments with 100 stored segments over millions of events; writes docs/benchmarks.md (`make bench`).

The workspace is open and the app has been looked at before, but nothing is kept of these data: each turn comes after a
change of the data. The page is drawn through Streamlit's own test runner.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import ROOT, measured_apart
from tests.bench.feature_shop import USERS, make_feature_shop
from tests.bench.paper import put
from tests.bench.test_bench_pages import ROWS, held_up, measured, typical

TURNS, SEGMENTS = 3, 100
LIMIT = 1.0
VIEWS = ("Rules", "Saved")


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_the_editor_opens_at_once_with_100_stored_segments(tmp_path: Path) -> None:
    found = measured_apart("test_bench_editor", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    assert found["segments"] == found["counted"] == SEGMENTS
    for view in VIEWS:
        assert held_up(found["views"][view], found["load"]) < LIMIT, view
    put("Segment editor", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    rows = "\n".join(
        f"| {view} | {found['views'][view]['wall']:.2f} | {found['views'][view]['cpu']:.2f} |" for view in VIEWS
    )
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

{SEGMENTS} stored segments of seven kinds over {ROWS:,} generated events of {USERS:,} users \
(tests/bench/feature_shop.py); the views of the page Segments opened with nothing kept of these data, medians of \
{TURNS} turns, limit {LIMIT:.0f} s. “Saved” shows its table at once and counts beside the page: all {SEGMENTS} counts \
took {found["all"]["wall"]:.1f} s ({found["all"]["cpu"]:.1f} CPU seconds). CPU seconds of “Saved” hold the part of \
that which ran meanwhile.

| view | seconds | CPU seconds |
|---|---|---|
{rows}
"""


def stored(n: int) -> list[Any]:
    """So many different segments of seven kinds, every seventh naming another."""
    from core.segments import (
        All,
        Compare,
        Did,
        EventStep,
        InSegment,
        Last,
        Not,
        Order,
        Prop,
        Rfm,
        Sample,
        Segment,
        Test,
        Top,
    )

    kinds = (
        lambda k: All((Did("purchase", compare=Compare("at_least", 1 + k % 5)), Not(Did("view", window=Last(1 + k))))),
        lambda k: Prop("user_id", Test("contains", (str(k),))),
        lambda k: Rfm((f"{1 + k % 5}{1 + k // 5 % 5}",)),
        lambda k: Top("value", (1 + k) / 200),
        lambda k: Sample((1 + k) / 200),
        lambda k: Order(EventStep("view"), EventStep("purchase"), window=Last(10 + k)),
        lambda k: Not(InSegment(f"Segment {k - 6:03d}")),
    )
    return [Segment(f"Segment {k:03d}", kinds[k % 7](k)) for k in range(n)]


def opened(view: str) -> dict[str, float]:
    """One view of the page in a new session."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_file(str(ROOT / "pages" / "_ui" / "frame.py"), default_timeout=3600)
    page.query_params |= {"ws": "shop", "who": view}
    page.switch_page("../segments.py")
    spent = measured(page.run)
    if page.exception or not page.main.dataframe:
        raise RuntimeError(f"{view} was not drawn: {page.exception}")
    return spent


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    from core.jobs import runner_for
    from core.segments import count_saved, list_segments, save_segment
    from core.store import open_workspace
    from pages._ui.segments_counts import clear_way

    load = os.getloadavg()[0]
    file = folder / "shop.duckdb"
    if not file.exists():
        make_feature_shop(file, ROWS)
    store = open_workspace("shop", create=False)
    for segment in stored(SEGMENTS):
        save_segment(store, segment, replace=True)
    turns: dict[str, list[dict[str, float]]] = {view: [] for view in VIEWS}
    for _ in range(TURNS + 1):
        for view in VIEWS:
            with store.atomic():  # the version rises
                pass
            turns[view].append(opened(view))
            clear_way(store)
            while any(job.active for job in runner_for(store).jobs()):
                time.sleep(0.01)
    counted: list[Any] = []
    whole = measured(lambda: counted.extend(count_saved(store)))
    found = {
        "views": {view: typical(spent[1:]) for view, spent in turns.items()},  # the first one read the program
        "segments": len(list_segments(store)), "counted": sum(c.users is not None for c in counted),
        "all": whole, "load": load,
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
