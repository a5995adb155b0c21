"""Figures of studies: every trial where it belongs, titles and axes that say what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.evaluate import Study, Trial, TuneSpec, pareto_front
from core.figures import tuning
from core.recommend import ParamValue, spec

ASKED = TuneSpec((spec("item-knn"), spec("ease")), trials=30)


def trial(number: int) -> Trial:
    """Even ones of item-knn, odd ones of ease; number 6 was given up, number 7 failed."""
    rng = np.random.default_rng(number)
    params: dict[str, ParamValue] = {"shrink": float(number), "neighbours": 10 + number}
    params |= {"similarity": ("cosine", "jaccard")[number // 2 % 2]}
    model = spec("ease", {"ridge": 100.0 + number}) if number % 2 else spec("item-knn", params)
    value = float(0.1 + 0.02 * number % 0.17)
    made = Trial(
        number, model, "complete", value, value - 0.01, value + 0.01, 500, ((500, value),),
        float(rng.random()), float(rng.random()), float(rng.random()), start=number < 2,
    )  # fmt: skip
    if number == 6:
        return replace(made, state="pruned", coverage=None, users=50)
    if number == 7:
        return Trial(number, model, "failed", why={"code": "no", "message": "No.", "hint": ""})
    return made


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(ASKED, "leave-last-out", (), tuple(trial(n) for n in range(30)), {"users": 500}, "trials")


def shown(made: go.Figure) -> dict[int, tuple[float, float]]:
    """Trial -> where its point stands."""
    return {
        data[0]: (x, y)
        for trace in made.data
        if trace.customdata is not None
        for data, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }


def test_history_has_every_trial_that_was_judged(study: Study) -> None:
    made = tuning.history_figure(study)
    judged = {t.number: (t.number, t.value) for t in study.trials if t.state != "failed"}
    assert shown(made) == judged
    best = made.data[0]
    assert list(best.y) == sorted(best.y)
    assert best.y[-1] == max(t.value or 0 for t in study.complete)
    assert "NDCG@10" in made.layout.title.text
    assert "0 to 1" in made.layout.yaxis.title.text


def test_each_model_stands_in_the_legend_once(study: Study) -> None:
    """Also one of which every trial was given up; what a triangle is stands there once."""
    given_up = tuple(
        replace(t, state="pruned") if t.spec.model == "ease" and t.state == "complete" else t for t in study.trials
    )
    for trials in (study.trials, given_up):
        made = tuning.history_figure(replace(study, trials=trials))
        names = [trace.name for trace in made.data if trace.showlegend is not False]
        assert names == ["best so far", "Goes together", "Goes together, weighed jointly", "given up early"]
    alone = replace(
        study, spec=TuneSpec((spec("item-knn"),)), trials=tuple(t for t in study.trials if t.number % 2 == 0)
    )
    names = [trace.name for trace in tuning.history_figure(alone).data if trace.showlegend is not False]
    assert names == ["best so far", "tried", "given up early"]


def test_a_legend_of_several_lines_does_not_reach_into_the_title(study: Study) -> None:
    many = tuple(spec(name) for name in ("popular", "user-knn", "item-knn", "ease", "ials", "puresvd", "bpr"))
    few = tuning.history_figure(study)
    trials = tuple(replace(t, spec=many[t.number % len(many)]) for t in study.trials)
    made = tuning.history_figure(replace(study, spec=TuneSpec(many), trials=trials))
    assert made.layout.margin.t - few.layout.margin.t >= 20  # a line
    assert made.layout.height - few.layout.height == made.layout.margin.t - few.layout.margin.t


@pytest.mark.parametrize(("low", "high"), [(0.26, 0.9), (0.4, 0.45), (0.01, 30.0), (7.0, 7.0)])
def test_a_log_axis_has_marks_on_both_sides(low: float, high: float) -> None:
    ticks = tuning._ticks([low, (low * high) ** 0.5, high])
    assert ticks == sorted(set(ticks))
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert len([t for t in ticks if low / 2 <= t <= high * 2]) >= 3


@pytest.mark.parametrize("against", ["seconds", "coverage"])
def test_accuracy_against_what_it_costs(study: Study, against: Any) -> None:
    made = tuning.time_figure(study) if against == "seconds" else tuning.coverage_figure(study)
    assert shown(made) == {t.number: (getattr(t, against), t.value) for t in study.complete}
    front = sorted(pareto_front(study, against), key=lambda t: getattr(t, against))
    assert list(made.data[0].x) == [getattr(t, against) for t in front]
    assert list(made.data[0].y) == [t.value for t in front]
    assert made.layout.xaxis.title.text.startswith("Seconds" if against == "seconds" else "Coverage@10 (%")


def test_what_mattered_the_most_on_top(study: Study) -> None:
    told = replace(study, importance={"ease": {"ridge": 0.75, "values": 0.25}})
    made = tuning.importance_figure(told, "ease")
    assert list(made.data[0].x) == [0.25, 0.75]
    assert list(made.data[0].y) == ["Repeated behaviour", "Caution"]
    assert "(%)" in made.layout.xaxis.title.text
    assert not tuning.importance_figure(told, "item-knn").data[0].x


def test_parallel_lines_lead_to_the_figure(study: Study) -> None:
    made = tuning.parallel_figure(study, "item-knn")
    mine = sorted((t for t in study.complete if t.spec.model == "item-knn"), key=lambda t: t.value or 0.0)
    assert len({t.value for t in mine}) > 1, "the best is drawn last"
    axes = {axis.label: axis for axis in made.data[0].dimensions}
    assert list(axes["NDCG@10"].values) == [t.value for t in mine]
    assert list(axes["Caution"].values) == [t.spec["shrink"] for t in mine]
    np.testing.assert_allclose(
        10 ** np.array(axes["Items that go<br>with each"].values), [t.spec["neighbours"] for t in mine]
    )
    assert list(axes["Likeness by"].ticktext) == ["cosine", "jaccard"]
    assert not any(name.startswith("Repeated") for name in axes)  # it was the same in all


def test_a_study_without_trials_is_drawn_empty() -> None:
    empty = Study(ASKED, "leave-last-out", (), (), {}, "stopped")
    for draw in (tuning.history_figure, tuning.time_figure, tuning.coverage_figure):
        assert not shown(draw(empty))
    assert tuning.parallel_figure(empty, "ease").data
