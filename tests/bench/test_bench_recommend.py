"""The models against implicit, and what an explanation costs. Run by `make bench`; writes docs/benchmarks.md.

All in one process with two threads; the two take turns, so that a busy machine troubles both alike.
"""

from __future__ import annotations

import json
import os
import platform
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

from core.errors import Refusal
from core.interactions import Interactions
from tests.bench.interactions_1m import ITEMS, PAIRS, USERS, million
from tests.bench.paper import put

TURNS = 3
K = 20
EXPLAINED = 20
FIT_LIMIT, LIST_LIMIT, WHY_LIMIT = 1.2, 1.0, 0.2
TITLE = "Recommending"


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_models_keep_up_with_implicit_and_explain_at_once() -> None:
    found = in_a_process()
    text = paper(found)
    print(f"\n{text}")
    assert found["fit"]["ours"] / found["fit"]["implicit"] < FIT_LIMIT
    assert found["lists"]["ours"] / found["lists"]["implicit"] < LIST_LIMIT
    slow = {name: line["why"] for name, line in found["models"].items() if line["why"] >= WHY_LIMIT}
    assert not slow
    put(TITLE, text)


def in_a_process() -> dict[str, Any]:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_recommend"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def against_implicit(x: Interactions) -> dict[str, dict[str, float]]:
    """Medians of the fit and of the lists of all users; the first turn warms."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    from core.recommend import make, spec

    asked = spec("ials", {"factors": 64, "epochs": 15, "frequency": 0.0})  # implicit has one ridge for all
    confidences = x.matrix.copy()
    confidences.data = 1 + np.float32(asked["alpha"]) * np.log2(1 + confidences.data)
    everyone = np.arange(USERS)
    took: dict[str, dict[str, list[float]]] = {"fit": {}, "lists": {}}
    for turn in range(TURNS + 1):
        theirs = AlternatingLeastSquares(
            64, regularization=asked["ridge"], iterations=15, num_threads=2, random_state=0
        )
        ours = make(asked)

        def fit(theirs: AlternatingLeastSquares = theirs) -> None:
            with threadpool_limits(1, user_api="blas"):  # as implicit itself advises
                theirs.fit(confidences, show_progress=False)

        once = {"fit": {"implicit": seconds(fit), "ours": seconds(lambda ours=ours: ours.fit(x))}}  # type: ignore[misc]
        same = ours.arrays()  # type: ignore[attr-defined]
        theirs.user_factors, theirs.item_factors = same["users"].copy(), same["items"].copy()  # so are the right lists
        lists: dict[str, Any] = {}

        def recommend(theirs: AlternatingLeastSquares = theirs, lists: dict[str, Any] = lists) -> None:
            with threadpool_limits(1, user_api="blas"):
                lists["implicit"] = theirs.recommend(everyone, x.matrix, N=K, filter_already_liked_items=True)[0]

        def ask(ours: Any = ours, lists: dict[str, Any] = lists) -> None:
            lists["ours"] = ours.recommend(everyone, K).items

        once["lists"] = {"implicit": seconds(recommend), "ours": seconds(ask)}
        assert (lists["implicit"] == lists["ours"]).mean() > 0.999, "but for rounding, the lists are the same"
        for what, both in once.items():
            for who, spent in both.items():
                took[what].setdefault(who, []).extend([spent] if turn else [])
    return {what: {who: statistics.median(spent) for who, spent in both.items()} for what, both in took.items()}


def each_model(x: Interactions) -> dict[str, dict[str, float]]:
    """One fit, all lists, the first explanation, and the median of those after it: half of listed items, half any."""
    from core.recommend import NAMES, make, spec

    rng = np.random.default_rng(0)
    found = {}
    for name in NAMES:
        model = make(spec(name))
        try:
            line = {"fit": seconds(lambda model=model: model.fit(x))}  # type: ignore[misc]
        except Refusal:  # what learns from titles and attributes: there are none here
            continue
        start = time.perf_counter()
        lists = model.recommend(np.arange(USERS), K).items
        line["lists"] = time.perf_counter() - start
        users = rng.integers(USERS, size=EXPLAINED + 1)
        items = np.where(np.arange(len(users)) % 2 == 0, lists[users, 4], rng.integers(ITEMS, size=len(users)))
        spent = []
        for user, item in zip(users.tolist(), items.tolist(), strict=True):
            start = time.perf_counter()
            told = model.explain(user, item)
            spent.append(time.perf_counter() - start)
            for shown in (told.items, told.users):
                gap = abs(told.base + shown.values.sum() - told.score)
                assert not shown.exact or gap <= 1e-6 * max(abs(told.score), float(np.abs(shown.values).sum()), 1e-12)
        found[name] = line | {"first": spent[0], "why": statistics.median(spent[1:])}
    return found


def paper(found: dict[str, Any]) -> str:
    """The dated result, as Markdown."""
    import implicit
    import scipy

    rows = [
        f"| {name} | {line['fit']:.2f} | {line['lists']:.2f} | {line['first']:.3f} | {line['why']:.4f} |"
        for name, line in found["models"].items()
    ]
    fit, lists = found["fit"], found["lists"]
    return f"""{datetime.now(UTC).date().isoformat()}: Python {platform.python_version()}, \
numpy {np.__version__}, scipy {scipy.__version__}, implicit {implicit.__version__}, \
2 threads of {os.cpu_count()} cores, load average {found["load"][0]:.1f} before and {found["load"][1]:.1f} after.

{PAIRS:,} made-up interactions of {USERS:,} users with {ITEMS:,} items (tests/bench/interactions_1m.py). Medians of \
{TURNS} in one process, taking turns. iALS: 64 factors, 15 rounds, the same confidences; Limelight's last round is \
solved exactly, so that scores can be taken apart exactly. Lists: the {K} best items of every user without those seen, \
from the same factors.

| seconds | Limelight | implicit | ratio |
|---|---|---|---|
| iALS, fit | {fit["ours"]:.2f} | {fit["implicit"]:.2f} | {fit["ours"] / fit["implicit"]:.2f} (limit {FIT_LIMIT}) |
| iALS, lists of all users | {lists["ours"]:.2f} | {lists["implicit"]:.2f} | \
{lists["ours"] / lists["implicit"]:.2f} (limit {LIST_LIMIT:.1f}) |

Every model at that size with its default settings, one run each. An explanation is both views of one score (median of \
{EXPLAINED}, limit {WHY_LIMIT} s); the first one also prepares what the later ones share.

| model | fit (s) | lists of all users (s) | first explanation (s) | explanation (s) |
|---|---|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    before = os.getloadavg()[0]
    made = million()
    result: dict[str, Any] = against_implicit(made) | {"models": each_model(made)}
    print(json.dumps(result | {"load": (before, os.getloadavg()[0])}))
