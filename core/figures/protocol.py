"""Figures of how fair and how varied lists are: models by segment, and accuracy against diversity."""

from __future__ import annotations

import plotly.graph_objects as go

from core.evaluate import Comparison, DiversityCurve, ModelScore, SegmentScore, by_words, ranked
from core.figures.evaluate import METRIC_NAMES, amount, definition, model_colour, way_name
from core.figures.template import escaped, figure, hover, shortened
from core.recommend import info

_AMBER_TO_BLUE = [[0.0, "#A85A0C"], [0.25, "#E2B25F"], [0.5, "#F4F4F0"], [0.75, "#86B8DE"], [1.0, "#12609E"]]
"""Safe for colour-blind readers; the numbers in the cells are drawn to stand out on either end."""


def segments_figure(found: Comparison, by: str, metric: str = "ndcg") -> go.Figure:
    """A heat map of models (rows, the best on top) by parts of the users (columns): the figure, and in the colour its
    difference to the model's mean over all judged users, in per cent of that mean.

    `by` as in `CompareSpec.segments`; `customdata` of a cell: part, model's label, users, interval, model's name.
    """
    models = [m for m in ranked(found) if metric in m.metrics or metric in m.beyond]
    means = {m.label: (m.metrics.get(metric) or m.beyond[metric]).value for m in models}
    told = {(one.part, one.model): one for one in found.segments if one.by == by and metric in one.metrics}
    parts = list(dict.fromkeys(part for part, _ in told))
    k = found.spec.k
    name = METRIC_NAMES[metric]
    made = figure(
        f"{name} of lists of {k} by {by_words(by)}",
        "",
        "",
        height=190 + 34 * max(len(models), 2),
        legend=False,
    )
    rows = [[told.get((part, m.label)) for part in parts] for m in models]
    users = {part: max(one.users for (p, _), one in told.items() if p == part) for part in parts}
    apart = [[_apart(one, metric, means) for one in row] for row in rows]
    reach = max((abs(value) for row in apart for value in row if value is not None), default=1.0) or 1.0
    made.add_heatmap(
        x=[f"{_broken(part)}<br>({users[part]:,} users)" for part in parts],
        y=[escaped(shortened(way_name(m.label, m.spec), 30)) for m in models],
        z=apart,
        zmin=-reach,
        zmax=reach,
        colorscale=_AMBER_TO_BLUE,
        xgap=2,
        ygap=2,
        text=[[amount(metric, one.metrics[metric].value) if one else "" for one in row] for row in rows],
        texttemplate="%{text}",
        customdata=[[_facts(one, metric, m) for one in row] for m, row in zip(models, rows, strict=True)],
        colorbar={"title": {"text": "against<br>all users"}, "ticksuffix": " %", "thickness": 12},
        hovertemplate=hover(
            "%{customdata[4]}: %{text} (95 % interval %{customdata[3]}), %{customdata[2]} users, "
            "%{z:+.0f} % against all",
            definition(metric, k),
            head="%{customdata[0]}",
        ),
    )
    made.update_xaxes(side="top", tickfont={"size": 11}, tickangle=0 if len(parts) <= 5 else -40)
    made.update_yaxes(autorange="reversed", rangemode="normal")
    made.update_layout(margin={"t": 96})
    return made


def diversity_figure(found: DiversityCurve, chosen: float | None = None) -> go.Figure:
    """NDCG against the diversity of the lists, one point for each notch of the slider; the first is the model's own.

    `chosen`: the place of the slider whose point is ringed.
    """
    made = figure(
        f"Accuracy against diversity: {info(found.model.model).plain}",
        f"Diversity@{found.k} (0: the same takers, 1: none in common), mean over {found.users:,} users",
        f"NDCG@{found.k}",
        legend=False,
    )
    notches = [one for one in found.notches if one.apart is not None]
    colour = model_colour(found.model.model)
    made.add_scatter(
        x=[one.apart.value for one in notches if one.apart],
        y=[one.ndcg.value for one in notches],
        mode="lines+markers+text",
        line={"color": colour, "width": 2},
        marker={
            "color": colour,
            "size": [16 if one.diversity == chosen else 9 for one in notches],
            "symbol": ["diamond" if one.diversity == chosen else "circle" for one in notches],
        },
        text=[f"{one.diversity:.1f}" if n % 2 == 0 else "" for n, one in enumerate(notches)],
        textposition="top right",
        cliponaxis=False,
        error_y={
            "type": "data",
            "array": [one.ndcg.high - one.ndcg.value for one in notches],
            "arrayminus": [one.ndcg.value - one.ndcg.low for one in notches],
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[
            [
                f"{one.diversity:.1f}",
                amount("ndcg", one.ndcg.value),
                amount("recall", one.recall.value),
                amount("coverage", one.coverage),
            ]
            for one in notches
        ],
        hovertemplate=hover(
            "NDCG %{customdata[1]}, recall %{customdata[2]}, coverage %{customdata[3]}, diversity %{x:.3f}",
            definition("diversity", found.k),
            head="Slider at %{customdata[0]}",
        ),
    )
    made.update_xaxes(rangemode="normal")
    made.update_yaxes(rangemode="tozero")
    return made


def _apart(one: SegmentScore | None, metric: str, means: dict[str, float]) -> float | None:
    if one is None or not means[one.model]:
        return None
    return 100 * (one.metrics[metric].value / means[one.model] - 1)


def _facts(one: SegmentScore | None, metric: str, model: ModelScore) -> list[str]:
    if one is None:
        return ["", "", "", "", ""]
    value = one.metrics[metric]
    interval = f"{amount(metric, value.low)} to {amount(metric, value.high)}"
    name = escaped(way_name(model.label, model.spec))
    return [escaped(one.part), escaped(one.model), f"{one.users:,}", interval, name]


def _broken(part: str) -> str:
    """A part's name, what stands in its brackets on a line of its own."""
    first, bracket, rest = part.partition(" (")
    return escaped(shortened(first, 24)) + (f"<br>({escaped(shortened(rest, 24))}" if bracket else "")
