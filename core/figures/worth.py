"""Figures of what users are worth: the Pareto curve with its classes, pauses between orders with their thresholds."""

from __future__ import annotations

import plotly.graph_objects as go

from core.figures.template import AMBER, BLUE, GREEN, GREY, WINE, figure, hover
from core.segments import AbcResult, LoyaltyResult

_CLASSES = {"A": GREEN, "B": AMBER, "C": GREY}


def pareto_figure(result: AbcResult, *, measure: str = "net value") -> go.Figure:
    """The share of the total that the best users bring, over their share of all who are measured, both 0 to 100 %.

    A band of colour over the users of each class; `measure` is what is shared out, in words.
    """
    made = figure(
        f"Share of {measure} that the best users bring",
        "Share of users, from the highest down (%)",
        f"Share of {measure} (%)",
        legend=False,
    )
    start = 0.0
    for part in result.classes:
        end = start + part.share
        if part.users:
            made.add_vrect(
                x0=start * 100, x1=end * 100, fillcolor=_CLASSES[part.name], opacity=0.18, line_width=0, layer="below",
                annotation_text=part.name, annotation_position="bottom", annotation_font_size=16,
            )  # fmt: skip
        start = end
    made.add_scatter(
        x=[users * 100 for users, _ in result.curve],
        y=[total * 100 for _, total in result.curve],
        mode="lines",
        line={"color": BLUE, "width": 2},
        hovertemplate=hover(
            f"bring %{{y:.1f}} % of {measure}",
            "Users from the highest amount down; amounts of zero or less add nothing.",
            head="The best %{x:.1f} % of users",
        ),
    )
    made.update_xaxes(range=[0, 100.5], dtick=20, fixedrange=True)
    made.update_yaxes(range=[0, 102], fixedrange=True)
    return made


def pauses_figure(result: LoyaltyResult) -> go.Figure:
    """How long customers pause between two orders: pauses that ended, with the days from which they are slipping, lost.

    Pauses that still go on are a second row of bars, beside the first: what the thresholds have to reckon with.
    """
    made = figure("Days between two orders", "Days", "Pauses")
    x = [(bar.start + bar.end) / 2 for bar in result.pauses]
    days = [f"{b.start:,} to {b.end:,} days" if b.end > b.start else f"{b.start:,} days" for b in result.pauses]
    width = result.pauses[0].end - result.pauses[0].start + 1 if result.pauses else 1
    rows = (
        ("Ended in an order", BLUE, [b.ended for b in result.pauses], "Customers who came back after so long."),
        ("Still going on", GREY, [b.going_on for b in result.pauses], "Customers who last ordered so long ago."),
    )
    for name, colour, y, meaning in rows:
        made.add_bar(
            x=x, y=y, name=name, width=width * 0.45, offset=-width * 0.45 if colour == BLUE else 0,
            marker={"color": colour}, customdata=days,
            hovertemplate=hover("%{y:,} pauses", meaning, head="%{customdata}"),
        )  # fmt: skip
    end = max((bar.end for bar in result.pauses), default=1)
    values = {threshold.name: threshold.value for threshold in result.thresholds}
    for key, word, colour, row in (("slipping_after", "slipping", AMBER, 0), ("lost_after", "lost", WINE, 1)):
        if key in values:
            left = values[key] > end / 2  # each line's words on the side that has room, one row for each
            made.add_vline(
                x=values[key] + 0.5, line={"color": colour, "width": 2, "dash": "dash"},
                annotation_text=f"{word} after {values[key]:,} days", annotation_yshift=-16 * row,
                annotation_position="top left" if left else "top right", annotation_xshift=-4 if left else 4,
            )  # fmt: skip
    highest = max((max(bar.ended, bar.going_on) for bar in result.pauses), default=1)
    made.update_yaxes(range=[0, 1.2 * max(highest, 1)], tickformat=",")  # room for the words above the bars
    return made
