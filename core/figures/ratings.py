"""Figures of predicted ratings: how far off each model is, and what one prediction is made of."""

from __future__ import annotations

from typing import NamedTuple

import plotly.graph_objects as go

from core.evaluate import RATING_DEFINITIONS, RatingsComparison, RatingScore, ranked_ratings
from core.figures.template import BLUE, GREEN, GREY, WINE, escaped, figure, hover, shortened
from core.recommend import RatingWhy, Spec, rating_info

RATING_NAMES_SHOWN: dict[str, str] = {"rmse": "RMSE", "mae": "MAE", "mse": "MSE"}
"""What people call each figure."""

_SPOKEN = 8  # ratings that have a bar of their own


def rating_name(label: str, spec: Spec) -> str:
    """What people call a model of ratings; `label` may say what parts two settings of one model.

    >>> from core.recommend import rating_spec
    >>> rating_name("baseline", rating_spec("baseline"))
    'Usual rating'
    """
    more = label.removeprefix(spec.model).strip(" ,:()[]")
    return rating_info(spec.model).plain + (f" ({more})" if more else "")


def ratings_figure(found: RatingsComparison, metric: str = "rmse") -> go.Figure:
    """A dot with its interval for each model, the least error on top; the baseline is grey, and the dashed line.

    The axis does not begin at 0, as bars would have to (say so beside it): good models differ by hundredths.
    `customdata[0]` of a dot is the model's label. Models that could not be fitted are not in it.
    """
    models = [m for m in ranked_ratings(found, metric) if metric in m.metrics][::-1]
    name = RATING_NAMES_SHOWN[metric]
    unit = "squared rating points" if metric == "mse" else "rating points"
    made = figure(
        f"{name} of each model, with its 95 % interval: less is better",
        f"{name} ({unit}), over {found.facts['judged']:,} ratings",
        "",
        height=130 + 44 * max(len(models), 2),
        legend=False,
    )
    for place, model in enumerate(models):
        _dot(made, place, model, metric)
    base = [m.metrics[metric].value for m in models if m.spec.model == "baseline"]
    if base:
        made.add_vline(
            x=base[0],
            line={"color": GREY, "width": 2, "dash": "dash"},
            layer="below",
            annotation={"text": "usual rating", "yanchor": "bottom", "xanchor": "center", "font": {"size": 12}},
            annotation_position="top",
        )
        made.update_layout(margin={"t": 70})
    made.update_xaxes(rangemode="normal")
    made.update_yaxes(
        tickvals=list(range(len(models))),
        ticktext=[escaped(shortened(rating_name(m.label, m.spec), 40)) for m in models],
        range=[-0.6, max(len(models), 1) - 0.4],
        zeroline=False,
    )
    return made


def _dot(made: go.Figure, place: int, model: RatingScore, metric: str) -> None:
    value = model.metrics[metric]
    words = f"{value.value:.4f} (95 % interval {value.low:.4f} to {value.high:.4f})"
    colour = GREY if model.spec.model == "baseline" else BLUE
    made.add_scatter(
        x=[value.value],
        y=[place],
        mode="markers+text",
        marker={"color": colour, "size": 13, "symbol": "diamond" if colour == GREY else "circle"},
        text=[f"{value.value:.3f}"],
        textposition="top right" if colour == GREY else "top center",  # beside the dashed line
        textfont={"size": 11},
        error_x={
            "type": "data",
            "array": [value.high - value.value],
            "arrayminus": [value.value - value.low],
            "color": colour,
            "thickness": 3,
            "width": 7,
        },
        cliponaxis=False,
        customdata=[[model.label, escaped(rating_name(model.label, model.spec)), words]],
        hovertemplate=hover("%{customdata[2]}", RATING_DEFINITIONS[metric], head="%{customdata[1]}"),
    )


class _Step(NamedTuple):
    label: str
    begin: float
    end: float
    colour: str
    meaning: str


def formula_figure(why: RatingWhy, low: float, high: float) -> go.Figure:
    """From the mean to the prediction, step by step: the user, the item, each rating that speaks, the scale's limit.

    The eight ratings that add most have a bar each, the others one together. `low`, `high`: the scale.
    """
    steps = _steps(why)
    made = figure(
        "From the mean rating to this prediction", "Rating points", "", height=90 + 34 * len(steps), legend=False
    )
    names = [step.label for step in steps]
    for place, step in enumerate(steps[::-1]):
        total = step.colour in (GREY, BLUE)
        said = f"{step.end:.3f}" if total else f"{step.end - step.begin:+.3f}"
        made.add_bar(
            x=[step.end - step.begin],
            base=[step.begin],
            y=[place],
            width=0.62,
            orientation="h",
            marker={"color": step.colour},
            text=[said],
            textposition="outside",
            cliponaxis=False,
            customdata=[[escaped(step.label), said]],
            hovertemplate=hover("%{customdata[1]} rating points", step.meaning, head="%{customdata[0]}"),
        )
    ends = [end for step in steps for end in (step.begin, step.end) if step.begin or step.colour not in (GREY, BLUE)]
    least, most = min([why.mean, why.prediction, *ends, low]), max([why.mean, why.prediction, *ends, high])
    made.update_xaxes(range=[least - 0.1 * (most - least), most + 0.12 * (most - least)])
    made.update_yaxes(
        tickvals=list(range(len(steps))),
        ticktext=[escaped(shortened(name, 40)) for name in names[::-1]],
        range=[-0.6, len(steps) - 0.4],
        zeroline=False,
    )
    return made


def _steps(why: RatingWhy) -> list[_Step]:
    at = why.mean
    found = [_Step("Mean of all ratings", 0.0, at, GREY, "Where every prediction begins.")]

    def add(label: str, part: float, meaning: str) -> None:
        nonlocal at
        found.append(_Step(label, at, at + part, WINE if part < 0 else GREEN, meaning))
        at += part

    add("This user", why.user_bias, "How far this user's ratings usually are from the mean.")
    add("This item", why.item_bias, "How far this item's ratings usually are from the mean.")
    for near in why.neighbours[:_SPOKEN]:
        whose = "given by this user" if near.of == "item" else "given to this item"
        head = near.label if near.of == "item" else f"User {near.label}"
        add(
            head,
            near.part,
            f"A rating of {near.rating:g} {whose}; {near.expected:.2f} was expected; likeness {near.similarity:.3f}.",
        )
    rest = why.neighbours[_SPOKEN:]
    if rest:
        n = len(rest)
        add(f"{n:,} other rating{'' if n == 1 else 's'}", sum(near.part for near in rest), "All others together.")
    for name, part in why.others:
        add(name, part, "Not from one rating alone.")
    if why.clipped:
        add("Kept within the scale", why.prediction - why.raw, "A prediction never leaves the scale of the ratings.")
    return [*found, _Step("Prediction", 0.0, why.prediction, BLUE, "What the model expects.")]
