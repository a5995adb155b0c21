"""Figures of what a campaign changed: both groups' response rates, and their difference against none."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from core.experiments import Readout
from core.figures.template import BLUE, GREY, figure, hover, percent, shortened

ARM_NAMES: dict[str, str] = {"contacted": "Contacted", "control": "Control group"}
"""What people call the groups, in the order in which they are drawn and listed."""

_COLOURS = {"contacted": BLUE, "control": GREY}
_SYMBOLS = {"contacted": "circle", "control": "diamond"}

RATE = "Response rate: the share of the group's users with at least one response in the window."
DIFFERENCE = "The response rate of the contacted users less that of the control group, in percentage points."


def arm_colour(arm: str) -> str:
    """The colour of a group, the same on every page.

    >>> arm_colour("contacted") == BLUE, arm_colour("control") == GREY
    (True, True)
    """
    return _COLOURS[arm]


def points(share: float) -> str:
    """A difference of two shares in percentage points, always with its sign.

    >>> points(0.0683), points(-0.004), points(0.0)
    ('+6.8 points', '-0.4 points', '0.0 points')
    """
    return f"{share * 100:+.1f} points" if round(share * 100, 1) else "0.0 points"


def rates_figure(read: Readout, intervals: Mapping[str, tuple[float, float]]) -> go.Figure:
    """A dot for each group's response rate, contacted on top, with the 95 % interval that `intervals` gives for it.

    `customdata[0]` of a point is the group. A group without users is not in it.
    """
    made = figure(
        f"{shortened(read.saved.name)}: response rates, with 95 % intervals",
        "Users with a response (% of the group)",
        "",
        height=230,
        legend=False,
    )
    arms = [arm for arm in read.arms if arm.rate is not None]
    for arm in arms:
        assert arm.rate is not None
        low, high = intervals[arm.arm]
        words = f"{percent(arm.rate)} (95 % interval {percent(low)} to {percent(high)}): "
        _dot(
            made,
            arm.arm,
            (arm.rate, low, high),
            _COLOURS[arm.arm],
            words + f"{arm.responses:,} of {arm.users:,} users",
            RATE,
        )
    made.update_xaxes(rangemode="tozero", tickformat=".1~%")
    _places(made)
    return made


def difference_figure(read: Readout) -> go.Figure:
    """The difference between the groups with its 95 % interval; no difference is the dashed line at 0.

    `customdata[0]` of the point is "difference". Without an estimate (`Effect.problem`) nothing may be drawn: that is
    an error of the caller.
    """
    effect = read.effect
    assert effect.estimate is not None
    assert effect.low is not None
    assert effect.high is not None
    made = figure(
        "Difference between the groups, with its 95 % interval",
        "Contacted less control (percentage points)",
        "",
        height=180,
        legend=False,
    )
    low = points(effect.low).removesuffix(" points")
    words = f"{points(effect.estimate)} (95 % interval {low} to {points(effect.high)})"
    spread = tuple(100 * share for share in (effect.estimate, effect.low, effect.high))
    _dot(made, "difference", (spread[0], spread[1], spread[2]), _COLOURS["contacted"], words, DIFFERENCE)
    made.add_vline(
        x=0,
        line={"color": GREY, "width": 2, "dash": "dash"},
        layer="below",
        annotation={"text": "no difference", "yanchor": "bottom", "xanchor": "center", "font": {"size": 12}},
        annotation_position="top",
    )
    made.update_layout(margin={"t": 70})
    made.update_yaxes(tickvals=[0], ticktext=["Difference"], range=[-0.6, 0.6], zeroline=False)
    made.update_xaxes(range=_around_zero(spread[1], spread[2]), tickformat=".1~f", zeroline=False)
    return made


def _dot(
    made: go.Figure, arm: str, spread: tuple[float, float, float], colour: str, words: str, definition: str
) -> None:
    value, low, high = spread
    name = ARM_NAMES.get(arm, "Difference")
    made.add_scatter(
        x=[value],
        y=[_place(arm)],
        mode="markers",
        marker={"color": colour, "size": 13, "symbol": _SYMBOLS.get(arm, "square")},
        error_x={
            "type": "data",
            "array": [high - value],
            "arrayminus": [value - low],
            "color": colour,
            "thickness": 3,
            "width": 7,
        },
        cliponaxis=False,
        customdata=[[arm, name, words]],
        hovertemplate=hover("%{customdata[2]}", definition, head="%{customdata[1]}"),
    )


def _place(arm: str) -> int:
    """From below: the contacted above the control group."""
    return 1 if arm == "contacted" else 0


def _places(made: go.Figure) -> None:
    made.update_yaxes(
        tickvals=[_place(arm) for arm in ARM_NAMES],
        ticktext=list(ARM_NAMES.values()),
        range=[-0.6, 1.6],
        zeroline=False,
    )


def _around_zero(low: float, high: float) -> list[float]:
    """The axis holds the interval and 0, with room for the words at the line."""
    low, high = min(low, 0.0), max(high, 0.0)
    room = max(0.12 * (high - low), 0.5)
    return [low - room, high + room]
