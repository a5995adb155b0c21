"""Figures of clusters: the number chosen, users on a map, what sets each cluster apart."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from core.figures.template import AMBER, BLUE, COLOURS, GREY, escaped, figure, hover, shortened
from core.segments.likeness.types import Clustering, Trait, Tried

_SHAPES = ("circle", "square", "diamond", "cross", "triangle-up", "star", "hexagon")
_ROW = 26  # pixels of a line of the heat map
_PANELS: tuple[tuple[str, Callable[[Tried], float | None], str], ...] = (
    ("Silhouette", lambda one: one.silhouette, "How much nearer users are to their own cluster, -1 to 1."),
    ("BIC", lambda one: one.bic, "How well so many groups describe the users; lower is better."),
    ("Stability", lambda one: one.stability, "How far clusters of other draws agree, 1 = always the same."),
)  # fmt: skip


def cluster_number_figure(answer: Clustering) -> go.Figure:
    """Silhouette, BIC and stability against the number of clusters, one panel each; the number taken is marked.

    `answer` has at least one number tried. `customdata[0]` of a point is the number of clusters.
    """
    made = figure("Each number of clusters, judged in three ways", "", "", height=310, legend=False)
    chosen = len(answer.clusters)
    width = 1 / len(_PANELS)
    for n, (title, value, meaning) in enumerate(_PANELS, 1):
        points = [(one, value(one)) for one in answer.tried if value(one) is not None]
        axis = "" if n == 1 else str(n)
        spread = None
        if title == "Stability":
            known = [(one, float(v or 0.0)) for one, v in points]
            spread = {
                "type": "data",
                "symmetric": False,
                "array": [max((one.stability_high or v) - v, 0.0) for one, v in known],
                "arrayminus": [max(v - (one.stability_low or v), 0.0) for one, v in known],
                "color": GREY,
            }
        made.add_scatter(
            x=[one.k for one, _ in points],
            y=[v for _, v in points],
            error_y=spread,
            mode="lines+markers",
            xaxis=f"x{axis}",
            yaxis=f"y{axis}",
            line={"color": BLUE},
            marker={
                "color": [AMBER if one.k == chosen else BLUE for one, _ in points],
                "size": [13 if one.k == chosen else 7 for one, _ in points],
                "symbol": ["diamond" if one.k == chosen else "circle" for one, _ in points],
            },
            customdata=[[one.k, f"{v:,.2f}" if abs(v or 0.0) < 100 else f"{v:,.0f}"] for one, v in points],
            hovertemplate=hover(f"{title} %{{customdata[1]}}", meaning, head="%{customdata[0]} clusters"),
        )
        left, right = (n - 1) * width + (0.06 if n > 1 else 0.0), n * width
        made.update_layout(
            {
                f"xaxis{axis}": {
                    "domain": [left, right],
                    "anchor": f"y{axis}",
                    "title": {"text": f"{title}<br>by number"},  # a longer one runs into the next at 1,000 pixels
                    "dtick": 2 if len(points) <= 12 else 5,
                    "tickangle": 0,
                },
                f"yaxis{axis}": {"anchor": f"x{axis}", "automargin": True, "rangemode": "normal"},
            }
        )
    return made


def cluster_map_figure(answer: Clustering) -> go.Figure:
    """A sample of the users on two dimensions, a colour and shape for each cluster; `map_words` says what it means.

    `customdata[0]` of a point is the user's raw id, "" where the answer was kept.
    """
    made = figure("Users on a map, the alike close together", "", "", height=520)
    ids = answer.map_ids or ("",) * len(answer.map_x)
    for number, name, users in [*((c.number, c.name, c.users) for c in answer.clusters), (-1, "In none", answer.noise)]:
        here = [n for n, part in enumerate(answer.map_part) if part == number]
        if not here:
            continue
        told = ("%{customdata[0]}<br>" if answer.map_ids else "") + f"{users:,} users in all"
        made.add_trace(
            go.Scattergl(
                x=[answer.map_x[n] for n in here],
                y=[answer.map_y[n] for n in here],
                mode="markers",
                name=escaped(shortened(name)),
                marker={
                    "color": colour(number),
                    "symbol": shape(number),
                    "size": 6,
                    "opacity": 0.8,
                    "line": {"width": 0.5, "color": GREY},  # dark colours are lost on a dark ground without
                },
                customdata=[[escaped(ids[n])] for n in here],
                hovertemplate=hover(told, answer.map_words, head=escaped(shortened(name))),
            )
        )
    # below: names of many clusters take several lines, which above would run into the title
    made.update_layout(legend={"itemsizing": "constant", "y": -0.03, "yanchor": "top", "x": 0, "xanchor": "left"})
    made.update_xaxes(showticklabels=False, showgrid=False, zeroline=False)
    made.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, rangemode="normal")
    return made


def colour(number: int) -> str:
    """The colour of a cluster: seven of the theme's, then again with another shape; users in none are grey."""
    return GREY if number < 0 else COLOURS[number % (len(COLOURS) - 1)]


def shape(number: int) -> str:
    """The shape of a cluster's points, so that colours alone need not tell clusters apart."""
    return "x" if number < 0 else _SHAPES[(number + number // (len(COLOURS) - 1)) % len(_SHAPES)]


def cluster_traits_figure(answer: Clustering, most: int = 4) -> go.Figure:
    """A heat map: a line for each cluster's `most` strongest traits, a column for each cluster, colour by difference.

    Empty where a feature is not among a cluster's traits. `customdata[0]` of a cell is the sentence.
    """
    features = list(dict.fromkeys(t.feature for c in answer.clusters for t in c.traits[:most]))
    made = figure(
        "What sets each cluster apart", "", "", height=150 + _ROW * max(len(features), 1), legend=False
    )  # fmt: skip
    by: list[dict[str, Trait]] = [{t.feature: t for t in c.traits} for c in answer.clusters]
    found = [[mine.get(feature) for mine in by] for feature in features]
    made.add_heatmap(
        x=list(range(len(by))),
        y=list(range(len(features))),
        z=[[None if t is None else t.difference for t in row] for row in found],
        zmid=0,
        colorscale=[[0.0, AMBER], [0.5, "rgba(128,128,128,0.08)"], [1.0, BLUE]],
        colorbar={"title": {"text": "Standard<br>deviations"}},
        customdata=[[["" if t is None else escaped(t.words)] for t in row] for row in found],
        hovertemplate=hover(
            "%{z:.1f} standard deviations", "Difference to all other users, by how much users differ in it.",
            head="%{customdata[0]}",
        ),
        hoverongaps=False,
        xgap=2,
        ygap=2,
    )  # fmt: skip
    made.update_xaxes(
        tickvals=list(range(len(by))),
        ticktext=[escaped(shortened(c.name, 40)) for c in answer.clusters],
        showgrid=False,
    )
    made.update_yaxes(
        tickvals=list(range(len(features))),
        ticktext=[escaped(shortened(feature)) for feature in features],
        autorange="reversed",
        rangemode=None,
        showgrid=False,
    )
    return made
