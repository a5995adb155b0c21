"""A study of 30 trials of item-knn on a million interactions. Run by `make bench`; writes docs/benchmarks.md.

In a process of its own with two threads, through the worker's task: 5,000 users to judge by, as is usual.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.evaluate import TuneSpec, by_user, draw_users, study_from_json
from core.interactions import as_bytes
from core.recommend import spec
from tests.bench.interactions_1m import ITEMS, PAIRS, USERS, million
from tests.bench.paper import put

TRIALS = 30
LIMIT = 180.0
TITLE = "Tuning"


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_thirty_trials_on_a_million_interactions() -> None:
    found = in_a_process()
    text = paper(found)
    print(f"\n{text}")
    assert found["trials"] == TRIALS
    assert found["failed"] == 0
    assert found["seconds"] < LIMIT
    put(TITLE, text)


def in_a_process() -> dict[str, Any]:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_tune"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured() -> dict[str, Any]:
    from core.evaluate.tuning.task import tune_task

    asked = TuneSpec((spec("item-knn"),), split="random", trials=TRIALS)
    parts = by_user(million(), "random", part="choose")
    drawn = draw_users(parts, asked.most_users, asked.seed)
    told = {"split": "random", "facts": {"version": 0, "users": len(drawn.users)}, "notes": []}
    arrays = {
        **parts.fit.to_arrays(),
        "judged_rows": drawn.users,
        "relevant_indptr": drawn.relevant.indptr,
        "relevant_indices": drawn.relevant.indices,
        "told": as_bytes({**told, "study_id": None, "earlier": None}),
    }
    with tempfile.TemporaryDirectory() as folder:
        begin, busy = time.perf_counter(), time.process_time()
        study = study_from_json(tune_task(asked.as_json(), arrays, Path(folder)))
        seconds, busy = time.perf_counter() - begin, time.process_time() - busy
    start, best = study.start_of("item-knn"), study.best
    assert start
    assert best
    return {
        "seconds": seconds,
        "cpu": busy,
        "load": os.getloadavg()[1],
        "trials": len(study.trials),
        "pruned": sum(t.state == "pruned" for t in study.trials),
        "failed": sum(t.state == "failed" for t in study.trials),
        "fit": sum(t.seconds_fit or 0.0 for t in study.trials if t.same_as is None),
        "lists": sum(t.seconds_score or 0.0 for t in study.trials if t.same_as is None),
        "users": study.facts["users"],
        "start": start.value,
        "best": best.value,
    }


def paper(found: dict[str, Any]) -> str:
    rest = found["seconds"] - found["fit"] - found["lists"]
    return f"""{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, two threads, `make bench`.
{PAIRS:,} pairs of {USERS:,} users and {ITEMS:,} items; a study of {found["trials"]} trials of item-knn (all settings,
TPE), each judged by {found["users"]:,} users drawn; no longer than {LIMIT:.0f} s.

| what | seconds |
|---|---:|
| whole study | {found["seconds"]:.1f} |
| of all cores together (CPU) | {found["cpu"]:.1f} |
| of it fitting | {found["fit"]:.1f} |
| of it making lists | {found["lists"]:.1f} |
| of it searching, measuring, and what mattered | {rest:.1f} |

Load of the machine meanwhile: {found["load"]:.1f} (up to 1 a core it is quiet; seconds on the clock grow with it,
those of the CPU hardly). {found["pruned"]} trials were given up early. NDCG@10 of the settings it came with
{found["start"]:.4f}, of the best found {found["best"]:.4f}, both on the part to choose by."""


if __name__ == "__main__":
    print(json.dumps(measured()))
