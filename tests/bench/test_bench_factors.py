"""Factor models against implicit and irspack: seconds and accuracy. Run by `make bench`; writes docs/benchmarks.md.

All in one process with two threads, one after the other, the same random pair of each user held out for all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from tests.bench.interactions_1m import million
from tests.bench.paper import put

K, FACTORS, ROUNDS, BPR_ROUNDS = 10, 64, 15, 30
TITLE = "Factor models"
RATIO = 1.2
"""iALS with one caution for all against implicit."""


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_factor_models_against_their_peers() -> None:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "IRSPACK_NUM_THREADS_DEFAULT"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_factors"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    text = paper(found)
    print(f"\n{text}")
    lines = found["lines"]
    assert lines["iALS, frequency 0"]["ratio"] < RATIO
    for name, line in lines.items():
        assert line["ndcg"] > 0.95 * found["popular"], name  # NMF hardly passes it on these made-up data
    put(TITLE, text)


def held_out(x: Interactions) -> tuple[Interactions, Array, Array]:
    """A random pair of each user with three or more; what is left to fit on, the users, their items."""
    rng, lengths = np.random.default_rng(0), np.diff(x.matrix.indptr)
    users = np.flatnonzero(lengths >= 3)
    places = x.matrix.indptr[users] + rng.integers(lengths[users])
    kept = np.ones(x.matrix.nnz, dtype=bool)
    kept[places] = False
    rows = np.repeat(np.arange(len(lengths)), lengths)
    less = csr_matrix((x.matrix.data[kept], (rows[kept], x.matrix.indices[kept])), shape=x.shape)
    return Interactions.of(less), users, x.matrix.indices[places]


def accuracy(listed: Array, items: Array) -> float:
    """NDCG@10 with one right item."""
    return float(((listed == items[:, None]) / np.log2(np.arange(K) + 2)).sum(axis=1).mean())


def measured(x: Interactions, users: Array, items: Array) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    from core.recommend import make, spec
    from core.recommend.ials import Ials
    from core.recommend.topk import topk

    confidences = x.matrix.copy()
    confidences.data = 1 + np.float32(2.0) * np.log2(1 + confidences.data)
    once = csr_matrix((np.ones_like(x.matrix.data), x.matrix.indices, x.matrix.indptr), shape=x.shape)
    lines: dict[str, dict[str, Any]] = {}

    def line(name: str, fit: Callable[[], Callable[[Array], Array]]) -> None:
        start, cpu = time.perf_counter(), time.process_time()
        score = fit()
        told: dict[str, Any] = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
        lists = []
        for begin in range(0, len(users), 1000):
            some = users[begin : begin + 1000]
            scores = np.ascontiguousarray(score(some), dtype=np.float32)
            scores[x.matrix[some].nonzero()] = -np.inf
            lists.append(topk(scores, K)[0])
        lines[name] = told | {"ndcg": accuracy(np.concatenate(lists), items)}

    def ours(name: str, **params: Any) -> Callable[[], Callable[[Array], Array]]:
        return lambda: make(spec(name, params)).fit(x).score

    def implicit_als() -> Callable[[Array], Array]:
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(FACTORS, regularization=20.0, iterations=ROUNDS, num_threads=2, random_state=0)
        with threadpool_limits(1, user_api="blas"):
            model.fit(confidences, show_progress=False)
        return lambda some: np.asarray(model.user_factors[some] @ model.item_factors.T)

    def implicit_bpr() -> Callable[[Array], Array]:
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(FACTORS, iterations=BPR_ROUNDS, num_threads=2, random_state=0)
        model.fit(once, show_progress=False)
        return lambda some: np.asarray(model.user_factors[some] @ model.item_factors.T)

    def irspack_ials() -> Callable[[Array], Array]:
        from irspack import IALSRecommender

        model = IALSRecommender(
            once, n_components=FACTORS, alpha0=0.1, reg=0.003, nu=1.0, train_epochs=ROUNDS, n_threads=2
        )
        model.learn()
        return lambda some: np.asarray(model.get_score(some))

    one = {"factors": FACTORS, "epochs": ROUNDS, "ridge": 20.0}
    Ials(spec("ials", {"epochs": 2})).fit(x)  # imports and threads are there
    line("implicit ALS", implicit_als)
    line("iALS, frequency 0", ours("ials", frequency=0.0, **one))
    line("iALS, frequency 0.75", ours("ials", frequency=0.75, **one))
    line("iALS, frequency 1", ours("ials", frequency=1.0, **one))
    if find_spec("irspack"):
        line("irspack iALS, nu 1", irspack_ials)
    line("PureSVD", ours("puresvd", factors=FACTORS))
    line("NMF, 32 themes, 50 rounds", ours("nmf"))
    line(f"implicit BPR, two threads, {BPR_ROUNDS} rounds", implicit_bpr)
    line(f"BPR, one thread, {BPR_ROUNDS} rounds", ours("bpr", epochs=BPR_ROUNDS))
    for name, told in lines.items():
        peer = "implicit BPR" if "BPR" in name else "implicit ALS"
        told["ratio"] = told["seconds"] / next(v["seconds"] for key, v in lines.items() if key.startswith(peer))
    popular = make(spec("popular")).fit(x)
    return {"lines": lines, "popular": accuracy(popular.recommend(users, K).items, items)}


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    rows = [
        f"| {name} | {told['seconds']:.1f} | {told['cpu']:.1f} | {told['ratio']:.2f} | {told['ndcg']:.4f} |"
        for name, told in found["lines"].items()
    ]
    return f"""`make bench` (tests/bench), {datetime.now(UTC).date().isoformat()}: 2 threads of {os.cpu_count()} \
cores, load average {found["load"][0]:.1f} before and {found["load"][1]:.1f} after.

1,000,000 made-up interactions (tests/bench/interactions_1m.py), one of each user held out. {FACTORS} factors and \
{ROUNDS} rounds where nothing else is said; one run each. Ratio: seconds against implicit's ALS, of BPR against \
implicit's BPR. implicit knows one caution for all; with a caution for each row Limelight solves every round directly. \
irspack: one value a pair (it takes no confidences), reg 0.003, alpha0 0.1, not tuned. BPR runs on one thread, since \
with two no run is like another. Popularity reaches {found["popular"]:.4f}.

| model | fit (s) | CPU (s) | ratio | NDCG@10 |
|---|---|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    before = os.getloadavg()[0]
    result = measured(*held_out(million()))
    print("\n" + json.dumps(result | {"load": (before, os.getloadavg()[0])}))  # after the bar that irspack draws
