"""Figures of hidden tastes: how much each weighs, and items on two of them."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.explain.factors import TasteOf
from core.explain.taste_plane import TastePlane
from core.figures.template import BLUE, GREEN, GREY, escaped, figure, hover, shortened

_FAR = 0.5
_CUT = 26  # letters of an item's name beside its point


def taste_name(taste: TasteOf, length: int = 40) -> str:
    """What people call a taste: its number, and what its upper end is about."""
    about = taste.high.common[0].value if taste.high.common else taste.high.items[0].label if taste.high.items else ""
    return shortened(f"{taste.number} · {about}" if about else str(taste.number), length)


def taste_weights_figure(found: Sequence[TasteOf]) -> go.Figure:
    """A bar for each taste: its share. `customdata[0]` of a bar is the taste's number."""
    of = found[0].of if found else "scores"
    made = figure("How much each taste weighs", "Taste", "Share (%)", height=260, legend=False)
    made.add_bar(
        x=[taste.number for taste in found],
        y=[taste.weight * 100 for taste in found],
        marker={"color": BLUE},
        customdata=[[taste.number, escaped(taste_name(taste))] for taste in found],
        hovertemplate=hover(
            "%{y:.1f} %",
            f"The taste's share of all {of} of the model (all tastes: 100 %).",
            head="Taste %{customdata[1]}",
        ),
    )
    made.update_xaxes(dtick=1 if len(found) <= 24 else 5)
    return made


def taste_plane_figure(plane: TastePlane, across: str, up: str) -> go.Figure:
    """Items on two tastes: far to the right (up) = typical of the upper end of the one (the other), near the middle =
    neither says much of it. The strongest of each end are named. `customdata[0]` of a point is the item's raw id.
    """
    made = figure("Items on two tastes", f"Taste {across}", f"Taste {up}", height=560, legend=False)
    for named, colour, size in ((False, GREY, 6), (True, GREEN, 10)):
        points = [point for point in plane.points if point.named == named]
        made.add_scatter(
            x=[point.x for point in points],
            y=[point.y for point in points],
            mode="markers",
            marker={"color": colour, "size": size, "opacity": 0.9 if named else 0.5},
            customdata=[[escaped(point.item), escaped(shortened(point.label, 60))] for point in points],
            hovertemplate=hover(
                "%{x:.2f} across, %{y:.2f} up",
                "1 = the item that the taste is strongest in; below 0 = typical of its other end.",
                head="%{customdata[1]}",
            ),
        )
    for n, point in enumerate(p for p in plane.points if p.named):
        beside = abs(point.y) > abs(point.x)  # items one above the other have their names beside them
        away = 0 if beside else 18 + 14 * (n % 3)  # three heights, so that names of neighbours do not lie on another
        made.add_annotation(
            x=point.x,
            y=point.y,
            text=escaped(shortened(point.label, _CUT)),
            showarrow=True,
            arrowwidth=1,
            arrowhead=0,
            arrowcolor=GREY,
            xanchor=("left" if point.x <= _FAR else "right") if beside else "center",
            ax=(12 if point.x <= _FAR else -12) if beside else _aside(point.x),
            ay=-away if point.y >= 0 else away,
            font={"size": 11},
        )
    made.update_xaxes(rangemode="normal", zeroline=True)
    made.update_yaxes(rangemode="normal", zeroline=True)
    return made


def _aside(x: float) -> int:
    """Names stand towards the middle, where none is cut off by the frame."""
    return -30 if x > _FAR else 30 if x < -_FAR else 0
