"""Models of ratings against scikit-surprise at its defaults, on the same folds. Run by `make bench`.

Writes docs/benchmarks.md. All in one process; the models take turns fold by fold, so that a busy machine troubles all
alike. Our defaults were chosen on folds of seed 101; the folds reported here are those of seed 0.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.evaluate import RatingsSpec
from core.evaluate.ratings_task import dealt
from core.recommend import RATING_MODELS, Ratings, make_rating, rating_spec
from tests.bench.paper import put

TITLE = "Predicting ratings"
SEED, FOLDS = 0, 5
PEERS = ("SVD", "SVDpp", "KNNBaseline")
BETTER, FASTER = 0.010, 5.0


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_ours_predict_better_and_faster_than_surprise(movielens: Path) -> None:
    pytest.importorskip("surprise", reason="scikit-surprise is not installed (requirements-bench.txt)")
    found = in_a_process(movielens / "ratings.csv")
    text = paper(found)
    print(f"\n{text}")
    rmse = {name: line["rmse"] for name, line in found["models"].items()}
    seconds = {name: line["seconds"] for name, line in found["models"].items()}
    ours = [name for name in rmse if name not in {f"surprise {peer}" for peer in PEERS}]
    best = min(rmse[name] for name in ours if name != "blend")
    assert best <= min(rmse[f"surprise {peer}"] for peer in PEERS) - BETTER
    assert rmse["blend"] < best
    quickest = min(seconds[name] for name in ours if rmse[name] <= rmse["surprise SVD"])
    assert seconds["surprise SVD"] >= FASTER * quickest
    put(TITLE, text)


def in_a_process(path: Path) -> dict[str, Any]:
    two = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "2")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.test_bench_ratings", str(path)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2], env=os.environ | two
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ratings(path: Path) -> Ratings:
    users, items, values, times = np.loadtxt(path, delimiter=",", skiprows=1).T
    rows, columns = (np.unique(column, return_inverse=True)[1] for column in (users, items))
    return Ratings.of(rows, columns, values, times)


def surprised(name: str, r: Ratings) -> Callable[[Ratings, Ratings], np.ndarray]:
    """Fit on the one, predict the other; making their data set is not timed by the caller's clock, see `measured`."""
    import pandas as pd
    import surprise

    def work(fit: Ratings, out: Ratings) -> np.ndarray:
        table = pd.DataFrame({"u": fit.users, "i": fit.items, "r": fit.values})
        known = surprise.Dataset.load_from_df(table, surprise.Reader(rating_scale=(r.low, r.high)))
        train = known.build_full_trainset()
        asked = list(zip(out.users.tolist(), out.items.tolist(), out.values.tolist(), strict=True))
        begin = time.perf_counter()
        settings: dict[str, Any] = {"verbose": False} if name == "KNNBaseline" else {"random_state": SEED}
        found = getattr(surprise, name)(**settings).fit(train).test(asked)
        work.seconds = time.perf_counter() - begin  # type: ignore[attr-defined]
        return np.array([one.est for one in found])

    return work


def own(name: str) -> Callable[[Ratings, Ratings], np.ndarray]:
    def work(fit: Ratings, out: Ratings) -> np.ndarray:
        begin = time.perf_counter()
        found = make_rating(rating_spec(name)).fit(fit, seed=SEED).predict(out.users, out.items)
        work.seconds = time.perf_counter() - begin  # type: ignore[attr-defined]
        return found

    return work


def measured(path: Path) -> dict[str, Any]:
    r = ratings(path)
    of, _ = dealt(r, RatingsSpec((rating_spec("baseline"),), FOLDS, SEED))
    work = {line.name: own(line.name) for line in RATING_MODELS} | {f"surprise {n}": surprised(n, r) for n in PEERS}
    work["baseline"](r, r.only(of == 0))  # warms the libraries
    predicted = {name: np.empty(len(r)) for name in work}
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for fold in range(FOLDS):
        fit, out = r.only(of != fold), r.only(of == fold)
        for name, one in work.items():
            predicted[name][of == fold] = one(fit, out)
            seconds[name].append(one.seconds)  # type: ignore[attr-defined]
            print(fold, name, f"{seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
    models = {}
    for name, values in predicted.items():
        error = values - r.values
        each = [float(np.sqrt(np.mean(error[of == fold] ** 2))) for fold in range(FOLDS)]
        models[name] = {
            "rmse": float(np.sqrt(np.mean(error**2))),
            "mae": float(np.mean(np.abs(error))),
            "spread": float(np.std(each, ddof=1)),
            "seconds": float(np.median(seconds[name])),
        }
    return {"models": models, "ratings": len(r), "shape": r.shape, "load": os.getloadavg()[0]}


def paper(found: dict[str, Any]) -> str:
    lines = [
        f"`make bench` (tests/bench), {datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load average {found['load']:.1f} at the end.",
        "",
        f"MovieLens latest-small: {found['ratings']:,} ratings by {found['shape'][0]:,} users of "
        f"{found['shape'][1]:,} items; {FOLDS} folds drawn by seed {SEED}, the same for all, models taking turns. RMSE "
        "and MAE over all held-out ratings; spread: standard deviation of RMSE over the folds; seconds: fit and "
        "predict, median of the folds. scikit-surprise 1.1.5 at its defaults. Ours were chosen on folds of seed 101.",
        "",
        "| model | RMSE | spread | MAE | seconds a fold |",
        "|---|---|---|---|---|",
    ]
    for name, line in sorted(found["models"].items(), key=lambda one: one[1]["rmse"]):
        lines.append(
            f"| {name} | {line['rmse']:.4f} | {line['spread']:.4f} | {line['mae']:.4f} | {line['seconds']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(measured(Path(sys.argv[1]))))
