"""Whom a new item suits: content's sums over the past against means and roots of it. Run by `make bench`.

A sum grows with the past, so that it puts users with long pasts first. Whether that is right is measured here: items
are hidden, and users are ranked for them. Writes docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.evaluate.newcomers_items import auc, hide, lift
from core.interactions import Array, MatrixSpec, build
from core.recommend import make, spec
from core.recommend.base import valued
from core.store import Store
from tests.bench.paper import put
from tests.prepared import copied, workspace

TITLE = "New items: sums or means of the past"
POWERS = {"the sum, as it is": 0.0, "divided by its size ^ 0.5": 0.5, "divided by its size: the mean": 1.0}
HIDDEN, LEAST = 200, 5


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_sums_rank_users_for_a_new_item_better_than_means(
    retail_workspace: Path, movielens: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    lines = []
    films = workspace(tmp_path_factory, "films", [movielens / "ratings.csv", movielens / "movies.csv"])
    for name, path in (("Online Retail", retail_workspace), ("ml-latest-small", films)):
        found = dict(judged(copied(path, tmp_path)))
        lines += [(name, how, *figures) for how, figures in found.items()]
        whole, _, mean, heavy = (figures[0] for figures in found.values())
        assert whole > mean
        assert whole > heavy
    rows = "\n".join(f"| {name} | {how} | {area:.3f} | {gain:.2f} |" for name, how, area, gain in lines)
    text = (
        f"`.venv/bin/python -m pytest tests/bench/test_bench_content.py -m bench -s`, {datetime.now(UTC):%Y-%m-%d}. "
        f"{HIDDEN} items with at least {LEAST} takers are hidden; `content` ranks all users for each. AUC: the "
        "chance that a taker stands before another; lift: takers in the first tenth against chance; means.\n\n"
        f"| Data | Ranked by | AUC | Lift |\n|---|---|---|---|\n{rows}"
    )
    print(f"\n{text}")
    put(TITLE, text)


def judged(path: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    with Store(path) as store:
        x = build(store, MatrixSpec(), needs=frozenset({"item_side"}))
    takers = np.bincount(x.matrix.indices, minlength=x.shape[1])
    drawn = np.random.default_rng(0).choice(np.flatnonzero(takers >= LEAST), HIDDEN, replace=False)
    rest = hide(x, drawn)
    users = np.flatnonzero(np.diff(rest.matrix.indptr))
    took = x.matrix[users][:, drawn].toarray() > 0
    kept = took.any(axis=0)
    scores = make(spec("content")).fit(rest, seed=0).score(users, drawn[kept]).astype(np.float64)
    size = np.asarray(valued(rest.matrix, "log").sum(axis=1)).ravel()[users].astype(np.float64)
    for how, power in POWERS.items():
        yield how, each(scores / size[:, None] ** power, took[:, kept])
    yield "how much users do", each(np.broadcast_to(size[:, None], scores.shape), took[:, kept])


def each(scores: Array, took: Array) -> tuple[float, float]:
    pairs = [(auc(scores[:, n], took[:, n]), lift(scores[:, n], took[:, n])) for n in range(took.shape[1])]
    found = np.mean(pairs, axis=0)
    return float(found[0]), float(found[1])
