"""Figures of features: bars parted into new and told already; distributions with their quartiles."""

from __future__ import annotations

from core.features import ChosenFeature, Distribution, FeatureChoice
from core.features.scan import feature
from core.figures import distribution_figure, relevance_figure
from core.figures.template import GREY


def test_relevance_parts_add_up_to_the_bits() -> None:
    chosen = (ChosenFeature("orders_30d", 0.3, 0.0, 1.0), ChosenFeature("views_7d", 0.2, 0.15, 0.5))
    choice = FeatureChoice("Whether.", 0.8, chosen, (), 100, 100, 20, "Said.")
    figure = relevance_figure(choice, {"orders_30d": "Orders <b>."}, "user")
    new, old = figure.data
    assert [a + b for a, b in zip(new.x, old.x, strict=True)] == [0.3, 0.2]
    assert list(old.x) == [0.0, 0.15]
    assert list(figure.layout.yaxis.ticktext) == ["orders_30d", "views_7d"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert list(new.customdata[0][:5]) == ["orders_30d", "0.300", "37.5%", "0.000", "100%"]
    assert "&lt;b&gt;" in new.customdata[0][5]
    assert figure.layout.xaxis.title.text == "Bits per user"


def test_distributions() -> None:
    column = feature("spent", "value", "money", "What they spent.")
    found = Distribution(column, 12, 10, (4, 5), (0.0, 1.0, 2.0), (), 0, 0, (0.0, 0.5, 1.0, 1.0, 90.0), 9.0, False, 1)
    figure = distribution_figure(found, "users")
    bar = figure.data[0]
    assert list(bar.y) == [4, 5, 1]
    assert list(bar.x)[:2] == [0.5, 1.5]
    assert bar.marker.color[2] == GREY
    assert list(bar.customdata[2]) == ["above 2, up to 90", "10.0%"]
    assert [line.x0 for line in figure.layout.shapes] == [0.5, 1.0], "equal quartiles are one line"
    words = Distribution(feature("vip", "value", "", "A VIP.", type="boolean"), 5, 5, (3, 2), labels=("true", "false"))
    assert list(distribution_figure(words, "users").layout.yaxis.ticktext) == ["Yes", "No"]
    many = Distribution(feature("city", "value", "", "City.", type="category"), 9, 9, (5,), (), ("<a>",), 4, 3)
    figure = distribution_figure(many, "users")
    assert list(figure.layout.yaxis.ticktext) == ["&lt;a&gt;", "3 other values"]
    assert list(figure.data[0].x) == [5, 4]
