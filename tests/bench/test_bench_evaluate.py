"""Judging every user against the time that scoring them takes. Run by `make bench`; writes docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.interactions import Interactions
from tests.bench.interactions_10m import ITEMS, PAIRS, USERS, ten_million
from tests.bench.memory import ready_memory
from tests.bench.paper import put

TURNS, K, LIMIT = 3, 10, 1.5
TITLE = "Evaluating"


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_judging_all_users_takes_little_more_than_scoring_them() -> None:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_evaluate"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    text = paper(found)
    print(f"\n{text}")
    for line in found["models"].values():
        assert line["judge"] / line["bare"] < LIMIT
    put(TITLE, text)


def bare(users: np.ndarray, items: np.ndarray) -> float:
    """Seconds of the score product alone, in blocks of the same size on as many threads; nothing is kept."""
    from threadpoolctl import threadpool_limits

    from core.recommend.base import _BLOCK, _LEAST, _MOST, threads

    size = min(max(_BLOCK // len(items), _LEAST), _MOST)
    turned = items.T

    def block(begin: int) -> None:
        users[begin : begin + size] @ turned

    workers = threads()
    start = time.perf_counter()
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        list(pool.map(block, range(0, len(users), size)))
    return time.perf_counter() - start


def measure(x: Interactions) -> dict[str, Any]:
    """Medians: the bare product, and lists, accuracy and AUC of all users; one held-out item each."""
    from core.evaluate import by_user
    from core.evaluate.metrics import per_user
    from core.evaluate.ranking import rank_all
    from core.recommend import make, spec

    parts = by_user(x, "random")
    found = {}
    for name, params in (("ials", {"factors": 64, "epochs": 2}), ("puresvd", {"factors": 64})):
        model: Any = make(spec(name, params)).fit(parts.fit)
        arrays = model.arrays()
        theirs = np.asarray(arrays["items"], dtype=np.float32)
        mine = arrays["users"] * arrays["strengths"] if name == "puresvd" else arrays["users"]
        mine = np.asarray(mine, dtype=np.float32)[parts.users]
        spent: dict[str, list[float]] = {"bare": [], "judge": [], "lists": []}
        ranked, each = rank_all(model, parts.users[:1], K, parts.relevant[:1]), np.empty((0, 1))
        for turn in range(TURNS + 1):
            once = {"bare": bare(mine, theirs)}
            start = time.perf_counter()
            ranked = rank_all(model, parts.users, K, parts.relevant)
            each = per_user(ranked.items, parts.relevant)
            once["judge"] = time.perf_counter() - start
            start = time.perf_counter()
            lists = model.recommend(parts.users, K).items
            once["lists"] = time.perf_counter() - start
            assert (lists == ranked.items).all()
            for what, seconds in once.items():
                spent[what].extend([seconds] if turn else [])
        assert ranked.auc is not None
        said = {"ndcg": float(each[:, 0].mean()), "auc": float(ranked.auc.mean()), "users": len(parts.users)}
        found[name] = {what: statistics.median(seconds) for what, seconds in spent.items()} | said
    return found


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    rows = [
        f"| {name} | {line['bare']:.2f} | {line['lists']:.2f} | {line['judge']:.2f} | "
        f"{line['judge'] / line['bare']:.2f} | {line['ndcg']:.4f} | {line['auc']:.4f} |"
        for name, line in found["models"].items()
    ]
    users = next(iter(found["models"].values()))["users"]
    return f"""{datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, numpy {np.__version__}, \
2 threads of {os.cpu_count()} cores, load average {found["load"][0]:.1f} before and {found["load"][1]:.1f} after; peak \
memory {found["peak"]:,} MB.

{PAIRS:,} made-up interactions of {USERS:,} users with {ITEMS:,} items (tests/bench/interactions_10m.py), one item \
of each of {users:,} users held out; 64 factors. Bare: the product of the factors in blocks, no more. Judging: \
lists of {K} from all items not taken, seven metrics of accuracy, and the exact AUC, of every user, in one pass \
(limit {LIMIT} times bare). Medians of {TURNS}, taking turns.

| model | bare scores (s) | lists alone (s) | judging (s) | judging / bare | NDCG@{K} | AUC |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    before = os.getloadavg()[0]
    ready_memory()
    result = measure(ten_million())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"models": result, "load": (before, os.getloadavg()[0]), "peak": peak}))
