"""The funnel's figures: steps, time between them, conversion over time and by value, and what those who go on do."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from core.figures.template import (
    AMBER,
    BLUE,
    GREY,
    PALE,
    escaped,
    event_mark,
    event_name,
    figure,
    hover,
    percent,
    shortened,
)
from core.funnel import (
    FunnelBreakdown,
    FunnelSpec,
    FunnelTrend,
    MoreOften,
    StepFunnel,
    Trait,
    filters_label,
    trait_words,
)
from core.segments import ANY_EVENT

_MOST_ODDS = 16


def step_name(spec: FunnelSpec, place: int) -> str:
    """What pages call a step: "2. Carts, channel email"."""
    step = spec.steps[place]
    name = "Any event" if step.event == ANY_EVENT else event_name(step.event)
    filters = filters_label(step)
    return f"{place + 1}. {name}" + (f", {filters}" if filters else "")


def steps_figure(found: StepFunnel) -> go.Figure:
    """Horizontal bars, the first step on top: who came so far, and pale who came to the step before and not here."""
    unit, n = found.spec.per, len(found.table)
    made = figure(
        f"{unit.capitalize()} that came to each step", unit.capitalize(), "", height=96 + 56 * n, legend=False
    )
    rows = found.table.to_dict("records")
    places = list(range(n))
    texts = [f"{row['users']:,}" + _of_before(n, row["share_of_previous"], row["low"], row["high"])
             for n, row in enumerate(rows)]  # fmt: skip
    names = [escaped(step_name(found.spec, place)) for place in places]
    shares = [_interval(row["first_low"], row["first_high"]) for row in rows]
    first = max(int(rows[0]["users"]), 1)
    made.add_bar(
        y=places, x=[row["users"] for row in rows], orientation="h",
        marker={"color": [event_mark(row["event"]).colour for row in rows]},
        customdata=[[n, "came", name, of] for n, (name, of) in enumerate(zip(names, shares, strict=True))],
        hovertemplate=hover(f"%{{x:,}} {unit} came so far<br>of the first step: %{{customdata[3]}} (95 % interval)",
                            f"{unit.capitalize()} with this step and all before it.", head="%{customdata[2]}"),
    )  # fmt: skip
    lost = [0, *(row["lost"] for row in rows[:-1])]
    made.add_bar(
        y=places, x=lost, orientation="h",
        marker={"color": GREY, "opacity": PALE, "line": {"width": 0}},
        customdata=[[place - 1, "lost", escaped(step_name(found.spec, place))] for place in places],
        hovertemplate=hover(f"%{{x:,}} {unit} did the step before, and not this one", "Lost on the way to this step.",
                            head="%{customdata[2]}"),
    )  # fmt: skip
    for place, row in enumerate(rows):
        made.add_annotation(
            x=row["users"] + lost[place],
            y=place,
            text=texts[place],
            showarrow=False,
            xanchor="left",
            align="left",
            xshift=6,
        )
    made.update_layout(barmode="stack")
    made.update_xaxes(range=[0, 1.7 * first])  # room for the words beside the bars
    made.update_yaxes(
        tickvals=places,
        ticktext=[escaped(shortened(step_name(found.spec, place), 26)) for place in places],
        range=[n - 0.4, -0.6],
    )
    return made


def _of_before(place: int, share: float, low: float, high: float) -> str:
    return "" if math.isnan(share) else f" · {percent(share)} of step {place}<br>({_interval(low, high)})"


def took_figure(found: StepFunnel, step: int) -> go.Figure:
    """Bars: how long it took to come to a step from the one before; 0 = from first to last."""
    rows = found.took[found.took["step"] == step]
    came = rows.loc[rows["users"] > 0]
    rows = rows.loc[came.index.min() : came.index.max()] if len(came) else rows.head(1)
    last = len(found.table) - 1
    what = (step_name(found.spec, 0), step_name(found.spec, last)) if not step else (
        step_name(found.spec, step - 1), step_name(found.spec, step))  # fmt: skip
    made = figure(
        f"Time from {shortened(what[0], 26)} to {shortened(what[1], 26)}", "Time taken", found.spec.per.capitalize(),
        height=320, legend=False,
    )  # fmt: skip
    names = [f"{_long(low)} – {_long(high)}" if high != math.inf else f"{_long(low)} or more"
             for low, high in zip(rows["low"], rows["high"], strict=True)]  # fmt: skip
    made.add_bar(
        x=names, y=rows["users"], marker={"color": BLUE},
        customdata=[[step, float(low), float(high) if high != math.inf else -1.0]
                    for low, high in zip(rows["low"], rows["high"], strict=True)],
        hovertemplate=hover(f"%{{y:,}} {found.spec.per}", "On the way that each of them took, as defined below."),
    )  # fmt: skip
    return made


def funnel_trend_figure(found: FunnelTrend) -> go.Figure:
    """A line of conversion by period of the first step, with its interval; hollow where it is not over yet."""
    rows = found.table[found.table["users"] > 0]
    title, x = f"Conversion by {found.unit} of the first step", f"{found.unit.capitalize()} of the first step (UTC)"
    made = figure(title, x, "Came to the end (%)", height=340, legend=False)
    share = rows["share"] * 100
    symbols = ["circle" if whole else "circle-open" for whole in rows["complete"]]
    made.add_scatter(
        x=rows["start"], y=share, mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9, "color": BLUE, "symbol": symbols},
        error_y={"type": "data", "symmetric": False, "array": rows["high"] * 100 - share,
                 "arrayminus": share - rows["low"] * 100, "thickness": 1, "width": 3},
        customdata=[[str(row["start"]), row["users"], row["converted"], "" if row["complete"] else " (not over yet)"]
                    for row in rows.to_dict("records")],
        hovertemplate=hover("%{customdata[2]:,} of %{customdata[1]:,} came to the end: %{y:.1f} %",
                            "Of those who took the first step in this period. Bars: 95 % interval.",
                            head="%{customdata[0]}%{customdata[3]}"),
    )  # fmt: skip
    made.update_xaxes(type="date")
    return made


def funnel_breakdown_figure(found: FunnelBreakdown, overall: float) -> go.Figure:
    """Dots with intervals: each value's conversion; amber where it surely differs from the rest. A line: everyone's."""
    rows = found.table.iloc[::-1]
    made = figure(
        f"Conversion by {found.by.name or found.by.of}", "Came to the end (%)", "", height=110 + 30 * max(len(rows), 3),
        legend=False,
    )  # fmt: skip
    share = rows["share"] * 100
    made.add_scatter(
        x=share, y=list(range(len(rows))), mode="markers",
        marker={"size": 10, "color": [AMBER if p < 0.05 else BLUE for p in rows["p_holm"]]},
        error_x={"type": "data", "symmetric": False, "array": rows["high"] * 100 - share,
                 "arrayminus": share - rows["low"] * 100, "thickness": 1.5, "width": 4, "color": GREY},
        customdata=[[row["value"], f"{row['users']:,}", escaped(row["value"]), _difference(row)]
                    for row in rows.to_dict("records")],
        hovertemplate=hover("%{x:.1f} % of %{customdata[1]} came to the end<br>%{customdata[3]}",
                            "Bars: 95 % interval. Amber: surely another share than all the others (Holm, 5 %).",
                            head="%{customdata[2]}"),
    )  # fmt: skip
    made.add_vline(x=overall * 100, line={"dash": "dot", "width": 1, "color": GREY})
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[escaped(shortened(value)) for value in rows["value"]],
        range=[-0.6, len(rows) - 0.4],
    )
    made.update_xaxes(rangemode="normal")
    return made


def _difference(row: Any) -> str:
    if math.isnan(row["difference"]):
        return "nothing to compare it with"
    low, high = row["difference_low"] * 100, row["difference_high"] * 100
    return f"{row['difference'] * 100:+.1f} points against the rest ({low:+.1f} to {high:+.1f})"


def odds_figure(found: MoreOften, *, dated: bool = True) -> go.Figure:
    """Dots with intervals on a logarithmic axis: right of 1, those who went on had it more often."""
    rows = found.table[found.table["dated"] == dated].head(_MOST_ODDS).iloc[::-1]
    made = figure(
        "What those who went on have more often (right), and less often (left)",
        "Odds ratio (1 = alike; logarithmic)", "", height=120 + 28 * max(len(rows), 3), legend=False,
    )  # fmt: skip
    odds = rows["odds_ratio"]
    made.add_scatter(
        x=odds, y=list(range(len(rows))), mode="markers",
        marker={"size": 10, "color": [AMBER if p < 0.05 else BLUE for p in rows["p_holm"]]},
        error_x={"type": "data", "symmetric": False, "array": rows["high"] - odds, "arrayminus": odds - rows["low"],
                 "thickness": 1.5, "width": 4, "color": GREY},
        customdata=[[place, escaped(_trait(row)), f"{percent(row['share_on'])} of {found.went_on:,}",
                     f"{percent(row['share_off'])} of {found.dropped:,}"]
                    for place, row in zip(rows.index.tolist(), rows.to_dict("records"), strict=True)],
        hovertemplate=hover("odds ratio %{x:.2f}<br>went on: %{customdata[2]} had it<br>did not: %{customdata[3]}",
                            "Bars: 95 % interval (Haldane-Anscombe). Amber: no chance effect (Holm, 5 %).",
                            head="%{customdata[1]}"),
    )  # fmt: skip
    made.add_vline(x=1, line={"dash": "dot", "width": 1, "color": GREY})
    made.update_xaxes(
        type="log", rangemode="normal", tickvals=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
    )
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[escaped(shortened(_trait(row), 40)) for row in rows.to_dict("records")],
        range=[-0.6, len(rows) - 0.4],
    )
    return made


def _trait(row: Any) -> str:
    return trait_words(Trait(row["kind"], row["name"], row["value"]))


def _interval(low: float, high: float) -> str:
    return f"{low * 100:.1f} to {high * 100:.1f} %"


def _long(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
