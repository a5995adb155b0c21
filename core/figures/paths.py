"""Figures of ways: from one category to the next, and from entry to purchase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core.attention import Flow, PathQuestion, Paths
from core.figures.fading import records
from core.figures.template import (
    AMBER,
    COLOURS,
    GREEN,
    GREY,
    escaped,
    event_mark,
    event_name,
    figure,
    hover,
    percent,
    shortened,
)

_MOVE = "A move is an event of an item, and the next one of an item in the same visit of the same user."
_BAND = "Visits that went from the one to the other. A step that repeats the one before is not counted again."
_PAD, _EDGE, _VEIL = 16, 0.001, "59"
_SIDE, _CELL = 150, 0.96
_ENDS = ("Left", "All others")


def flow_table_figure(found: Flow, *, lift: bool = False) -> go.Figure:
    """Cells of moves: the category left in rows, the one reached in columns, coloured by the share of the row.

    With `lift`, moves against those to be expected by chance. `customdata[0]`, `[1]` are source and target.
    """
    names, many = list(found.names), len(found.names)
    rows = {(r.source, r.target): r for r in records(found.table)}
    what = "against chance (1 = as often as chance would have it)" if lift else "share of the moves from each category"
    made = figure(f"From one category to the next: {what}", "To", "From", height=180 + 42 * many, legend=False)
    top = max((r.share for r in rows.values() if r.source != r.target and not math.isnan(r.share)), default=1.0)
    for y, source in enumerate(names):
        cells = [rows[source, target] for target in names]
        colours = [
            (min(c.lift, 2.5) if not math.isnan(c.lift) else 0.0) if lift else min(_number(c.share), top * 1.2)
            for c in cells
        ]
        made.add_bar(
            x=list(range(many)), y=[_CELL] * many, base=[y - _CELL / 2] * many, width=_CELL,
            text=[("" if math.isnan(c.lift) else f"{c.lift:.1f}") if lift else _short(_number(c.share)) for c in cells],
            textposition="inside", insidetextanchor="middle", constraintext="none", textangle=0,
            marker={"color": colours, "coloraxis": "coloraxis", "line": {"width": 0}},
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
            customdata=[
                [c.source, c.target, f"{escaped(c.source)} to {escaped(c.target)}",
                 f"{c.moves:,} moves of {c.users:,} users, {percent(_number(c.share))} of those from "
                 f"{escaped(c.source)} (95 %: {percent(_number(c.low))} to {percent(_number(c.high))})"
                 + ("" if math.isnan(c.lift) else f"<br>{c.lift:.2f} times as many as by chance")]
                for c in cells
            ],
            hovertemplate=hover("%{customdata[3]}", _MOVE, head="%{customdata[2]}"),
        )  # fmt: skip
    made.update_layout(
        barmode="overlay", dragmode=False, clickmode="event+select",
        coloraxis={"cmin": 0, "cmax": 2.5 * 2.2 if lift else (top * 1.2 * 2.2 or 1), "showscale": False},
    )  # fmt: skip
    ticks = {"showgrid": False, "zeroline": False, "fixedrange": True, "tickvals": list(range(many))}
    made.update_xaxes(ticktext=[escaped(shortened(n, 16)) for n in names], range=[-0.5, many - 0.5],
                      tickangle=-35, **ticks)  # fmt: skip
    made.update_yaxes(ticktext=[escaped(shortened(n, 20)) for n in names], range=[many - 0.5, -0.5], **ticks)
    return made


def flow_sankey_figure(found: Flow) -> go.Figure:
    """The moves to another category as bands, left to right; moves within a category are not drawn."""
    rows = [r for r in records(found.table) if r.moves and r.source != r.target]
    left = {n: sum(r.moves for r in rows if r.source == n) for n in found.names}
    right = {n: sum(r.moves for r in rows if r.target == n) for n in found.names}
    colours = dict(zip(found.names, _palette(found.names), strict=True))
    bands = [(0, r.source, r.target, r.moves, f"{r.moves:,} moves of {r.users:,} users") for r in rows]
    return _sankey("Moves to another category within a visit", bands, [left, right], colours, {}, "moves", _MOVE)


def paths_figure(found: Paths) -> go.Figure:
    """The first steps of visits as bands, left to right, to the goal or the end of the visit."""
    places: list[dict[str, int]] = []
    for place, names in enumerate(found.nodes):
        side = "target" if place else "source"
        rows = found.bands[found.bands["step"] == max(place - 1, 0)]
        sizes = {n: sum(rows.loc[rows[side] == n, "visits"].tolist()) for n in names}
        places.append({n: size for n, size in sizes.items() if size})
    every = tuple(dict.fromkeys(n for place in places for n in place))
    by_event = found.question.of == "event"
    plain = dict(zip(every, _palette(every), strict=True))
    colours = {
        n: GREEN if n == found.question.goal else GREY if n in _ENDS else plain[n]
        for n in every
    }  # fmt: skip
    labels = {n: step_label(found.question, n) for n in every}
    if by_event:
        entries = set(places[0]) if found.question.entry == "channel" else set()
        colours |= {n: event_mark(n).colour for n in every if n not in _ENDS and n not in entries}
    bands = [
        (r.step, r.source, r.target, r.visits, f"{r.visits:,} visits of {r.users:,} users")
        for r in records(found.bands)
    ]
    what = "what users do first, step by step" if by_event else "categories in the order they are seen"
    return _sankey(f"The first steps of visits: {what}", bands, places, colours, labels, "visits", _BAND)


def step_label(question: PathQuestion, name: str) -> str:
    """What people read for a step: events by their plain name, the goal and the end marked."""
    if name == question.goal:
        return event_name(name)
    if name == "Left":
        return f"No {question.goal}" if question.goal else "End of visit"
    return event_name(name) if question.of == "event" else name


def _sankey(
    title: str, bands: Sequence[tuple[int, str, str, int, str]], places: Sequence[Mapping[str, int]],
    colours: Mapping[str, str], labels: Mapping[str, str], unit: str, meaning: str,
) -> go.Figure:  # fmt: skip
    tall = max(len(place) for place in places)
    made = figure(title, "", "", height=130 + 50 * max(tall, 4), legend=False)
    beside = len(places) == 2  # with more places, names left of the first would take the width that bands need
    made.update_layout(margin={"l": _SIDE if beside else 8, "r": _SIDE if beside else 120})
    height = made.layout.height - made.layout.margin.t - made.layout.margin.b
    scale = min((height - _PAD * (len(p) - 1)) / max(sum(p.values()), 1) for p in places)
    nodes: dict[tuple[int, str], int] = {}
    middles: list[tuple[float, float]] = []
    for place, sizes in enumerate(places):
        down = 0.0
        for name, size in sizes.items():
            nodes[place, name] = len(nodes)
            middles.append((place / (len(places) - 1), (down + size * scale / 2) / height))
            down += size * scale + _PAD
    keys = list(nodes)
    made.add_sankey(
        arrangement="fixed",
        node={
            "label": [escaped(labels.get(n, n)) for _, n in keys],
            "x": [min(max(x, _EDGE), 1 - _EDGE) for x, _ in middles],
            "y": [min(max(y, _EDGE), 1 - _EDGE) for _, y in middles],
            "color": [colours[n] for _, n in keys],
            "customdata": [[escaped(labels.get(n, n)), f"{places[p][n]:,} {unit}"] for p, n in keys],
            "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
            "pad": _PAD, "thickness": 14, "line": {"width": 0},
        },
        link={
            "source": [nodes[step, a] for step, a, _, _, _ in bands],
            "target": [nodes[step + 1, b] for step, _, b, _, _ in bands],
            "value": [size for _, _, _, size, _ in bands],
            "color": [colours[a] + _VEIL for _, a, _, _, _ in bands],
            "customdata": [
                [f"{escaped(labels.get(a, a))} to {escaped(labels.get(b, b))}", words, escaped(meaning)]
                for _, a, b, _, words in bands
            ],
            "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]}<br><i>%{customdata[2]}</i><extra></extra>",
        },
        # Plotly centres its own labels on narrow nodes, where they cover each other: ours stand to the right of them
        textfont={"color": "rgba(0,0,0,0)", "size": 1, "shadow": "none"},
    )  # fmt: skip
    wide = 18 if beside else 13 if len(places) <= 5 else 9
    for (place, name), (x, y) in zip(keys, middles, strict=True):
        side = {"xanchor": "right", "xshift": -6} if beside and not place else {"xanchor": "left", "xshift": 9}
        made.add_annotation(
            text=f"{escaped(shortened(labels.get(name, name), wide))} <b>{_count(places[place][name])}</b>",
            x=x, y=1 - y, xref="paper", yref="paper", yanchor="middle", showarrow=False, font={"size": 12}, **side,
        )  # fmt: skip
    return made


def _palette(names: Sequence[str]) -> list[str]:
    """A colour for each; grey and green are kept for ends and goals."""
    free = [colour for colour in COLOURS if colour not in (GREY, GREEN)] or [AMBER]
    return [GREY if name in _ENDS else free[n % len(free)] for n, name in enumerate(names)]


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _short(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.095 or not share else f"{share * 100:.1f} %"


def _count(value: int) -> str:
    return f"{value / 1e6:.1f} M" if value >= 1_000_000 else f"{value / 1e3:.0f} k" if value >= 10_000 else f"{value:,}"
