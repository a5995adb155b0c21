"""Figures of predicted ratings: each model's error where it belongs, and differences that can be seen."""

from __future__ import annotations

import pytest

from core.evaluate import RatingsComparison, RatingScore, RatingsSpec, Verdict
from core.figures.ratings import ratings_figure
from core.recommend import rating_spec
from tests.figures.evaluations import BROKEN, about

ERRORS = {"baseline": 0.864, "svd": 0.851, "item-knn": 0.844}


def found() -> RatingsComparison:
    models = [
        RatingScore(name, rating_spec(name), {"rmse": about(error), "mae": about(error - 0.2), "mse": about(error**2)})
        for name, error in ERRORS.items()
    ]
    broken = RatingScore("als", rating_spec("als"), {}, problem=BROKEN)
    asked = RatingsSpec(tuple(rating_spec(name) for name in (*ERRORS, "als")))
    verdict = Verdict("item-knn", ("item-knn",), ("item-knn",), "Ahead.")
    return RatingsComparison(asked, "folds", (), (*models, broken), (), verdict, {"judged": 1000})


@pytest.mark.parametrize("metric", ["rmse", "mae", "mse"])
def test_each_model_that_was_judged_the_least_error_on_top(metric: str) -> None:
    answer = found()
    made = ratings_figure(answer, metric)
    told = {m.label: m.metrics[metric] for m in answer.models if m.metrics}
    assert [dot.customdata[0][0] for dot in made.data] == ["baseline", "svd", "item-knn"]  # from below
    for dot in made.data:
        value = told[dot.customdata[0][0]]
        assert dot.x == (value.value,)
        assert dot.error_x.array == (value.high - value.value,)
        assert dot.error_x.arrayminus == (value.value - value.low,)
        assert dot.text == (f"{value.value:.3f}",)
    (line,) = made.layout.shapes
    assert line.x0 == line.x1 == told["baseline"].value
    assert "rating points" in made.layout.xaxis.title.text


def test_models_that_differ_by_hundredths_stand_apart() -> None:
    """From 0 on, as bars would have to begin, all of them would look alike."""
    made = ratings_figure(found())
    assert {dot.type for dot in made.data} == {"scatter"}
    assert made.layout.xaxis.rangemode == "normal"
