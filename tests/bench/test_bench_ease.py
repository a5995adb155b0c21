"""EASE at ten million interactions: peak memory, and time against one Cholesky inverse of the same Gram matrix.

Each measurement in a process of its own with two threads; the two take turns, so that a busy machine troubles both
alike. Run by `make bench`; writes docs/benchmarks.md.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.interactions_10m import ITEMS, PAIRS, USERS, ten_million
from tests.bench.memory import ready_memory
from tests.bench.paper import put

TURNS = int(os.environ.get("LIMELIGHT_BENCH_TURNS", "3"))
TIME_LIMIT, MEMORY_LIMIT = 1.2, 2_200  # times the inverse; MB
TITLE = "EASE at ten million interactions"


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_ease_takes_little_more_than_one_inverse() -> None:
    ten_million()
    found: dict[str, list[dict[str, float]]] = {"ours": [], "inverse": []}
    for _ in range(TURNS):
        for what, runs in found.items():
            ready_memory()
            runs.append(in_a_process(what))
    text = paper(found)
    print(f"\n{text}")
    assert max(run["peak"] for run in found["ours"]) < MEMORY_LIMIT
    assert max(run["gap"] for run in found["ours"]) < 1e-3
    assert ratio(found) < TIME_LIMIT
    put(TITLE, text)


def in_a_process(what: str) -> dict[str, float]:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_ease", what]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=root, env=os.environ | two)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def ratio(found: dict[str, list[dict[str, float]]], of: str = "seconds") -> float:
    """Median over median."""
    return _median(found["ours"], of) / _median(found["inverse"], of)


def ours() -> dict[str, float]:
    """The whole fit, from the matrix to what scores are made of; then a few scores against their explanations."""
    from core.recommend import make, spec

    x, model = ten_million(), make(spec("ease"))
    spent = _clock()
    model.fit(x)
    found = spent() | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}
    assert model.arrays()["p"].dtype == np.float32  # type: ignore[attr-defined]
    users, items = np.array([5, 70_000, 137_000]), np.array([1, 700, 19_000])
    scores = model.score(users, items)
    gaps = []
    for row, user in enumerate(users.tolist()):
        told = model.explain(user, int(items[row]))
        assert told.users.exact
        gaps.append(abs(told.score - float(scores[row, row])) / float(np.abs(told.items.values).sum()))
    return found | {"gap": max(gaps)}


def inverse() -> dict[str, float]:
    """LAPACK's spotrf and spotri alone, in place, on the same Gram matrix in float32."""
    from scipy.linalg import lapack

    from core.recommend import spec
    from core.recommend.base import valued
    from core.recommend.linear import dense_gram

    asked = spec("ease")
    gram = dense_gram(valued(ten_million().matrix, asked["values"]), float(asked["ridge"]), np.float32)
    spent = _clock()
    factor, failed = lapack.spotrf(gram.T, lower=1, clean=0, overwrite_a=1)
    assert not failed
    _, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    assert not failed
    return spent()


def paper(found: dict[str, list[dict[str, float]]]) -> str:
    """The dated result, as Markdown."""
    import scipy

    rows = [
        f"| {label} | {_median(found['ours'], of):.1f} | {_median(found['inverse'], of):.1f} | "
        f"{ratio(found, of):.2f}{limit} |"
        for label, of, limit in (("seconds", "seconds", f" (limit {TIME_LIMIT})"), ("CPU seconds", "cpu", ""))
    ]
    peak = max(run["peak"] for run in found["ours"])
    return f"""{datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, numpy {np.__version__}, \
scipy {scipy.__version__}, 2 threads of {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end.

{PAIRS:,} made-up interactions of {USERS:,} users with {ITEMS:,} items (tests/bench/interactions_10m.py). Medians of \
{TURNS}, each in a process of its own, taking turns. Limelight: the whole fit, from the matrix to the model. The \
inverse: LAPACK's spotrf and spotri alone on the same Gram matrix ({ITEMS:,} x {ITEMS:,}, float32), already made.

| | Limelight's fit | one inverse | ratio |
|---|---|---|---|
{chr(10).join(rows)}

Peak memory of the fit's process {peak:,.0f} MB (limit {MEMORY_LIMIT:,}), of which {4 * ITEMS**2 / 1e6:,.0f} are the \
square of items itself.
"""


def _clock() -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    return lambda: {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _median(runs: list[dict[str, float]], of: str) -> float:
    return statistics.median(run[of] for run in runs)


if __name__ == "__main__":
    print(json.dumps({"ours": ours, "inverse": inverse}[sys.argv[1]]()))
