"""Figures of a campaign's result without a screen: what each trace holds, where 0 is, in which units."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.experiments import Arm, Effect, Readout, SavedList
from core.figures import arm_colour, difference_figure, points, rates_figure

SENT = datetime(2026, 8, 18, 6)
INTERVALS = {"contacted": (0.1736, 0.2183), "control": (0.0937, 0.1691)}
"""Wilson's intervals of 234 of 1,200 and 38 of 300."""


def made(**changes: Any) -> Readout:
    """A readout with the counts of the sample's past campaign; intervals by Newcombe's formula, worked out by hand."""
    saved = SavedList("come <b>back", SENT, SENT, 28, "purchase", (), 0.2, {}, 1200, 300)
    arms = (Arm("contacted", 1200, 234, 0.195, 14.2, 3400.0), Arm("control", 300, 38, 38 / 300, 9.1, 2100.0))
    effect = Effect(0.0683, 0.0208, 0.1077, 0.006, 5.1, -1.0, 11.2, 1.0)
    read = Readout(saved, (SENT, SENT + timedelta(28)), True, arms, effect, "It worked. So it did. Mind.", "events", 0)
    return dataclasses.replace(read, **changes)


def dots(figure: Any) -> dict[str, tuple[float, float, float, int]]:
    """What a point stands for -> its value, low, high, place from below."""
    return {
        t.customdata[0][0]: (t.x[0], t.x[0] - t.error_x.arrayminus[0], t.x[0] + t.error_x.array[0], t.y[0])
        for t in figure.data
    }


def test_each_group_has_its_rate_and_interval_and_the_contacted_are_on_top() -> None:
    figure = rates_figure(made(), INTERVALS)
    found = dots(figure)
    for arm in made().arms:
        assert found[arm.arm][0] == arm.rate
        assert found[arm.arm][1:3] == pytest.approx(INTERVALS[arm.arm])
    assert found["contacted"][3] > found["control"][3]
    assert list(figure.layout.yaxis.tickvals) == [found[arm][3] for arm in ("contacted", "control")]
    assert list(figure.layout.yaxis.ticktext) == ["Contacted", "Control group"]
    assert [t.marker.color for t in figure.data] == [arm_colour("contacted"), arm_colour("control")]
    assert len({t.marker.symbol for t in figure.data}) == 2, "told apart without colours"


def test_rates_say_what_they_are_shares_of() -> None:
    figure = rates_figure(made(), INTERVALS)
    assert figure.layout.xaxis.title.text == "Users with a response (% of the group)"
    assert figure.layout.xaxis.tickformat == ".1~%"
    assert figure.layout.xaxis.rangemode == "tozero"
    assert figure.data[0].customdata[0][2] == "19.5 % (95 % interval 17.4 % to 21.8 %): 234 of 1,200 users"
    assert figure.layout.title.text.startswith("come &lt;b&gt;back"), "a name is text, never a tag"


def test_a_group_without_users_is_not_drawn() -> None:
    alone = made(arms=(made().arms[0], Arm("control", 0, 0, None, None)))
    assert set(dots(rates_figure(alone, INTERVALS))) == {"contacted"}


def test_the_difference_stands_against_none_in_points() -> None:
    figure = difference_figure(made())
    assert dots(figure)["difference"][:3] == pytest.approx((6.83, 2.08, 10.77))
    assert [s.x0 for s in figure.layout.shapes] == [0]
    assert figure.layout.annotations[0].text == "no difference"
    assert figure.layout.xaxis.title.text == "Contacted less control (percentage points)"
    assert figure.data[0].customdata[0][2] == "+6.8 points (95 % interval +2.1 to +10.8 points)"


@pytest.mark.parametrize(("low", "high"), [(0.0208, 0.1077), (-0.09, -0.02), (-0.03, 0.05)])
def test_zero_and_the_interval_are_always_on_the_axis(low: float, high: float) -> None:
    effect = dataclasses.replace(made().effect, estimate=(low + high) / 2, low=low, high=high)
    left, right = difference_figure(made(effect=effect)).layout.xaxis.range
    assert left < min(0, 100 * low)
    assert right > max(0, 100 * high)


def test_nothing_is_drawn_without_an_estimate() -> None:
    effect = Effect(None, None, None, None, None, None, None, 1e-9, "withheld")
    with pytest.raises(AssertionError):
        difference_figure(made(effect=effect))


def test_points_have_their_sign() -> None:
    assert [points(v) for v in (0.1, -0.1, 0.0004, -0.0004)] == [
        "+10.0 points",
        "-10.0 points",
        "0.0 points",
        "0.0 points",
    ]
