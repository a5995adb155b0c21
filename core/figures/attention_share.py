"""Figures of who gets the attention: shares over time, how they changed, how concentrated attention is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.attention import COUNT_DEFINITIONS, COUNT_WORDS, NOT_GIVEN, OTHERS, Concentrated, Share
from core.behaviour import Unit
from core.figures.template import (
    AMBER,
    BLUE,
    COLOURS,
    GREY,
    PALE,
    Mark,
    Pattern,
    day,
    escaped,
    figure,
    hover,
    percent,
    shortened,
)

_AXIS = {"day": "Day (UTC)", "week": "Week beginning on Monday (UTC)", "month": "Month (UTC)"}
_LITTLE = 0.4
_DAY = 24 * 60 * 60 * 1000
_PATTERNS: tuple[Pattern, ...] = ("", "/", "x")

LORENZ = (
    "Everything that can be watched, the least watched first, against its share of the attention together. Were all"
    " watched alike, the line would be the diagonal; the more it sags, the fewer have most of the attention."
)
GINI = (
    "Gini: 0 when all get alike, towards 1 when one gets all. Dotted: what chance alone would make of it, were all"
    " equally attractive, with so few counts to share out."
)
SHARE_INTERVAL = "95 % intervals: how far the share could differ had other users of the same kind come."


def _mark(code: int) -> Mark:
    if code == OTHERS:
        return Mark(GREY)
    if code == NOT_GIVEN:
        return Mark(GREY, ".")
    colours = [colour for colour in COLOURS if colour != GREY]
    return Mark(colours[code % len(colours)], _PATTERNS[code // len(colours) % len(_PATTERNS)])


def share_figure(found: Share) -> go.Figure:
    """Stacked bars of 100 % per period, one colour for each area; lines where users may be in several areas.

    `customdata` of a mark is [code, start]. Periods not wholly covered are pale.
    """
    counts = found.spec.counts or "views"
    users = counts == "users"
    title = f"Share of {'users' if users else 'attention'} by {found.spec.area.name}, per {found.unit}"
    of = "the period's users" if users else f"the period's {COUNT_WORDS[counts]}"
    # where the named ones are a small part, all others would press them to the ground: one click brings them back
    named = found.areas.loc[found.areas["code"] >= 0, "share"]
    pressed = (named.max() if users else named.sum()) < _LITTLE
    made = figure(title, _AXIS[found.unit], "Share of users (%)" if users else "Share of attention (%)")
    for code, label in zip(found.areas["code"], found.areas["label"], strict=True):
        rows = found.table[found.table["code"] == code]
        mark, values = _mark(int(code)), rows["share"] * 100
        told = [_told(row, found.unit) for row in rows.to_dict("records")]
        data = [[int(code), str(start), *each] for start, each in zip(rows["start"], told, strict=True)]
        text = hover(
            f"{escaped(shortened(str(label)))}: %{{customdata[3]}} of {of}", COUNT_DEFINITIONS[counts],
            head="%{customdata[2]}",
        )  # fmt: skip
        left = pressed and code == OTHERS
        name = escaped(shortened(str(label), 28)) + (" – click to draw" if left else "")
        visible = "legendonly" if left else True
        pale = [1.0 if whole else PALE for whole in rows["complete"]]
        if users:
            line = {"color": mark.colour, "dash": mark.dash}
            made.add_scatter(
                x=rows["start"], y=values, name=name, mode="lines+markers", line=line, visible=visible,
                marker={"color": mark.colour, "opacity": pale, "size": 8}, customdata=data, hovertemplate=text,
            )  # fmt: skip
            continue
        made.add_bar(
            x=rows["start"],
            y=values,
            name=name,
            visible=visible,
            marker={
                "color": mark.colour, "opacity": pale, "line": {"width": 0},
                "pattern": {"shape": mark.pattern, "size": 6},
            },
            customdata=data,
            hovertemplate=text,
        )  # fmt: skip
    room = 24 * (len(found.areas) // 4)  # a legend of long names takes a line for every three or four
    made.update_layout(barmode="stack", height=400 + room, margin_t=84 + room)
    if not users and not pressed:
        made.update_yaxes(range=[0, 100])
    _time_axis(made, found.unit, found.table["start"])
    return made


def share_change_figure(found: Share) -> go.Figure:
    """Points with intervals: by how many percentage points each area's share moved; `customdata` [code, start]."""
    rows = found.changes.iloc[::-1].reset_index(drop=True)
    start = found.changed[1] if found.changed else None
    title = f"Change of share: {_period(start, found.unit)} against the {found.unit} before" if start else "Change"
    made = figure(title, "Change of share (percentage points)", "", height=90 + 34 * max(len(rows), 3), legend=False)
    change = rows["change"] * 100
    made.add_scatter(
        x=change,
        y=list(range(len(rows))),
        mode="markers",
        marker={"size": 10, "color": [_mark(int(code)).colour for code in rows["code"]]},
        error_x={
            "type": "data", "symmetric": False, "array": (rows["high"] - rows["change"]) * 100,
            "arrayminus": (rows["change"] - rows["low"]) * 100, "thickness": 1.5, "width": 4, "color": GREY,
        },
        customdata=[
            [int(r["code"]), str(start), escaped(str(r["label"])), percent(r["before"]), percent(r["share"]),
             f"{r['change'] * 100:+.1f}", f"{r['low'] * 100:+.1f} to {r['high'] * 100:+.1f}"]
            for r in rows.to_dict("records")
        ],
        hovertemplate=hover(
            "%{customdata[3]} → %{customdata[4]}: %{customdata[5]} points (%{customdata[6]})", SHARE_INTERVAL,
            head="%{customdata[2]}",
        ),
    )  # fmt: skip
    made.add_vline(x=0, line={"color": GREY, "width": 1})
    made.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[escaped(shortened(str(label))) for label in rows["label"]],
        range=[-0.6, len(rows) - 0.4],
    )
    return made


def lorenz_figure(found: Concentrated) -> go.Figure:
    """The Lorenz curves, over all that got any attention and over all there are, beside the even diagonal."""
    plural = "items" if found.area.of == "item" else f"values of {found.area.name}"
    made = figure(
        "How attention is spread: Lorenz curve", f"{plural.capitalize()}, the least watched first (%)",
        "Share of attention (%)",
    )  # fmt: skip
    names = {"seen": "With any attention", "known": "All there are"}
    for over, colour in (("seen", BLUE), ("known", AMBER)):
        rows = found.curve[found.curve["over"] == over]
        if rows.empty:
            continue
        made.add_scatter(
            x=rows["things"] * 100, y=rows["attention"] * 100, mode="lines", name=names[over],
            line={"color": colour, "dash": "solid" if over == "seen" else "dash"},
            hovertemplate=hover(
                f"The least watched %{{x:.1f}} % get %{{y:.1f}} % of the {COUNT_WORDS[found.counts]}", LORENZ,
                head=names[over],
            ),
        )  # fmt: skip
    made.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", name="All alike", line={"color": GREY, "dash": "dot"}, hoverinfo="skip"
    )
    made.update_xaxes(range=[0, 100])
    made.update_yaxes(range=[0, 100])
    return made


def concentration_figure(found: Concentrated) -> go.Figure:
    """Gini per period, whole and pale periods, and what chance alone would make of it; `customdata` [start]."""
    made = figure(f"Concentration per {found.unit}", _AXIS[found.unit], "Gini (0 = even, 1 = one has all)", height=320)
    rows = found.trend[found.trend["gini"].notna()]
    told = [
        [str(r["start"]), _told({**r, "share": r["top10"], "low": float("nan")}, found.unit)[0],
         f"{r['things']:,.0f}", percent(r["top10"])]
        for r in rows.to_dict("records")
    ]  # fmt: skip
    made.add_scatter(
        x=rows["start"], y=rows["gini"], name="Gini", mode="lines+markers", line={"color": BLUE},
        marker={"color": BLUE, "size": 9, "opacity": [1.0 if whole else PALE for whole in rows["complete"]]},
        customdata=told,
        hovertemplate=hover(
            "Gini %{y:.3f} over %{customdata[2]}; the top tenth gets %{customdata[3]}", GINI, head="%{customdata[1]}"
        ),
    )  # fmt: skip
    if rows["gini_by_chance"].notna().any():
        made.add_scatter(
            x=rows["start"], y=rows["gini_by_chance"], name="By chance alone", mode="lines",
            line={"color": GREY, "dash": "dot"},
            hovertemplate=hover("Gini %{y:.3f} by chance", GINI, head="%{x|%-d %b %Y}"),
        )  # fmt: skip
    made.update_yaxes(range=[0, 1])
    _time_axis(made, found.unit, rows["start"])
    return made


def _told(row: Mapping[Any, Any], unit: Unit) -> tuple[str, str]:
    """The period, and the share with its interval, as hovers say them."""
    start, share, low = row["start"], row["share"], row["low"]
    assert isinstance(start, date)
    part = "" if row["complete"] else f" (only a part of this {unit} is covered)"
    if pd.isna(share):
        return _period(start, unit) + part, "–"
    said = percent(float(str(share)))
    between = "" if pd.isna(low) else f" ({percent(float(str(low)))} to {percent(float(str(row['high'])))})"
    return _period(start, unit) + part, said + between


def _period(start: date, unit: Unit) -> str:
    if unit == "month":
        return f"{start:%B %Y}"
    return day(start) if unit == "day" else f"{day(start)} to {day(start + timedelta(days=6))}"


def _time_axis(made: go.Figure, unit: Unit, starts: pd.Series) -> None:
    each = sorted(set(starts))
    if not each:
        return
    step = -(-len(each) // 12)
    every = f"M{step}" if unit == "month" else step * {"day": 1, "week": 7}[unit] * _DAY
    made.update_xaxes(
        type="date", tick0=str(each[0]), dtick=every, tickformat="%b<br>%Y" if unit == "month" else "%-d %b<br>%Y"
    )
