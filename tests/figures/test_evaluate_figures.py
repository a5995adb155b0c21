"""Figures of evaluations without a screen: what each trace holds, in which order, with which units."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from core.evaluate import METRICS, comparison_rows, ranked, write_audience, write_comparison
from core.figures.evaluate import (
    METRIC_NAMES,
    amount,
    audience_figure,
    comparison_figure,
    definition,
    model_colour,
    target_figure,
    way_name,
)
from core.figures.marks import model_symbol
from core.recommend import NAMES, USUAL, info, spec
from tests.figures.evaluations import NDCG, audience, comparison


def dots(figure: Any) -> dict[str, tuple[float, float, float, int]]:
    """Label -> mean, low, high, place from below."""
    return {
        t.customdata[0][0]: (t.x[0], t.x[0] - t.error_x.arrayminus[0], t.x[0] + t.error_x.array[0], t.y[0])
        for t in figure.data
    }


def test_each_model_has_its_mean_and_interval_and_the_best_is_on_top() -> None:
    found = dots(comparison_figure(comparison()))
    assert sorted(found) == sorted(NDCG), "the one that could not be fitted is not drawn"
    for name, (mean, low, high, _) in found.items():
        assert mean == NDCG[name]
        assert low == pytest.approx(NDCG[name] - 0.01)
        assert high == pytest.approx(NDCG[name] + 0.02)
    assert [name for name, _ in sorted(found.items(), key=lambda pair: pair[1][3])] == [
        "popular",
        "user-knn",
        "item-knn",
    ]


def test_the_axis_says_metric_length_users_and_unit() -> None:
    figure = comparison_figure(comparison())
    assert figure.layout.xaxis.title.text == "NDCG@10 (0 to 1), mean over 2,000 users"
    assert figure.layout.title.text == "NDCG@10 of each model, with its 95 % interval"
    hits = comparison_figure(comparison(), "hit_rate")
    assert hits.layout.xaxis.title.text == "Hit rate@10 (%), mean over 2,000 users"
    assert hits.layout.xaxis.tickformat == ".1~%"
    assert dots(hits)["item-knn"][0] == 0.24
    assert list(hits.layout.yaxis.ticktext) == ["Most popular", "People like you", "Goes together"]
    assert "24.0 %" in hits.data[-1].customdata[0][2]
    assert "list of 10" in hits.data[-1].hovertemplate.replace("<br>", " ")


def test_popularity_is_the_line_to_pass() -> None:
    figure = comparison_figure(comparison())
    assert [(s.x0, s.line.dash) for s in figure.layout.shapes] == [(NDCG["popular"], "dash")]
    assert figure.layout.annotations[0].text == "the yardstick"
    grey = next(t for t in figure.data if t.customdata[0][0] == "popular")
    assert (grey.marker.color, grey.marker.symbol) == (model_colour("popular"), "diamond")


def test_colours_of_models_are_theirs_alone() -> None:
    assert len({(model_colour(name), model_symbol(name)) for name in NAMES}) == len(NAMES)
    assert len({model_colour(name) for name in USUAL}) == len(USUAL), "those usually compared need no shape"
    for name in NAMES:
        assert len({model_symbol(name, setting) for setting in range(4)}) == 4
    assert {model_colour(name) for name in NAMES if info(name).family == "newcomers"} != {model_colour("popular")}


def test_two_settings_of_one_model_have_one_colour_and_two_marks() -> None:
    found = comparison()
    one, two = (spec("ease", {"ridge": ridge}) for ridge in (100.0, 500.0))
    models = tuple(dataclasses.replace(found.models[1], label=f"ease ridge={s['ridge']:g}", spec=s) for s in (one, two))
    figure = comparison_figure(dataclasses.replace(found, models=models))
    assert len({t.marker.color for t in figure.data}) == 1
    assert len({t.marker.symbol for t in figure.data}) == 2
    assert set(figure.layout.yaxis.ticktext) == {
        f"Goes together, weighed jointly<br>(ridge={ridge})" for ridge in (100, 500)
    }


def test_lift_with_chance_as_the_line() -> None:
    figure = audience_figure(audience())
    found = dots(figure)
    assert {name: values[0] for name, values in found.items()} == {"item-knn": 3.0, "heavy-buyers": 2.0}
    assert found["item-knn"][3] > found["heavy-buyers"][3]
    assert [s.x0 for s in figure.layout.shapes] == [1.0]
    assert figure.layout.annotations[0].text == "chance"
    assert figure.layout.xaxis.title.text == "Lift (times chance), mean over 2 items"
    assert "100 users" in figure.layout.title.text


def test_one_item_alone_with_its_candidates_as_the_line() -> None:
    figure = target_figure(audience(), 0)
    assert dots(figure)["item-knn"][:3] == pytest.approx((0.4, 0.38, 0.44))
    assert [s.x0 for s in figure.layout.shapes] == [0.1], "100 of 1,000 candidates took it"
    assert figure.layout.title.text.startswith("Blue &lt;b&gt;pot&lt;/b&gt;"), "a label is text, never a tag"
    assert "40 of 100" in figure.data[-1].customdata[0][2]
    assert "(%)" in figure.layout.xaxis.title.text


def test_numbers_as_people_read_them() -> None:
    assert [amount("ndcg", v) for v in (0.0, 0.1234, 0.0012)] == ["0.000", "0.123", "0.0012"]
    assert [amount("coverage", v) for v in (1.0, 0.005)] == ["100.0 %", "0.50 %"]
    assert definition("ndcg", 5).startswith("NDCG@5:")
    assert all("@k" not in definition(metric, 7) for metric in METRIC_NAMES)
    assert way_name("ease ridge=100", spec("ease", {"ridge": 100.0})) == "Goes together, weighed jointly (ridge=100)"


def test_the_table_is_the_answer(tmp_path: Path) -> None:
    found = comparison()
    assert write_comparison(found, tmp_path / "c.csv") == 4
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (
        [row["model"] for row in rows]
        == [m.label for m in ranked(found)]
        == ["item-knn", "user-knn", "popular", "ease"]
    )
    best = next(m for m in found.models if m.label == "item-knn")
    for metric in METRICS:
        read = [float(rows[0][f"{metric}{end}"]) for end in ("", "_low", "_high")]
        value = best.metrics[metric]
        assert read == [value.value, value.low, value.high]
    assert rows[-1]["ndcg"] == "", "nothing measured is empty, never zero"
    assert rows[-1]["problem"].startswith("It needs more memory")
    assert rows[0]["settings"] == "; ".join(f"{name}={value}" for name, value in spec("item-knn").params)
    assert len(comparison_rows(found)) == 4


def test_the_file_of_an_audience_is_whole_and_defused(tmp_path: Path) -> None:
    assert write_audience(audience(), tmp_path / "a.csv") == 6
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] | {"way": "item-knn", "taken": "40", "chosen": "100", "lift": "4.0", "takers": "100"} == rows[0]
    assert {row["target"] for row in rows} == {"i1", "'=i2"}, "a spreadsheet would run =i2"


def test_seventeen_models_fit_a_screen() -> None:
    found = comparison()
    models = tuple(dataclasses.replace(found.models[1], label=name, spec=spec(name)) for name in NAMES)
    figure = comparison_figure(dataclasses.replace(found, models=models))
    assert figure.layout.height < 750
    assert len(figure.layout.yaxis.ticktext) == len(NAMES)
    assert len({(t.marker.color, t.marker.symbol) for t in figure.data}) == len(NAMES)
