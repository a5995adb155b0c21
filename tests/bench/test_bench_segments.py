"""Every kind of rule over millions of events, beside SQL written by hand; writes docs/benchmarks.md (`make bench`).

Both run on the same connection and take turns. The rule's time is that of core.segments.count, which reads the
workspace's columns and saved segments first.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.bench.child import measured_apart
from tests.bench.feature_shop import ITEMS, USERS, make_feature_shop
from tests.bench.paper import put
from tests.bench.segment_questions import ALIKE, AS_OF, PAIRS
from tests.bench.test_bench_pages import ROWS, held_up, measured, typical

TURNS = 3
LIMIT, RFM_LIMIT, RATIO = 1.0, 2.0, 3.0
SMALL = 0.1  # seconds: below, asking what the workspace has takes longer than the question itself


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_rules_over_millions_of_events(tmp_path: Path) -> None:
    found = measured_apart("test_bench_segments", tmp_path, tmp_path)
    text = paper(found)
    print(f"\n{text}")
    for name, row in found["rows"].items():
        assert row["members"] == row["plain members"] or name in ALIKE, name
        assert row["members"] > 0, name
        assert held_up(row["rule"], found["load"]) < (RFM_LIMIT if name == "RFM" else LIMIT), name
        # processor seconds: both take turns on the same machine, and the clock counts other work too
        assert row["rule"]["cpu"] < max(RATIO * row["plain"]["cpu"], SMALL), name
    put("Segments", text)


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    listed = "\n".join(
        f"| {name} | {row['members']:,} | {row['rule']['wall']:.2f} | {row['rule']['cpu']:.2f} | "
        f"{row['plain']['wall']:.2f} | {row['plain']['cpu']:.2f} | {_ratio(row)} |"
        for name, row in found["rows"].items()
    )
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
DuckDB {duckdb.__version__}, {os.cpu_count()} cores, load average {found["load"]:.1f} at the start.

{ROWS:,} generated events of {USERS:,} users with {ITEMS:,} items (tests/bench/feature_shop.py); each kind of rule \
counted (core.segments.count) beside the SQL that an analyst would write for it, on the same connection \
(tests/bench/segment_questions.py); medians of {TURNS} turns. Limits: {LIMIT:.0f} s, RFM {RFM_LIMIT:.0f} s, and \
{RATIO:.0f} times the CPU seconds of the SQL by hand (or {SMALL:g} s). Both give the same members; of RFM and the top \
shares the SQL by hand cuts through equal values.

| rule | members | seconds | CPU seconds | by hand: seconds | CPU seconds | ratio |
|---|---|---|---|---|---|---|
{listed}
"""


def _ratio(row: dict[str, Any]) -> str:
    return f"{row['rule']['cpu'] / row['plain']['cpu']:.1f}" if row["plain"]["cpu"] > SMALL / RATIO else "(tiny)"


def main(folder: Path) -> None:
    """Measure, and print the findings as the last line."""
    from core.segments import count
    from core.store import Query, Store

    load = os.getloadavg()[0]
    file = folder / "shop.duckdb"
    if not file.exists():
        make_feature_shop(file, ROWS)
    rows: dict[str, dict[str, Any]] = {}
    with Store(file) as store:
        keep(store)
        for name, (rule, sql) in PAIRS.items():
            members, plain, turns = 0, 0, ([], [])  # type: tuple[int, int, tuple[list[Any], list[Any]]]

            def ask(rule: Any = rule) -> None:
                nonlocal members
                members = count(store, rule, AS_OF)

            def ask_plainly(sql: str = sql) -> None:
                nonlocal plain
                plain = int(store.rows(Query(sql))[0]["n"])

            for _ in range(TURNS):
                turns[0].append(measured(ask))
                turns[1].append(measured(ask_plainly))
            rows[name] = {
                "members": members, "plain members": plain, "rule": typical(turns[0]), "plain": typical(turns[1])
            }  # fmt: skip
    print(json.dumps({"load": load, "rows": rows}))


def keep(store: Any) -> None:
    """The saved segment and the kept group that the questions name."""
    from core.segments import Compare, Did, Segment, save_segment
    from core.store import Query

    save_segment(store, Segment("many", Did("purchase", "events", Compare("at_least", 5))), replace=True)
    parts = json.dumps({str(n): f"part {n}" for n in range(4)})
    with store.atomic(data=False) as writer:
        writer.run("DELETE FROM groupings")
        writer.run("DELETE FROM grouping_members")
        writer.run(
            Query(
                "INSERT INTO groupings BY NAME SELECT 'kept' AS name, 'clusters' AS kind, ? AS parts, 'kept' AS words, "
                "'{}' AS spec, '{}' AS answer, 1 AS version, TIMESTAMP '2030-01-01' AS created_at",
                (parts,),
            )
        )
        writer.run(
            "INSERT INTO grouping_members BY NAME SELECT 'kept' AS name, user_id, user_no % 4 AS part FROM users"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
