"""How long models of ratings are told to take against what they take, on data of three shapes. Run by `make bench`.

Writes docs/benchmarks.md. The pace of the machine cancels out: what is judged is the ratio of the two, model to model.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.csv
import pytest

from core.recommend import RATING_MODELS, Ratings, RatingsSize, make_rating, rating_seconds, rating_spec
from tests.bench.paper import put

TITLE = "Ratings: time told and taken"
MOST = 3.0  # how far a ratio of told to taken may lie from the middle one
SHORT = 0.25  # seconds below which a model is not judged: nobody waits for it


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_told_is_near_taken(movielens: Path) -> None:
    lines: list[tuple[str, str, float, float]] = []
    for name, r in data(movielens):
        out = np.random.default_rng(0).permutation(len(r)) % 5 == 0
        part = r.only(~out)
        size = RatingsSize.of(part)
        for line in RATING_MODELS:
            model = rating_spec(line.name)
            told = rating_seconds(model, size, predict=True)
            if line.name == "blend" or told > 120:
                continue
            begin = time.perf_counter()
            make_rating(model).fit(part, seed=0).predict(r.users[out], r.items[out])
            lines.append((name, line.name, told, time.perf_counter() - begin))
    text = paper(lines)
    print(f"\n{text}")
    ratios = [told / took for *_, told, took in lines if took >= SHORT]
    middle = median(ratios)
    assert len(ratios) > 10
    assert max(ratios) < MOST * middle
    assert min(ratios) > middle / MOST
    put(TITLE, text)


def data(movielens: Path) -> Iterator[tuple[str, Ratings]]:
    table = pyarrow.csv.read_csv(movielens / "ratings.csv")
    users, items = (np.unique(table[n].to_numpy(), return_inverse=True)[1] for n in ("userId", "movieId"))
    yield "ml-latest-small", Ratings.of(users, items, table["rating"].to_numpy())
    yield "300,000 of 20,000 x 3,000", made(300_000, 20_000, 3_000)
    yield "1,000,000 of 6,000 x 4,000", made(1_000_000, 6_000, 4_000)


def made(n: int, users: int, items: int) -> Ratings:
    """Users of very different diligence, items by Zipf; ratings by biases and chance."""
    rng = np.random.default_rng(1)
    diligence, fame = rng.lognormal(0, 1, users), 1 / np.arange(1, items + 1) ** 0.9
    u = rng.choice(users, 2 * n, p=diligence / diligence.sum()).astype(np.int64)
    pairs = np.unique(u * items + rng.choice(items, 2 * n, p=fame / fame.sum()))
    u, i = np.divmod(np.sort(rng.choice(pairs, min(n, len(pairs)), replace=False)), items)
    values = 3.5 + rng.normal(0, 0.5, users)[u] + rng.normal(0, 0.5, items)[i] + rng.normal(0, 0.8, len(u))
    return Ratings.of(u, i, np.clip(np.round(2 * values) / 2, 0.5, 5), shape=(users, items))


def paper(lines: list[tuple[str, str, float, float]]) -> str:
    rows = "\n".join(f"| {n} | {m} | {told:.2f} s | {took:.2f} s | {told / took:.2f} |" for n, m, told, took in lines)
    return (
        f"`.venv/bin/python -m pytest tests/bench/test_bench_rating_seconds.py -m bench -s`, "
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}. Fitted on four "
        "fifths of the ratings with usual settings, then the last fifth predicted. Told is for the machine that the "
        "figures were fitted on; pages correct it by what the workspace's last comparison took.\n\n"
        f"| Ratings | Model | Told | Taken | Ratio |\n|---|---|---|---|---|\n{rows}"
    )
