"""Figures of studies: how far the search came, which settings matter, and what accuracy costs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go

from core.evaluate import Study, Trial, param_importance, pareto_front, study_history
from core.figures.evaluate import METRIC_NAMES, SHARES, amount, definition, model_colour
from core.figures.template import (
    AMBER,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    MAUVE,
    NAVY,
    WINE,
    escaped,
    figure,
    hover,
    make_room_for_legend,
    shortened,
)
from core.recommend import Param, info

_SYMBOLS = {"complete": "circle", "pruned": "triangle-down-open"}
_BETTER = [[0, GREY], [1, BLUE]]  # the theme's own: a fixed scale has an end that one of the themes swallows
_STATES = {"complete": "tried", "pruned": "given up early"}


def history_figure(study: Study) -> go.Figure:
    """Each trial in the order in which it was tried, and the best so far as a line.

    `customdata[0]` of a point is the trial's number. Failed trials are not in it.
    """
    made = figure(
        f"{_metric(study)} of the {len(study.trials):,} settings tried, and the best so far",
        "Trial (in the order tried)",
        _axis(study),
    )
    best = [(number, value) for number, value in study_history(study) if value is not None]
    made.add_scatter(
        x=[number for number, _ in best],
        y=[value for _, value in best],
        mode="lines",
        line={"color": GREY, "width": 2, "shape": "hv"},
        name="best so far",
        hoverinfo="skip",  # or it would catch the clicks on the trials that it passes through
    )
    for model in study.spec.models:
        for state in ("complete", "pruned"):
            trials = [t for t in study.trials if t.spec.model == model.model and t.state == state]
            if trials:
                _points(made, study, trials, [t.number for t in trials], model.model, state)
    if len(study.spec.models) > 1 and any(t.state == "pruned" for t in study.trials):
        symbol = {"symbol": _SYMBOLS["pruned"], "color": GREY, "size": 9}
        made.add_scatter(x=[None], y=[None], mode="markers", marker=symbol, name=_STATES["pruned"])
    make_room_for_legend(made)
    made.update_yaxes(rangemode="normal", tickformat=_format(study))
    last = max(len(study.trials) - 1, 1)
    made.update_xaxes(range=[-0.03 * last, 1.03 * last], rangemode="normal")  # room for the first point's whole mark
    return made


def importance_figure(study: Study, model: str) -> go.Figure:
    """One bar for each setting of a model: the share of the metric's spread over the trials that it explains."""
    shares = param_importance(study, model).get(model, {})
    line = info(model)
    trials = sum(t.spec.model == model and t.same_as is None for t in study.complete)
    made = figure(
        f"{line.plain}: which settings matter, by {trials:,} trials",
        f"Share of the spread of {_metric(study)} over the settings tried (%)",
        "",
        height=130 + 36 * max(len(shares), 2),
        legend=False,
    )
    names = sorted(shares, key=lambda name: shares[name])
    made.add_bar(
        x=[shares[name] for name in names],
        y=[escaped(shortened(line.param(name).plain)) for name in names],
        orientation="h",
        marker={"color": _colour(study, model)},
        customdata=[[name, escaped(line.param(name).help)] for name in names],
        hovertemplate="<b>%{y}</b><br>%{x:.1%} of the spread<br><i>%{customdata[1]}</i><extra></extra>",
    )
    made.update_xaxes(rangemode="tozero", tickformat=".0%")
    return made


def parallel_figure(study: Study, model: str) -> go.Figure:
    """One line for each complete trial of a model, through its settings to its figure; from grey to blue, the better.

    Drawn are settings that were not the same in all, and play a part in at least half of the trials: names of more
    axes than about six run into each other at 1,000 pixels.
    """
    trials = [t for t in study.complete if t.spec.model == model and t.same_as is None]
    trials.sort(key=lambda t: t.value or 0.0)  # the best are drawn last, above the others
    line = info(model)
    plays = {p.name: sum(p.plays(dict(t.spec.params)) for t in trials) for p in line.params}
    moved = [p for p in line.params if len({t.spec[p.name] for t in trials}) > 1 and 2 * plays[p.name] >= len(trials)]
    made = figure(
        f"{line.plain}: {len(trials):,} trials, setting by setting",
        "",
        "",
        height=420,
        legend=False,
    )
    values = [t.value or 0.0 for t in trials]
    made.add_parcoords(
        line={"color": values, "colorscale": _BETTER, "showscale": False},
        dimensions=[*(_dimension(p, trials) for p in moved), _outcome(study, values)],
        labelfont={"size": 11},
        tickfont={"size": 12, "weight": 600, "shadow": "auto"},  # lines run behind the words
        rangefont={"size": 1, "color": "rgba(0,0,0,0)"},  # the ends, with all their digits, are on the ticks already
    )
    made.update_layout(margin={"l": 64, "r": 56, "t": 128, "b": 24})
    return made


def time_figure(study: Study) -> go.Figure:
    """Accuracy against the seconds that fitting and scoring took; the Pareto front is the line."""
    made = _against(
        study,
        pareto_front(study, "seconds"),
        "seconds",
        f"{_metric(study)} against time: on the line are settings that none beats in both",
        f"Seconds to fit and to list for {study.facts.get('users', 0):,} users (log scale)",
    )
    ticks = _ticks([t.seconds for t in study.complete if t.seconds])
    made.update_xaxes(type="log", rangemode="normal", tickvals=ticks, ticktext=[f"{tick:,g}" for tick in ticks])
    return made


def coverage_figure(study: Study) -> go.Figure:
    """Accuracy against the share of items that appear in any list; the Pareto front is the line."""
    made = _against(
        study,
        pareto_front(study, "coverage"),
        "coverage",
        f"{_metric(study)} against coverage: on the line are settings that none beats in both",
        f"Coverage@{study.spec.k} (% of items in at least one list)",
    )
    made.update_xaxes(tickformat=".0%", rangemode="tozero")
    return made


def _against(study: Study, front: Sequence[Trial], what: str, title: str, x: str) -> go.Figure:
    made = figure(title, x, _axis(study))
    trials = [t for t in study.complete if t.same_as is None]
    ordered = sorted(front, key=lambda t: getattr(t, what))
    made.add_scatter(
        x=[getattr(t, what) for t in ordered],
        y=[t.value for t in ordered],
        mode="lines+markers",
        line={"color": GREY, "width": 2},
        marker={"size": 17, "symbol": "circle-open", "color": GREY, "line": {"width": 2}},
        name="none beats these in both",
        hoverinfo="skip",
    )
    for model in study.spec.models:
        mine = [t for t in trials if t.spec.model == model.model]
        if mine:
            _points(made, study, mine, [getattr(t, what) for t in mine], model.model, "complete")
    make_room_for_legend(made)
    made.update_yaxes(rangemode="normal", tickformat=_format(study))
    return made


def _points(made: go.Figure, study: Study, trials: Sequence[Trial], x: Sequence[float], model: str, state: str) -> None:
    """Marks of a model's trials. With several models the legend has each once, and what the shape means once."""
    alone = len(study.spec.models) == 1
    name = _STATES[state] if alone else info(model).plain
    others = {t.state for t in study.trials if t.spec.model == model}
    made.add_scatter(
        x=list(x),
        y=[t.value for t in trials],
        mode="markers",
        marker={
            "color": BLUE if alone and state == "complete" else _colour(study, model),
            "size": [13 if t.start else 9 for t in trials],
            "symbol": ["diamond" if t.start else _SYMBOLS[state] for t in trials],
        },
        name=escaped(name),
        legendgroup=model if not alone else state,
        showlegend=alone or state == "complete" or "complete" not in others,
        customdata=[[t.number, escaped(f"Trial {t.number}: {info(model).plain}"), _told(study, t)] for t in trials],
        hovertemplate=hover("%{customdata[2]}", definition(study.spec.metric, study.spec.k), head="%{customdata[1]}"),
    )


def _told(study: Study, trial: Trial) -> str:
    """The figure and what it belongs to, one thing a line."""
    line = info(trial.spec.model)
    settings = [f"{line.param(name).plain}: {_short(value)}" for name, value in trial.spec.params]
    said = [f"{_metric(study)} {amount(study.spec.metric, trial.value)}, by {trial.users:,} users"]
    if trial.start:
        said.append("the settings it came with")
    if trial.state == "pruned":
        said.append("given up early: surely behind the best")
    if trial.seconds is not None:
        said.append(f"{trial.seconds:,.2f} seconds")
    if trial.coverage is not None:
        said.append(f"coverage {amount('coverage', trial.coverage)}")
    return "<br>".join(escaped(shortened(text, 64)) for text in [*said, *settings])


def _dimension(param: Param, trials: Sequence[Trial]) -> dict[str, object]:
    """One upright axis: numbers as they are, or by factors; choices side by side."""
    values = [t.spec[param.name] for t in trials]
    label = _lines(param.plain)
    if param.kind in ("choice", "bool"):
        choices = [value for value in (param.choices or (False, True)) if value in values]
        places = [choices.index(value) for value in values]
        names = [{True: "yes", False: "no"}.get(c, str(c)) if isinstance(c, bool) else str(c) for c in choices]
        return {"label": label, "values": places, "tickvals": list(range(len(choices))), "ticktext": names}
    low, high = min(values), max(values)
    if param.scale == "log" and low > 0:
        ticks = [low * (high / low) ** (n / 4) for n in range(5)]
        return {
            "label": label,
            "values": [math.log10(v) for v in values],
            "tickvals": [math.log10(t) for t in ticks],
            "ticktext": [f"{t:,.3g}" if t < 1000 else f"{t:,.0f}" for t in ticks],
        }
    ticks = [low + (high - low) * n / 4 for n in range(5)]
    return {"label": label, "values": values, "tickvals": ticks, "ticktext": [f"{t:,.3g}" for t in ticks]}


def _outcome(study: Study, values: Sequence[float]) -> dict[str, object]:
    """The last axis: what the settings led to."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    ticks = [low + (high - low) * n / 4 for n in range(5)] if high > low else list(values[:1])
    texts = [amount(study.spec.metric, tick) for tick in ticks]
    return {"label": _lines(_metric(study)), "values": list(values), "tickvals": ticks, "ticktext": texts}


def _lines(name: str) -> str:
    """A name above an axis, which is narrow: over two lines at most, since a third would lie on the axis."""
    return "<br>".join(escaped(line) for line in textwrap.wrap(name, 15, max_lines=2, placeholder="…"))


def _ticks(values: Sequence[float]) -> list[float]:
    """1, 2 and 5 of each power of ten from below the least to above the greatest; of a narrow range all digits."""
    if not values:
        return []
    digits = (1, 2, 5) if max(values) > 10 * min(values) else range(1, 10)
    powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
    return [digit * 10.0**power for power in powers for digit in digits]


def _colour(study: Study, model: str) -> str:
    """A model's colour; one that has none of its own gets one that no other of the study has. Grey is popularity's."""
    if model == "popular" or model_colour(model) != GREY:
        return model_colour(model)
    names = [m.model for m in study.spec.models]
    taken = {model_colour(name) for name in names}
    free = [colour for colour in (NAVY, WINE, GREEN, MAUVE, BROWN, AMBER, BLUE) if colour not in taken]
    mine = [name for name in names if name != "popular" and model_colour(name) == GREY].index(model)
    return free[mine % len(free)] if free else GREY


def _metric(study: Study) -> str:
    return f"{METRIC_NAMES[study.spec.metric]}@{study.spec.k}"


def _axis(study: Study) -> str:
    unit = "%" if study.spec.metric in SHARES else "0 to 1"
    return f"{_metric(study)} ({unit}), mean over users"


def _format(study: Study) -> str | None:
    return ".1~%" if study.spec.metric in SHARES else None


def _short(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
