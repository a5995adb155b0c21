"""Figures of evaluations: how near the top each model is, what sets two apart, and whom each would have reached."""

from __future__ import annotations

import re
from collections.abc import Sequence

import plotly.graph_objects as go

from core.evaluate import DEFINITIONS, METRICS, Audience, Comparison, Measured, ModelScore, WayScore, yardstick_of
from core.figures.marks import model_colour as model_colour  # noqa: PLC0414  # other figures take it from here
from core.figures.marks import model_symbol
from core.figures.template import GREY, counted, escaped, figure, hover, shortened
from core.recommend import Spec, info

METRIC_NAMES: dict[str, str] = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
    "map": "MAP",
    "mrr": "MRR",
    "hit_rate": "Hit rate",
    "coverage": "Coverage",
    "novelty": "Novelty",
    "auc": "AUC",
    "diversity": "Diversity",
    "category_diversity": "Diversity of categories",
    "serendipity": "Serendipity",
    "popularity": "Popularity",
    "calibration": "Calibration",
    "gini": "Gini",
    "popularity_bias": "Popularity bias",
}
"""What people call each metric, without its @k."""

SHARES = frozenset({"recall", "precision", "hit_rate", "coverage", "serendipity", "popularity"})
"""Metrics that are shares, written in per cent; novelty (bits), calibration and popularity bias have no upper end, the
others are scores from 0 to 1."""

YARDSTICKS: dict[str, str] = {
    "heavy-buyers": "Heaviest buyers",
    "recent-category-buyers": "Recent buyers",
    "chance": "Chance",
}
"""The ways of choosing that need no model."""


def way_name(label: str, spec: Spec | None) -> str:
    """What people call a model or a way of choosing; `label` may say what parts two settings of one model.

    >>> from core.recommend import spec
    >>> way_name("popular", spec("popular")), way_name("chance", None)
    ('Most popular', 'Chance')
    """
    if spec is None:
        return YARDSTICKS.get(label, label)
    more = label.removeprefix(spec.model).strip(" ,:()[]")
    return info(spec.model).plain + (f" ({more})" if more else "")


def definition(metric: str, k: int) -> str:
    """What a metric means, with the length of the lists put in.

    >>> definition("hit_rate", 10)
    'Hit rate@10: the share of users with at least one right item in their list of 10.'
    """
    return re.sub(r"\bk\b", str(k), DEFINITIONS[metric])


def amount(metric: str, value: float | None) -> str:
    """A metric's mean with the digits it deserves.

    >>> amount("ndcg", 0.12345), amount("hit_rate", 0.2345), amount("novelty", 7.25), amount("ndcg", None)
    ('0.123', '23.4 %', '7.2', '–')
    """
    if value is None:
        return "–"
    if metric in SHARES:
        return f"{value * 100:.{1 if value >= 0.01 or value == 0 else 2}f} %"
    if metric == "novelty":
        return f"{value:.1f}"
    return f"{value:.{3 if abs(value) >= 0.01 or value == 0 else 4}f}"


def comparison_figure(found: Comparison, metric: str = "ndcg") -> go.Figure:
    """A dot with its interval for each model, the best on top; popularity is the dashed line that others must pass.

    `customdata[0]` of a point is the model's label. Models that could not be fitted are not in it.
    """
    assert metric in METRICS
    models = sorted((m for m in found.models if metric in m.metrics), key=lambda m: m.metrics[metric].value)
    k, users = found.spec.k, max((m.users for m in models), default=0)
    name = METRIC_NAMES[metric]
    made = figure(
        f"{name}@{k} of each model, with its 95 % interval",
        f"{name}@{k} ({'%' if metric in SHARES else '0 to 1'}), mean over {counted(users, 'user')}",
        "",
        height=_height(len(models)),
        legend=False,
    )
    for place, model in enumerate(models):
        value = model.metrics[metric]
        words = f"{amount(metric, value.value)} (95 % interval {_range(metric, value)})"
        _dot(
            made,
            place,
            value,
            model_colour(model.spec.model),
            _symbol(models, model),
            [model.label, escaped(_name(model)), words],
            definition(metric, k),
        )
    yardstick = yardstick_of(models)
    if yardstick is not None:
        _line(made, yardstick.metrics[metric].value, "the yardstick")
    _places(made, [_name(m) for m in models])
    made.update_xaxes(rangemode="tozero", tickformat=".1~%" if metric in SHARES else None)
    return made


def audience_figure(found: Audience) -> go.Figure:
    """A dot with its interval for each way of choosing, the best on top; choosing by chance is the dashed line at 1.

    `customdata[0]` of a point is the way's label. Ways without an answer are not in it.
    """
    ways = sorted((w for w in found.ways if w.lift is not None and w.way != "chance"), key=_lift)
    things = f"{len(found.targets):,} {'items' if found.spec.of == 'item' else 'categories'}"
    made = figure(
        f"Lift of the {found.spec.size:,} users chosen, with its 95 % interval",
        f"Lift (times chance), mean over {things}",
        "",
        height=_height(len(ways)),
        legend=False,
    )
    for place, way in enumerate(ways):
        assert way.lift is not None
        words = f"{way.lift.value:.2f} times as many (95 % interval {way.lift.low:.2f} to {way.lift.high:.2f})"
        _dot(
            made,
            place,
            way.lift,
            GREY if way.spec is None else model_colour(way.spec.model),
            "diamond" if way.spec is None else model_symbol(way.spec.model),
            [way.way, escaped(way_name(way.way, way.spec)), words],
            "Lift: the share of the chosen users who took the item, divided by that share among all candidates.",
        )
    _line(made, 1.0, "chance")
    _places(made, [way_name(w.way, w.spec) for w in ways])
    made.update_xaxes(rangemode="tozero")
    return made


def target_figure(found: Audience, target: int) -> go.Figure:
    """One item (or category): the share of the chosen who took it, for each way, with its 95 % interval (Wilson)."""
    rows = [(way, each) for way in found.ways for each in way.each if each.target == target and way.way != "chance"]
    rows.sort(key=lambda row: row[1].precision.value)
    aim = found.targets[target]
    made = figure(
        f"{shortened(aim.label)}: takers, with 95 % interval",
        "Share of the chosen users who took it (%)",
        "",
        height=_height(len(rows)),
        legend=False,
    )
    for place, (way, each) in enumerate(rows):
        _dot(
            made,
            place,
            each.precision,
            GREY if way.spec is None else model_colour(way.spec.model),
            "diamond" if way.spec is None else model_symbol(way.spec.model),
            [way.way, escaped(way_name(way.way, way.spec)), f"{each.taken:,} of {each.chosen:,} chosen users took it"],
            "The interval says how far chance alone could move the share (Wilson).",
        )
    by_chance = [
        each.precision.value for way in found.ways for each in way.each if (way.way, each.target) == ("chance", target)
    ]
    if by_chance:
        _line(made, by_chance[0], "chance")
    _places(made, [way_name(way.way, way.spec) for way, _ in rows])
    made.update_xaxes(rangemode="tozero", tickformat=".1~%")
    return made


def _dot(
    made: go.Figure, place: int, value: Measured, colour: str, symbol: str, facts: Sequence[str], meaning: str
) -> None:
    made.add_scatter(
        x=[value.value],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 13, "symbol": symbol},
        error_x={
            "type": "data",
            "array": [value.high - value.value],
            "arrayminus": [value.value - value.low],
            "color": colour,
            "thickness": 3,
            "width": 7,
        },
        cliponaxis=False,
        customdata=[list(facts)],
        hovertemplate=hover("%{customdata[2]}", meaning, head="%{customdata[1]}"),
    )


def _line(made: go.Figure, at: float, words: str) -> None:
    made.add_vline(
        x=at,
        line={"color": GREY, "width": 2, "dash": "dash"},
        layer="below",
        annotation={"text": words, "yanchor": "bottom", "xanchor": "center", "font": {"size": 12}},
        annotation_position="top",
    )
    made.update_layout(margin={"t": 70})


def _places(made: go.Figure, names: Sequence[str]) -> None:
    made.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=["<br>".join(escaped(shortened(part, 44)) for part in _lines(name)) for name in names],
        range=[-0.6, max(len(names), 1) - 0.4],
        zeroline=False,
    )


def _lines(name: str) -> list[str]:
    """A name, and below it what parts two settings of one model."""
    first, bracket, rest = name.partition(" (")
    return [first, f"({rest}"] if bracket else [name]


def _name(model: ModelScore) -> str:
    return way_name(model.label, model.spec)


def _symbol(models: Sequence[ModelScore], model: ModelScore) -> str:
    """Two settings of one model have its colour and shape, one of them hollow."""
    same = sorted(m.label for m in models if m.spec.model == model.spec.model)
    return model_symbol(model.spec.model, same.index(model.label))


def _range(metric: str, value: Measured) -> str:
    return f"{amount(metric, value.low)} to {amount(metric, value.high)}"


def _height(rows: int) -> int:
    """Pixels: with many models the rows stand closer, so that all of them fit a screen."""
    return 130 + (44 if rows <= 8 else 34) * max(rows, 2)


def _lift(way: WayScore) -> float:
    return way.lift.value if way.lift else 0.0
