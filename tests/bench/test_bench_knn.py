"""Neighbours and lists at ten million interactions against implicit. Run by `make bench`; writes docs/benchmarks.md.

All in one process with two threads; the two take turns, so that a busy machine troubles both alike. Peak memory is
measured in a process for each.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.interactions import Array, Interactions
from tests.bench.interactions_10m import ITEMS, PAIRS, USERS, ten_million
from tests.bench.paper import put

TURNS = int(os.environ.get("LIMELIGHT_BENCH_TURNS", "3"))
K, KEPT = 20, 50
LIMIT = 1.0
SHRUNK: dict[str, Any] = {"neighbours": KEPT, "values": "once"}
TITLE = "Neighbours, 10 million interactions"
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "item-knn, jaccard": ("item-knn", {"similarity": "jaccard"}),
    "item-knn, asymmetric 0.3": ("item-knn", {"similarity": "asymmetric", "asymmetry": 0.3}),
    "item-knn, bm25": ("item-knn", {"weighting": "bm25", "values": "log"}),
    "p3alpha": ("p3alpha", {}),
    "rp3beta": ("rp3beta", {}),
}


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_neighbours_keep_up_with_implicit_at_ten_million() -> None:
    ten_million()  # made before the clock runs
    found = {**in_a_process("times"), "peak": {who: in_a_process(who)["peak"] for who in ("ours", "implicit")}}
    text = paper(found)
    print(f"\n{text}")
    for what, both in found["times"].items():
        assert both["ours"][0] / both["implicit"][0] <= LIMIT, what
    put(TITLE, text)


def in_a_process(what: str) -> dict[str, Any]:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_knn", what]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of the processors."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - busy


class Theirs:
    """implicit's cosine over the same pairs, each counting once."""

    def __init__(self, x: Interactions) -> None:
        from implicit.nearest_neighbours import CosineRecommender

        self.once = x.matrix.copy()
        self.once.data = np.ones_like(self.once.data)
        # its K counts each item itself
        self.model = CosineRecommender(K=KEPT + 1, num_threads=2)

    def fit(self) -> None:
        self.model.fit(self.once, show_progress=False)

    def lists(self) -> Array:
        found: Array = self.model.recommend(np.arange(USERS), self.once, N=K)[0]
        return found


def times(x: Interactions) -> dict[str, dict[str, tuple[float, float]]]:
    """Medians of wall and CPU seconds, by what and who."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    from core.recommend import make, spec

    took: dict[str, dict[str, list[tuple[float, float]]]] = {}

    def note(what: str, who: str, work: Callable[[], object]) -> None:
        took.setdefault(what, {}).setdefault(who, []).append(spent(work))

    everyone = np.arange(USERS)
    factors = make(spec("ials", {"factors": 64, "epochs": 1})).fit(x)
    als = AlternatingLeastSquares(factors=64, num_threads=2)
    learnt = factors.arrays()  # type: ignore[attr-defined]
    als.user_factors = np.ascontiguousarray(learnt["users"], dtype=np.float32)
    als.item_factors = np.ascontiguousarray(learnt["items"], dtype=np.float32)
    for _ in range(TURNS):
        theirs, ours = Theirs(x), make(spec("item-knn", SHRUNK))
        note("item-knn, fit", "implicit", theirs.fit)
        note("item-knn, fit", "ours", lambda ours=ours: ours.fit(x))  # type: ignore[misc]
        note("item-knn, lists of all users", "implicit", theirs.lists)
        note("item-knn, lists of all users", "ours", lambda ours=ours: ours.recommend(everyone, K))  # type: ignore[misc]
        with threadpool_limits(1, user_api="blas"):
            note("iALS 64 factors, lists of all users", "implicit", lambda: als.recommend(everyone, x.matrix, N=K))
        note("iALS 64 factors, lists of all users", "ours", lambda: factors.recommend(everyone, K))
    return {
        what: {who: tuple(statistics.median(part) for part in zip(*runs, strict=True)) for who, runs in both.items()}
        for what, both in took.items()
    }


def each_other(x: Interactions) -> dict[str, tuple[float, float]]:
    """Fit and lists of the other likenesses and the walks, wall seconds, one run each."""
    from core.recommend import make, spec

    found = {}
    for what, (name, params) in OTHERS.items():
        model = make(spec(name, params))
        fit = spent(lambda model=model: model.fit(x))[0]  # type: ignore[misc]
        found[what] = fit, spent(lambda model=model: model.recommend(np.arange(USERS), K))[0]  # type: ignore[misc]
    return found


def peak(x: Interactions, who: str) -> float:
    """MB of memory at most, of fit and lists of all users, beyond what holds the matrix."""
    from core.recommend import make, spec

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if who == "ours":
        make(spec("item-knn", SHRUNK)).fit(x).recommend(np.arange(USERS), K)
    else:
        theirs = Theirs(x)
        theirs.fit()
        theirs.lists()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    import implicit
    import scipy

    rows = [
        f"| {what} | {both['ours'][0]:.2f} | {both['implicit'][0]:.2f} | {both['ours'][0] / both['implicit'][0]:.2f} "
        f"| {both['ours'][1]:.2f} | {both['implicit'][1]:.2f} |"
        for what, both in found["times"].items()
    ]
    others = [f"| {what} | {fit:.1f} | {lists:.1f} |" for what, (fit, lists) in found["others"].items()]
    return f"""`pytest -m bench -s tests/bench/test_bench_knn.py`, {datetime.now(UTC).date().isoformat()}: Python \
{platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, implicit {implicit.__version__}, \
2 threads of {os.cpu_count()} cores, load average {found["load"][0]:.1f} before and {found["load"][1]:.1f} after \
(above 2: others worked on the machine too).

{PAIRS:,} made-up interactions of {USERS:,} users with {ITEMS:,} items (tests/bench/interactions_10m.py). Medians of \
{found["turns"]} in one process, taking turns. item-kNN: {KEPT} neighbours by cosine, each pair counts once. Limelight \
keeps the nearest of each item that may be recommended, implicit those of each past item: popular past items have many \
links then, and Limelight adds up about five times as much for a list. Lists: the {K} best items of every user without \
those seen.

| | Limelight, s | implicit, s | ratio (limit {LIMIT:.1f}) | Limelight, CPU s | implicit, CPU s |
|---|---|---|---|---|---|
{chr(10).join(rows)}

Peak memory of item-kNN, fit and lists, beyond the matrix: Limelight {found["peak"]["ours"]:,.0f} MB, implicit \
{found["peak"]["implicit"]:,.0f} MB.

The other likenesses, and the walks, with their defaults, one run each:

| model | fit (s) | lists of all users (s) |
|---|---|---|
{chr(10).join(others)}
"""


if __name__ == "__main__":
    wanted, load = sys.argv[1], os.getloadavg()[0]
    made = ten_million()
    if wanted == "times":
        result: dict[str, Any] = {"times": times(made), "others": each_other(made), "turns": TURNS}
        result["load"] = (load, os.getloadavg()[0])
    else:
        result = {"peak": peak(made, wanted)}
    print(json.dumps(result))
