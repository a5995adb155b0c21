"""A target list of a million users: made, gated and written. Run by `make bench`; writes docs/benchmarks.md.

The workspace is made in a process of its own, so that the peak of memory is that of the list alone.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.store import Store
from tests.bench.paper import put

USERS, ITEMS, EVENTS, SUPPRESSED = 1_000_000, 2_000, 5_000_000, 100_000
SECONDS, MEGABYTES = 60.0, 3_000.0
ITEM = "I0042"


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_a_list_of_a_million_users_takes_less_than_a_minute(tmp_path: Path) -> None:
    in_a_process("generate", tmp_path)
    found = in_a_process("list", tmp_path)
    text = paper(found)
    print(f"\n{text}")
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert stages["suppressed"]["in"] > stages["suppressed"]["out"] > stages["bought"]["out"]
    assert found["rows"] + found["control_rows"] == stages["size"]["out"] > USERS / 2
    assert lines(tmp_path / "list.csv") == found["rows"] + 1
    suppressed = set((tmp_path / "suppressed.csv").read_text().split())
    with (tmp_path / "list.csv").open() as file:
        assert not any(line.split(",", 1)[0] in suppressed for line in list(file)[1:])
    assert hashlib.sha256((tmp_path / "list.csv").read_bytes()).hexdigest() == found["sha256"]
    assert found["seconds"] < SECONDS
    assert found["peak"] < MEGABYTES
    put("Target lists", text)


def in_a_process(task: str, folder: Path) -> dict[str, Any]:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_lists", task, str(folder)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def generate(folder: Path) -> dict[str, Any]:
    """A shop of a million users: few items are taken by many, one event in three is a purchase, four in five agree."""
    with Store(folder / "shop.duckdb") as store, store.atomic() as w:
        for table, column, kind, role in (
            ("users", "consent_email", "BOOLEAN", "consent"),
            ("users", "consent_sms", "BOOLEAN", "consent"),
            ("items", "title", "VARCHAR", "title"),
        ):
            w.run(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
            w.run(f"INSERT INTO columns VALUES ('{table}', '{column}', '{role}')")
        w.run(
            "INSERT INTO batches VALUES "
            "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, 'append', 0, 0)"
        )
        w.run(
            "INSERT INTO users BY NAME SELECT n::INTEGER AS user_no, lpad(n::VARCHAR, 8, '0') AS user_id, "
            "hash(n) % 5 > 0 AS consent_email, hash(n + 7) % 2 = 0 AS consent_sms "
            f"FROM generate_series(1, {USERS}) t(n)"
        )
        for column, value in (("email", "'user' || n || '@mail.example'"), ("phone", "'+4930' || (1000000 + n)")):
            w.run(f"INSERT INTO columns VALUES ('contacts', '{column}', 'contact')")
            w.run(f"INSERT INTO contact_facts SELECT 1, n, '{column}', {value} FROM generate_series(1, {USERS}) t(n)")
        w.run(
            "INSERT INTO items BY NAME SELECT n::INTEGER AS item_no, 'I' || lpad(n::VARCHAR, 4, '0') AS item_id, "
            f"'Lamp no. ' || n || ', \"warm\"' AS title FROM generate_series(1, {ITEMS}) t(n)"
        )
        w.run(
            "INSERT INTO events BY NAME SELECT (1 + hash(n) % 1000000)::INTEGER AS user_no, "
            f"(1 + floor({ITEMS} * pow((hash(n + 1) % 1000003) / 1000003.0, 2)))::INTEGER AS item_no, "
            "CASE WHEN hash(n + 2) % 3 = 0 THEN 'purchase' ELSE 'view' END AS event, "
            "TIMESTAMP '2026-01-01' + to_minutes((hash(n + 3) % 500000)::BIGINT) AS at_utc, "
            "1.0 AS quantity, 9.99 AS value, 1 AS batch_no "
            f"FROM generate_series(1, {EVENTS}) t(n)"
        )
    every = USERS // SUPPRESSED
    (folder / "suppressed.csv").write_text("".join(f"{n * every:08d}\n" for n in range(1, SUPPRESSED + 1)))
    return {"users": USERS}


def make(folder: Path) -> dict[str, Any]:
    """The list: fit, score, gates, files, manifest; seconds of each."""
    from core.campaigns import Campaign, make_list, manifest, read_ids, write_list, write_manifest
    from core.recommend import FitSpec, fit, spec

    with Store(folder / "shop.duckdb") as store:
        marks = [time.perf_counter()]
        campaign = Campaign("item", items=(ITEM,), model=spec("item-knn"), channel="email", holdout=0.1)
        assert campaign.model is not None
        model = fit(store, FitSpec(campaign.model, campaign.matrix, campaign.seed))
        marks.append(time.perf_counter())
        found = make_list(store, campaign, model=model, suppressed=read_ids(folder / "suppressed.csv"))
        marks.append(time.perf_counter())
        files = {
            "contacted": write_list(store, found, folder / "list.csv"),
            "control": write_list(store, found, folder / "control.csv", arm="control"),
        }
        told = manifest(store, found, files)
        write_manifest(told, folder / "list.json")
        marks.append(time.perf_counter())
    fitted, made, written = (after - before for before, after in itertools.pairwise(marks))
    return {
        "seconds": marks[-1] - marks[0],
        "fit": fitted,
        "make": made,
        "write": written,
        "rows": len(found.contacted),
        "control_rows": len(found.control),
        "stages": told["stages"],
        "bytes": files["contacted"].bytes,
        "sha256": files["contacted"].sha256,
    }


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    day = datetime.now(UTC).date().isoformat()
    versions = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores"
    gates = ", ".join(f"{stage['stage']} {stage['out']:,}" for stage in found["stages"])
    return f"""`make bench` (tests/bench), {day}: {versions}, load average {os.getloadavg()[0]:.1f} at the end.

{USERS:,} generated users, {ITEMS:,} items, {EVENTS:,} events (tests/bench/test_bench_lists.py). For one item: fit
item-knn, score everybody, consent, {SUPPRESSED:,} suppressed ids, bought already, 10 % held out, digest of the data,
both files (with e-mail address and telephone, no reasons) and the manifest.

After each gate: {gates}.

| | seconds |
|---|---|
| fit | {found["fit"]:.1f} |
| score, gates, digest | {found["make"]:.1f} |
| files and manifest | {found["write"]:.1f} ({found["bytes"] / 1e6:,.0f} MB to send) |
| whole | {found["seconds"]:.1f} (limit {SECONDS:.0f}) |

Peak memory {found["peak"]:,.0f} MB (limit {MEGABYTES:,.0f}).
"""


if __name__ == "__main__":
    task, folder = sys.argv[1], Path(sys.argv[2])
    found = (generate if task == "generate" else make)(folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps(found | {"peak": peak}))
