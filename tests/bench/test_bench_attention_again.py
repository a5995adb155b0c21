"""Every view of Attention and Loyalty drawn, and drawn again with its answers kept; over ten million events.

Through Streamlit's own test runner: all that a click makes the server do, the figures' drawing included; not the
browser. Run by `make bench`; writes docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bench.child import ROOT, measured_apart
from tests.bench.memory import ready_memory
from tests.bench.paper import put
from tests.bench.test_bench_pages import measured
from tests.bench.visit_shop import visit_shop

LIMIT = 0.3
TURNS = 3
VIEWS = {
    "attention": (
        "Visits and rhythm",
        "Who gets the attention",
        "Over- and under-watched",
        "How attention fades",
        "Paths",
        "Funnel",
    ),
    "loyalty": ("Who comes back", "Who is loyal"),  # future value is a job: what it found is stored
}


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_views_are_drawn_again_at_once(tmp_path: Path) -> None:
    shutil.copyfile(visit_shop(), tmp_path / "shop.duckdb")
    found = measured_apart("test_bench_attention_again", tmp_path)
    text = paper(found)
    print(f"\n{text}")
    put("Attention and Loyalty drawn again", text)
    for name, line in found["views"].items():
        assert line["again"] < LIMIT, name


def drawn() -> dict[str, dict[str, float]]:
    """Seconds of each view: the first time, and the least of some times again."""
    from streamlit.testing.v1 import AppTest

    found = {}
    for name, views in VIEWS.items():
        for view in views:
            page = AppTest.from_file(str(ROOT / "pages" / "_ui" / "frame.py"), default_timeout=3600)
            page.query_params["ws"], page.query_params["look_at"] = "shop", view
            page.switch_page(f"../{name}.py")
            ready_memory()
            first = measured(page.run)["wall"]
            again = min(measured(page.run)["wall"] for _ in range(TURNS))
            shown = page.segmented_control(key="look_at")
            if page.exception or shown.options[shown.indices[0]] != view:
                raise RuntimeError(f"{view} was not drawn: {page.exception}")
            found[f"{name}, {view}"] = {"first": first, "again": again}
    return found


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    rows = [f"| {name} | {line['first']:.2f} | {line['again']:.2f} |" for name, line in found["views"].items()]
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
{os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

Ten million generated events (tests/bench/visit_shop.py); the views as they open, one after the other in one app, so \
that later ones find the timeline ready. Seconds of the server for a whole page, drawing included; again: the least of \
{TURNS}, answers kept (limit {LIMIT} s).

| view | first | again |
|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    load = os.getloadavg()[0]
    print(json.dumps({"views": drawn(), "load": load}))
