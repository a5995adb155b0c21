"""Figures of the leaderboard, and of what a model lists more often than users take it."""

from __future__ import annotations

import plotly.graph_objects as go

from core.evaluate import Board, Overlisted
from core.figures.evaluate import METRIC_NAMES, SHARES, amount, definition, model_colour
from core.figures.template import AMBER, BLUE, GREY, counted, escaped, figure, hover, percent, shortened
from core.recommend import info, spec

_MOST = 15


def standings_figure(board: Board, metric: str = "ndcg", names: tuple[str, ...] = ()) -> go.Figure:
    """A dot with its interval for each model of a board, the best on top, at most 15 and popularity.

    `names` are what the standings are called, in the board's order; `customdata[0]` of a point is its place there.
    """
    names = names or tuple(info(one.score.spec.model).plain for one in board.standings)
    places = [n for n, one in enumerate(board.standings) if metric in one.score.metrics]
    shown = [n for m, n in enumerate(places) if m < _MOST or board.standings[n].score.spec.model == "popular"][::-1]
    k, name = board.spec.k, METRIC_NAMES[metric]
    made = figure(
        f"{name}@{k}, with its 95 % interval",
        f"{name}@{k} ({'%' if metric in SHARES else '0 to 1'}), mean over {counted(board.users, 'user')}",
        "",
        height=130 + 40 * max(len(shown), 2),
        legend=False,
    )
    for height, place in enumerate(shown):
        score = board.standings[place].score
        value = score.metrics[metric]
        made.add_scatter(
            x=[value.value],
            y=[height],
            mode="markers",
            marker={"color": model_colour(score.spec.model), "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [value.high - value.value],
                "arrayminus": [value.value - value.low],
                "thickness": 2,
                "width": 5,
            },
            customdata=[[place]],
            hovertemplate=hover(
                f"{amount(metric, value.value)} (95 % interval {amount(metric, value.low)} to "
                f"{amount(metric, value.high)})",
                definition(metric, k),
                head=escaped(names[place]),
            ),
        )
        if score.spec == spec("popular"):
            made.add_vline(x=value.value, line={"dash": "dash", "width": 1, "color": GREY})
    made.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[escaped(shortened(f"{place + 1}. {names[place]}", 44)) for place in shown],
        range=[-0.6, len(shown) - 0.4],
        rangemode="normal",
        showgrid=False,
    )
    made.update_xaxes(rangemode="tozero", tickformat=".1~%" if metric in SHARES else None)
    return made


def overlisted_figure(found: Overlisted, of: str, model: str, *, most: int = 12) -> go.Figure:
    """Two dots a line: the share of takings, and the share of list places, for items or categories ("item",
    "category"), the largest gap on top.

    `customdata[0]` of a point is the raw id or the category.
    """
    rows = (found.items if of == "item" else found.categories)[:most][::-1]
    made = figure(
        f"{shortened(model, 40)}: listed more than taken, by {of}",
        f"Share (%), lists of {found.k} for {found.users:,} users",
        "",
        height=150 + 32 * max(len(rows), 2),
    )
    heights = list(range(len(rows)))
    for height, one in zip(heights, rows, strict=True):
        made.add_scatter(
            x=[one.taken, one.listed], y=[height, height], mode="lines", line={"color": GREY, "width": 2},
            showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    said = (
        (
            "Share of what these users took",
            BLUE,
            "circle",
            [one.taken for one in rows],
            "Of all pairs of user and item.",
        ),
        ("Share of list places", AMBER, "diamond", [one.listed for one in rows], "Of all places of all their lists."),
    )
    for name, colour, symbol, values, meaning in said:
        made.add_scatter(
            x=values,
            y=heights,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 11, "symbol": symbol},
            customdata=[
                [one.name, escaped(one.label), percent(value)] for one, value in zip(rows, values, strict=True)
            ],
            hovertemplate=hover(f"{name}: %{{customdata[2]}}", meaning, head="%{customdata[1]}"),
        )
    made.update_yaxes(
        tickvals=heights,
        ticktext=[escaped(shortened(one.label, 34)) for one in rows],
        range=[-0.6, len(rows) - 0.4],
        rangemode="normal",
        showgrid=False,
    )
    made.update_xaxes(rangemode="tozero", tickformat=".1~%")
    return made
