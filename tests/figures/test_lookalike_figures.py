"""Figures of look-alikes: closeness against size, hidden members against the length of the list."""

from __future__ import annotations

from core.figures.lookalike import closeness_figure, recall_figure
from core.segments.likeness.types import CurvePoint, HeldOut, Lookalikes, LookalikeSpec


def _found() -> Lookalikes:
    checks = tuple(
        HeldOut(way, 20, 20, n, n / 20, 0.1, 0.9, 0.2, ((5, n / 40), (20, n / 20), (100, 1.0)))
        for way, n in (("taste", 10), ("active", 4))
    )
    curve = (CurvePoint(1, 1.0), CurvePoint(20, 0.7), CurvePoint(100, 0.0))
    return Lookalikes(LookalikeSpec("<b>best", "taste", 20), 20, 20, 100, 0, curve, checks, ())


def test_size_against_closeness() -> None:
    made = closeness_figure(_found())
    (line,) = made.data
    assert list(line.x) == [1, 20, 100]
    assert list(line.y) == [1.0, 0.7, 0.0]
    assert list(line.customdata[1]) == ["20 users", "0.70"]
    assert made.layout.shapes[0].x0 == 20
    assert "&lt;b&gt;best" in made.layout.title.text


def test_hidden_members_against_chance() -> None:
    made = recall_figure(_found())
    assert [line.name for line in made.data] == ["What they take", "The most active first", "By chance"]
    assert list(made.data[0].y) == [0.0, 0.25, 0.5, 1.0]
    chance = made.data[2]
    assert (list(chance.x), list(chance.y)) == ([0, 100], [0, 1.0])
    assert made.layout.shapes[0].x0 == 20
