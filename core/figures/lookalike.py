"""Figures of look-alikes: how close a list of each size still is, and what a check of hidden members brought back."""

from __future__ import annotations

import plotly.graph_objects as go

from core.figures.template import AMBER, BLUE, GREEN, GREY, MAUVE, escaped, figure, hover
from core.segments.likeness.types import HeldOut, Lookalikes

LOOKALIKE_WAYS: dict[str, str] = {
    "taste": "What they take",
    "features": "How they behave",
    "both": "Both",
    "active": "The most active first",
}
"""What people call each way of looking, and the yardstick."""

_COLOURS = {"taste": BLUE, "features": AMBER, "both": GREEN, "active": MAUVE}
_DASHES = {"taste": "solid", "features": "dash", "both": "longdashdot", "active": "dot"}
_SYMBOLS = {"taste": "circle", "features": "square", "both": "triangle-up", "active": "diamond"}
_CLOSE = (
    "Closeness: 1 = as close as the middle one of the seed's own members, 0 = no closer than the middle one of all "
    "other users. The closeness is that of the last user in the list."
)
_FOUND = (
    "A fifth of the seed is hidden among all other users, five times over. So many of the hidden members stand in a "
    "list of this length."
)


def closeness_figure(found: Lookalikes) -> go.Figure:
    """Size of the list against the closeness of its last user; the size that was asked for is a dashed line.

    `customdata` of a point: size and closeness in words.
    """
    made = figure(
        f"How close the users nearest to {found.spec.seed_segment} are",
        "Users in the list",
        "Closeness of the last one (0 to 1)",
        legend=False,
    )
    points = found.curve
    made.add_scatter(
        x=[p.size for p in points],
        y=[p.closeness for p in points],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 5},
        customdata=[[f"{p.size:,} users", f"{p.closeness:.2f}"] for p in points],
        hovertemplate=hover("closeness of the last one: %{customdata[1]}", _CLOSE, head="%{customdata[0]}"),
    )
    size = found.spec.size
    if size:
        made.add_vline(
            x=size,
            line={"color": GREY, "width": 2, "dash": "dash"},
            layer="below",
            annotation={"text": f"{size:,} chosen", "yanchor": "bottom", "xanchor": "left", "font": {"size": 12}},
            annotation_position="top",
        )
        made.update_layout(margin={"t": 70})
    made.update_xaxes(rangemode="tozero", tickformat=",")
    made.update_yaxes(range=[0, 1.05])
    return made


def recall_figure(found: Lookalikes) -> go.Figure:
    """Length of the list against the share of hidden members in it, a line for each way; chance is dashed and grey.

    The list's own length is a line across. `customdata` of a point: way, length and share in words.
    """
    made = figure(
        f"Hidden members of {found.spec.seed_segment} that came back",
        "Users in the list",
        "Share of the hidden members in it (%)",
    )
    for check in found.checks:
        _line(made, check)
    longest = max((length for check in found.checks for length, _ in check.curve), default=0)
    if found.checks and longest:
        check = found.checks[0]
        rate = check.at_random / check.size
        made.add_scatter(
            x=[0, longest],
            y=[0, min(rate * longest, 1.0)],
            mode="lines",
            name="By chance",
            line={"color": GREY, "width": 2, "dash": "dash"},
            customdata=[["none", "0 %"], [f"{longest:,}", f"{min(rate * longest, 1.0):.1%}"]],
            hovertemplate=hover("%{customdata[1]} in a list of %{customdata[0]}", _FOUND, head="By chance"),
        )
        made.add_vline(x=check.size, line={"color": GREY, "width": 1, "dash": "dot"}, layer="below")
    made.update_xaxes(rangemode="tozero", tickformat=",")
    made.update_yaxes(range=[0, 1.03], tickformat=".0%")
    return made


def _line(made: go.Figure, check: HeldOut) -> None:
    name = LOOKALIKE_WAYS.get(check.way, check.way)
    colour = _COLOURS.get(check.way, GREY)
    made.add_scatter(
        x=[0, *(length for length, _ in check.curve)],
        y=[0.0, *(share for _, share in check.curve)],
        mode="lines+markers",
        name=escaped(name),
        line={"color": colour, "width": 2, "dash": _DASHES.get(check.way, "solid")},
        marker={"size": 6, "symbol": _SYMBOLS.get(check.way, "circle")},
        customdata=[[escaped(name), f"{length:,} users", f"{share:.1%}"] for length, share in ((0, 0.0), *check.curve)],
        hovertemplate=hover("%{customdata[2]} in a list of %{customdata[1]}", _FOUND, head="%{customdata[0]}"),
    )
