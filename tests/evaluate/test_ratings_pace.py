"""What the last comparison took tells how long the next one will: by hand, from runs whose seconds are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from core.evaluate import Pace, RatingsComparison, RatingsSpec, rating_pace, ratings_from_json, ratings_to_json
from core.evaluate.ratings_task import measure_ratings
from core.recommend import Ratings, RatingsSize, rating_seconds, rating_spec

SIZE = RatingsSize(1_000_000, 6_000, 4_000, 3e8, 1e9)
MODELS = tuple(rating_spec(name) for name in ("baseline", "svd", "als"))


@pytest.fixture(scope="module")
def measured() -> tuple[Ratings, RatingsComparison]:
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((50, 20)) < 0.5)
    r = Ratings.of(users, items, rng.integers(1, 6, len(users)))
    return r, measure_ratings(RatingsSpec(MODELS, folds=4), r)


def run(
    found: RatingsComparison, seconds: Mapping[str, float | None], *, size: RatingsSize = SIZE
) -> RatingsComparison:
    """As if it had been on data of SIZE, and had taken so long."""
    models = tuple(
        replace(m, seconds_fit=seconds.get(m.spec.model), seconds_predict=0.0 if m.spec.model in seconds else None)
        for m in found.models
    )
    facts = {**found.facts, **{name: getattr(SIZE, name) for name in ("ratings", "users", "items")}}
    return replace(found, models=models, facts={**facts, "by_users": SIZE.by_users, "by_items": SIZE.by_items})


def test_a_comparison_tells_its_size(measured: tuple[Ratings, RatingsComparison]) -> None:
    r, found = measured
    size = RatingsSize.of(r)
    assert (found.facts["by_users"], found.facts["by_items"]) == (size.by_users, size.by_items)
    again = ratings_from_json(ratings_to_json(found))
    assert rating_pace(again) == rating_pace(found)


def test_models_that_were_measured_go_by_it_the_others_by_the_middle(
    measured: tuple[Ratings, RatingsComparison],
) -> None:
    told = {m.model: Pace().comparison(m, SIZE, 4) for m in MODELS}
    pace = rating_pace(run(measured[1], {"svd": 3 * told["svd"], "als": 5 * told["als"], "baseline": 0.1}))
    assert pace.measured
    assert pace.models == pytest.approx({"svd": 3, "als": 5})
    assert pace.usual == pytest.approx(4)
    assert pace.comparison(MODELS[1], SIZE, 4) == pytest.approx(3 * told["svd"])
    blend = rating_spec("blend")
    assert pace.seconds(blend, SIZE) == pytest.approx(4 * rating_seconds(blend, SIZE))


def test_what_cannot_be_learnt_from_changes_nothing(measured: tuple[Ratings, RatingsComparison]) -> None:
    _, found = measured
    assert rating_pace(None) == Pace()
    assert rating_pace(found) == Pace(), "small data: the start takes most of the time"
    assert rating_pace(run(found, {"svd": None})) == Pace(), "a model that could not be fitted"
    old = run(found, {"svd": 500.0})
    facts = {name: value for name, value in old.facts.items() if name not in ("by_users", "by_items")}
    assert rating_pace(replace(old, facts=facts)) == Pace(), "stored before sizes were"
    asleep = rating_pace(run(found, {"svd": 1e6}))
    assert asleep.usual == 30


def test_a_time_cut_is_one_part(measured: tuple[Ratings, RatingsComparison]) -> None:
    one, four = (Pace().comparison(MODELS[1], SIZE, 4, split) for split in ("time", "folds"))
    assert four == pytest.approx(4 * one)
    assert one == rating_seconds(MODELS[1], SIZE.share(0.75), predict=True)
