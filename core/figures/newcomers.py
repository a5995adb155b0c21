"""Figures of newcomers: how well each road serves users with little history, and who is found for new items."""

from __future__ import annotations

import plotly.graph_objects as go

from core.evaluate import Measured, Newcomers, UserScore
from core.figures.evaluate import definition, model_colour, way_name
from core.figures.template import AMBER, BLUE, GREEN, GREY, counted, escaped, figure, hover, shortened

LEFT_WITH = {0: "No item yet", 1: "One item", 2: "Two items"}
"""What users are met with."""

ITEM_WAYS = {"content": "By description", "heavy": "Users who do most", "chance": "Chance"}
"""Ways of finding users for a new item."""

_KINDS = {"content": GREEN, "heavy": AMBER, "chance": GREY}


def road_name(one: UserScore) -> str:
    """What people call a road of a check of newcomers."""
    if one.road == "popular":
        return "Bestsellers"
    return way_name(one.label, one.spec)


def newcomers_figure(found: Newcomers) -> go.Figure:
    """A dot with its interval for each road, in three groups by what users were met with; bestsellers are grey.

    `customdata[0]` of a dot is the number of items, `customdata[1]` the road's label.
    """
    done = [one for one in found.users if one.ndcg is not None]
    k = found.spec.k
    rows = [one for events in sorted({o.events for o in done}) for one in _ordered(done, events)][::-1]
    made = figure(
        f"NDCG@{k} by what is known of a user, with its 95 % interval",
        f"NDCG@{k} (0 to 1), mean over {counted(found.facts['users'], 'user')}",
        "",
        height=140 + 36 * max(len(rows), 2),
        legend=False,
    )
    for place, one in enumerate(rows):
        assert one.ndcg is not None
        colour = GREY if one.road == "popular" else BLUE if one.road == "kind" else model_colour(one.spec.model)
        _dot(
            made,
            place,
            one.ndcg,
            colour,
            one.road == "popular",
            [one.events, one.label, _said(one)],
            definition("ndcg", k),
        )
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{LEFT_WITH[one.events]}: {escaped(shortened(road_name(one), 32))}" for one in rows],
        range=[-0.6, max(len(rows), 1) - 0.4],
        zeroline=False,
    )
    for place in range(1, len(rows)):
        if rows[place].events != rows[place - 1].events:
            made.add_hline(y=place - 0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    made.update_xaxes(rangemode="tozero")
    return made


def new_items_figure(found: Newcomers) -> go.Figure:
    """AUC of each way of finding users for new items, with its interval; chance is the dashed line at 0.5."""
    rows = [one for one in found.items if one.way != "chance"][::-1]
    made = figure(
        "New items: AUC of finding who takes them, with its 95 % interval",
        f"AUC (0.5 is chance, 1 is perfect), mean over {counted(found.facts.get('items_hidden', 0), 'item')}",
        "",
        height=130 + 44 * max(len(rows), 2),
        legend=False,
    )
    for place, one in enumerate(rows):
        words = f"AUC {one.auc.value:.3f} (95 % interval {one.auc.low:.3f} to {one.auc.high:.3f})"
        words += f"<br>{one.lift.value:.1f} times as many takers among the first 5 % as by chance"
        meaning = "The chance that a user who took the item stands before one who did not."
        _dot(
            made,
            place,
            one.auc,
            _KINDS[one.way],
            one.way == "heavy",
            [0, one.way, f"{ITEM_WAYS[one.way]}: {words}"],
            meaning,
        )
    made.add_vline(
        x=0.5,
        line={"color": GREY, "width": 2, "dash": "dash"},
        layer="below",
        annotation={"text": "chance", "yanchor": "bottom", "xanchor": "center", "font": {"size": 12}},
        annotation_position="top",
    )
    made.update_layout(margin={"t": 70})
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[ITEM_WAYS[one.way] for one in rows], range=[-0.6, len(rows) - 0.4]
    )
    made.update_xaxes(range=[min([0.45, *(one.auc.low for one in rows)]), 1.0])
    return made


def _ordered(done: list[UserScore], events: int) -> list[UserScore]:
    """Bestsellers first, the others as they were asked for."""
    return [one for one in done if one.events == events]


def _said(one: UserScore) -> str:
    assert one.ndcg is not None
    said = f"{escaped(road_name(one))}: {one.ndcg.value:.4f} (95 % interval {one.ndcg.low:.4f} to {one.ndcg.high:.4f})"
    if one.ahead is not None:
        said += f"<br>{one.ahead.value:+.4f} against the bestsellers ({one.ahead.low:+.4f} to {one.ahead.high:+.4f})"
    return said


def _dot(
    made: go.Figure, place: int, value: Measured, colour: str, yardstick: bool, facts: list[object], meaning: str
) -> None:
    made.add_scatter(
        x=[value.value],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 12, "symbol": "diamond" if yardstick else "circle"},
        error_x={
            "type": "data",
            "array": [value.high - value.value],
            "arrayminus": [value.value - value.low],
            "color": colour,
            "thickness": 3,
            "width": 6,
        },
        cliponaxis=False,
        customdata=[facts],
        hovertemplate=hover("", meaning, head="%{customdata[2]}"),
    )
